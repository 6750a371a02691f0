"""API keys: listed, made and revoked by whoever keeps them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from opsdesk import access
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.problems import said
from opsdesk.app.console.role_words import role_options, scope_options
from opsdesk.app.console.viewer import KeyKeeper, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn, Now

PATH = "/keys"
BACK = (PATH, N_("API keys"))
LASTS_DAYS: Mapping[str, str] = {
    "90": N_("90 days"),
    "365": N_("1 year"),
    "7": N_("7 days"),
    "": N_("until it is revoked"),
}

Option = tuple[str, str, str]
Text = Annotated[str, Form()]
Texts = Annotated[list[str], Form(default_factory=list)]

routes = APIRouter(include_in_schema=False)


@routes.get(PATH)
async def list_keys(request: Request, visitor: KeyKeeper, conn: Conn, now: Now, all: str = "") -> Response:  # noqa: A002  the name in the address
    """The keys that work; on request also those that do not any more."""
    keys = await access.keys.list_keys(conn)
    working = [key for key in keys if key.works_at(now)]
    return page(
        request, visitor, "keys/list.html", keys=keys if all else working, all=bool(all), ended=len(keys) - len(working)
    )


@routes.get(f"{PATH}/new")
async def new_key(request: Request, visitor: KeyKeeper) -> Response:
    """The form for a key."""
    return _form(request, visitor, wanted={"name": "", "scopes": [], "roles": [], "lasts_days": "90"}, errors={})


@routes.post(PATH)
async def make_key(
    request: Request,
    visitor: KeyKeeper,
    conn: Conn,
    now: Now,
    scopes: Texts,
    roles: Texts,
    name: Text = "",
    lasts_days: Text = "90",
) -> Response:
    """Make a key, and show it for the only time."""
    wanted = {"name": name, "scopes": scopes, "roles": roles, "lasts_days": lasts_days}
    try:
        made = await access.keys.create_key(
            conn,
            name=name,
            scopes=scopes,
            roles=roles,
            expires_at=expires_at(lasts_days, now=now),
            actor=visitor.actor,
            now=now,
        )
    except access.errors.KeyRefused as error:
        errors = {error.field: said(error.problem, translate(request, visitor))}
        return _form(request, visitor, wanted=wanted, errors=errors)
    return page(request, visitor, "keys/made.html", made=made, back=BACK)


@routes.post(PATH + "/{key_id}/revoke")
async def revoke_key(request: Request, key_id: str, visitor: KeyKeeper, conn: Conn, now: Now) -> Response:
    """End a key at once."""
    await access.keys.revoke_key(conn, key_id=key_id, actor=visitor.actor, now=now)
    return see_other(request, PATH, done(translate(request, visitor)(N_("The key was revoked."))))


def expires_at(lasts_days: str, *, now: datetime) -> datetime | None:
    if lasts_days not in LASTS_DAYS:
        raise access.errors.KeyRefused(field="lasts_days", problem="is none of the choices")
    return now + timedelta(days=int(lasts_days)) if lasts_days else None


def _form(request: Request, visitor: Visitor, *, wanted: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    _ = translate(request, visitor)
    return key_form(
        request,
        visitor,
        wanted=wanted,
        errors=errors,
        scopes=scope_options(_),
        roles=role_options(_),
        address=PATH,
        back=BACK,
    )


def key_form(
    request: Request,
    visitor: Visitor,
    *,
    wanted: Mapping[str, Any],
    errors: Mapping[str, str],
    scopes: Sequence[Option],
    roles: Sequence[Option],
    address: str,
    back: tuple[str, str],
) -> Response:
    """The form for a key, which is sent to an address; without roles to choose from, none are asked for."""
    _ = translate(request, visitor)
    return page(
        request,
        visitor,
        "keys/new.html",
        status=422 if errors else 200,
        wanted=wanted,
        errors=errors,
        scope_options=scopes,
        role_options=roles,
        lasts_options=[(days, _(text)) for days, text in LASTS_DAYS.items()],
        address=address,
        back=back,
    )
