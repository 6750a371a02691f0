"""The catalogue over HTTP: providers and their services."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access, points
from opsdesk.benefits import catalogue, lists
from opsdesk.benefits.catalogue import FEN_MAX, NAME_CHARACTERS_MAX, QUOTA_MAX, STOCK_MAX, Provider, Service
from opsdesk.benefits.errors import BenefitFilterInvalid, CatalogueInvalid, ProviderUnknown, ServiceUnknown
from opsdesk.benefits.views_catalogue import ProviderPage, ProviderView, ServicePage, ServiceView
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Text, named, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize

catalogue_routes = APIRouter(prefix="/v1", tags=["benefits"], route_class=StrictRoute)

Name = Annotated[Text, Field(json_schema_extra=text_schema(minLength=1, maxLength=NAME_CHARACTERS_MAX))]
ProviderId = Annotated[str, named("The id of the provider: up to 32 of a-z, 0-9 and -.")]
ServiceId = Annotated[str, named("The id of the service: up to 32 of a-z, 0-9 and -.")]
OfProvider = Annotated[
    str | SkipJsonSchema[None],
    Query(
        description="Only those of this provider.",
        json_schema_extra=text_schema(maxLength=lists.FILTER_CHARACTERS_MAX),
    ),
]
_LIST = documented(*access.guard.REFUSALS, BadPageSize, BadCursor)
_PUT = documented(*access.guard.REFUSALS, *BODY_REFUSALS, CatalogueInvalid)


class ProviderBody(Body):
    """What a provider is to be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name_zh": "机场贵宾厅", "name_en": "Airport lounges"}]})

    name_zh: Name
    """In Chinese."""
    name_en: Name
    """In English."""
    is_open: bool = True
    """Whether its services can be had; orders that are there stay."""


class ServiceBody(Body):
    """What a service is to be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "provider": "airport",
                    "name_zh": "贵宾厅一次",
                    "name_en": "One visit to a lounge",
                    "points": 100,
                    "settle_fen": 15_000,
                    "stock": 500,
                }
            ]
        }
    )

    provider: Text
    """Who renders it; this stays."""
    name_zh: Name
    """In Chinese."""
    name_en: Name
    """In English."""
    points: Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": points.model.POINTS_MAX})]
    """What it costs from now on."""
    settle_fen: Annotated[int, Field(json_schema_extra={"minimum": 0, "maximum": FEN_MAX})]
    """What its provider is paid for each that it completes of the orders made from now on, in fen."""
    is_open: bool = True
    """Whether it is offered; orders that are there stay."""
    stock: Annotated[int | None, Field(json_schema_extra={"minimum": 0, "maximum": STOCK_MAX})] = None
    """How many are left from now on; null: as many as are wanted. Left out: as it is."""
    quota: Annotated[int | None, Field(json_schema_extra={"minimum": 1, "maximum": QUOTA_MAX})] = None
    """How many a customer may have that were not cancelled and did not expire; null: as many as they like."""


@catalogue_routes.get("/benefit-providers", summary="List providers", responses=_LIST)
async def list_benefit_providers(
    _: access.guard.BenefitReader, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> ProviderPage:
    """By their ids."""
    page = await lists.page_providers(conn, limit=limit, cursor=cursor)
    return ProviderPage(items=list(map(ProviderView.of, page.items)), next=page.next)


@catalogue_routes.get(
    "/benefit-providers/{provider}",
    summary="Show a provider",
    responses=documented(*access.guard.REFUSALS, ProviderUnknown),
)
async def show_benefit_provider(provider: ProviderId, _: access.guard.BenefitReader, conn: Conn) -> ProviderView:
    """As it is now."""
    return ProviderView.of(await catalogue.read_provider(conn, provider))


@catalogue_routes.put("/benefit-providers/{provider}", summary="Add or change a provider", responses=_PUT)
async def put_benefit_provider(
    provider: ProviderId, body: ProviderBody, actor: access.guard.BenefitKeeper, conn: Conn, now: Now
) -> ProviderView:
    """Closed, none of its services can be had; orders that are there stay, and are rendered and settled."""
    put = Provider(provider, body.name_zh, body.name_en, body.is_open)
    return ProviderView.of(await catalogue.put_provider(conn, put, actor=actor, now=now))


@catalogue_routes.get(
    "/benefit-services",
    summary="List services",
    responses=documented(*access.guard.REFUSALS, BenefitFilterInvalid, BadPageSize, BadCursor),
)
async def list_benefit_services(
    actor: access.guard.BenefitShopper,
    conn: Conn,
    provider: OfProvider = None,
    offered: Annotated[bool, Query(description="Only those that can be had now.")] = False,
    limit: Limit = None,
    cursor: Cursor = None,
) -> ServicePage:
    """By their ids. For the scope `benefits:order` as well, without what providers are paid."""
    page = await lists.page_services(conn, provider=provider, open_only=offered, limit=limit, cursor=cursor)
    with_price = access.may(actor, access.Scope.BENEFITS_READ)
    return ServicePage(items=[ServiceView.of(each, with_price=with_price) for each in page.items], next=page.next)


@catalogue_routes.get(
    "/benefit-services/{service}",
    summary="Show a service",
    responses=documented(*access.guard.REFUSALS, ServiceUnknown),
)
async def show_benefit_service(service: ServiceId, actor: access.guard.BenefitShopper, conn: Conn) -> ServiceView:
    """As it is now. For the scope `benefits:order` as well, without what its provider is paid."""
    found = await catalogue.read_service(conn, service)
    return ServiceView.of(found, with_price=access.may(actor, access.Scope.BENEFITS_READ))


@catalogue_routes.put(
    "/benefit-services/{service}",
    summary="Add or change a service",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, CatalogueInvalid, ProviderUnknown),
)
async def put_benefit_service(
    service: ServiceId, body: ServiceBody, actor: access.guard.BenefitKeeper, conn: Conn, now: Now
) -> ServiceView:
    """What it costs counts for orders from now on; those that are there keep what they were made at."""
    put = Service(service, **body.model_dump())
    keep_stock = "stock" not in body.model_fields_set
    return ServiceView.of(
        await catalogue.put_service(conn, put, actor=actor, now=now, keep_stock=keep_stock), with_price=True
    )
