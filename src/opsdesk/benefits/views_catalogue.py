"""Providers and services as the HTTP API shows them."""

from opsdesk.benefits.catalogue import Provider, Service
from opsdesk.kit.http_shapes import Next, View


class ProviderView(View):
    """A company that renders services, and is paid for those that it completed."""

    provider: str
    """Its id, which stays."""
    name_zh: str
    """In Chinese."""
    name_en: str
    """In English."""
    is_open: bool
    """Whether its services can be had."""

    @staticmethod
    def of(provider: Provider) -> "ProviderView":
        names = ("provider", "name_zh", "name_en", "is_open")
        return ProviderView(**{name: getattr(provider, name) for name in names})


class ProviderPage(View):
    """A page of providers, by their ids."""

    items: list[ProviderView]
    """The providers."""
    next: Next


class ServiceView(View):
    """What a customer can have for points."""

    service: str
    """Its id, which stays."""
    provider: str
    """Who renders it."""
    name_zh: str
    """In Chinese."""
    name_en: str
    """In English."""
    points: int
    """What it costs now; orders keep what it cost when they were made."""
    settle_fen: int | None
    """What its provider is paid for each that it completed, in fen; null for whoever may only order."""
    is_open: bool
    """Whether it is offered; it can be had if its provider is open as well and some are left."""
    stock: int | None
    """How many are left; null: as many as are wanted."""
    quota: int | None
    """How many a customer may have that were not cancelled and did not expire; null: as many as they like."""

    @staticmethod
    def of(service: Service, *, with_price: bool) -> "ServiceView":
        names = ("service", "provider", "name_zh", "name_en", "points", "is_open", "stock", "quota")
        return ServiceView(
            settle_fen=service.settle_fen if with_price else None, **{name: getattr(service, name) for name in names}
        )


class ServicePage(View):
    """A page of services, by their ids."""

    items: list[ServiceView]
    """The services."""
    next: Next
