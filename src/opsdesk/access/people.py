"""People: who may sign in, in which roles, and how they want to read."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from opsdesk.access import audit
from opsdesk.access.actor import PERSON, Actor, Scope, require
from opsdesk.access.errors import LastAdmin, PersonExists, PersonRefused, PersonUnknown
from opsdesk.access.roles import Role, scopes_of
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.paging import Page, decode_place, page_of, page_rows
from opsdesk.kit.sql import backwards, statements

EMAIL_CHARS_MAX = 254
CHOSEN_AMONG_MAX = 500
"""More than anybody looks through in one list of choices."""
NAME_CHARS_MAX = 64
SEARCH_CHARS_MAX = 200
LANGUAGES = ("zh-CN", "en")
LANGUAGE_DEFAULT = "zh-CN"
TIME_ZONE_DEFAULT = "Asia/Shanghai"

_SQL = statements(__file__)
_INSERT_PERSON = _SQL["insert_person"]
_SHOW_PERSON = _SQL["show_person"]
_FIND_PERSON = _SQL["find_person"]
_LIST_PEOPLE = _SQL["list_people"]
_PEOPLE_IN_ROLES = _SQL["people_in_roles"]
_LIST_BEFORE = backwards(_LIST_PEOPLE)
_LOCK_PERSON = _SQL["lock_person"]
_LOCK_WITH_ADMINS = _SQL["lock_with_admins"]
_ADMINS = _SQL["admins"]
_CHANGE_ROLES = _SQL["change_roles"]
_DISABLE_PERSON = _SQL["disable_person"]
_ENABLE_PERSON = _SQL["enable_person"]
_END_SESSIONS = _SQL["end_sessions"]
_SET_PREFERENCES = _SQL["set_preferences"]


class Theme(StrEnum):
    """How pages look; `system` is as the person's machine is set."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account; whatever proves who they are stays out of it."""

    id: UUID
    email: str
    name: str
    roles: list[str]
    language: str
    """`zh-CN` or `en`."""
    time_zone: str
    """As the IANA data base names it."""
    theme: str
    """One of Theme."""
    has_password: bool
    has_second_factor: bool
    has_provider: bool
    """Has signed in through the identity provider."""
    created_at: datetime
    disabled_at: datetime | None
    last_seen_at: datetime | None

    @property
    def actor(self) -> Actor:
        """The person as one who acts: with what all of their roles may do, and with nothing while disabled."""
        scopes = scopes_of(self.roles) if self.disabled_at is None else frozenset[Scope]()
        return Actor(id=actor_id(self.email), name=self.name, roles=frozenset(self.roles), scopes=frozenset(scopes))


def actor_id(email: str) -> str:
    """The id of the actor that a person is."""
    return f"{PERSON}{email}"


def one_spelling(email: str) -> str:
    """An e-mail address as it is kept: two that a reader takes for one are one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).strip().casefold())


async def create_person(
    conn: Connection,
    *,
    email: str,
    name: str,
    roles: Collection[str],
    actor: Actor,
    now: datetime,
    language: str = LANGUAGE_DEFAULT,
    time_zone: str = TIME_ZONE_DEFAULT,
) -> Person:
    """Make an account, which nobody can sign in to before a one-time code is made for it.

    Raises ScopeMissing, PersonRefused, PersonExists.
    """
    require(actor, Scope.PEOPLE_WRITE)
    person_id = new_id()
    values = {
        "id": person_id,
        "email": _checked_email(email),
        "name": _checked_name(name),
        "roles": _checked_roles(roles),
        "now": now,
        **_checked_preferences(language=language, time_zone=time_zone, theme=Theme.SYSTEM),
    }
    try:
        async with conn.transaction():
            await conn.execute(_INSERT_PERSON, values)
    except UniqueViolation:
        raise PersonExists from None
    given = {field: values[field] for field in ("email", "name", "roles", "language", "time_zone")}
    await audit.record(
        conn,
        actor=actor,
        action="person.create",
        object_kind="person",
        object_id=str(person_id),
        after=given,
        now=now,
    )
    return await show_person(conn, person_id=person_id)


async def show_person(conn: Connection, *, person_id: UUID) -> Person:
    """Raises PersonUnknown."""
    return await _one(conn, _SHOW_PERSON, {"id": person_id}, named=str(person_id))


async def find_person(conn: Connection, *, email: str) -> Person:
    """The person with this address, in any spelling of it. Raises PersonUnknown."""
    email = one_spelling(email.replace("\0", ""))
    return await _one(conn, _FIND_PERSON, {"email": email}, named=email)


async def list_people(
    conn: Connection,
    *,
    search: str | None = None,
    role: str | None = None,
    disabled: bool | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[Person]:
    """A page of the people who pass every filter given, by address; `search` looks in address and name.

    Raises BadPageSize, BadCursor, PersonRefused.
    """
    size = page_rows(limit)
    for field, text in (("search", search), ("role", role)):
        if text is not None and (len(text) > SEARCH_CHARS_MAX or "\0" in text):
            raise PersonRefused(field=field, problem=f"has more than {SEARCH_CHARS_MAX} characters, or a NUL")
    place = decode_place(cursor, shape=(str,))
    (after,) = place.key or (None,)
    values = {"search": search, "role": role, "disabled": disabled, "after": after, "rows": size + 1}
    statement = _LIST_BEFORE if place.backwards else _LIST_PEOPLE
    rows = await (await conn.cursor(row_factory=class_row(Person)).execute(statement, values)).fetchall()
    return page_of(rows, size=size, key=lambda person: (person.email,), place=place)


async def people_with(conn: Connection, scope: Scope) -> list[Person]:
    """Who has a role that allows this and is not disabled, by address; CHOSEN_AMONG_MAX at most."""
    roles = [role for role in Role if scope in scopes_of([role])]
    values = {"roles": roles, "rows": CHOSEN_AMONG_MAX}
    return await (await conn.cursor(row_factory=class_row(Person)).execute(_PEOPLE_IN_ROLES, values)).fetchall()


async def change_roles(
    conn: Connection, *, person_id: UUID, roles: Collection[str], actor: Actor, now: datetime
) -> Person:
    """Give a person these roles and no others; they count from the next request on.

    Raises ScopeMissing, PersonRefused, PersonUnknown, LastAdmin.
    """
    require(actor, Scope.PEOPLE_WRITE)
    wanted = _checked_roles(roles)
    person, admins = await _lock_with_admins(conn, person_id=person_id)
    if Role.ADMIN not in wanted and admins == [person_id]:
        raise LastAdmin(person=person.email)
    await conn.execute(_CHANGE_ROLES, {"id": person_id, "roles": wanted})
    return await _changed(conn, "person.change_roles", before=person, fields=("roles",), actor=actor, now=now)


async def disable_person(conn: Connection, *, person_id: UUID, actor: Actor, now: datetime) -> Person:
    """Keep a person out: their sessions end and their keys stop working at once. Again, it changes nothing.

    Raises ScopeMissing, PersonUnknown, LastAdmin.
    """
    require(actor, Scope.PEOPLE_WRITE)
    person, admins = await _lock_with_admins(conn, person_id=person_id)
    if admins == [person_id]:
        raise LastAdmin(person=person.email)
    await conn.execute(_DISABLE_PERSON, {"id": person_id, "now": now})
    await conn.execute(_END_SESSIONS, {"id": person_id, "now": now})
    return await _changed(conn, "person.disable", before=person, fields=("disabled_at",), actor=actor, now=now)


async def enable_person(conn: Connection, *, person_id: UUID, actor: Actor, now: datetime) -> Person:
    """Let a disabled person sign in again. Raises ScopeMissing, PersonUnknown."""
    require(actor, Scope.PEOPLE_WRITE)
    person = await lock_person(conn, person_id=person_id)
    await conn.execute(_ENABLE_PERSON, {"id": person_id})
    return await _changed(conn, "person.enable", before=person, fields=("disabled_at",), actor=actor, now=now)


async def set_preferences(
    conn: Connection,
    *,
    person_id: UUID,
    name: str,
    language: str,
    time_zone: str,
    theme: str,
    actor: Actor,
    now: datetime,
) -> Person:
    """How the person is called and wants to read; each person's own affair.

    Raises ScopeMissing (for the preferences of somebody else), PersonRefused, PersonUnknown.
    """
    person = await lock_person(conn, person_id=person_id)
    require_self(actor, person)
    wanted = _checked_preferences(language=language, time_zone=time_zone, theme=theme)
    await conn.execute(_SET_PREFERENCES, {"id": person_id, "name": _checked_name(name), **wanted})
    fields = ("name", *wanted)
    return await _changed(conn, "person.set_preferences", before=person, fields=fields, actor=actor, now=now)


def require_self(actor: Actor, person: Person) -> None:
    """Raises ScopeMissing unless the actor is the person, or may change people."""
    if actor.id != actor_id(person.email):
        require(actor, Scope.PEOPLE_WRITE)


async def lock_person(conn: Connection, *, person_id: UUID) -> Person:
    """The person, kept from being changed by others until the transaction ends. Raises PersonUnknown."""
    await conn.execute(_LOCK_PERSON, {"id": person_id})
    return await show_person(conn, person_id=person_id)


async def _lock_with_admins(conn: Connection, *, person_id: UUID) -> tuple[Person, list[UUID]]:
    """The person, and the ids of the admins that there are, none of whom changes until the transaction ends."""
    await conn.execute(_LOCK_WITH_ADMINS, {"id": person_id})
    person = await show_person(conn, person_id=person_id)
    return person, [admin_id for (admin_id,) in await (await conn.execute(_ADMINS)).fetchall()]


async def _changed(
    conn: Connection, action: str, *, before: Person, fields: Sequence[str], actor: Actor, now: datetime
) -> Person:
    """The person as they are now; if anything is different, the audit chain says who did it."""
    after = await show_person(conn, person_id=before.id)
    was, is_now = ({field: getattr(each, field) for field in fields} for each in (before, after))
    if was != is_now:
        await audit.record(
            conn,
            actor=actor,
            action=action,
            object_kind="person",
            object_id=str(before.id),
            before=was,
            after=is_now,
            now=now,
        )
    return after


async def _one(conn: Connection, statement: bytes, values: dict[str, Any], *, named: str) -> Person:
    found = await (await conn.cursor(row_factory=class_row(Person)).execute(statement, values)).fetchone()
    if found is None:
        raise PersonUnknown(person=named)
    return found


def _checked_email(email: str) -> str:
    email = one_spelling(email)
    local, at, host = email.rpartition("@")
    readable = email.isprintable() and " " not in email
    if not (local and at and host and readable) or len(email) > EMAIL_CHARS_MAX:
        raise PersonRefused(field="email", problem="is no e-mail address")
    return email


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFKC", name).strip()
    if not 1 <= len(name) <= NAME_CHARS_MAX:
        raise PersonRefused(field="name", problem=f"has to have 1 to {NAME_CHARS_MAX} characters")
    if not name.isprintable():
        raise PersonRefused(field="name", problem="holds characters that cannot be printed")
    return name


def _checked_roles(roles: Collection[str]) -> list[str]:
    if unknown := sorted(set(roles) - set(Role)):
        raise PersonRefused(field="roles", problem=f"there is no role {unknown[0]!r}; there are {', '.join(Role)}")
    return sorted(map(str, set(roles)))


def _checked_preferences(*, language: str, time_zone: str, theme: str) -> dict[str, str]:
    if language not in LANGUAGES:
        raise PersonRefused(field="language", problem=f"is none of {', '.join(LANGUAGES)}")
    if theme not in set(Theme):
        raise PersonRefused(field="theme", problem=f"is none of {', '.join(Theme)}")
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):  # unknown; no name at all; or a folder of zones, such as `Asia`
        raise PersonRefused(field="time_zone", problem="is no time zone that is known here") from None
    return {"language": language, "time_zone": time_zone, "theme": str(theme)}
