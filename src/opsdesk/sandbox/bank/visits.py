"""A request of a browser for a page of a desk: who it is, at which desk, and with which form."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from opsdesk.sandbox.bank.customers import Customer, Customers
from opsdesk.sandbox.bank.desks import Desk
from opsdesk.sandbox.bank.journey import Journey, new_key, new_traceparent
from opsdesk.sandbox.bank.rendering import render
from opsdesk.sandbox.partners import host_of

HOSTS = frozenset({"localhost", "127.0.0.1"})
KEY_CHARACTERS_MAX = 64

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01")


@dataclass(frozen=True, slots=True)
class Visit:
    desk: Desk
    customer: Customer
    form: Mapping[str, str]
    path: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def home(self) -> str:
        return f"/{self.desk.name}/{self.customer.customer_id}"

    def journey(self) -> Journey:
        """What the form carries along: a form that is sent again asks again for the same."""
        given, key = self.form.get("trace", ""), self.form.get("key", "")[:KEY_CHARACTERS_MAX]
        traceparent = given if _TRACEPARENT.fullmatch(given) else new_traceparent()
        return self.desk.journey(traceparent=traceparent, key=key or new_key())

    def reading(self) -> Journey:
        return self.desk.journey(traceparent=new_traceparent())


Handler = Callable[[Visit], Awaitable[web.Response]]
PageHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(handler: PageHandler) -> PageHandler:
    """Pages are for a browser on this machine, and forms are sent by our own pages only."""

    async def guard(request: web.Request) -> web.StreamResponse:
        if host_of(request) not in HOSTS:
            raise web.HTTPMisdirectedRequest
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise web.HTTPForbidden
        return await handler(request)

    return guard


def visiting(desk: Desk, customers: Customers, handler: Handler) -> PageHandler:
    """Find the customer, read the form, and hand both to `handler`."""

    async def visit(request: web.Request) -> web.StreamResponse:
        customer = customers.one(request.match_info["customer_id"])
        if customer is None:
            return render(f"{desk.look}/unknown.html", status=404, desk=desk)
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        return await handler(Visit(desk, customer, form, request.match_info, request.query))

    return guarded(visit)
