"""One-time codes: with one, a person sets their password, at first or when it is lost.

The code is typed into the page /welcome and never part of an address, because addresses stay behind in logs, histories
and messages. It has 100 random bits, and it alone says whose it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from opsdesk.access import audit
from opsdesk.access.actor import Actor, Scope, require
from opsdesk.access.codes import code_digest, new_code
from opsdesk.access.errors import CodeRefused, PersonDisabled
from opsdesk.access.passwords import check_password, hash_password
from opsdesk.access.people import Person, lock_person, show_person
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements

CODE_LASTS_S = 24 * 3600
WELCOME_PATH = "/welcome"
_GROUPS, _GROUP_CHARS = 4, 5

_SQL = statements(__file__)
_INSERT_LINK = _SQL["insert_link"]
_END_OTHER_LINKS = _SQL["end_other_links"]
_LOCK_LINK = _SQL["lock_link"]
_USE_LINK = _SQL["use_link"]
_SET_PASSWORD = _SQL["set_password"]
_END_SESSIONS = _SQL["end_sessions"]


class LinkPurpose(StrEnum):
    FIRST_SIGN_IN = "first_sign_in"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a purpose


@dataclass(frozen=True, slots=True)
class NewLink:
    """A one-time code as it is shown, once."""

    person: Person
    purpose: LinkPurpose
    expires_at: datetime
    code: str = field(repr=False)


async def make_link(conn: Connection, *, person_id: UUID, actor: Actor, now: datetime) -> NewLink:
    """A one-time code for a person; those made before stop working.

    Raises ScopeMissing, PersonUnknown, PersonDisabled.
    """
    require(actor, Scope.PEOPLE_WRITE)
    person = await lock_person(conn, person_id=person_id)
    if person.disabled_at is not None:
        raise PersonDisabled(person=person.email)
    code = new_code(groups=_GROUPS, characters=_GROUP_CHARS)
    purpose = LinkPurpose.PASSWORD_RESET if person.has_password else LinkPurpose.FIRST_SIGN_IN
    expires_at = now + timedelta(seconds=CODE_LASTS_S)
    values = {
        "id": new_id(),
        "person_id": person_id,
        "purpose": purpose,
        "code_sha256": code_digest(code),
        "now": now,
        "expires_at": expires_at,
    }
    await conn.execute(_END_OTHER_LINKS, {"person_id": person_id, "now": now})
    await conn.execute(_INSERT_LINK, values)
    made = {"purpose": purpose, "expires_at": expires_at}
    await _record(conn, "person.make_code", person, actor=actor, after=made, now=now)
    return NewLink(person=person, purpose=purpose, expires_at=expires_at, code=code)


async def use_link(conn: Connection, *, code: str, password: str, now: datetime) -> Person:
    """Set the password of the person whom the code is for; their sessions end, and the code is used up.

    Locks the code, so that it works once. Raises CodeRefused, and PasswordRefused, after which it still works.
    """
    found = await (await conn.execute(_LOCK_LINK, {"code_sha256": code_digest(code), "now": now})).fetchone()
    if found is None:
        raise CodeRefused
    link_id, person_id = found
    person = await lock_person(conn, person_id=person_id)
    if person.disabled_at is not None:
        raise CodeRefused
    check_password(password, email=person.email)
    await conn.execute(_USE_LINK, {"id": link_id, "now": now})
    await conn.execute(_SET_PASSWORD, {"id": person_id, "hash": await hash_password(password), "now": now})
    await conn.execute(_END_SESSIONS, {"person_id": person_id, "now": now})
    await _record(conn, "person.set_password", person, actor=person.actor, after={"code": link_id}, now=now)
    return await show_person(conn, person_id=person_id)


async def _record(
    conn: Connection, action: str, person: Person, *, actor: Actor, after: Mapping[str, Any], now: datetime
) -> None:
    await audit.record(
        conn, actor=actor, action=action, object_kind="person", object_id=str(person.id), after=after, now=now
    )
