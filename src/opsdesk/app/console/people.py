"""The accounts of people: made, given roles, disabled, and signed out."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from opsdesk import access
from opsdesk.app.console.frame import done, failed, page, see_other, translate
from opsdesk.app.console.problems import said
from opsdesk.app.console.role_words import ROLE_HINTS, ROLES, role_options
from opsdesk.app.console.viewer import PeopleKeeper, PeopleReader, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn, Now

PATH = "/people"
STATES: Mapping[str, bool] = {"active": False, "disabled": True}

Text = Annotated[str, Form()]
Roles = Annotated[list[str], Form(default_factory=list)]

routes = APIRouter(include_in_schema=False)


@routes.get(PATH)
async def list_people(
    request: Request,
    visitor: PeopleReader,
    conn: Conn,
    search: Annotated[str, Query(alias="q")] = "",
    role: str = "",
    state: str = "",
    cursor: str = "",
) -> Response:
    """Everybody with an account, by address."""
    _ = translate(request, visitor)
    found = await access.people.list_people(
        conn, search=search or None, role=role or None, disabled=STATES.get(state), cursor=cursor or None
    )
    return page(
        request,
        visitor,
        "people/list.html",
        people=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        query={name: value for name, value in (("q", search), ("role", role), ("state", state)) if value},
        roles=ROLES,
        role_options=[("", _("all")), *((role, text) for role, text, _hint in role_options(_))],
        may_write=_may_write(visitor),
    )


@routes.get(f"{PATH}/new")
async def new_person(request: Request, visitor: PeopleKeeper) -> Response:
    """The form for an account."""
    return _form(request, visitor, wanted={"email": "", "name": "", "roles": []}, errors={})


@routes.post(PATH)
async def make_person(
    request: Request, visitor: PeopleKeeper, conn: Conn, now: Now, roles: Roles, email: Text = "", name: Text = ""
) -> Response:
    """Make an account, and show the code with which its person signs in first."""
    _ = translate(request, visitor)
    try:
        person = await access.people.create_person(
            conn, email=email, name=name, roles=roles, actor=visitor.actor, now=now
        )
    except access.errors.PersonRefused as error:
        errors = {error.field: said(error.problem, _)}
    except access.errors.PersonExists as error:
        errors = {"email": _(error.message)}
    else:
        link = await access.links.make_link(conn, person_id=person.id, actor=visitor.actor, now=now)
        return _code_page(request, visitor, link)
    return _form(request, visitor, wanted={"email": email, "name": name, "roles": roles}, errors=errors)


@routes.get(PATH + "/{person_id}")
async def show_person(
    request: Request, person_id: UUID, visitor: PeopleReader, rules: access.guard.Rules, conn: Conn, now: Now
) -> Response:
    """One person: what they may do, and where they are signed in."""
    person = await access.people.show_person(conn, person_id=person_id)
    sessions = await access.sessions.list_sessions(
        conn, person_id=person_id, actor=visitor.actor, limits=rules.limits, now=now
    )
    return page(
        request,
        visitor,
        "people/person.html",
        person=person,
        sessions=sessions,
        roles=ROLES,
        role_hints=ROLE_HINTS,
        role_options=role_options(translate(request, visitor)),
        may_write=_may_write(visitor),
        may_read_audit=access.may(visitor.actor, access.Scope.AUDIT_READ),
    )


@routes.post(PATH + "/{person_id}/roles")
async def change_roles(
    request: Request, person_id: UUID, visitor: PeopleKeeper, conn: Conn, now: Now, roles: Roles
) -> Response:
    """Give a person these roles and no others."""
    _ = translate(request, visitor)
    try:
        await access.people.change_roles(conn, person_id=person_id, roles=roles, actor=visitor.actor, now=now)
    except access.errors.LastAdmin as error:
        return _back(request, person_id, failed(_(error.message)))
    return _back(request, person_id, done(_("The roles were saved; they count at once.")))


@routes.post(PATH + "/{person_id}/disable")
async def disable_person(request: Request, person_id: UUID, visitor: PeopleKeeper, conn: Conn, now: Now) -> Response:
    """End the work of an account at once."""
    _ = translate(request, visitor)
    try:
        await access.people.disable_person(conn, person_id=person_id, actor=visitor.actor, now=now)
    except access.errors.LastAdmin as error:
        return _back(request, person_id, failed(_(error.message)))
    return _back(request, person_id, done(_("The account was disabled and signed out everywhere.")))


@routes.post(PATH + "/{person_id}/enable")
async def enable_person(request: Request, person_id: UUID, visitor: PeopleKeeper, conn: Conn, now: Now) -> Response:
    """Let a disabled account work again."""
    await access.people.enable_person(conn, person_id=person_id, actor=visitor.actor, now=now)
    return _back(request, person_id, done(translate(request, visitor)(N_("The account works again."))))


@routes.post(PATH + "/{person_id}/code")
async def make_code(request: Request, person_id: UUID, visitor: PeopleKeeper, conn: Conn, now: Now) -> Response:
    """A new one-time code, for whoever lost their password or their first code."""
    try:
        link = await access.links.make_link(conn, person_id=person_id, actor=visitor.actor, now=now)
    except access.errors.PersonDisabled as error:
        return _back(request, person_id, failed(translate(request, visitor)(error.message)))
    return _code_page(request, visitor, link)


@routes.post(PATH + "/{person_id}/second-factor/remove")
async def remove_second_factor(
    request: Request, person_id: UUID, visitor: PeopleKeeper, conn: Conn, now: Now
) -> Response:
    """For whoever lost their telephone and their recovery codes."""
    await access.second_factor.remove(conn, person_id=person_id, actor=visitor.actor, now=now)
    return _back(request, person_id, done(translate(request, visitor)(N_("The second factor was turned off."))))


@routes.post(PATH + "/{person_id}/sessions/end")
async def end_all_sessions(request: Request, person_id: UUID, visitor: PeopleKeeper, conn: Conn, now: Now) -> Response:
    """Sign a person out everywhere."""
    await access.sessions.end_all_sessions(conn, person_id=person_id, actor=visitor.actor, now=now)
    return _back(request, person_id, done(translate(request, visitor)(N_("All sessions were ended."))))


@routes.post(PATH + "/{person_id}/sessions/{session_id}/end")
async def end_session(
    request: Request, person_id: UUID, session_id: UUID, visitor: PeopleKeeper, conn: Conn, now: Now
) -> Response:
    """End one session of a person."""
    await access.sessions.end_session(conn, person_id=person_id, session_id=session_id, actor=visitor.actor, now=now)
    return _back(request, person_id, done(translate(request, visitor)(N_("The session was ended."))))


def _may_write(visitor: Visitor) -> bool:
    return access.may(visitor.actor, access.Scope.PEOPLE_WRITE)


def _back(request: Request, person_id: UUID, *flashes: Any) -> Response:
    return see_other(request, f"{PATH}/{person_id}", *flashes)


def _form(request: Request, visitor: Visitor, *, wanted: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    return page(
        request,
        visitor,
        "people/new.html",
        status=422 if errors else 200,
        wanted=wanted,
        errors=errors,
        role_options=role_options(translate(request, visitor)),
    )


def _code_page(request: Request, visitor: Visitor, link: Any) -> Response:
    return page(request, visitor, "people/code.html", link=link, welcome_path=access.links.WELCOME_PATH)
