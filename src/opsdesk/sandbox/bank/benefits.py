"""What a desk asks of the points system for a customer, and by which way."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from opsdesk.sandbox.bank import channel2, esb
from opsdesk.sandbox.bank.desks import MANAGER, Desk, Errand
from opsdesk.sandbox.bank.hops import Hops
from opsdesk.sandbox.bank.journey import CHANNEL2, ESB, Journey
from opsdesk.sandbox.bank.outcomes import Done, Outcome, Unknown, of_envelope
from opsdesk.sandbox.bank.product import Product, note_return
from opsdesk.sandbox.bank.wire import Wire
from opsdesk.sandbox.store import timestamp

ORDERS_MAX = 50
SERVICES_MAX = 100


class Benefits:
    def __init__(self, *, product: Product, wire: Wire, hops: Hops, bus_key: str) -> None:
        self._bus_key = bus_key
        self._product = product
        self._wire = wire
        self._hops = hops

    async def redeem(self, desk: Desk, journey: Journey, *, customer_id: str, service: str) -> Outcome:
        """By the bus: from the CRM at once, from the other desks through the second channel."""
        words = desk.arrows[Errand.REDEEM].words
        target, system = (ESB, esb) if desk is MANAGER else (CHANNEL2, channel2)
        head = {
            "service": "benefit.redeem",
            "consumer": "crm" if desk is MANAGER else "channel2",
            "trace_id": journey.trace_id,
            "key": journey.key,
            "sent_at": timestamp(),
        }
        envelope = {"head": head, "body": {"channel": desk.name, "customer_id": customer_id, "service": service}}
        self._hops.add(journey.trace_id, desk.participant, target, words.asked)
        content = json.dumps(envelope, ensure_ascii=False).encode()
        heard = await self._wire.post_inside(system.HOST, system.PATH, content, journey.bus_headers(self._bus_key))
        outcome = Unknown() if heard is None else of_envelope(heard.status, heard.body)
        note_return(self._hops, journey, target, outcome, words)
        return outcome

    async def link(self, desk: Desk, journey: Journey, *, order_id: str, purpose: Errand) -> Outcome:
        """A link to the provider's page, to book or to cancel."""
        body = {"purpose": purpose.value, "channel": desk.name}
        return await self._product.write(journey, _order(order_id, "/links"), body, desk.arrows[purpose].words)

    async def quote(self, desk: Desk, journey: Journey, *, order_id: str) -> Outcome:
        words = desk.arrows[Errand.ASK_REFUND].words
        return await self._product.write(journey, _order(order_id, "/quotes"), {}, words)

    async def refund(self, desk: Desk, journey: Journey, *, order_id: str, quote_id: str) -> Outcome:
        words = desk.arrows[Errand.REFUND].words
        return await self._product.write(journey, _order(order_id, "/refunds"), {"quote_id": quote_id}, words)

    async def order(self, journey: Journey, order_id: str) -> Outcome:
        return await self._product.read(journey, _order(order_id, ""))

    async def orders(self, journey: Journey, *, customer_id: str, status: str = "") -> Outcome:
        asked = {"customer_id": customer_id, "limit": str(ORDERS_MAX), **({"status": status} if status else {})}
        return await self._product.read(journey, f"/v1/benefit-orders?{urlencode(asked)}")

    async def wallet(self, journey: Journey, customer_id: str) -> Outcome:
        return await self._product.read(journey, f"/v1/points-wallets/{quote(customer_id, safe='')}")

    async def services(self, journey: Journey) -> Sequence[Mapping[str, Any]] | None:
        """Everything of the catalogue."""
        return items_of(await self._product.read(journey, f"/v1/benefit-services?limit={SERVICES_MAX}"))


def items_of(outcome: Outcome) -> Sequence[Mapping[str, Any]] | None:
    """What a list holds; None where nobody can say."""
    items = outcome.body.get("items") if isinstance(outcome, Done) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else None


def _order(order_id: str, rest: str) -> str:
    return f"/v1/benefit-orders/{quote(order_id, safe='')}{rest}"
