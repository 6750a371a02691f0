"""Orders on pages: found by what they are, and one with its steps, its points and what really happened to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from markupsafe import Markup

from opsdesk import access, benefits, points
from opsdesk.app.console.benefit_catalogue import PROVIDERS_MAX
from opsdesk.app.console.benefit_words import CHANNELS, FATES, STATUSES, name_in, yuan
from opsdesk.app.console.frame import frame_of, page, see_other, translate
from opsdesk.app.console.review_lists import midnight
from opsdesk.app.console.viewer import BenefitReader, Visitor, language_of
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn
from opsdesk.kit.masking import mask

PATH = "/benefits/orders"
SERVICES_MAX = 1000
"""As many as can be chosen from."""
model = benefits.model

routes = APIRouter(include_in_schema=False)
Asked = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters as they are in the address."""

    q: str
    status: str
    service: str
    provider: str
    channel: str
    day_from: str
    day_to: str

    @property
    def query(self) -> Mapping[str, str]:
        return {name: text for name in self.__slots__ if (text := getattr(self, name))}

    def only(self, visitor: Visitor) -> benefits.orders.Filter:
        """Days begin and end in the viewer's zone; what is none of the choices is no filter."""
        return benefits.orders.Filter(
            customer_id=self.q or None,
            status=model.Status(int(self.status)) if self.status in map(str, STATUSES) else None,
            service=self.service or None,
            provider=self.provider or None,
            channel=model.Channel(self.channel) if self.channel in CHANNELS else None,
            redeemed_from=midnight(self.day_from, visitor),
            redeemed_until=midnight(self.day_to, visitor, days_later=1),
        )


def _wanted(
    q: Asked = "",
    status: Asked = "",
    service: Asked = "",
    provider: Asked = "",
    channel: Asked = "",
    day_from: Asked = "",
    day_to: Asked = "",
) -> Wanted:
    return Wanted(*[text.strip() for text in (q, status, service, provider, channel, day_from, day_to)])


Filters = Annotated[Wanted, Depends(_wanted)]


@routes.get(PATH)
async def list_orders(
    request: Request,
    visitor: BenefitReader,
    wanted: Filters,
    conn: Conn,
    cursor: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """The newest first; the number of an order, or its whole code, leads to its page."""
    if (named := await _named(conn, wanted.q)) is not None:
        return see_other(request, f"{PATH}/{named}")
    found = await benefits.lists.page_orders(conn, wanted.only(visitor), cursor=cursor or None)
    language = language_of(request, visitor)
    services = await benefits.catalogue.list_services(conn, limit=SERVICES_MAX)
    providers = await benefits.catalogue.list_providers(conn, limit=PROVIDERS_MAX)
    _ = translate(request, visitor)
    return page(
        request,
        visitor,
        "benefits/orders.html",
        orders=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        asked=wanted.query,
        services={each.service: name_in(language, each) for each in services},
        providers={each.provider: name_in(language, each) for each in providers},
        statuses=STATUSES,
        channels={channel: _(text) for channel, text in CHANNELS.items()},
    )


@routes.get(f"{PATH}/{{order_id}}")
async def show_order(request: Request, order_id: UUID, visitor: BenefitReader, conn: Conn) -> Response:
    """With who the customer is, as far as the viewer may see it."""
    order = await benefits.orders.read_order(conn, order_id)
    _, language = translate(request, visitor), language_of(request, visitor)
    written = _written(language)
    told = benefits.sequence.exchanges(await benefits.history.read_history(conn, order_id), language=written)
    service = await benefits.catalogue.read_service(conn, order.service)
    provider = await benefits.catalogue.read_provider(conn, order.provider)
    title = _(N_("What happened to the order"))
    return page(
        request,
        visitor,
        "benefits/order.html",
        order=order,
        code=benefits.views.OrderView.of(order, reader=visitor.actor).benefit_code,
        service_name=name_in(language, service),
        provider_name=name_in(language, provider),
        customer=await _customer(visitor, conn, order.customer_id),
        events=await benefits.orders.list_events(conn, order_id),
        parts=await points.parts.read_parts(conn, order_id),
        dispute=await benefits.disputes.find_dispute(conn, order_id),
        told=told,
        called={name: benefits.sequence.called(name, written) for name in benefits.sequence.participants(told)},
        picture=Markup(benefits.sequence_svg.svg(title, told, language=written)),  # noqa: S704  the drawing quotes
        statuses=STATUSES,
        fates=FATES,
        channels={channel: _(text) for channel, text in CHANNELS.items()},
        yuan=yuan,
        may_see_code=access.may(visitor.actor, access.Scope.BENEFITS_ORDER),
    )


@routes.get(f"{PATH}/{{order_id}}/trace.puml")
async def download_trace(request: Request, order_id: UUID, visitor: BenefitReader, conn: Conn) -> Response:
    """The text of the sequence diagram."""
    await benefits.orders.read_order(conn, order_id)
    written = _written(language_of(request, visitor))
    told = benefits.sequence.exchanges(await benefits.history.read_history(conn, order_id), language=written)
    headers = {**frame_of(request).headers, "Content-Disposition": f'attachment; filename="{order_id}.puml"'}
    text = benefits.plantuml.plantuml(order_id, told, language=written)
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


async def _named(conn: Conn, text: str) -> UUID | None:
    """The order that a number or a code names."""
    try:
        return (await benefits.orders.read_order(conn, UUID(text))).order_id
    except (ValueError, benefits.errors.OrderUnknown):
        pass
    if len(text) != benefits.redeeming.CODE_CHARACTERS or "\0" in text:
        return None
    order = await benefits.orders.find_code(conn, text.upper())
    return order.order_id if order else None


async def _customer(visitor: Visitor, conn: Conn, customer_id: str) -> Mapping[str, Any]:
    """Name and mobile, masked for whoever may not see personal values; nothing where no list has them."""
    found = await benefits.customers.find_customer(conn, customer_id)
    if found is None:
        return {}
    values = {"name": found.name, "mobile": found.mobile}
    if access.may(visitor.actor, access.Scope.PERSONAL_READ):
        return values
    return {"name": mask("full_name", found.name), "mobile": mask("mobile", found.mobile)}


def _written(language: str) -> benefits.sequence.Language:
    return "zh" if language.startswith("zh") else "en"
