"""The pages of the desks, with a points system that answers as its contract says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from yarl import URL

from tests.sandbox.outside import Outside, Reply, enter_sandbox
from tests.sandbox.upstream import Upstream, listening_upstream

DESKS = ["mobile", "phone", "crm"]
ORDER_ID = "019ac700-7b2c-7f00-8000-000000000001"
URL_OF_PROVIDER = "https://provider.example/booking?request=AQEAAWknxZ3p"
ORDER = {
    "order_id": ORDER_ID,
    "benefit_code": "7K3M9QXW2B5T8RNC",
    "customer_id": "C-1",
    "channel": "mobile",
    "service": "lounge",
    "provider": "airport",
    "points": 300,
    "status": 100,
    "redeemed_at": "2026-01-05T02:00:00Z",
    "expire_at": "2026-04-05T02:00:00Z",
    "booked_at": None,
    "completed_at": None,
    "returned": None,
    "forfeited": None,
}
REDEEMED = {**ORDER, "used": [{"expires_at": "2026-06-30T16:00:00Z", "points": 300}], "balance": 700}
SERVICE = {"service": "lounge", "name_zh": "机场<贵宾厅>", "provider": "airport", "points": 300, "stock": 7}
LOT = {
    "lot_id": 1,
    "granted": 1000,
    "remaining": 700,
    "granted_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-06-30T16:00:00Z",
}
LINK = {
    "url": URL_OF_PROVIDER,
    "request": "AQEAAWknxZ3p",
    "purpose": "booking",
    "issued_at": "2026-01-05T02:00:00Z",
    "expires_at": "2026-01-05T02:20:00Z",
}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with listening_upstream() as upstream:
        upstream.answers = {
            "/v1/benefit-services": (200, {"items": [SERVICE], "next": None}),
            "/v1/points-wallets/C-1": (200, {"customer_id": "C-1", "available": 700, "held": 300, "lots": [LOT]}),
            "/v1/benefit-orders": (200, {"items": [ORDER], "next": None}),
            f"/v1/benefit-orders/{ORDER_ID}": (200, ORDER),
            "/links": (201, LINK),
            "/v1/esb-messages": (200, {"head": {"code": "OK", "message": "", "retry": False}, "body": REDEEMED}),
        }
        yield upstream


@pytest.fixture
async def bank(tmp_path: Path, upstream: Upstream) -> AsyncIterator[Outside]:
    async with enter_sandbox(tmp_path / "sandbox") as entered:
        await entered.control("product", {"url": upstream.url, "key": "opk_all"})
        await entered.control("bank-customers", {"items": [{"customer_id": "C-1", "name": "客户甲", "mobile": MOBILE}]})
        yield entered


MOBILE = "13800001001"


async def get(bank: Outside, path: str, **headers: str) -> Reply:
    url = URL(f"http://127.0.0.1:{bank.sandbox.http_port}{path}")
    async with bank.session.get(url, headers=headers) as response:
        return Reply(response.status, dict(response.headers), await response.read())


async def post(bank: Outside, path: str, **fields: str) -> Reply:
    url = URL(f"http://127.0.0.1:{bank.sandbox.http_port}{path}")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with bank.session.post(url, data=urlencode(fields), headers=kind, allow_redirects=False) as response:
        return Reply(response.status, dict(response.headers), await response.read())


async def labels(bank: Outside) -> list[str]:
    return [hop["label"] for hop in (await bank.control("hops"))["items"]]


@pytest.mark.parametrize("desk", DESKS)
@pytest.mark.parametrize(
    "page",
    [
        "",
        "/C-1",
        "/C-1/orders",
        "/C-1/orders?status=100",
        "/C-1/points",
        "/C-1/services/lounge",
        f"/C-1/orders/{ORDER_ID}",
        f"/C-1/orders/{ORDER_ID}/refund",
    ],
)
async def test_each_page_is_plain_html_under_a_policy_without_scripts(bank: Outside, desk: str, page: str) -> None:
    reply = await get(bank, f"/{desk}/{page.removeprefix('/')}")
    text = reply.content.decode()
    assert reply.status == 200
    assert '<html lang="zh-CN">' in text
    assert "<script" not in text
    assert "style=" not in text
    assert "机场<贵宾厅>" not in text
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "form-action" in reply.headers["Content-Security-Policy"]


@pytest.mark.parametrize("desk", DESKS)
async def test_where_nobody_answers_pages_say_that_they_cannot_look_it_up(
    bank: Outside, upstream: Upstream, desk: str
) -> None:
    upstream.answers, upstream.status, upstream.body = {}, 503, {}
    assert "暂时无法查询" in (await get(bank, f"/{desk}/C-1")).content.decode()
    assert (await get(bank, f"/{desk}/C-1/services/lounge")).status == 503
    assert (await get(bank, f"/{desk}/C-1/orders/{ORDER_ID}")).status == 503


@pytest.mark.parametrize("desk", DESKS)
async def test_the_order_of_another_customer_is_not_shown(bank: Outside, upstream: Upstream, desk: str) -> None:
    upstream.answers[ORDER_ID] = (200, {**ORDER, "customer_id": "C-2"})
    upstream.answers[f"/v1/benefit-orders/{ORDER_ID}"] = upstream.answers[ORDER_ID]
    assert (await get(bank, f"/{desk}/C-1/orders/{ORDER_ID}")).status == 404


@pytest.mark.req("PTS-202")
async def test_the_app_asks_for_a_link_and_jumps_to_the_page_of_the_provider(bank: Outside, upstream: Upstream) -> None:
    reply = await post(bank, f"/mobile/C-1/orders/{ORDER_ID}/use", key="k-1")
    assert (reply.status, reply.headers["Location"]) == (303, URL_OF_PROVIDER)
    (heard,) = upstream.heard
    assert (heard.path, heard.body) == (
        f"/v1/benefit-orders/{ORDER_ID}/links",
        {"purpose": "booking", "channel": "mobile"},
    )
    assert (heard.headers["Idempotency-Key"], heard.headers["Opsdesk-Path"]) == ("k-1", "Customer>MobileBank")
    assert await labels(bank) == [
        "进入权益使用页面",
        "调用积分系统生成服务使用链接",
        "返回加密链接",
        "跳转服务商页面(携带加密参数)",
    ]


@pytest.mark.req("PTS-307")
@pytest.mark.parametrize(("errand", "purpose"), [("use", "booking"), ("cancel", "cancellation")])
async def test_a_telephone_is_sent_the_same_link_by_short_message(
    bank: Outside, upstream: Upstream, errand: str, purpose: str
) -> None:
    reply = await post(bank, f"/phone/C-1/orders/{ORDER_ID}/{errand}")
    assert "138****1001" in reply.content.decode()
    assert MOBILE not in reply.content.decode()
    (message,) = (await bank.control("short-messages", customer_id="C-1"))["items"]
    assert (message["mobile"], message["url"]) == (MOBILE, URL_OF_PROVIDER)
    assert "2026-01-05 10:20:00" in message["text"]
    assert upstream.heard[0].body == {"purpose": purpose, "channel": "phone"}
    assert URL_OF_PROVIDER in (await get(bank, "/phone/C-1/messages")).content.decode()


@pytest.mark.req("PTS-203", "PTS-307")
@pytest.mark.parametrize(("errand", "purpose"), [("use", "booking"), ("cancel", "cancellation")])
async def test_a_manager_shows_the_link_as_a_picture_and_until_when_it_holds(
    bank: Outside, upstream: Upstream, errand: str, purpose: str
) -> None:
    text = (await post(bank, f"/crm/C-1/orders/{ORDER_ID}/{errand}")).content.decode()
    assert "<svg" in text
    assert "2026-01-05 10:20:00" in text
    assert "二维码20分钟内有效" in text
    assert upstream.heard[0].body == {"purpose": purpose, "channel": "crm"}
    again = f"/crm/C-1/orders/{ORDER_ID}/expired-code?purpose={purpose}"
    assert f'content="1200; url={again}"' in text
    assert f'action="/crm/C-1/orders/{ORDER_ID}/{errand}"' in (await get(bank, again)).content.decode()


@pytest.mark.req("PTS-104", "PTS-110")
async def test_a_manager_redeems_by_the_bus_alone_and_gets_the_code_at_once(bank: Outside, upstream: Upstream) -> None:
    text = (await post(bank, "/crm/C-1/redemptions", service="lounge", key="k-1")).content.decode()
    assert "兑换成功" in text
    assert "<svg" in text
    assert [(heard.path, heard.headers["Opsdesk-Path"]) for heard in upstream.heard] == [
        ("/v1/esb-messages", "Customer>CRM>ESB"),
        (f"/v1/benefit-orders/{ORDER_ID}/links", "Customer>CRM"),
    ]
    assert upstream.heard[0].body["head"]["consumer"] == "crm"
    assert await labels(bank) == [
        "理财经理为客户发起兑换",
        "直接调用ESB总线",
        "调用积分系统兑换接口",
        "返回兑换结果",
        "返回结果",
        "调用积分系统生成预约链接",
        "返回加密链接",
        "生成二维码供客户扫描",
        "展示二维码",
    ]


async def test_a_redemption_stands_where_its_link_cannot_be_had(bank: Outside, upstream: Upstream) -> None:
    upstream.answers["/links"] = (503, {})
    text = (await post(bank, "/crm/C-1/redemptions", service="lounge", key="k-1")).content.decode()
    assert "兑换成功" in text
    assert "二维码暂时无法生成" in text


@pytest.mark.parametrize("desk", DESKS)
async def test_a_refused_link_is_told_in_the_words_of_the_points_system(
    bank: Outside, upstream: Upstream, desk: str
) -> None:
    error: dict[str, Any] = {"code": "already_cancelled", "message": "订单已取消,请勿重复操作", "retry": False}
    upstream.answers["/links"] = (409, {"error": error})
    text = (await post(bank, f"/{desk}/C-1/orders/{ORDER_ID}/cancel")).content.decode()
    assert "订单已取消,请勿重复操作" in text
    assert "already_cancelled" in text
    assert "再次查询结果" not in text


@pytest.mark.parametrize("desk", DESKS)
async def test_an_unknown_link_can_be_asked_for_again_under_its_key(
    bank: Outside, upstream: Upstream, desk: str
) -> None:
    upstream.answers["/links"] = (504, {})
    text = (await post(bank, f"/{desk}/C-1/orders/{ORDER_ID}/use", key="k-7")).content.decode()
    assert "结果未知" in text
    assert 'name="key" value="k-7"' in text
    assert f'action="/{desk}/C-1/orders/{ORDER_ID}/use"' in text


async def test_forms_are_taken_from_our_own_pages_on_this_machine_only(bank: Outside) -> None:
    url = URL(f"http://127.0.0.1:{bank.sandbox.http_port}/mobile/C-1/orders/{ORDER_ID}/use")
    async with bank.session.post(url, headers={"Sec-Fetch-Site": "cross-site"}) as response:
        assert response.status == 403
    assert (await get(bank, "/mobile/C-1", Host="bank.example")).status == 421


async def test_customers_who_are_not_known_and_messages_elsewhere_are_not_found(bank: Outside) -> None:
    assert (await get(bank, "/mobile/C-9")).status == 404
    assert (await get(bank, "/crm/C-9")).status == 404
    assert (await get(bank, "/mobile/C-1/messages")).status == 404


async def test_customers_are_found_by_a_part_of_what_is_known_of_them(bank: Outside) -> None:
    assert "客户甲" in (await get(bank, "/crm/?like=1001")).content.decode()
    assert "没有找到客户" in (await get(bank, "/crm/?like=nobody")).content.decode()


async def test_the_start_page_leads_to_every_desk(bank: Outside) -> None:
    async with bank.session.get(bank.sandbox.bank_url) as response:
        text = await response.text()
    assert [desk for desk in DESKS if f'href="/{desk}/"' in text] == DESKS
