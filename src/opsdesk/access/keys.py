"""API keys: made once, shown once, and known afterwards only by the SHA-256 of their secret part.

A slow password hash would protect a secret that can be guessed. This one is 32 random bytes: nobody can try 2^256 of
them at any speed, so a fast hash is enough, and no request waits for a slow one.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from opsdesk.access import audit
from opsdesk.access.actor import Actor, Scope, is_local, is_person
from opsdesk.access.errors import KeyNotFound, KeyRefused, KeyUnknown
from opsdesk.access.people import Person, show_person
from opsdesk.access.proving import prove_password
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.sql import statements

KEY_NAME_CHARS_MAX = 64
ROLES_MAX = 50
ROLE_CHARS_MAX = 64
KEYS_LISTED_MAX = 1000
EXPIRES_AT_MAX = datetime(9999, 12, 1, tzinfo=UTC)
"""A little later in UTC is the year 10000, which PostgreSQL would give back and Python could not read."""
LAST_USED_EVERY_S = 60
"""`last_used_at` is written at most this often, so that a busy key is not one hot row."""

_ID_CHARS = 12
_SECRET_BYTES = 32
_SECRET_CHARS = 43  # 32 bytes in base 62
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY = re.compile(rf"opsdesk_([0-9A-Za-z]{{{_ID_CHARS}}})_([0-9A-Za-z]{{{_SECRET_CHARS}}})", re.ASCII)
ID_PATTERN = rf"^[0-9A-Za-z]{{{_ID_CHARS}}}$"
KEY_PATTERN = f"^{_KEY.pattern}$"
_NOBODY = bytes(32)

_SQL = statements(__file__)
_INSERT_KEY = _SQL["insert_key"]
_KEY_FOR_AUTHENTICATION = _SQL["key_for_authentication"]
_NOTE_USE = _SQL["note_use"]
_REVOKE_KEY = _SQL["revoke_key"]
_SHOW_KEY = _SQL["show_key"]
_LIST_KEYS = _SQL["list_keys"]


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is shown, once. `key` stays out of its repr, and so out of logs."""

    id: str
    name: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known about a key after it was made."""

    id: str
    name: str
    scopes: list[str]
    roles: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    person: str | None
    """The e-mail address of the person who acts with it; None: a system does."""

    def works_at(self, now: datetime) -> bool:
        """Whether it has neither been revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class _StoredKey:
    id: str
    name: str
    secret_sha256: bytes
    scopes: list[str]
    roles: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    person_id: UUID | None
    made_by: str | None

    def valid_at(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


async def create_key(
    conn: Connection,
    *,
    name: str,
    scopes: Collection[str],
    roles: Collection[str],
    actor: Actor,
    now: datetime,
    expires_at: datetime | None = None,
    person: Person | None = None,
) -> NewKey:
    """Make a key for the person or system called `name`, and return it for the only time.

    Keys with one name act as one person, however many there are: a new key replaces an old one without making a second
    approver of its owner. Upper and lower case do not tell names apart.

    With a key of a `person`, that person acts: in their own roles, with those of the scopes that their roles give, and
    not at all while they are disabled. Nobody makes a key to act as somebody else.

    Raises KeyRefused.
    """
    name = _checked_name(name)
    if unknown := sorted(set(scopes) - set(Scope)):
        raise KeyRefused(field="scopes", problem=f"there is no scope {unknown[0]!r}; there are {', '.join(Scope)}")
    _check_roles(roles)
    if person is not None:
        _check_owner(person, roles=roles, actor=actor)
    if expires_at is not None and not now < expires_at <= EXPIRES_AT_MAX:
        raise KeyRefused(field="expires_at", problem="is not in the future, or too far in it")
    key_id, secret = _random_id(), _base62(secrets.token_bytes(_SECRET_BYTES))
    values = {
        "id": key_id,
        "name": name,
        "secret_sha256": _sha256(secret),
        "scopes": sorted(map(str, set(scopes))),
        "roles": sorted(set(roles)),
        "now": now,
        "expires_at": expires_at,
        "person_id": person.id if person else None,
        "made_by": actor.person,
    }
    await conn.execute(_INSERT_KEY, values)
    given = {field: values[field] for field in ("name", "scopes", "roles", "expires_at", "person_id")}
    await audit.record(
        conn, actor=actor, action="key.create", object_kind="key", object_id=key_id, after=given, now=now
    )
    return NewKey(id=key_id, name=name, key=f"opsdesk_{key_id}_{secret}")


async def create_own_key(
    database: Database,
    *,
    person: Person,
    password: str,
    name: str,
    scopes: Collection[str],
    actor: Actor,
    now: datetime,
    expires_at: datetime | None,
) -> NewKey:
    """Make a key of the person who asks, proved by the password where they have one: it outlives a stolen session.

    Raises PasswordWrong, SignInDelayed, KeyRefused.
    """
    if person.has_password:
        await prove_password(database, person=person, password=password, now=now)
    async with database.transaction() as conn:
        return await create_key(
            conn, name=name, scopes=scopes, roles=(), actor=actor, now=now, expires_at=expires_at, person=person
        )


async def authenticate(conn: Connection, *, key: str, now: datetime) -> Actor:
    """The actor that a key stands for.

    Notes the use, without ever waiting for another request that notes it at the same moment.

    Raises KeyUnknown, in the same words for a key that never was, has expired, was revoked, or whose
    owner is disabled.
    """
    parts = _KEY.fullmatch(key)
    if parts is None:
        raise KeyUnknown
    cursor = conn.cursor(row_factory=class_row(_StoredKey))
    stored = await (await cursor.execute(_KEY_FOR_AUTHENTICATION, {"id": parts[1]})).fetchone()
    # Compared also when there is no such key, so that the time taken does not tell which ids exist.
    right = hmac.compare_digest(_sha256(parts[2]), stored.secret_sha256 if stored else _NOBODY)
    if stored is None or not right or not stored.valid_at(now):
        raise KeyUnknown
    stale_before = now - timedelta(seconds=LAST_USED_EVERY_S)
    if stored.last_used_at is None or stored.last_used_at <= stale_before:
        await conn.execute(_NOTE_USE, {"id": stored.id, "now": now, "stale_before": stale_before})
    if stored.person_id is not None:
        person = await show_person(conn, person_id=stored.person_id)
        if person.disabled_at is not None:
            raise KeyUnknown
        return replace(person.actor, scopes=person.actor.scopes & frozenset(stored.scopes))
    return Actor(
        id=f"key:{stored.name.casefold()}",
        name=stored.name,
        roles=frozenset(stored.roles),
        scopes=frozenset(stored.scopes),
        made_by=stored.made_by if is_person(stored.made_by) else None,
    )


async def revoke_key(conn: Connection, *, key_id: str, actor: Actor, now: datetime) -> ApiKey:
    """End a key at once. Revoking it again changes nothing. Raises KeyNotFound."""
    cursor = conn.cursor(row_factory=class_row(ApiKey))
    revoked = await (await cursor.execute(_REVOKE_KEY, {"id": key_id, "now": now})).fetchone()
    if revoked is None:
        known = await (await cursor.execute(_SHOW_KEY, {"id": key_id})).fetchone()
        if known is None:
            raise KeyNotFound(key_id=key_id)
        return known
    await audit.record(
        conn,
        actor=actor,
        action="key.revoke",
        object_kind="key",
        object_id=key_id,
        before={"revoked_at": None},
        after={"revoked_at": revoked.revoked_at},
        now=now,
    )
    return revoked


async def list_keys(conn: Connection, *, person_id: UUID | None = None) -> tuple[ApiKey, ...]:
    """Every key, or those of one person, the newest first, at most KEYS_LISTED_MAX of them."""
    cursor = conn.cursor(row_factory=class_row(ApiKey))
    return tuple(
        await (await cursor.execute(_LIST_KEYS, {"limit": KEYS_LISTED_MAX, "person_id": person_id})).fetchall()
    )


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFKC", name).strip()
    if not 1 <= len(name) <= KEY_NAME_CHARS_MAX:
        raise KeyRefused(field="name", problem=f"has to have 1 to {KEY_NAME_CHARS_MAX} characters")
    if not name.isprintable():
        raise KeyRefused(field="name", problem="holds characters that cannot be printed")
    return name


def _check_owner(person: Person, *, roles: Collection[str], actor: Actor) -> None:
    if roles:
        raise KeyRefused(field="roles", problem="are those of the person")
    if actor.id != person.actor.id and not is_local(actor):
        raise KeyRefused(field="person", problem="is somebody else, who makes their own keys")
    if person.disabled_at is not None:
        raise KeyRefused(field="person", problem="is disabled")


def _check_roles(roles: Collection[str]) -> None:
    if len(roles) > ROLES_MAX:
        raise KeyRefused(field="roles", problem=f"are more than {ROLES_MAX}")
    for role in roles:
        if not (1 <= len(role) <= ROLE_CHARS_MAX and role.isprintable() and role == role.strip()):
            raise KeyRefused(
                field="roles", problem=f"each has 1 to {ROLE_CHARS_MAX} printable characters and no space around it"
            )


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("ascii")).digest()


def _random_id() -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(_ID_CHARS))


def _base62(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    digits = []
    for _ in range(_SECRET_CHARS):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
