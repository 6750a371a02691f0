"""Sessions: one person on one device, by a token in a cookie, of which only the SHA-256 is kept.

A session ends by itself after some time without use, and after some time in any case; and whoever may can end it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from opsdesk.access import audit
from opsdesk.access.actor import Actor, Scope, may
from opsdesk.access.errors import SessionNotFound, SignInNeeded
from opsdesk.access.people import Person, lock_person, require_self, show_person
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements

TOKEN_BYTES = 32
SEEN_EVERY_S = 60
"""`last_seen_at` is written at most this often, so that a busy page is not one hot row."""
SECOND_FACTOR_S = 300
"""For how long the second factor may be given after the password."""
SESSIONS_LISTED_MAX = 100
USER_AGENT_CHARS_MAX = 200

_SQL = statements(__file__)
_INSERT_SESSION = _SQL["insert_session"]
_SESSION_BY_TOKEN = _SQL["session_by_token"]
_NOTE_SEEN = _SQL["note_seen"]
_LIST_SESSIONS = _SQL["list_sessions"]
_LOCK_SESSION = _SQL["lock_session"]
_END_SESSION = _SQL["end_session"]
_END_SESSION_BY_TOKEN = _SQL["end_session_by_token"]
_END_ALL_SESSIONS = _SQL["end_all_sessions"]


class SignInMethod(StrEnum):
    """How the person proved who they are."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    CODE = "code"
    """A one-time code, with which they set their password."""
    OIDC = "oidc"
    """The identity provider said so."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long sessions last."""

    idle_s: float
    absolute_s: float


@dataclass(frozen=True, slots=True)
class Caller:
    """Who knocks, as far as a request tells before anybody has signed in."""

    user_agent: str
    """What the browser calls itself."""
    address: str
    """Where it comes from, in full; what is kept of it is its network."""
    session_token: str | None = field(default=None, repr=False)
    """Of the session that this browser has; it ends when another begins."""
    device_token: str | None = field(default=None, repr=False)
    """What this browser was given when somebody signed in with it before."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session as it begins: the only time that its token is known."""

    id: UUID
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """One session, as it is listed."""

    id: UUID
    person_id: UUID
    method: str
    verified_at: datetime | None
    created_at: datetime
    last_seen_at: datetime
    """To the minute."""
    expires_at: datetime
    """When it ends in any case."""
    ended_at: datetime | None
    user_agent: str
    address: str
    """The network that the session began in, such as `192.0.2.0/24`."""


def coarse(address: str) -> str:
    """The network of an address: enough to tell one's own from a stranger's, and not where somebody lives."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))


def csrf_token(session_token: str) -> str:
    """What forms of this session carry; nobody can work it out without the cookie, and it does not tell the cookie."""
    return hmac.digest(session_token.encode(), b"csrf", "sha256").hex()


async def begin_session(
    conn: Connection,
    *,
    person: Person,
    method: SignInMethod,
    caller: Caller,
    limits: SessionLimits,
    verified: bool,
    now: datetime,
) -> NewSession:
    """A session with a new token; the one that the browser had ends. Not `verified`: the second factor is missing."""
    if caller.session_token is not None:
        await sign_out(conn, token=caller.session_token, now=now)
    session = NewSession(id=new_id(), token=secrets.token_urlsafe(TOKEN_BYTES))
    lasts_s = limits.absolute_s if verified else SECOND_FACTOR_S
    values = {
        "id": session.id,
        "person_id": person.id,
        "token_sha256": _sha256(session.token),
        "method": method,
        "verified_at": now if verified else None,
        "now": now,
        "expires_at": now + timedelta(seconds=lasts_s),
        "user_agent": "".join(filter(str.isprintable, caller.user_agent))[:USER_AGENT_CHARS_MAX],
        "address": coarse(caller.address),
    }
    await conn.execute(_INSERT_SESSION, values)
    began = {"person": person.id, "method": method, "verified": verified, "expires_at": values["expires_at"]}
    await _record(conn, "session.begin", session.id, actor=person.actor, after=began, now=now)
    return session


async def visit(
    conn: Connection,
    *,
    token: str,
    limits: SessionLimits,
    now: datetime,
    verified: bool = True,
    is_use: bool = True,
) -> tuple[Session, Person]:
    """The session that a token opens, and whose it is; notes that it was used, where this is a use of it.

    With `verified=False`, one in which the second factor is still missing, and no other. Raises SignInNeeded.
    """
    cursor = conn.cursor(row_factory=class_row(Session))
    session = await (await cursor.execute(_SESSION_BY_TOKEN, {"token_sha256": _sha256(token)})).fetchone()
    if session is None or session.ended_at is not None or (session.verified_at is not None) is not verified:
        raise SignInNeeded
    if now >= min(session.expires_at, session.last_seen_at + timedelta(seconds=limits.idle_s)):
        raise SignInNeeded
    person = await show_person(conn, person_id=session.person_id)
    if person.disabled_at is not None:
        raise SignInNeeded
    stale_before = now - timedelta(seconds=SEEN_EVERY_S)
    if is_use and session.last_seen_at <= stale_before:
        await conn.execute(_NOTE_SEEN, {"id": session.id, "now": now, "stale_before": stale_before})
    return session, person


async def list_sessions(
    conn: Connection, *, person_id: UUID, actor: Actor, limits: SessionLimits, now: datetime
) -> tuple[Session, ...]:
    """The sessions of a person that are open, the last used first, at most SESSIONS_LISTED_MAX.

    Raises PersonUnknown, and ScopeMissing for those of somebody else.
    """
    person = await show_person(conn, person_id=person_id)
    if not may(actor, Scope.PEOPLE_READ):
        require_self(actor, person)
    values = {
        "person_id": person_id,
        "now": now,
        "seen_after": now - timedelta(seconds=limits.idle_s),
        "rows": SESSIONS_LISTED_MAX,
    }
    cursor = conn.cursor(row_factory=class_row(Session))
    return tuple(await (await cursor.execute(_LIST_SESSIONS, values)).fetchall())


async def end_session(conn: Connection, *, person_id: UUID, session_id: UUID, actor: Actor, now: datetime) -> Session:
    """End one session of a person at once; again, it changes nothing.

    Raises PersonUnknown, SessionNotFound, and ScopeMissing for that of somebody else.
    """
    require_self(actor, await lock_person(conn, person_id=person_id))
    cursor = conn.cursor(row_factory=class_row(Session))
    values = {"id": session_id, "person_id": person_id, "now": now}
    found = await (await cursor.execute(_LOCK_SESSION, values)).fetchone()
    if found is None:
        raise SessionNotFound(session_id=str(session_id))
    if found.ended_at is not None:
        return found
    await conn.execute(_END_SESSION, values)
    await _record(conn, "session.end", session_id, actor=actor, after={"person": person_id}, now=now)
    return replace(found, ended_at=now)


async def end_all_sessions(
    conn: Connection, *, person_id: UUID, actor: Actor, now: datetime, but: UUID | None = None
) -> int:
    """End the sessions of a person, `but` one of them if that is given; returns how many were open.

    Raises PersonUnknown, and ScopeMissing for those of somebody else.
    """
    require_self(actor, await lock_person(conn, person_id=person_id))
    values = {"person_id": person_id, "now": now, "but": but}
    ended = await (await conn.execute(_END_ALL_SESSIONS, values)).fetchall()
    for (session_id,) in ended:
        await _record(conn, "session.end", session_id, actor=actor, after={"person": person_id}, now=now)
    return len(ended)


async def sign_out(conn: Connection, *, token: str, now: datetime) -> None:
    """End the session of a token, if there is one."""
    values = {"token_sha256": _sha256(token), "now": now}
    row = await (await conn.execute(_END_SESSION_BY_TOKEN, values)).fetchone()
    if row is not None:
        session_id, person_id = row
        person = await show_person(conn, person_id=person_id)
        await _record(conn, "session.end", session_id, actor=person.actor, after={"person": person_id}, now=now)


async def _record(
    conn: Connection, action: str, session_id: UUID, *, actor: Actor, after: Mapping[str, Any], now: datetime
) -> None:
    await audit.record(
        conn, actor=actor, action=action, object_kind="session", object_id=str(session_id), after=after, now=now
    )


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
