"""People over HTTP: their accounts, roles and sessions, for whoever keeps or audits them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk.access import links, people, second_factor, sessions
from opsdesk.access.actor import Scope
from opsdesk.access.errors import (
    LastAdmin,
    PersonDisabled,
    PersonExists,
    PersonRefused,
    PersonUnknown,
    SessionNotFound,
)
from opsdesk.access.guard import REFUSALS, PeopleKeeper, PeopleReader, Rules
from opsdesk.access.roles import SCOPES, Role
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Next, View, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize

routes = APIRouter(prefix="/v1", tags=["people"], route_class=StrictRoute)

_EMAIL = Field(json_schema_extra=text_schema(maxLength=people.EMAIL_CHARS_MAX))
_NAME = Field(json_schema_extra={"minLength": 1, "pattern": r"\S"})
_ROLE = Field(json_schema_extra={"enum": list(Role)})
_LANGUAGE = Field(json_schema_extra={"enum": list(people.LANGUAGES)})

PersonId = Annotated[UUID, Path(description="The id of the person.")]
SessionId = Annotated[UUID, Path(description="The id of the session.")]


class PersonRequest(Body):
    """A new account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "reviewer@example.com", "name": "Reviewer", "roles": ["reviewer"], "language": "en"}]
        }
    )

    email: Annotated[str, _EMAIL]
    """Where the person is reached; names the account, in any case of letters."""
    name: Annotated[str, _NAME]
    """How the person is called."""
    roles: list[Annotated[str, _ROLE]] = Field(default_factory=list)
    """What the person is here."""
    language: Annotated[str, _LANGUAGE] = people.LANGUAGE_DEFAULT
    """In which pages are shown."""
    time_zone: Annotated[str, Field(json_schema_extra=text_schema(minLength=1))] = people.TIME_ZONE_DEFAULT
    """In which times are shown, by its IANA name."""


class RolesRequest(Body):
    """What a person is from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"roles": ["reviewer", "compliance_officer"]}]})

    roles: list[Annotated[str, _ROLE]]
    """These roles and no others."""


class PersonView(View):
    """Somebody with an account."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    """Names the person."""
    email: str
    """The e-mail address, in its one spelling."""
    name: str
    """How the person is called."""
    roles: list[str]
    """What the person is here."""
    language: str
    """In which pages are shown."""
    time_zone: str
    """In which times are shown."""
    has_password: bool
    """Has set a password."""
    has_second_factor: bool
    """Is asked for a code after the password."""
    has_provider: bool
    """Has signed in through the identity provider."""
    created_at: datetime
    """When the account was made."""
    disabled_at: datetime | None
    """When it was disabled; null: it is not."""
    last_seen_at: datetime | None
    """When the person was last seen, to the minute; null: never."""


class PeoplePage(View):
    """Some people, by e-mail address."""

    items: list[PersonView]
    """Also those who are disabled, unless only others are asked for."""
    next: Next


class CodeView(View):
    """A one-time code, shown this once."""

    person: UUID
    """Whose it is."""
    purpose: str
    """`first_sign_in` or `password_reset`."""
    path: str
    """The page of this installation where the person types it in."""
    code: str
    """What the person types in."""
    expires_at: datetime
    """Until when it works."""


class SessionView(View):
    """One sign-in in one browser."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    """Names the session."""
    method: str
    """How the person proved who they are: `password`, `code` or `oidc`."""
    created_at: datetime
    """When it began."""
    last_seen_at: datetime
    """When it was last used, to the minute."""
    expires_at: datetime
    """When it ends in any case."""
    ended_at: datetime | None
    """When it was ended; null: it was not."""
    user_agent: str
    """What the browser calls itself."""
    address: str
    """The network it began in."""


class SessionList(View):
    """The open sessions of a person, the last used first."""

    items: list[SessionView]
    """At most a hundred."""
    next: None = None
    """Always null: the list comes whole."""


class EndedSessions(View):
    """What was ended."""

    ended: int
    """How many sessions were open."""


class RoleView(View):
    """A role."""

    role: Role
    """Its name."""
    scopes: list[Scope]
    """What its holders may do."""


class RoleList(View):
    """All roles that there are."""

    items: list[RoleView]
    """In no order that matters."""
    next: None = None
    """Always null: the list comes whole."""


@routes.get("/people", summary="List people", responses=documented(*REFUSALS, PersonRefused, BadPageSize, BadCursor))
async def list_people(
    _: PeopleReader,
    conn: Conn,
    search: Annotated[
        str | SkipJsonSchema[None],
        Query(
            description="Part of the address or the name, in any case.",
            json_schema_extra=text_schema(maxLength=people.SEARCH_CHARS_MAX),
        ),
    ] = None,
    role: Annotated[Role | SkipJsonSchema[None], Query(description="Only those who have this role.")] = None,
    disabled: Annotated[bool | SkipJsonSchema[None], Query(description="Only those who are, or are not.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> PeoplePage:
    """By e-mail address."""
    page = await people.list_people(conn, search=search, role=role, disabled=disabled, limit=limit, cursor=cursor)
    return PeoplePage(items=[PersonView.model_validate(person) for person in page.items], next=page.next)


@routes.post(
    "/people",
    status_code=201,
    summary="Make an account",
    responses=documented(*REFUSALS, *BODY_REFUSALS, PersonRefused, PersonExists),
)
async def create_person(request: PersonRequest, actor: PeopleKeeper, conn: Conn, now: Now) -> PersonView:
    """Nobody can sign in to it before a one-time code was made, or through the identity provider."""
    made = await people.create_person(conn, **request.model_dump(), actor=actor, now=now)
    return PersonView.model_validate(made)


@routes.get("/people/{person_id}", summary="Show a person", responses=documented(*REFUSALS, PersonUnknown))
async def show_person(person_id: PersonId, _: PeopleReader, conn: Conn) -> PersonView:
    """Without anything that proves who they are."""
    return PersonView.model_validate(await people.show_person(conn, person_id=person_id))


@routes.put(
    "/people/{person_id}/roles",
    summary="Give roles",
    responses=documented(*REFUSALS, *BODY_REFUSALS, PersonUnknown, PersonRefused, LastAdmin),
)
async def change_roles(
    person_id: PersonId, request: RolesRequest, actor: PeopleKeeper, conn: Conn, now: Now
) -> PersonView:
    """They count from the person's next request on."""
    changed = await people.change_roles(conn, person_id=person_id, roles=request.roles, actor=actor, now=now)
    return PersonView.model_validate(changed)


@routes.post(
    "/people/{person_id}/codes",
    status_code=201,
    summary="Make a one-time code",
    responses=documented(*REFUSALS, PersonUnknown, PersonDisabled),
)
async def make_code(person_id: PersonId, actor: PeopleKeeper, conn: Conn, now: Now) -> CodeView:
    """For a day. Codes of the person that were made before stop working."""
    link = await links.make_link(conn, person_id=person_id, actor=actor, now=now)
    return CodeView(
        person=person_id, purpose=link.purpose, path=links.WELCOME_PATH, code=link.code, expires_at=link.expires_at
    )


@routes.post(
    "/people/{person_id}/disablement",
    status_code=201,
    summary="Disable a person",
    responses=documented(*REFUSALS, PersonUnknown, LastAdmin),
)
async def disable_person(person_id: PersonId, actor: PeopleKeeper, conn: Conn, now: Now) -> PersonView:
    """Their sessions end and their keys stop working at once."""
    return PersonView.model_validate(await people.disable_person(conn, person_id=person_id, actor=actor, now=now))


@routes.delete(
    "/people/{person_id}/disablement", summary="Enable a person", responses=documented(*REFUSALS, PersonUnknown)
)
async def enable_person(person_id: PersonId, actor: PeopleKeeper, conn: Conn, now: Now) -> PersonView:
    """They may sign in again, and their keys work again."""
    return PersonView.model_validate(await people.enable_person(conn, person_id=person_id, actor=actor, now=now))


@routes.delete(
    "/people/{person_id}/second-factor",
    summary="Take the second factor from a person",
    responses=documented(*REFUSALS, PersonUnknown),
)
async def remove_second_factor(person_id: PersonId, actor: PeopleKeeper, conn: Conn, now: Now) -> PersonView:
    """Who has lost it and the recovery codes too; they set up another one."""
    return PersonView.model_validate(await second_factor.remove(conn, person_id=person_id, actor=actor, now=now))


@routes.get(
    "/people/{person_id}/sessions",
    summary="List the sessions of a person",
    responses=documented(*REFUSALS, PersonUnknown),
)
async def list_sessions(person_id: PersonId, actor: PeopleReader, rules: Rules, conn: Conn, now: Now) -> SessionList:
    """Those that are open."""
    found = await sessions.list_sessions(conn, person_id=person_id, actor=actor, limits=rules.limits, now=now)
    return SessionList(items=[SessionView.model_validate(session) for session in found])


@routes.delete(
    "/people/{person_id}/sessions",
    summary="End all sessions of a person",
    responses=documented(*REFUSALS, PersonUnknown),
)
async def end_all_sessions(person_id: PersonId, actor: PeopleKeeper, conn: Conn, now: Now) -> EndedSessions:
    """At once."""
    return EndedSessions(ended=await sessions.end_all_sessions(conn, person_id=person_id, actor=actor, now=now))


@routes.delete(
    "/people/{person_id}/sessions/{session_id}",
    summary="End a session",
    responses=documented(*REFUSALS, PersonUnknown, SessionNotFound),
)
async def end_session(
    person_id: PersonId, session_id: SessionId, actor: PeopleKeeper, conn: Conn, now: Now
) -> SessionView:
    """At once. Ending it again changes nothing."""
    ended = await sessions.end_session(conn, person_id=person_id, session_id=session_id, actor=actor, now=now)
    return SessionView.model_validate(ended)


@routes.get("/roles", summary="List the roles", responses=documented(*REFUSALS))
async def list_roles(_: PeopleReader) -> RoleList:
    """Each with what it allows."""
    return RoleList(items=[RoleView(role=role, scopes=sorted(SCOPES[role])) for role in Role])
