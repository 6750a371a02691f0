"""The second factor of one's own account: set up, confirmed, and given up."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from markupsafe import Markup

from opsdesk import access
from opsdesk.app.console.account import PATH, told
from opsdesk.app.console.frame import done, failed, page, see_other, translate
from opsdesk.app.console.problems import said
from opsdesk.app.console.viewer import AnyPerson
from opsdesk.kit.http_requests import Conn, Now

FACTOR_PATH = f"{PATH}/second-factor"
PROOF_REFUSALS = (access.errors.PasswordWrong, access.errors.SignInDelayed)

Text = Annotated[str, Form()]

routes = APIRouter(include_in_schema=False)


@routes.post(FACTOR_PATH)
async def enrol(
    request: Request,
    visitor: AnyPerson,
    rules: access.guard.Rules,
    database: access.guard.Db,
    now: Now,
    password: Text = "",
) -> Response:
    """Show the secret, once, as a picture and in letters; proved by the password."""
    try:
        made = await access.second_factor.enrol(
            database,
            person=visitor.person,
            password=password,
            totp_key=rules.totp_key,
            actor=visitor.actor,
            now=now,
        )
    except PROOF_REFUSALS as error:
        return see_other(request, PATH, failed(told(error, translate(request, visitor))))
    # Drawn by the library, from what we made ourselves.
    picture = Markup(made.qr_svg)  # noqa: S704  no part of it was typed by anybody
    return page(request, visitor, "account/second_factor.html", picture=picture, secret=made.secret, error=None)


@routes.post(f"{FACTOR_PATH}/confirm")
async def confirm(
    request: Request, visitor: AnyPerson, rules: access.guard.Rules, conn: Conn, now: Now, code: Text = ""
) -> Response:
    """Count it from now on, and show the recovery codes."""
    try:
        codes = await access.second_factor.confirm(
            conn, person=visitor.person, code=code, totp_key=rules.totp_key, actor=visitor.actor, now=now
        )
    except access.errors.SecondFactorRefused as error:
        problem = said(error.problem, translate(request, visitor))
        return page(
            request, visitor, "account/second_factor.html", status=422, picture=None, secret=None, error=problem
        )
    return page(request, visitor, "account/recovery_codes.html", codes=codes)


@routes.post(f"{FACTOR_PATH}/recovery-codes")
async def renew_recovery_codes(
    request: Request, visitor: AnyPerson, database: access.guard.Db, now: Now, password: Text = ""
) -> Response:
    """Other codes in place of all before."""
    try:
        codes = await access.second_factor.renew_recovery_codes(
            database, person=visitor.person, password=password, actor=visitor.actor, now=now
        )
    except PROOF_REFUSALS as error:
        return see_other(request, PATH, failed(told(error, translate(request, visitor))))
    return page(request, visitor, "account/recovery_codes.html", codes=codes)


@routes.post(f"{FACTOR_PATH}/disable")
async def disable(
    request: Request, visitor: AnyPerson, database: access.guard.Db, now: Now, password: Text = ""
) -> Response:
    """Do without, proved by the password."""
    _ = translate(request, visitor)
    try:
        await access.second_factor.disable(
            database, person=visitor.person, password=password, actor=visitor.actor, now=now
        )
    except PROOF_REFUSALS as error:
        return see_other(request, PATH, failed(told(error, _)))
    return see_other(request, PATH, done(_("The second factor was turned off.")))
