"""One's own account: how one wants to read, the password, the second factor, and where one is signed in."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request, Response

from opsdesk import access
from opsdesk.app.console.frame import done, frame_of, page, see_other, translate
from opsdesk.app.console.language import keep_language
from opsdesk.app.console.problems import said
from opsdesk.app.console.viewer import AnyPerson, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_requests import Conn, Now

PATH = "/account"
PASSWORD_REFUSALS = (access.errors.PasswordWrong, access.errors.PasswordRefused, access.errors.SignInDelayed)
THEMES: Mapping[str, str] = {
    access.people.Theme.SYSTEM: N_("As this machine is set"),
    access.people.Theme.LIGHT: N_("Light"),
    access.people.Theme.DARK: N_("Dark"),
}

Text = Annotated[str, Form()]

routes = APIRouter(include_in_schema=False)


@routes.get(PATH)
async def show_account(
    request: Request, visitor: AnyPerson, rules: access.guard.Rules, conn: Conn, now: Now
) -> Response:
    """All of it on one page."""
    return await _account_page(request, visitor, conn, rules=rules, now=now)


@routes.post(f"{PATH}/preferences")
async def set_preferences(
    request: Request,
    visitor: AnyPerson,
    rules: access.guard.Rules,
    conn: Conn,
    now: Now,
    name: Text = "",
    language: Text = "",
    time_zone: Text = "",
    theme: Text = "",
) -> Response:
    """Keep how the person is called and wants to read."""
    _ = translate(request, visitor)
    wanted = {"name": name, "language": language, "time_zone": time_zone, "theme": theme}
    try:
        await access.people.set_preferences(conn, person_id=visitor.person.id, **wanted, actor=visitor.actor, now=now)
    except access.errors.PersonRefused as error:
        errors = {error.field: said(error.problem, _)}
        return await _account_page(request, visitor, conn, rules=rules, now=now, wanted=wanted, errors=errors)
    _ = frame_of(request).words[language].gettext
    response = see_other(request, PATH, done(_("Your settings were saved.")))
    keep_language(request, response, language)
    return response


@routes.post(f"{PATH}/password")
async def change_password(
    request: Request,
    visitor: AnyPerson,
    rules: access.guard.Rules,
    database: access.guard.Db,
    now: Now,
    present: Text = "",
    password: Text = "",
    again: Text = "",
) -> Response:
    """Set another password; sessions elsewhere end."""
    _ = translate(request, visitor)
    errors = {"again": _("The two are not the same.")} if password != again else {}
    if not errors:
        try:
            await access.sign_in.change_password(
                database,
                person=visitor.person,
                present=present,
                new=password,
                session_id=visitor.session_id,
                actor=visitor.actor,
                now=now,
            )
        except PASSWORD_REFUSALS as error:
            errors = _password_errors(error, _)
    if errors:
        async with database.transaction() as conn:
            return await _account_page(request, visitor, conn, rules=rules, now=now, errors=errors)
    return see_other(request, PATH, done(_("Your password was changed. You were signed out everywhere else.")))


@routes.post(f"{PATH}/sessions/end-others")
async def end_other_sessions(request: Request, visitor: AnyPerson, conn: Conn, now: Now) -> Response:
    """Sign out everywhere but here."""
    await access.sessions.end_all_sessions(
        conn, person_id=visitor.person.id, actor=visitor.actor, now=now, but=visitor.session_id
    )
    return see_other(request, PATH, done(translate(request, visitor)(N_("You were signed out everywhere else."))))


@routes.post(PATH + "/sessions/{session_id}/end")
async def end_session(request: Request, session_id: UUID, visitor: AnyPerson, conn: Conn, now: Now) -> Response:
    """Sign out on one device; on this one, as signing out does."""
    await access.sessions.end_session(
        conn, person_id=visitor.person.id, session_id=session_id, actor=visitor.actor, now=now
    )
    if session_id == visitor.session_id:
        return see_other(request, "/sign-in")
    return see_other(request, PATH, done(translate(request, visitor)(N_("The session was ended."))))


async def _account_page(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    *,
    rules: access.sign_in.SignInRules,
    now: Any,
    wanted: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    person = visitor.person
    return page(
        request,
        visitor,
        "account/account.html",
        status=422 if errors else 200,
        person=person,
        wanted=wanted
        or {"name": person.name, "language": person.language, "time_zone": person.time_zone, "theme": person.theme},
        errors=errors or {},
        themes=THEMES,
        time_zones=sorted(available_timezones()),
        sessions=await access.sessions.list_sessions(
            conn, person_id=person.id, actor=visitor.actor, limits=rules.limits, now=now
        ),
        keys=[key for key in await access.keys.list_keys(conn, person_id=person.id) if key.works_at(now)],
        recovery_codes_left=await access.second_factor.recovery_codes_left(conn, person_id=person.id),
    )


def _password_errors(error: OpsdeskError, translate: Callable[[str], str]) -> dict[str, str]:
    if isinstance(error, access.errors.PasswordRefused):
        return {"password": said(error.problem, translate)}
    return {"present": told(error, translate)}


def told(error: OpsdeskError, translate: Callable[[str], str]) -> str:
    """What was wrong with a proof of who one is."""
    if isinstance(error, access.errors.SignInDelayed):
        return translate(N_("Too many attempts failed. Try again in %(seconds)s seconds.")) % {"seconds": error.wait_s}
    return translate(error.message)
