"""Brings a database's tables to what this version of the code expects: numbered SQL files, forward only."""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from opsdesk.kit.db import Connection, DatabaseUnavailable
from opsdesk.kit.errors import Refused, Unavailable
from opsdesk.kit.sql import statements

SERVER_VERSION_MIN = 14
LOCK_TIMEOUT_S = 5.0
TURN_TIMEOUT_S = 120.0
TURN_KEY = 0x6F_70_73_64
"""Key of the advisory lock that migrating processes take turns with."""

Step = Callable[[Connection], Awaitable[None]]

_FILE = re.compile(r"(\d{4})_(\w+)\.sql")
_SQL = statements(__file__)
_CREATE_TABLE = _SQL["create_table"]
_TABLE_EXISTS = _SQL["table_exists"]
_APPLIED = _SQL["applied"]
_RECORD = _SQL["record"]
_TAKE_TURN = _SQL["take_turn"]
_LIMIT_SESSION_WAIT = _SQL["limit_session_wait"]
_LIMIT_TRANSACTION_WAIT = _SQL["limit_transaction_wait"]


@dataclass(eq=False)
class ServerTooOld(Refused):
    """The PostgreSQL server is older than Opsdesk needs."""

    found: str
    oldest: str


@dataclass(eq=False)
class DatabaseNewer(Refused):
    """The database was migrated by a newer version of Opsdesk; install that version."""

    version: int
    name: str


@dataclass(eq=False)
class MigrationEdited(Refused):
    """A migration that is applied already was edited afterwards; restore the file and add a new one."""

    version: int
    name: str


@dataclass(eq=False)
class MigrationFailed(Refused):
    """A migration could not be applied; nothing of it was kept."""

    version: int
    name: str
    reason: str


@dataclass(eq=False)
class MigrationBlocked(Unavailable):
    """A migration waited too long for a lock that somebody else holds; nothing of it was kept."""

    what: str


@dataclass(frozen=True, slots=True)
class Migration:
    """One file; `digest` is the SHA-256 of its text in hexadecimal."""

    version: int
    name: str
    digest: str
    text: str


async def migrate(
    url: str,
    *,
    steps: Sequence[Step] = (),
    folder: Path | None = None,
    lock_timeout_s: float = LOCK_TIMEOUT_S,
    turn_timeout_s: float = TURN_TIMEOUT_S,
) -> tuple[Migration, ...]:
    """Apply what is missing, each file in a transaction of its own, then the steps; returns what was applied.

    Processes that start at once take turns. Steps get an autocommitting connection and run every time, so they
    have to find out for themselves what there is to do.
    Raises ServerTooOld, DatabaseNewer, MigrationEdited, MigrationFailed, MigrationBlocked, DatabaseUnavailable.
    """
    known = migrations(folder or migrations_folder())
    async with _connected(url) as conn:
        check_server_version(conn.info.server_version)
        await _take_turn(conn, timeout_s=turn_timeout_s)
        await conn.execute(_CREATE_TABLE)
        missing = _missing(known, await _applied(conn))
        for migration in missing:
            await _apply(conn, migration, lock_timeout_s=lock_timeout_s)
        await conn.execute(_LIMIT_SESSION_WAIT, {"timeout": _milliseconds(lock_timeout_s)})
        for step in steps:
            await step(conn)
    return missing


async def pending(conn: Connection, *, folder: Path | None = None, accept_newer: bool = False) -> tuple[Migration, ...]:
    """What `migrate` would apply. Changes nothing.

    `accept_newer`: migrations that this version does not know are none of its business; each is made so that the
    version directly before it goes on working.
    Raises DatabaseNewer and MigrationEdited.
    """
    known = migrations(folder or migrations_folder())
    row = await (await conn.execute(_TABLE_EXISTS)).fetchone()
    assert row is not None
    return _missing(known, await _applied(conn) if row[0] else {}, accept_newer=accept_newer)


def check_server_version(number: int) -> None:
    """Raises ServerTooOld; the number is as the server gives it: 150018 is 15.18."""
    if number // 10_000 < SERVER_VERSION_MIN:
        raise ServerTooOld(found=str(number // 10_000), oldest=str(SERVER_VERSION_MIN))


def migrations_folder() -> Path:
    """Where the files are: inside the installed package, or at the root of the repository."""
    package = Path(__file__).parents[1]
    shipped = package / "migrations"
    return shipped if shipped.is_dir() else package.parents[1] / "migrations"


def migrations(folder: Path) -> tuple[Migration, ...]:
    """The files of a folder in the order of their numbers."""
    found = {}
    for path in sorted(folder.glob("*.sql")):
        match = _FILE.fullmatch(path.name)
        assert match is not None, f"{path} is not named like 0001_name.sql"
        version, name = int(match[1]), match[2]
        assert version not in found, f"two migrations have the number {match[1]}"
        text = path.read_text(encoding="utf-8")
        found[version] = Migration(version, name, hashlib.sha256(text.encode()).hexdigest(), text)
    return tuple(found.values())


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    try:
        conn: Connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error
    async with conn:
        yield conn


async def _take_turn(conn: Connection, *, timeout_s: float) -> None:
    await conn.execute(_LIMIT_SESSION_WAIT, {"timeout": _milliseconds(timeout_s)})
    try:
        await conn.execute(_TAKE_TURN, {"key": TURN_KEY})
    except psycopg.errors.LockNotAvailable as error:
        raise MigrationBlocked(what="the turn: another process is migrating") from error


async def _applied(conn: Connection) -> dict[int, Mapping[str, Any]]:
    rows = await (await conn.execute(_APPLIED)).fetchall()
    return {version: {"name": name, "digest": digest} for version, name, digest in rows}


def _missing(
    known: Sequence[Migration], applied: Mapping[int, Mapping[str, Any]], *, accept_newer: bool = False
) -> tuple[Migration, ...]:
    versions = {migration.version for migration in known}
    for version, row in applied.items():
        if version not in versions and not accept_newer:
            raise DatabaseNewer(version=version, name=row["name"])
    for migration in known:
        if migration.version in applied and applied[migration.version]["digest"] != migration.digest:
            raise MigrationEdited(version=migration.version, name=migration.name)
    return tuple(migration for migration in known if migration.version not in applied)


async def _apply(conn: Connection, migration: Migration, *, lock_timeout_s: float) -> None:
    row = {"version": migration.version, "name": migration.name, "digest": migration.digest}
    try:
        async with conn.transaction():
            await conn.execute(_LIMIT_TRANSACTION_WAIT, {"timeout": _milliseconds(lock_timeout_s)})
            await conn.execute(migration.text.encode())
            await conn.execute(_RECORD, row)
    except psycopg.errors.LockNotAvailable as error:
        raise MigrationBlocked(what=f"migration {migration.version:04} {migration.name}") from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error
    except psycopg.Error as error:
        reason = error.diag.message_primary or type(error).__name__
        raise MigrationFailed(version=migration.version, name=migration.name, reason=reason) from error


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms"
