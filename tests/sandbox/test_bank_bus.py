"""The second channel and the bus: what is passed on unchanged, and what is said where nobody knows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.outside import Outside, Reply, enter_sandbox
from tests.sandbox.upstream import Upstream, listening_upstream

CHANNEL2, ESB, PATH = "channel2.internal", "esb.internal", "/v1/messages"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
NOBODY_KNOWS = {"code": "outcome_unknown", "message": "结果未知,请使用原请求号再次查询", "retry": True}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with listening_upstream() as upstream:
        yield upstream


@pytest.fixture
async def bank(tmp_path: Path, upstream: Upstream) -> AsyncIterator[Outside]:
    async with enter_sandbox(tmp_path / "sandbox") as entered:
        await entered.control("product", {"url": upstream.url, "key": "opk_all", "keys": {"ESB": "opk_bus"}})
        yield entered


def message(service: str = "benefit.redeem", **body: Any) -> dict[str, Any]:
    head = {"service": service, "consumer": "channel2", "trace_id": TRACE_ID, "key": "k-1", "sent_at": "2026-01-05"}
    return {"head": head, "body": body}


async def send(bank: Outside, host: str, content: Any, *, path: str = "Customer>MobileBank", key: str = "k-1") -> Reply:
    token = f"Bearer {bank.sandbox.secrets['BUS_KEY']}"
    named = {"traceparent": TRACEPARENT, "Opsdesk_Path": path, "Idempotency_Key": key}
    return await bank.post(host, PATH, content, scheme="https", Authorization=token, **named)


async def arrows(bank: Outside) -> list[tuple[str, str, str, str]]:
    items = (await bank.control("hops", trace_id=TRACE_ID))["items"]
    return [(hop["source"], hop["target"], hop["kind"], hop["label"]) for hop in items]


@pytest.mark.req("PTS-103")
async def test_a_redemption_reaches_the_points_system_by_both_systems(bank: Outside, upstream: Upstream) -> None:
    reply = await send(bank, CHANNEL2, message(customer_id="C-1"))
    assert (reply.status, reply.json["head"]["code"]) == (200, "OK")
    (heard,) = upstream.heard
    assert heard.path == "/v1/esb-messages"
    head = {**message()["head"], "path": "Customer>MobileBank>Channel2>ESB"}
    assert heard.body == {"head": head, "body": {"customer_id": "C-1"}}
    assert await arrows(bank) == [
        ("Channel2", "ESB", "call", "转发至ESB总线"),
        ("ESB", "PointSystem", "call", "调用积分系统兑换接口"),
        ("PointSystem", "ESB", "return", "返回兑换结果"),
        ("ESB", "Channel2", "return", "返回结果"),
    ]


async def test_trace_and_key_are_passed_on_unchanged_and_the_path_grows(bank: Outside, upstream: Upstream) -> None:
    await send(bank, CHANNEL2, message())
    headers = upstream.heard[0].headers
    assert headers["traceparent"] == TRACEPARENT
    assert headers["Idempotency-Key"] == "k-1"
    assert headers["Opsdesk-Path"] == "Customer>MobileBank>Channel2>ESB"
    assert headers["Authorization"] == "Bearer opk_bus"


async def test_the_bus_remembers_nothing_of_its_own_under_a_key(bank: Outside, upstream: Upstream) -> None:
    for _time in range(2):
        assert (await send(bank, ESB, message())).status == 200
    assert len(upstream.heard) == 2


@pytest.mark.parametrize("host", [CHANNEL2, ESB])
async def test_whoever_has_no_key_of_the_bus_sends_nothing(bank: Outside, upstream: Upstream, host: str) -> None:
    assert (await bank.post(host, PATH, message())).status == 401
    assert upstream.heard == []


async def test_a_refusal_of_the_points_system_is_a_good_answer(bank: Outside, upstream: Upstream) -> None:
    refused = {"head": {"code": "points_short", "message": "幸福点余额不足", "retry": False}, "body": {}}
    upstream.body = refused
    reply = await send(bank, CHANNEL2, message())
    assert (reply.status, reply.json) == (200, refused)
    assert (await arrows(bank))[2:] == [
        ("PointSystem", "ESB", "return", "返回兑换结果 幸福点余额不足"),
        ("ESB", "Channel2", "return", "返回结果 幸福点余额不足"),
    ]


async def test_a_service_that_nobody_renders_is_not_passed_on(bank: Outside, upstream: Upstream) -> None:
    reply = await send(bank, ESB, message("benefit.give-away"))
    assert (reply.status, reply.json["head"]["code"]) == (404, "unknown_service")
    assert upstream.heard == []


@pytest.mark.parametrize("status", [500, 503, 504])
async def test_an_error_of_the_points_system_is_an_unknown_outcome(
    bank: Outside, upstream: Upstream, status: int
) -> None:
    upstream.status, upstream.body = status, {"error": {"code": "Unavailable", "message": "no", "retry": True}}
    reply = await send(bank, ESB, message())
    assert (reply.status, reply.json["head"]) == (503, NOBODY_KNOWS)


async def test_silence_of_the_points_system_is_an_unknown_outcome(tmp_path: Path, upstream: Upstream) -> None:
    upstream.silent = True
    async with enter_sandbox(tmp_path / "sandbox", patience_s=0.05) as bank:
        await bank.control("product", {"url": upstream.url, "key": "opk_all"})
        reply = await send(bank, ESB, message())
        assert (reply.status, reply.json["head"]) == (504, NOBODY_KNOWS)
        assert [kind for _, _, kind, _ in await arrows(bank)] == ["call"]


async def test_where_nobody_said_who_renders_it_the_outcome_is_unknown(outside: Outside) -> None:
    reply = await send(outside, ESB, message())
    assert (reply.status, reply.json["head"]) == (504, NOBODY_KNOWS)


async def test_a_lost_answer_of_the_bus_is_unknown_and_was_acted_on(bank: Outside, upstream: Upstream) -> None:
    await bank.script(ESB, PATH, "benefit.redeem", "lost")
    reply = await send(bank, CHANNEL2, message())
    assert (reply.status, reply.json["head"]) == (504, NOBODY_KNOWS)
    assert len(upstream.heard) == 1
    assert (await send(bank, CHANNEL2, message())).status == 200


async def test_a_bus_that_is_down_is_unknown_and_was_not_acted_on(bank: Outside, upstream: Upstream) -> None:
    await bank.script(ESB, PATH, "*", "down", times=1)
    reply = await send(bank, CHANNEL2, message())
    assert reply.status == 500
    assert upstream.heard == []


async def test_a_duplicated_message_is_delivered_twice_under_one_key(bank: Outside, upstream: Upstream) -> None:
    await bank.script(ESB, PATH, "benefit.redeem", "duplicated", times=1)
    assert (await send(bank, ESB, message())).status == 200
    assert [heard.headers["Idempotency-Key"] for heard in upstream.heard] == ["k-1", "k-1"]


async def test_a_reordered_message_arrives_after_a_later_one(bank: Outside, upstream: Upstream) -> None:
    await bank.script(ESB, PATH, "benefit.book", "reordered", times=1)
    first = asyncio.create_task(send(bank, ESB, message("benefit.book"), key="first"))
    while not await bank.calls(participant=ESB):
        await asyncio.sleep(0)
    await send(bank, ESB, message(), key="second")
    assert (await first).status == 200
    assert [heard.headers["Idempotency-Key"] for heard in upstream.heard] == ["second", "first"]


async def test_a_slow_bus_delivers_in_the_end(bank: Outside, upstream: Upstream) -> None:
    await bank.script(ESB, PATH, "*", "slow", seconds=0.01, times=1)
    assert (await send(bank, ESB, message())).status == 200
    assert len(upstream.heard) == 1


async def test_what_the_open_platform_sends_is_noted_by_the_bus(bank: Outside) -> None:
    await send(bank, ESB, message("benefit.book"), path="Customer>ServiceProvider>OpenPlatform")
    assert await arrows(bank) == [
        ("OpenPlatform", "ESB", "call", "转发预约请求"),
        ("ESB", "PointSystem", "call", "调用积分系统预约接口"),
        ("PointSystem", "ESB", "return", "返回预约成功"),
        ("ESB", "OpenPlatform", "return", "返回成功"),
    ]


async def test_only_the_bus_can_be_told_to_deliver_in_its_own_ways(bank: Outside) -> None:
    url = f"{bank.sandbox.control_url}/control/script"
    wish = {"host": CHANNEL2, "path": PATH, "name": "*", "behaviour": "duplicated"}
    async with bank.session.post(url, json=wish) as response:
        assert response.status == 422


@pytest.mark.parametrize(
    "wish", [{"url": "ftp://x", "key": "k"}, {"url": "http://x"}, {"url": "http://x", "key": "k", "keys": [1]}]
)
async def test_a_wrong_address_of_opsdesk_is_refused(bank: Outside, wish: Any) -> None:
    async with bank.session.post(f"{bank.sandbox.control_url}/control/product", json=wish) as response:
        assert response.status == 422


async def test_a_reset_forgets_what_was_said_and_who_the_customers_are(bank: Outside) -> None:
    await send(bank, ESB, message())
    await bank.control("bank-customers", {"items": [{"customer_id": "C-1", "name": "客户甲", "mobile": "13800000000"}]})
    await bank.control("reset", {})
    assert await arrows(bank) == []
    assert (await bank.control("bank-customers", {"items": []}))["known"] == 0
