"""Customers of a bank and its channels for a story: what they have, the forms that they send, and what was said."""

import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yarl import URL

from opsdesk import points
from opsdesk.access import Scope, keys
from opsdesk.benefits import catalogue, customers, orders, partners
from opsdesk.benefits.catalogue import Provider, Service
from opsdesk.benefits.customers import CustomerLine
from opsdesk.benefits.model import Order
from opsdesk.benefits.partners.keys import Algorithm
from opsdesk.benefits.partners.partner import Partner
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from tests.actors import actor
from tests.sandbox.outside import Reply
from tests.stories.drawing import Arrow
from tests.stories.forms import forms_of
from tests.stories.installation import Installation, installation
from tests.stories.point_steps import POINTS, own_steps

Said = tuple[str, str, str, str]
"""Source, target, kind and label of a hop."""

PROVIDER = "airport"
CUSTOMER, NAME, MOBILE = "C-1001", "客户甲", "13800001001"
LOUNGE = Service("lounge", PROVIDER, "机场贵宾厅", "Airport lounge", points=300, settle_fen=15_000)
RICH_FEN = 50_000_000
SOON_DAYS, LATE_DAYS = 10, 300
BANK = actor("bank")
BEIJING = ZoneInfo("Asia/Shanghai")


@dataclass
class Bank:
    story: Installation
    clock: ManualClock
    key: str
    """An API key that may do everything."""
    clock_file: Path
    """Where the provider reads by how much its time is another one than this machine's."""

    async def page(self, path: str) -> str:
        """A page of a desk or of the provider."""
        async with self.story.outside.session.get(self._url(path)) as response:
            assert response.status == 200, await response.text()
            return await response.text()

    async def press(self, path: str, *, on: str | None = None, which: int = 0) -> Reply:
        """Send a form of a page (`on`, or the page at `path`), as a browser would."""
        html = await self.page(path) if on is None else on
        form = forms_of(path, html)[which]
        return await self.send(form.action, form.fields)

    async def send(self, action: str, fields: dict[str, str]) -> Reply:
        session = self.story.outside.session
        async with session.post(self._url(action), data=fields, allow_redirects=False) as response:
            return Reply(response.status, dict(response.headers), await response.read())

    def _url(self, path: str) -> URL:
        base = f"http://127.0.0.1:{self.story.outside.sandbox.http_port}"
        return URL(f"{base}{path.removeprefix(base)}", encoded=True)

    async def redeem(self, desk: str = "mobile") -> Reply:
        return await self.press(f"/{desk}/{CUSTOMER}/services/lounge")

    async def linked(self, desk: str) -> str:
        """Redeem, and ask at a desk for the link to book; its address, as the customer comes by it."""
        await self.grant(300, days=LATE_DAYS)
        await self.redeem()
        return await self.using(desk)

    async def using(self, desk: str) -> str:
        return await self._link(desk, "use")

    async def cancelling(self, desk: str) -> str:
        """Ask at a desk for the link to cancel."""
        return await self._link(desk, "cancel")

    async def _link(self, desk: str, errand: str) -> str:
        """The jump of the app, the short message of the telephone, or what the code of the manager leads to."""
        page = await self.order_page(desk)
        reply = await self.send(f"{page}/{errand}", {})
        if desk == "mobile":
            assert reply.status == 303, text_of(reply)
            return str(reply.headers["Location"])
        if desk == "phone":
            messages = (await self.story.outside.control("short-messages"))["items"]
            return str(messages[0]["url"])
        found = re.search(r'href="([^"]*request=[^"]*)"', reply.content.decode())
        assert found is not None, text_of(reply)
        return unescape(found[1])

    async def complete(self) -> Mapping[str, Any]:
        """The provider has performed the service, and tells the bank."""
        at = self.clock.now().astimezone(BEIJING).strftime("%Y%m%d%H%M%S")
        body = {"benefit_code": (await self.order()).benefit_code, "completed_at": at}
        return dict(await self.story.outside.control(f"providers/{PROVIDER}/completions", body))

    async def scheduled(self, path: str, **headers: str) -> Mapping[str, Any]:
        """What a procedure with a timetable asks for."""
        url = f"{self.story.environment['OPSDESK_BASE_URL']}{path}"
        sent = {"Authorization": f"Bearer {self.key}", **headers}
        async with self.story.outside.session.post(url, json={}, headers=sent) as response:
            assert response.status == 201, await response.text()
            return dict(await response.json())

    async def orders(self) -> Sequence[Order]:
        """The newest first."""
        async with self.story.opsdesk.database.connection() as conn:
            return await orders.list_orders(conn, orders.Filter(customer_id=CUSTOMER), limit=50)

    async def order(self) -> Order:
        return (await self.orders())[0]

    async def order_page(self, desk: str = "mobile") -> str:
        return f"/{desk}/{CUSTOMER}/orders/{(await self.order()).order_id}"

    def pass_time(self, *, seconds: float, provider_behind_s: float = 0) -> None:
        """For the bank and for the provider, whose clock may be behind by as much as the open platform bears."""
        self.clock.advance(seconds=seconds)
        self._tell_the_provider(provider_behind_s)

    def _tell_the_provider(self, behind_s: float) -> None:
        self.clock_file.write_text(repr(self.clock.now().timestamp() - time.time() - behind_s))

    async def let_the_provider_in(self) -> None:
        """Register the provider with its keys, as the bank does, and have it fetch its first link key."""
        self._tell_the_provider(0)
        control, now = self.story.outside.control, self.clock.now()
        url = f"{self.story.outside.sandbox.provider_url}{PROVIDER}"
        halves = await control(f"providers/{PROVIDER}/keys")
        async with self.story.opsdesk.database.transaction() as conn:
            served = Partner(PROVIDER, f"{url}/", f"{url}/cancel")
            await partners.partner.put_partner(conn, served, actor=BANK, now=now)
            ids = [
                (
                    await partners.keys.add_key(conn, PROVIDER, algorithm=kind, public_key=half, actor=BANK, now=now)
                ).key_id
                for kind, half in ((Algorithm.ED25519, halves["signing"]), (Algorithm.X25519, halves["agreement"]))
            ]
            await partners.link_keys.rotate(conn, PROVIDER, actor=BANK, now=now)
        account = {"provider": PROVIDER, "name": "远行服务", "bank_url": self.story.environment["OPSDESK_BASE_URL"]}
        services = {LOUNGE.service: {"name": LOUNGE.name_zh, "settle_fen": LOUNGE.settle_fen}}
        await control("providers", {**account, "key_id": ids[0], "services": services})
        await control(f"providers/{PROVIDER}/link-keys", {"kid": 1})

    async def traces(self) -> Sequence[str]:
        """In the order in which they began."""
        return list(dict.fromkeys(hop["trace_id"] for hop in await self._hops()))

    async def said(self, *traces: str) -> Sequence[Said]:
        """Everything of these traces, in order: the arrows between participants, and what each did by itself."""
        found: list[Said] = []
        for hop in await self._hops():
            if hop["trace_id"] in traces:
                found.append((hop["source"], hop["target"], hop["kind"], hop["label"]))
                if (hop["target"], hop["kind"]) == (POINTS, "call"):
                    async with self.story.opsdesk.database.connection() as conn:
                        steps = await own_steps(conn, hop["trace_id"], hop["label"])
                    found += [(POINTS, POINTS, "self", step) for step in steps]
        return found

    async def _hops(self) -> Sequence[Mapping[str, Any]]:
        return list((await self.story.outside.control("hops"))["items"])

    async def grant(self, amount: int, *, days: int) -> None:
        async with self.story.opsdesk.database.transaction() as conn:
            await granted(conn, amount, days=days, now=self.clock.now())


def text_of(reply: Reply) -> str:
    """The words of a page, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", reply.content.decode()))


def differences(drawn: Sequence[Arrow], said: Sequence[Said]) -> list[str]:
    """Where what was said is not what is drawn, arrow by arrow and in order."""
    pairs = [f"{arrow}, but {hop}" for arrow, hop in zip(drawn, said, strict=False) if not arrow.names(*hop)]
    missing = [f"{arrow} was not said" for arrow in drawn[len(said) :]]
    return pairs + missing + [f"{hop} is not drawn" for hop in said[len(drawn) :]]


@asynccontextmanager
async def a_bank(folder: Path, database_url: str, clock: ManualClock) -> AsyncIterator[Bank]:
    """An installation with a bank: a customer who is rich enough, and a service to have for points."""
    file = folder / "clock"
    settings = {"OPSDESK_ESB_URL": "https://esb.internal/v1/messages"}
    async with installation(folder, database_url, clock=clock, works=False, more=settings, clock_file=file) as story:
        now = clock.now()
        async with story.opsdesk.database.transaction() as conn:
            await _furnish(conn, now)
            made = await keys.create_key(conn, name="bank", scopes=list(Scope), roles=(), actor=BANK, now=now)
        control = story.outside.control
        await control("product", {"url": story.environment["OPSDESK_BASE_URL"], "key": made.key})
        await control("bank-customers", {"items": [{"customer_id": CUSTOMER, "name": NAME, "mobile": MOBILE}]})
        made_bank = Bank(story, clock, made.key, file)
        await made_bank.let_the_provider_in()
        yield made_bank


async def _furnish(conn: Connection, now: datetime) -> None:
    await catalogue.put_provider(conn, Provider(PROVIDER, "远行服务", "Lounges"), actor=BANK, now=now)
    await catalogue.put_service(conn, LOUNGE, actor=BANK, now=now)
    line = CustomerLine(CUSTOMER, NAME, MOBILE, RICH_FEN)
    await customers.load_list(conn, now.date(), [line], actor=BANK, now=now)


async def granted(conn: Connection, amount: int, *, days: int, now: datetime) -> None:
    await points.ledger.grant(
        conn,
        customer_id=CUSTOMER,
        points=amount,
        expires_at=now + timedelta(days=days),
        grant_key=f"grant-{days}-{amount}",
        actor=BANK,
        now=now,
    )
