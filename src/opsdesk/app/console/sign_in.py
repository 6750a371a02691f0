"""The pages before a session: signing in, its second factor, the first password; and signing out."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from opsdesk import access
from opsdesk.app.console.frame import done, frame_of, local_address, page, see_other, translate
from opsdesk.app.console.problems import said
from opsdesk.app.console.viewer import AnyPerson, visitor_of
from opsdesk.app.console.words import N_
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_errors import RouteUnknown
from opsdesk.kit.http_requests import Conn, Now

SIGN_IN_PATH = "/sign-in"
CODE_PATH = "/sign-in/code"
PROVIDER_PATH = "/sign-in/oidc"
REFUSALS = (access.errors.SignInRefused, access.errors.SignInDelayed)

Next = Annotated[str, Query(alias="next")]
NextField = Annotated[str, Form(alias="next")]
Text = Annotated[str, Form()]

routes = APIRouter(include_in_schema=False)
_FROM_HERE = [Depends(access.guard.from_here)]


@routes.get(SIGN_IN_PATH)
async def show_sign_in(request: Request, back: Next = "") -> Response:
    """The form; whoever has a session goes on at once."""
    if await visitor_of(request) is not None:
        return see_other(request, local_address(back))
    return _sign_in_page(request, back=back)


@routes.post(SIGN_IN_PATH, dependencies=_FROM_HERE)
async def sign_in(
    request: Request,
    caller: access.guard.Knocking,
    rules: access.guard.Rules,
    database: access.guard.Db,
    now: Now,
    email: Text = "",
    password: Text = "",
    back: NextField = "",
) -> Response:
    """Begin a session, or ask for the second factor, or refuse in words that tell nothing of accounts."""
    try:
        signed_in = await access.sign_in.sign_in(
            database, email=email, password=password, caller=caller, rules=rules, now=now
        )
    except REFUSALS as error:
        return _sign_in_page(request, back=back, email=email, error=error)
    return _let_in(request, signed_in, rules=rules, back=back)


@routes.get(CODE_PATH)
async def show_code(request: Request, back: Next = "") -> Response:
    """The form for the second factor."""
    return _code_page(request, back=back)


@routes.post(CODE_PATH, dependencies=_FROM_HERE)
async def give_code(
    request: Request,
    caller: access.guard.Knocking,
    rules: access.guard.Rules,
    database: access.guard.Db,
    now: Now,
    code: Text = "",
    back: NextField = "",
) -> Response:
    """Begin the session that lacked this code."""
    try:
        signed_in = await access.sign_in.finish_sign_in(database, code=code, caller=caller, rules=rules, now=now)
    except REFUSALS as error:
        return _code_page(request, back=back, error=error)
    return _let_in(request, signed_in, rules=rules, back=back)


@routes.get(PROVIDER_PATH)
async def begin_at_provider(
    request: Request, oidc: access.guard.Oidc, rules: access.guard.Rules, now: Now, back: Next = ""
) -> Response:
    """Lead the browser to the identity provider."""
    if oidc is None:
        raise RouteUnknown
    start = await oidc.begin(next_path=local_address(back), rules=rules, now=now)
    response = RedirectResponse(start.url, status_code=303, headers=dict(frame_of(request).headers))
    access.guard.keep_oidc(response, start, rules)
    return response


@routes.get(f"{PROVIDER_PATH}/callback")
async def end_at_provider(
    request: Request,
    oidc: access.guard.Oidc,
    kept: access.guard.OidcKept,
    caller: access.guard.Knocking,
    rules: access.guard.Rules,
    database: access.guard.Db,
    now: Now,
    code: str | None = None,
    state: str | None = None,
) -> Response:
    """Begin a session with what the identity provider says of the person."""
    if oidc is None:
        raise RouteUnknown
    try:
        signed_in, back = await oidc.finish(
            database, code=code, state=state, kept=kept, caller=caller, rules=rules, now=now
        )
    except access.errors.OidcRefused as error:
        response = _sign_in_page(request, back="", error=error)
    else:
        response = _let_in(request, signed_in, rules=rules, back=back)
    access.guard.forget_oidc(response, rules)
    return response


@routes.get(access.links.WELCOME_PATH)
async def show_welcome(request: Request) -> Response:
    """The form for a one-time code and the password that is chosen with it."""
    return page(request, None, "sign_in/welcome.html", code="", errors={})


@routes.post(access.links.WELCOME_PATH, dependencies=_FROM_HERE)
async def welcome(
    request: Request,
    caller: access.guard.Knocking,
    rules: access.guard.Rules,
    database: access.guard.Db,
    now: Now,
    code: Text = "",
    password: Text = "",
    again: Text = "",
) -> Response:
    """Set the password and begin a session."""
    _ = translate(request, None)
    if password != again:
        return _welcome_page(request, code=code, errors={"again": _("The two are not the same.")})
    try:
        signed_in = await access.sign_in.welcome(
            database, code=code, password=password, caller=caller, rules=rules, now=now
        )
    except access.errors.PasswordRefused as error:
        return _welcome_page(request, code=code, errors={"password": said(error.problem, _)})
    except (access.errors.CodeRefused, access.errors.SignInDelayed) as error:
        return _welcome_page(request, code=code, errors={"code": _told(request, error)}, status=error.status)
    return _let_in(request, signed_in, rules=rules, back="/")


@routes.post("/sign-out")
async def sign_out(
    request: Request,
    visitor: AnyPerson,
    caller: access.guard.Knocking,
    rules: access.guard.Rules,
    conn: Conn,
    now: Now,
) -> Response:
    """End the session."""
    await access.sessions.sign_out(conn, token=caller.session_token or "", now=now)
    _ = translate(request, visitor)
    response = see_other(request, SIGN_IN_PATH, done(_("You have signed out.")))
    access.guard.forget_session(response, rules)
    return response


def _sign_in_page(request: Request, *, back: str, email: str = "", error: OpsdeskError | None = None) -> Response:
    return page(
        request,
        None,
        "sign_in/sign_in.html",
        status=error.status if error else 200,
        next=local_address(back, otherwise=""),
        email=email,
        provider=request.app.state.oidc is not None,
        error=_told(request, error) if error else None,
    )


def _code_page(request: Request, *, back: str, error: OpsdeskError | None = None) -> Response:
    return page(
        request,
        None,
        "sign_in/code.html",
        status=error.status if error else 200,
        next=local_address(back, otherwise=""),
        error=_told(request, error) if error else None,
    )


def _welcome_page(request: Request, *, code: str, errors: dict[str, str], status: int = 422) -> Response:
    return page(request, None, "sign_in/welcome.html", status=status, code=code, errors=errors)


def _told(request: Request, error: OpsdeskError) -> str:
    _ = translate(request, None)
    if isinstance(error, access.errors.SignInDelayed):
        return _(N_("Too many attempts failed. Try again in %(seconds)s seconds.")) % {"seconds": error.wait_s}
    return _(error.message)


def _let_in(
    request: Request,
    signed_in: access.sign_in.SignedIn | access.sign_in.CodeNeeded,
    *,
    rules: access.sign_in.SignInRules,
    back: str,
) -> Response:
    address = local_address(back)
    if isinstance(signed_in, access.sign_in.CodeNeeded):
        address = CODE_PATH + (f"?{urlencode({'next': address})}" if address != "/" else "")
    response = see_other(request, address)
    access.guard.keep_session(response, signed_in, rules)
    return response
