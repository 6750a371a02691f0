"""Providers on pages: who renders services, added, changed, closed and opened again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, Response

from opsdesk import benefits
from opsdesk.app.console.benefit_catalogue import may_write
from opsdesk.app.console.benefit_words import name_in
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.problems import said
from opsdesk.app.console.viewer import BenefitKeeper, BenefitReader, Visitor, language_of
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn, Now

PATH = "/benefits/providers"
NEW = "/benefits/new-provider"
catalogue = benefits.catalogue

routes = APIRouter(include_in_schema=False)
Typed = Annotated[str, Form(max_length=200)]


@routes.get(PATH)
async def list_providers(
    request: Request, visitor: BenefitReader, conn: Conn, cursor: Annotated[str, Query(max_length=1000)] = ""
) -> Response:
    """By their ids."""
    found = await benefits.lists.page_providers(conn, cursor=cursor or None)
    language = language_of(request, visitor)
    return page(
        request,
        visitor,
        "benefits/providers.html",
        providers=[(each, name_in(language, each)) for each in found.items],
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        may_write=may_write(visitor),
    )


@routes.get(NEW)
async def new_provider(request: Request, visitor: BenefitKeeper) -> Response:
    """The form of one that is not there yet."""
    return _form(request, visitor, None, {})


@routes.post(NEW)
async def add_provider(
    request: Request,
    visitor: BenefitKeeper,
    conn: Conn,
    now: Now,
    provider: Typed = "",
    name_zh: Typed = "",
    name_en: Typed = "",
) -> Response:
    """Add one; one of that id is not changed by it."""
    _ = translate(request, visitor)
    put = catalogue.Provider(provider.strip(), name_zh.strip(), name_en.strip())
    try:
        await catalogue.read_provider(conn, put.provider)
    except benefits.errors.ProviderUnknown:
        return await _saved(request, visitor, conn, None, put, now=now)
    return _form(request, visitor, None, _typed(put), {"provider": _(N_("There is a provider of this id already."))})


@routes.get(f"{PATH}/{{provider}}")
async def show_provider(request: Request, provider: str, visitor: BenefitReader, conn: Conn) -> Response:
    """As it is, in a form for whoever may change it."""
    found = await catalogue.read_provider(conn, provider)
    return _form(request, visitor, found, _typed(found))


@routes.post(f"{PATH}/{{provider}}")
async def change_provider(
    request: Request,
    provider: str,
    visitor: BenefitKeeper,
    conn: Conn,
    now: Now,
    name_zh: Typed = "",
    name_en: Typed = "",
) -> Response:
    """Save what is typed."""
    found = await catalogue.read_provider(conn, provider)
    put = catalogue.Provider(found.provider, name_zh.strip(), name_en.strip(), found.is_open)
    return await _saved(request, visitor, conn, found, put, now=now)


@routes.post(f"{PATH}/{{provider}}/offer")
async def open_provider(
    request: Request, provider: str, visitor: BenefitKeeper, conn: Conn, now: Now, op: Typed = ""
) -> Response:
    """Close it with all that it offers, or open it again."""
    _ = translate(request, visitor)
    found = await catalogue.read_provider(conn, provider)
    changed = replace(found, is_open=op == "open")
    await catalogue.put_provider(conn, changed, actor=visitor.actor, now=now)
    words = N_("It is open again.") if changed.is_open else N_("It is closed; orders that are there stay.")
    return see_other(request, address(provider), done(_(words)))


def address(provider: str) -> str:
    return f"{PATH}/{quote(provider, safe='')}"


async def _saved(
    request: Request,
    visitor: Visitor,
    conn: Conn,
    before: benefits.catalogue.Provider | None,
    put: benefits.catalogue.Provider,
    *,
    now: datetime,
) -> Response:
    _ = translate(request, visitor)
    try:
        await catalogue.put_provider(conn, put, actor=visitor.actor, now=now)
    except benefits.errors.CatalogueInvalid as error:
        return _form(request, visitor, before, _typed(put), {error.field: said(error.problem, _)})
    return see_other(request, address(put.provider), done(_(N_("Saved."))))


def _typed(provider: benefits.catalogue.Provider) -> dict[str, str]:
    return {"provider": provider.provider, "name_zh": provider.name_zh, "name_en": provider.name_en}


def _form(
    request: Request,
    visitor: Visitor,
    before: benefits.catalogue.Provider | None,
    typed: Mapping[str, str],
    problems: Mapping[str, str] | None = None,
) -> Response:
    _ = translate(request, visitor)
    return page(
        request,
        visitor,
        "benefits/provider.html",
        status=422 if problems else 200,
        before=before,
        title=name_in(language_of(request, visitor), before) if before else _(N_("New provider")),
        given=typed,
        problems=problems or {},
        may_write=may_write(visitor),
    )
