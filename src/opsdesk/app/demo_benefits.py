"""The bank of the demo: customers with points, services of a provider, and an order that comes and goes."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from opsdesk import access, benefits, points
from opsdesk.app.demo_remote import Remote
from opsdesk.app.demo_screen import Screen
from opsdesk.app.demo_waiting import DemoFailed
from opsdesk.app.wiring import Opsdesk
from opsdesk.kit.db import Connection

Provider, Service = benefits.catalogue.Provider, benefits.catalogue.Service
CustomerLine = benefits.customers.CustomerLine
ESB_URL = "https://esb.internal/v1/messages"
PROVIDER = Provider("voyage", "远行服务", "Voyage Services")
SERVICES = (
    Service("airport-lounge", PROVIDER.provider, "机场贵宾厅", "Airport lounge", points=300, settle_fen=15_000),
    Service("dental-care", PROVIDER.provider, "口腔洁牙", "Dental cleaning", points=180, settle_fen=9_900),
)
CUSTOMERS = (
    CustomerLine("C-1001", "客户甲", "13800001001", 80_000_000),
    CustomerLine("C-1002", "客户乙", "13800001002", 49_999_999),
)
"""The second one has a fen too little with the bank."""
GRANTS = ((400, 20), (600, 300))
"""Points, and the days until they expire."""


async def open_bank(opsdesk: Opsdesk, world: Remote, *, base_url: str, provider_url: str, key: str) -> None:
    """Make what is not there yet, tell the bank's systems where Opsdesk is, and let the provider in."""
    halves = await world.get(f"/control/providers/{PROVIDER.provider}/keys")
    async with opsdesk.database.transaction() as conn:
        await _furnish(conn, opsdesk)
        signing_key, kid = await _let_in(conn, opsdesk, halves, url=f"{provider_url}{PROVIDER.provider}")
    await world.post("/control/product", {"url": base_url, "key": key})
    known = [{"customer_id": each.customer_id, "name": each.name, "mobile": each.mobile} for each in CUSTOMERS]
    await world.post("/control/bank-customers", {"items": known})
    services = {each.service: {"name": each.name_zh, "settle_fen": each.settle_fen} for each in SERVICES}
    account = {"provider": PROVIDER.provider, "name": PROVIDER.name_zh, "bank_url": base_url, "key_id": signing_key}
    await world.post("/control/providers", {**account, "services": services})
    fetched = await world.post(f"/control/providers/{PROVIDER.provider}/link-keys", {"kid": kid})
    if fetched["profile"] is None:
        raise DemoFailed(f"The provider did not get its link key {kid} from the open platform.")


async def _furnish(conn: Connection, opsdesk: Opsdesk) -> None:
    actor, now = access.local_actor(()), opsdesk.clock.now()
    await benefits.catalogue.put_provider(conn, PROVIDER, actor=actor, now=now)
    for service in SERVICES:
        await benefits.catalogue.put_service(conn, service, actor=actor, now=now)
    with suppress(benefits.errors.CustomerListNotNewer):
        await benefits.customers.load_list(conn, benefits.rules.business_day(now), CUSTOMERS, actor=actor, now=now)
    for customer in CUSTOMERS:
        for amount, days in GRANTS:
            await _grant(conn, opsdesk, customer.customer_id, amount, days)


async def _grant(conn: Connection, opsdesk: Opsdesk, customer_id: str, amount: int, days: int) -> None:
    """Once a month, so that a demo which is started again does not make anybody rich."""
    actor, now = access.local_actor(()), opsdesk.clock.now()
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    await points.ledger.grant(
        conn,
        customer_id=customer_id,
        points=amount,
        expires_at=first + timedelta(days=days + 31),
        grant_key=f"demo-{first:%Y-%m}-{customer_id}-{days}",
        actor=actor,
        now=now,
    )


async def _let_in(conn: Connection, opsdesk: Opsdesk, halves: Mapping[str, Any], *, url: str) -> tuple[str, int]:
    """The id of the key that the provider signs with, and the number of the link key that it has or is to fetch."""
    actor, now, name = access.local_actor(()), opsdesk.clock.now(), PROVIDER.provider
    partners = benefits.partners
    served = partners.partner.Partner(name, f"{url}/", f"{url}/cancel")
    await partners.partner.put_partner(conn, served, actor=actor, now=now)
    known = {each.public_key: each.key_id for each in await partners.keys.list_keys(conn, name) if each.works_at(now)}
    ids = {}
    for kind, half in (("Ed25519", halves["signing"]), ("X25519", halves["agreement"])):
        algorithm = partners.keys.Algorithm[kind.upper()]
        raw = partners.keys.read_public_key(algorithm, half)
        if raw not in known:
            made = await partners.keys.add_key(conn, name, algorithm=algorithm, public_key=half, actor=actor, now=now)
            known[raw] = made.key_id
        ids[kind] = known[raw]
    epochs = await partners.link_keys.list_epochs(conn, name)
    if not epochs:
        epochs = [await partners.link_keys.rotate(conn, name, actor=actor, now=now)]
    return ids["Ed25519"], max(each.kid for each in epochs)


class BenefitStory:
    """A customer gets a service for points, looks at the provider's page, and thinks better of it."""

    def __init__(self, *, bank: Remote, screen: Screen) -> None:
        self._bank = bank
        self._screen = screen

    async def come_and_go(self) -> Mapping[str, Any]:
        """Returns what came of the order."""
        wish = {"channel": "mobile", "customer_id": CUSTOMERS[0].customer_id, "service": SERVICES[0].service}
        order = await self._bank.post("/v1/benefit-orders", wish)
        used = ", ".join(f"{each['points']} until {each['expires_at'][:10]}" for each in order["used"])
        self._screen.line("redeemed", order["service"], f"{order['points']} points: {used}")
        one = f"/v1/benefit-orders/{order['order_id']}"
        link = await self._bank.post(f"{one}/links", {"purpose": "booking", "channel": "mobile"})
        self._screen.line("link", PROVIDER.provider, f"sealed, until {link['expires_at'][11:19]} UTC")
        quote = await self._bank.post(f"{one}/quotes", {})
        self._screen.line("quoted", "before refund", f"{quote['returned']} come back, {quote['forfeited']} do not")
        ended: Mapping[str, Any] = await self._bank.post(f"{one}/refunds", {"quote_id": quote["quote_id"]})
        self._screen.line("refunded", order["service"], ended["message"])
        return {**ended, "points": order["points"]}


def benefit_problems(ended: Mapping[str, Any]) -> list[str]:
    """What is wrong with what came of the order; nothing if all of its points came back."""
    if (ended["status"], ended["returned"]) != (400, ended["points"]):
        return [f"The order ended with status {ended['status']}, and {ended['returned']} points came back."]
    return []
