"""Customers of a bank and its channels for a story: what they have, the forms that they send, and what was said."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from yarl import URL

from opsdesk import points
from opsdesk.access import Scope, keys
from opsdesk.benefits import catalogue, customers, orders
from opsdesk.benefits.catalogue import Provider, Service
from opsdesk.benefits.customers import CustomerLine
from opsdesk.benefits.model import Order
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

CUSTOMER, NAME, MOBILE = "C-1001", "客户甲", "13800001001"
LOUNGE = Service("lounge", "airport", "机场贵宾厅", "Airport lounge", points=300, settle_fen=15_000)
RICH_FEN = 50_000_000
SOON_DAYS, LATE_DAYS = 10, 300
BANK = actor("bank")


@dataclass
class Bank:
    story: Installation
    clock: ManualClock

    async def page(self, path: str) -> str:
        """A page of a desk."""
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
        return URL(f"http://127.0.0.1:{self.story.outside.sandbox.http_port}{path}")

    async def redeem(self, desk: str = "mobile") -> Reply:
        return await self.press(f"/{desk}/{CUSTOMER}/services/lounge")

    async def orders(self) -> Sequence[Order]:
        """The newest first."""
        async with self.story.opsdesk.database.connection() as conn:
            return await orders.list_orders(conn, orders.Filter(customer_id=CUSTOMER), limit=50)

    async def order(self) -> Order:
        return (await self.orders())[0]

    async def order_page(self, desk: str = "mobile") -> str:
        return f"/{desk}/{CUSTOMER}/orders/{(await self.order()).order_id}"

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
    async with installation(folder, database_url, clock=clock, works=False) as story:
        now = clock.now()
        async with story.opsdesk.database.transaction() as conn:
            await _furnish(conn, now)
            made = await keys.create_key(conn, name="bank", scopes=list(Scope), roles=(), actor=BANK, now=now)
        control = story.outside.control
        await control("product", {"url": story.environment["OPSDESK_BASE_URL"], "key": made.key})
        await control("bank-customers", {"items": [{"customer_id": CUSTOMER, "name": NAME, "mobile": MOBILE}]})
        yield Bank(story, clock)


async def _furnish(conn: Connection, now: datetime) -> None:
    await catalogue.put_provider(conn, Provider("airport", "远行服务", "Lounges"), actor=BANK, now=now)
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
