"""The open platform and the adapter of the bus: signed by a partner, over the bus or not, to the order and back."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from opsdesk.benefits.partners.keys import PartnerKey
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.ids import new_id
from tests.app.described import DescribedApi, described
from tests.app.serving import Answer, Api, partner, serving
from tests.benefits.making import broken, furnish, read
from tests.benefits.partners.partnering import a_partner, a_request, added, signature_of
from tests.points.moving import NOW, granted

ORDERS = "/v1/benefit-orders"
BUS = "/v1/esb-messages"


class Partner:
    """The provider `airport`, as its system calls the open platform."""

    def __init__(self, api: Api, key: PartnerKey) -> None:
        self.api = api
        self.key = key

    async def post(self, path: str, body: dict[str, Any], *, once: str | None = None, **changed: str) -> Answer:
        sent = json.dumps(body, ensure_ascii=False).encode()
        once = once or str(new_id())
        headers = self.signed("POST", path, once, sent) | {"Content-Type": "application/json", "Idempotency-Key": once}
        return await self.api.call("POST", path, data=sent, headers=headers | changed)

    async def get(self, path: str) -> Answer:
        return await self.api.call("GET", path, headers=self.signed("GET", path, "", b""))

    def signed(self, method: str, path: str, once: str, body: bytes) -> dict[str, str]:
        nonce = new_id().hex
        moment = str(int(self.api.installation.clock.now().timestamp()))
        request = a_request(method=method, target=path, timestamp=moment, nonce=nonce, idempotency_key=once, body=body)
        return {
            "Opsdesk-Partner": "airport",
            "Opsdesk-Key": self.key.key_id,
            "Opsdesk-Timestamp": moment,
            "Opsdesk-Nonce": nonce,
            "Opsdesk-Signature": signature_of(request.text),
        }


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, ManualClock(NOW)) as api:
        async with api.installation.database.transaction() as conn:
            await furnish(conn)
        await a_partner(api.installation.database)
        yield api
        assert await broken(api.installation.database) == {}


@pytest.fixture
async def key(api: DescribedApi) -> str:
    return await api.key("benefits:order", "benefits:read", "benefits:bus", name="bank")


@pytest.fixture
async def airport(api: DescribedApi) -> Partner:
    return Partner(api, await added(api.installation.database))


async def redeemed(api: Api, key: str) -> Any:
    await granted(api.installation.database, 100)
    wish = {"channel": "mobile", "customer_id": "C-1", "service": "lounge"}
    made = await api.post(ORDERS, wish, key=key, once=str(new_id()))
    assert made.status == 201, made.body
    return made.body


async def link(api: Api, key: str, order: Any, purpose: str, channel: str = "mobile") -> str:
    path = f"{ORDERS}/{order['order_id']}/links"
    made = await api.post(path, {"purpose": purpose, "channel": channel}, key=key)
    assert made.status == 201, made.body
    assert made.body["url"].endswith(made.body["request"])
    return str(made.body["request"])


def meant(order: Any, request: str, **more: Any) -> dict[str, Any]:
    return {"benefit_code": order["benefit_code"], "service": order["service"], "request": request, **more}


@pytest.mark.req("PTS-204", "PTS-205", "PTS-302", "PTS-304")
async def test_a_benefit_is_booked_quoted_and_cancelled_by_its_provider(
    api: DescribedApi, key: str, airport: Partner
) -> None:
    order = await redeemed(api, key)
    using = meant(order, await link(api, key, order, "booking"))
    booked = await airport.post("/open/v1/bookings", using, once="b")
    assert (booked.status, booked.body["status"]) == (201, 200)
    assert (await airport.post("/open/v1/bookings", using, once="b")).body == booked.body
    leaving = meant(order, await link(api, key, order, "cancellation"))
    quote = await airport.post("/open/v1/quotes", leaving)
    assert (quote.status, quote.body["returned"]) == (201, 100)
    ended = await airport.post("/open/v1/cancellations", leaving | {"quote_id": quote.body["quote_id"]})
    assert (ended.status, ended.body["message"]) == (201, "已退还全部幸福点")
    shown = await airport.get(f"/open/v1/orders/{order['benefit_code']}")
    assert (shown.status, shown.body["status"]) == (200, 400)


@pytest.mark.req("PTS-501", "PTS-502")
async def test_a_service_is_reported_and_a_second_report_is_told_so(
    api: DescribedApi, key: str, airport: Partner
) -> None:
    order = await redeemed(api, key)
    await airport.post("/open/v1/bookings", meant(order, await link(api, key, order, "booking")))
    report = {"benefit_code": order["benefit_code"], "service": "lounge", "completed_at": "202601051000"}
    done = await airport.post("/open/v1/completions", report, once="c")
    assert (done.status, done.body["settle_month"], done.body["is_late"]) == (201, "2026-01", False)
    again = await airport.post("/open/v1/completions", report, once="d")
    assert (again.status, again.body["error"]["message"]) == (409, "订单已完成,请勿重复操作")
    wrong = await airport.post("/open/v1/completions", report | {"completed_at": "2026-01-05T10"})
    assert (wrong.status, wrong.code) == (422, "CompletionTimeInvalid")


@pytest.mark.req("PTS-201", "PTS-206", "PTS-209", "PTS-210")
@pytest.mark.parametrize(
    ("channel", "prompt"),
    [
        ("mobile", "当前页面停留时间过长,请您重新进入该页面"),
        ("phone", "当前页面停留时间过长,请您重新进入该页面"),
        ("crm", "二维码20分钟内有效,现已超时失效,请联系理财经理重新生成二维码!"),
    ],
)
async def test_after_twenty_minutes_the_provider_is_told_what_to_show(
    api: DescribedApi, key: str, airport: Partner, channel: str, prompt: str
) -> None:
    order = await redeemed(api, key)
    using = meant(order, await link(api, key, order, "booking", channel))
    clock = api.installation.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds=1200)
    late = await airport.post("/open/v1/bookings", using)
    error = late.body["error"]
    assert (late.status, error["code"], error["message"]) == (409, "link_expired", "权益码已失效")
    assert (error["detail"]["channel"], error["detail"]["prompt"]) == (channel, prompt)


@pytest.mark.req("PTS-306")
async def test_a_link_for_booking_cancels_nothing_and_the_other_way_round(
    api: DescribedApi, key: str, airport: Partner
) -> None:
    order = await redeemed(api, key)
    booking = await link(api, key, order, "booking")
    assert (await airport.post("/open/v1/bookings", meant(order, booking + "A"))).code == "link_invalid"
    await airport.post("/open/v1/bookings", meant(order, booking))
    assert (await airport.post("/open/v1/quotes", meant(order, booking))).code == "link_invalid"
    sent = meant(order, booking, quote_id=str(new_id()))
    assert (await airport.post("/open/v1/cancellations", sent)).code == "link_invalid"
    assert (await read(api.installation.database, UUID(order["order_id"]))).status == 200


async def test_what_is_not_signed_or_not_theirs_is_refused(api: DescribedApi, key: str, airport: Partner) -> None:
    order = await redeemed(api, key)
    using = meant(order, await link(api, key, order, "booking"))
    forged = await airport.post("/open/v1/bookings", using, **{"Opsdesk-Partner": "clinic"})
    assert (forged.status, forged.code) == (401, "SignatureRefused")
    other = await airport.post("/open/v1/bookings", using | {"service": "dental"})
    assert (other.status, other.code) == (403, "not_yours")
    assert (await airport.post("/open/v1/bookings", using | {"benefit_code": "0" * 16})).code == "unknown_code"
    assert (await airport.get("/open/v1/orders/nothing")).code == "unknown_code"


def envelope(service: str, body: dict[str, Any], *, key: str = "1") -> dict[str, Any]:
    head = {"service": service, "consumer": "channel2", "key": key, "path": "Customer>MobileBank>Channel2>ESB"}
    return {"head": head, "body": body}


@pytest.mark.req("PTS-103")
async def test_the_bus_redeems_and_is_answered_yes_and_no_with_the_same_status(api: DescribedApi, key: str) -> None:
    await granted(api.installation.database, 100)
    wish = {"channel": "mobile", "customer_id": "C-1", "service": "lounge"}
    yes = await api.post(BUS, envelope("benefit.redeem", wish), key=key)
    assert (yes.status, yes.body["head"]["code"], yes.body["body"]["points"]) == (200, "OK", 100)
    assert (await api.post(BUS, envelope("benefit.redeem", wish), key=key)).body == yes.body
    no = await api.post(BUS, envelope("benefit.redeem", wish, key="2"), key=key)
    assert (no.status, no.body["head"]["code"], no.body["head"]["message"]) == (200, "points_short", "幸福点余额不足")
    wrong = await api.post(BUS, envelope("benefit.redeem", {"channel": "fax"}), key=key)
    assert (wrong.status, wrong.code) == (422, "RequestInvalid")
    channel = await api.key("benefits:order", name="mobile-bank")
    assert (await api.post(BUS, envelope("benefit.redeem", wish), key=channel)).status == 403
    steps = (await api.get(f"{ORDERS}/{yes.body['body']['order_id']}", key=key)).body["steps"]
    assert steps[0]["path"] == "Customer>MobileBank>Channel2>ESB"


async def test_a_bus_that_loses_the_answer_leaves_the_outcome_unknown_and_the_same_key_finds_out(
    database_url: str, tmp_path: Path
) -> None:
    lost = {"b"}

    async def bus(request: web.Request) -> web.Response:
        message = await request.json()
        headers = {"Authorization": f"Bearer {bank}"}
        async with api.session.post(f"{api.url}{BUS}", json=message, headers=headers) as answer:
            content = await answer.read()
        if message["head"]["key"] in lost:
            lost.clear()
            return web.Response(status=504)
        return web.Response(body=content, content_type="application/json")

    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "BUS_KEY").write_text("what-the-bus-knows-the-open-platform-by")
    settings = {"secrets_dir": tmp_path / "secrets"}
    async with partner(bus) as url, serving(database_url, tmp_path, ManualClock(NOW), esb_url=url, **settings) as api:
        async with api.installation.database.transaction() as conn:
            await furnish(conn)
        await a_partner(api.installation.database)
        bank = await api.key("benefits:order", "benefits:read", "benefits:bus", name="bank")
        airport = Partner(api, await added(api.installation.database))
        order = await redeemed(api, bank)
        using = meant(order, await link(api, bank, order, "booking"))
        first = await airport.post("/open/v1/bookings", using, once="b")
        assert (first.status, first.code, first.body["error"]["retry"]) == (503, "OutcomeUnknown", True)
        second = await airport.post("/open/v1/bookings", using, once="b")
        assert (second.status, second.body["status"]) == (201, 200)
