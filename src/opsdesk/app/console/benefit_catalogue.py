"""The catalogue on pages: services that points buy, added, changed, taken off and offered again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, Response

from opsdesk import access, benefits
from opsdesk.app.console.benefit_words import fen, name_in, whole, yuan
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.problems import said
from opsdesk.app.console.viewer import BenefitKeeper, BenefitReader, Visitor, language_of
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

PATH = "/benefits/services"
NEW = "/benefits/new-service"
PROVIDERS_MAX = 1000
"""As many as can be chosen from."""
LABELS: Mapping[str, str] = {
    "service": N_("Id"),
    "provider": N_("Provider"),
    "name_zh": N_("Name in Chinese"),
    "name_en": N_("Name in English"),
    "points": N_("Points"),
    "settle_fen": N_("Settlement price"),
    "stock": N_("Left"),
    "quota": N_("Per customer"),
}
NO_NUMBER = N_("This has to be a whole number.")
NOT_SO: Mapping[str, str] = {"settle_fen": N_("This has to be an amount such as 150.00.")}
catalogue = benefits.catalogue

routes = APIRouter(include_in_schema=False)
Asked = Annotated[str, Query(max_length=200)]
Typed = Annotated[str, Form(max_length=200)]


@routes.get(PATH)
async def list_services(
    request: Request,
    visitor: BenefitReader,
    conn: Conn,
    provider: Asked = "",
    state: Asked = "",
    cursor: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """By their ids."""
    offered = state == "offered"
    found = await benefits.lists.page_services(
        conn, provider=provider or None, open_only=offered, cursor=cursor or None
    )
    language = language_of(request, visitor)
    providers = await catalogue.list_providers(conn, limit=PROVIDERS_MAX)
    asked = {"provider": provider, "state": "offered" if offered else ""}
    return page(
        request,
        visitor,
        "benefits/services.html",
        services=[(each, name_in(language, each)) for each in found.items],
        providers={each.provider: name_in(language, each) for each in providers},
        closed={each.provider for each in providers if not each.is_open},
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        asked={name: text for name, text in asked.items() if text},
        yuan=yuan,
        may_write=may_write(visitor),
    )


@routes.get(NEW)
async def new_service(request: Request, visitor: BenefitKeeper, conn: Conn, provider: Asked = "") -> Response:
    """The form of a service that is not there yet."""
    return await _form(request, visitor, conn, None, {"provider": provider})


@routes.post(NEW)
async def add_service(
    request: Request, visitor: BenefitKeeper, conn: Conn, now: Now, service: Typed = "", provider: Typed = ""
) -> Response:
    """Offer a new one; one of that id is not changed by it."""
    posted = dict(await request.form())
    _ = translate(request, visitor)
    typed = {name: text for name in LABELS if isinstance(text := posted.get(name), str)}
    try:
        await catalogue.read_service(conn, service)
        problems = {"service": _(N_("There is a service of this id already."))}
        return await _form(request, visitor, conn, None, typed, problems)
    except benefits.errors.ServiceUnknown:
        return await _saved(request, visitor, conn, None, typed, now=now)


@routes.get(f"{PATH}/{{service}}")
async def show_service(request: Request, service: str, visitor: BenefitReader, conn: Conn) -> Response:
    """As it is, in a form for whoever may change it."""
    found = await catalogue.read_service(conn, service)
    return await _form(request, visitor, conn, found, _typed(found))


@routes.post(f"{PATH}/{{service}}")
async def change_service(request: Request, service: str, visitor: BenefitKeeper, conn: Conn, now: Now) -> Response:
    """Save what is typed. What is left stays as it is by now unless another number was typed."""
    found = await catalogue.read_service(conn, service)
    posted = dict(await request.form())
    typed = {name: text for name in LABELS if isinstance(text := posted.get(name), str)}
    kept = {"service": found.service, "provider": found.provider}
    keep_stock = typed.get("stock", "").strip() == posted.get("stock_seen", "")
    return await _saved(request, visitor, conn, found, typed | kept, now=now, keep_stock=keep_stock)


@routes.post(f"{PATH}/{{service}}/offer")
async def offer_service(
    request: Request, service: str, visitor: BenefitKeeper, conn: Conn, now: Now, op: Typed = ""
) -> Response:
    """Take it off, or offer it again."""
    _ = translate(request, visitor)
    found = await catalogue.read_service(conn, service)
    changed = replace(found, is_open=op == "open")
    await catalogue.put_service(conn, changed, actor=visitor.actor, now=now, keep_stock=True)
    words = N_("It is offered again.") if changed.is_open else N_("It is taken off; orders that are there stay.")
    return see_other(request, address(service), done(_(words)))


def address(service: str) -> str:
    return f"{PATH}/{quote(service, safe='')}"


def may_write(visitor: Visitor) -> bool:
    return access.may(visitor.actor, access.Scope.BENEFITS_WRITE)


async def _saved(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    before: benefits.catalogue.Service | None,
    typed: Mapping[str, str],
    *,
    now: Any,
    keep_stock: bool = False,
) -> Response:
    _ = translate(request, visitor)
    numbers, problems = _numbers(typed, _)
    if not problems:
        names = {name: typed.get(name, "").strip() for name in ("service", "provider", "name_zh", "name_en")}
        put = catalogue.Service(**{**names, **numbers}, is_open=before is None or before.is_open)
        try:
            await catalogue.put_service(conn, put, actor=visitor.actor, now=now, keep_stock=keep_stock)
            return see_other(request, address(put.service), done(_(N_("Saved."))))
        except benefits.errors.CatalogueInvalid as error:
            problems = {error.field: said(error.problem, _)}
        except benefits.errors.ProviderUnknown as error:
            problems = {"provider": _(error.message)}
    return await _form(request, visitor, conn, before, typed, problems)


def _numbers(typed: Mapping[str, str], _: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The numbers that were typed, and what is none."""
    given = {name: typed.get(name, "").strip() for name in ("points", "settle_fen", "stock", "quota")}
    numbers: dict[str, Any] = {name: (fen if name == "settle_fen" else whole)(text) for name, text in given.items()}
    needed = {"points", "settle_fen"}
    wrong = [name for name, number in numbers.items() if number is None and (name in needed or given[name])]
    return numbers, {name: _(NOT_SO.get(name, NO_NUMBER)) for name in wrong}


def _typed(service: benefits.catalogue.Service) -> dict[str, str]:
    def text(number: int | None) -> str:
        return "" if number is None else str(number)

    return {
        "service": service.service,
        "provider": service.provider,
        "name_zh": service.name_zh,
        "name_en": service.name_en,
        "points": str(service.points),
        "settle_fen": yuan(service.settle_fen),
        "stock": text(service.stock),
        "quota": text(service.quota),
    }


async def _form(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    before: benefits.catalogue.Service | None,
    typed: Mapping[str, str],
    problems: Mapping[str, str] | None = None,
) -> Response:
    _ = translate(request, visitor)
    language = language_of(request, visitor)
    providers = await catalogue.list_providers(conn, limit=PROVIDERS_MAX)
    by_id = {each.provider: each for each in providers}
    return page(
        request,
        visitor,
        "benefits/service.html",
        status=422 if problems else 200,
        before=before,
        title=name_in(language, before) if before else _(N_("New service")),
        provider=by_id.get(before.provider) if before else None,
        provider_name=name_in(language, by_id[before.provider]) if before and before.provider in by_id else "",
        providers=[(each.provider, name_in(language, each)) for each in providers],
        given=typed,
        stock_seen="" if before is None or before.stock is None else before.stock,
        problems=problems or {},
        labels={name: _(text) for name, text in LABELS.items()},
        yuan=yuan,
        may_write=may_write(visitor),
    )
