"""The part of the control API that is about points and benefits: where Opsdesk is, its customers, what was said."""

from aiohttp import web

from opsdesk.sandbox.bank.assembly import Bank
from opsdesk.sandbox.bank.customers import CUSTOMERS_MAX, Customer
from opsdesk.sandbox.bank.product import EVERYBODY
from opsdesk.sandbox.control_values import json_of
from opsdesk.sandbox.partners import Refusal

TEXT_CHARACTERS_MAX = 100


class BankControl:
    def __init__(self, bank: Bank) -> None:
        self._product = bank.product
        self._customers = bank.customers
        self._hops = bank.hops
        self._messages = bank.messages

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/control/product", self._put_product),
            web.post("/control/bank-customers", self._put_customers),
            web.get("/control/hops", self._listed_hops),
            web.get("/control/short-messages", self._sent_messages),
        ]

    def reset(self) -> None:
        for each in (self._product, self._customers, self._hops, self._messages):
            each.reset()

    async def _put_product(self, request: web.Request) -> web.Response:
        """Where Opsdesk is, and an API key of it for everybody (`key`) or for participants (`keys`)."""
        body = await json_of(request)
        url, key, keys = body.get("url"), body.get("key"), body.get("keys", {})
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise Refusal(422, "InvalidField", "url has to be the address of Opsdesk.")
        if not isinstance(keys, dict) or not all(isinstance(each, str) for each in keys.values()):
            raise Refusal(422, "InvalidField", "keys has to name an API key for participants.")
        if not isinstance(key, str):
            raise Refusal(422, "InvalidField", "key has to be an API key of Opsdesk.")
        self._product.put(url=url, keys={EVERYBODY: key, **keys})
        return web.json_response({"known": True})

    async def _put_customers(self, request: web.Request) -> web.Response:
        """The customers whom the channels of the bank know: `items` with `customer_id`, `name` and `mobile`."""
        items = (await json_of(request)).get("items")
        if not isinstance(items, list) or len(items) > CUSTOMERS_MAX:
            raise Refusal(422, "InvalidField", f"items has to be a list of at most {CUSTOMERS_MAX} customers.")
        for customer in [_customer(item) for item in items]:
            self._customers.put(customer)
        return web.json_response({"known": len(self._customers.all())})

    async def _listed_hops(self, request: web.Request) -> web.Response:
        """Who said what to whom, in order. `trace_id` picks one trace."""
        return web.json_response({"items": self._hops.listed(trace_id=request.query.get("trace_id"))})

    async def _sent_messages(self, request: web.Request) -> web.Response:
        """The short messages of telephone banking, newest first. `customer_id` picks one customer."""
        return web.json_response({"items": self._messages.sent_to(request.query.get("customer_id"))})


def _customer(item: object) -> Customer:
    if not isinstance(item, dict) or set(item) != {"customer_id", "name", "mobile"}:
        raise Refusal(422, "InvalidField", "A customer has customer_id, name and mobile.")
    if not all(isinstance(text, str) and 0 < len(text) <= TEXT_CHARACTERS_MAX for text in item.values()):
        raise Refusal(422, "InvalidField", f"What a customer has are texts of 1 to {TEXT_CHARACTERS_MAX} characters.")
    return Customer(**item)
