"""The API keys with which a person's own scripts act in their name."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from opsdesk import access
from opsdesk.app.console.account import PATH as ACCOUNT_PATH
from opsdesk.app.console.account import told
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.keys import Texts, expires_at, key_form
from opsdesk.app.console.problems import said
from opsdesk.app.console.role_words import scope_options
from opsdesk.app.console.viewer import AnyPerson, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn, Now

PATH = f"{ACCOUNT_PATH}/keys"
BACK = (ACCOUNT_PATH, N_("Your account"))

Text = Annotated[str, Form()]

routes = APIRouter(include_in_schema=False)


@routes.get(f"{PATH}/new")
async def new_own_key(request: Request, visitor: AnyPerson) -> Response:
    """The form for a key that acts in the person's name."""
    return _form(request, visitor, wanted={"name": "", "scopes": [], "lasts_days": "90"}, errors={})


@routes.post(PATH)
async def make_own_key(
    request: Request,
    visitor: AnyPerson,
    database: access.guard.Db,
    now: Now,
    scopes: Texts,
    name: Text = "",
    lasts_days: Text = "90",
    password: Text = "",
) -> Response:
    """Make it, proved by the password, and show it for the only time."""
    _ = translate(request, visitor)
    wanted = {"name": name, "scopes": scopes, "lasts_days": lasts_days}
    try:
        made = await access.keys.create_own_key(
            database,
            person=visitor.person,
            password=password,
            name=name,
            scopes=scopes,
            expires_at=expires_at(lasts_days, now=now),
            actor=visitor.actor,
            now=now,
        )
    except access.errors.KeyRefused as error:
        return _form(request, visitor, wanted=wanted, errors={error.field: said(error.problem, _)})
    except (access.errors.PasswordWrong, access.errors.SignInDelayed) as error:
        return _form(request, visitor, wanted=wanted, errors={"password": told(error, _)})
    return page(request, visitor, "keys/made.html", made=made, back=BACK)


@routes.post(PATH + "/{key_id}/revoke")
async def revoke_own_key(request: Request, key_id: str, visitor: AnyPerson, conn: Conn, now: Now) -> Response:
    """End one of one's own keys; those of others are none of one's own."""
    own = await access.keys.list_keys(conn, person_id=visitor.person.id)
    if key_id not in {key.id for key in own}:
        raise access.errors.KeyNotFound(key_id=key_id)
    await access.keys.revoke_key(conn, key_id=key_id, actor=visitor.actor, now=now)
    return see_other(request, ACCOUNT_PATH, done(translate(request, visitor)(N_("The key was revoked."))))


def _form(request: Request, visitor: Visitor, *, wanted: Mapping[str, object], errors: Mapping[str, str]) -> Response:
    _ = translate(request, visitor)
    allowed = [option for option in scope_options(_) if option[0] in visitor.actor.scopes]
    return key_form(request, visitor, wanted=wanted, errors=errors, scopes=allowed, roles=(), address=PATH, back=BACK)
