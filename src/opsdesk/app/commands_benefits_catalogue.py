"""`opsdesk benefits provider` and `opsdesk benefits service`: the catalogue."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsdesk import benefits

Limit = Annotated[int | None, typer.Option("--limit", help="How many, at most 100.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="What the page before gave as `next`.")]
ProviderId = Annotated[str, typer.Argument(help="Its id: up to 32 of a-z, 0-9 and -.", metavar="PROVIDER")]
ServiceId = Annotated[str, typer.Argument(help="Its id: up to 32 of a-z, 0-9 and -.", metavar="SERVICE")]
NameZh = Annotated[str | None, typer.Option("--name-zh", help="Its name in Chinese.")]
NameEn = Annotated[str | None, typer.Option("--name-en", help="Its name in English.")]
IsOpen = Annotated[
    bool | None, typer.Option("--open/--closed", help="Whether it can be had; orders that are there stay.")
]
Counted = Annotated[str | None, typer.Option("--stock", help="How many are left from now on, or `none` for no limit.")]
Quota = Annotated[
    str | None, typer.Option("--quota", help="How many a customer may have at a time, or `none` for no limit.")
]


@command
async def list_providers(limit: Limit = None, cursor: Cursor = None, as_json: AsJson = False) -> None:
    """List providers, by their ids.

    Example: `opsdesk benefits provider list`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        page = await benefits.lists.page_providers(conn, limit=limit, cursor=cursor)
    if as_json:
        views = benefits.views_catalogue
        print_json(views.ProviderPage(items=list(map(views.ProviderView.of, page.items)), next=page.next))
        return
    _tell_providers(page.items)
    tell_more(page.items, page.next, "providers")


@command
async def put_provider(
    provider: ProviderId,
    name_zh: NameZh = None,
    name_en: NameEn = None,
    is_open: IsOpen = None,
    as_json: AsJson = False,
) -> None:
    """Add a provider, or change one. What is left out of one that is there stays as it is.

    Example: `opsdesk benefits provider put airport --name-zh 机场贵宾厅 --name-en "Airport lounges"`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    catalogue = benefits.catalogue
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        try:
            before = await catalogue.read_provider(conn, provider)
        except benefits.errors.ProviderUnknown:
            before = catalogue.Provider(provider, "", "")
        given = {"name_zh": name_zh, "name_en": name_en, "is_open": is_open}
        put = replace(before, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # each is of its field
        put = await catalogue.put_provider(conn, put, actor=actor, now=opsdesk.clock.now())
    if as_json:
        print_json(benefits.views_catalogue.ProviderView.of(put))
    else:
        _tell_providers([put])


@command
async def list_services(
    provider: Annotated[str | None, typer.Option("--provider", help="Only those of this provider.")] = None,
    offered: Annotated[bool, typer.Option("--offered", help="Only those that can be had now.")] = False,
    limit: Limit = None,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List services, by their ids.

    Example: `opsdesk benefits service list --provider airport`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        page = await benefits.lists.page_services(
            conn, provider=provider, open_only=offered, limit=limit, cursor=cursor
        )
    if as_json:
        views = benefits.views_catalogue
        items = [views.ServiceView.of(each, with_price=True) for each in page.items]
        print_json(views.ServicePage(items=items, next=page.next))
        return
    _tell_services(page.items)
    tell_more(page.items, page.next, "services")


@command
async def put_service(
    service: ServiceId,
    provider: Annotated[str | None, typer.Option("--provider", help="Who renders it; this stays.")] = None,
    name_zh: NameZh = None,
    name_en: NameEn = None,
    points: Annotated[int | None, typer.Option("--points", help="What an order costs from now on.")] = None,
    settle_fen: Annotated[
        int | None, typer.Option("--settle-fen", help="What its provider is paid for each that it completes, in fen.")
    ] = None,
    stock: Counted = None,
    quota: Quota = None,
    is_open: IsOpen = None,
    as_json: AsJson = False,
) -> None:
    """Add a service, or change one. What is left out of one that is there stays as it is.

    Example: `opsdesk benefits service put lounge --points 120 --stock 500`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    catalogue = benefits.catalogue
    given = {"name_zh": name_zh, "name_en": name_en, "points": points, "settle_fen": settle_fen, "is_open": is_open}
    given = {name: value for name, value in given.items() if value is not None}
    given |= {"provider": provider} if provider else {}
    given |= {name: _counted(text, f"--{name}") for name, text in (("stock", stock), ("quota", quota)) if text}
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        try:
            before = await catalogue.read_service(conn, service)
        except benefits.errors.ServiceUnknown:
            before = catalogue.Service(service, "", "", "", 0, 0)
        put = replace(before, **given)  # type: ignore[arg-type]  # each is of its field
        put = await catalogue.put_service(
            conn, put, actor=actor, now=opsdesk.clock.now(), keep_stock="stock" not in given
        )
    if as_json:
        print_json(benefits.views_catalogue.ServiceView.of(put, with_price=True))
    else:
        _tell_services([put])


def _counted(text: str, option: str) -> int | None:
    if text == "none":
        return None
    if not (text.isascii() and text.isdigit()):
        raise typer.BadParameter("is a whole number, or `none`", param_hint=option)
    return int(text)


def _tell_providers(found: "Sequence[benefits.catalogue.Provider]") -> None:
    rows = [(each.provider, each.name_zh, each.name_en, "open" if each.is_open else "closed") for each in found]
    print_table(("PROVIDER", "CHINESE", "ENGLISH", "STATE"), rows)


def _tell_services(found: "Sequence[benefits.catalogue.Service]") -> None:
    rows = [
        (
            each.service,
            each.provider,
            each.name_zh,
            str(each.points),
            f"{each.settle_fen / 100:.2f}",
            "no limit" if each.stock is None else str(each.stock),
            "no limit" if each.quota is None else str(each.quota),
            "open" if each.is_open else "closed",
        )
        for each in found
    ]
    print_table(("SERVICE", "PROVIDER", "NAME", "POINTS", "SETTLED AT", "LEFT", "EACH", "STATE"), rows)


def tell_more(found: "Sequence[object]", next_: str | None, what: str) -> None:
    """Below a list: that it is empty, or how it goes on."""
    if not found:
        say(f"no {what}")
    if next_:
        say(f"more follow: --cursor {next_}")
