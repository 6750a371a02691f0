"""Every verdict and every misdeed of the identity check, over real TLS, by the customer's name."""

import asyncio
import json
import ssl
from typing import Any

import aiohttp
import pytest

from opsdesk.sandbox.misbehaviour import CHUNK_BYTES, OVERSIZED_BYTES
from tests.sandbox.outside import IDENTITY, KYC, PLATFORM, Outside

ABSENT = "absent"


@pytest.mark.parametrize(
    ("name", "score", "match"),
    [
        ("Customer Clear", 0.93, False),
        ("Lin", 0.93, False),
        ("客户 通过", 0.93, False),
        ("Customer Borderline", 0.7, False),
        ("林临界", 0.7, False),
        ("Customer LOWSCORE", 0.41, False),
        ("林低分", 0.41, False),
        ("Customer Watchlisted", 0.97, True),
        ("林名单", 0.97, True),
        ("Customer Nullscore", None, False),
        ("林空分", None, False),
        ("Customer Textscore", "0.93", False),
        ("林文字分", "0.93", False),
        ("Customer Noscore", ABSENT, False),
        ("林缺分", ABSENT, False),
    ],
)
async def test_the_name_chooses_score_and_match(outside: Outside, name: str, score: Any, match: bool) -> None:
    reply = await outside.identity(await outside.register(name))
    assert reply.status == 200
    assert (reply.json.get("kyc_score", ABSENT), reply.json["watchlist_match"]) == (score, match)
    assert {"kyc_status", "document_type"} <= set(reply.json)


@pytest.mark.parametrize("name", ["Customer Whole", "林整数"])
async def test_a_whole_score_is_written_without_a_point(outside: Outside, name: str) -> None:
    assert b'"kyc_score": 1,' in (await outside.identity(await outside.register(name))).content


@pytest.mark.parametrize("name", ["Customer Nanscore", "林非数"])
async def test_a_score_that_is_no_number_makes_the_answer_no_json(outside: Outside, name: str) -> None:
    assert b'"kyc_score": NaN' in (await outside.identity(await outside.register(name))).content


async def test_a_missing_or_wrong_token_gets_nothing(outside: Outside) -> None:
    customer_id = await outside.register()
    for authorization in (None, "Bearer wrong", "Bearer ", outside.sandbox.secrets["KYC_PROVIDER_API_KEY"]):
        reply = await outside.identity(customer_id, Authorization=authorization)
        assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_the_token_of_another_partner_is_not_accepted(outside: Outside) -> None:
    other = f"Bearer {outside.sandbox.secrets['EMAIL_SERVICE_KEY']}"
    assert (await outside.identity(await outside.register(), Authorization=other)).status == 401


async def test_an_unknown_customer_is_not_judged(outside: Outside) -> None:
    assert (await outside.identity("cus_unknown")).status == 404


async def test_a_flaky_provider_recovers_after_two_failures(outside: Outside) -> None:
    customer_id = await outside.register("林波动")
    assert [(await outside.identity(customer_id, Idempotency_Key="k")).status for _call in range(4)] == [
        503,
        503,
        200,
        200,
    ]


async def test_flaky_calls_are_counted_for_each_customer_alone(outside: Outside) -> None:
    one, two = await outside.register("One Flaky"), await outside.register("Two Flaky")
    assert [(await outside.identity(who)).status for who in (one, two, one, two, one, two)] == [503] * 4 + [200] * 2


async def test_a_provider_that_is_down_stays_down(outside: Outside) -> None:
    customer_id = await outside.register("林故障")
    assert [(await outside.identity(customer_id)).status for _call in range(5)] == [500] * 5


async def test_a_busy_provider_says_when_to_come_again(outside: Outside) -> None:
    customer_id = await outside.register("Customer Busy")
    first, second = await outside.identity(customer_id), await outside.identity(customer_id)
    assert (first.status, first.headers["Retry-After"], second.status) == (429, "1", 200)


async def test_a_bad_request_is_always_refused(outside: Outside) -> None:
    assert (await outside.identity(await outside.register("Customer Badrequest"))).status == 400


async def test_a_web_page_comes_where_json_was_expected(outside: Outside) -> None:
    reply = await outside.identity(await outside.register("Customer Html"))
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


async def test_a_redirect_leads_to_another_host_and_shows_who_followed(outside: Outside) -> None:
    reply = await outside.identity(await outside.register("Customer Redirected"))
    assert (reply.status, reply.headers["Location"]) == (302, f"https://{PLATFORM}/redirected")
    assert await outside.calls(path="/redirected") == []
    await outside.post(PLATFORM, "/redirected", {}, Authorization="Bearer leaked")
    (followed,) = await outside.calls(path="/redirected")
    assert followed["with_token"] is True


async def test_a_truncated_answer_ends_before_its_announced_length(outside: Outside) -> None:
    customer_id = await outside.register("Customer Truncated")
    with pytest.raises(aiohttp.ClientPayloadError):
        await outside.identity(customer_id)


async def test_a_length_that_lies_leaves_half_an_answer(outside: Outside) -> None:
    """Read by hand, because clients differ in what they make of the bytes behind the announced end."""
    body = json.dumps({"customer_id": await outside.register("Customer Lyinglength")})
    trust = ssl.create_default_context(cafile=outside.sandbox.ca_file)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", outside.sandbox.https_port, ssl=trust, server_hostname=KYC
    )
    token = outside.sandbox.secrets["KYC_PROVIDER_API_KEY"]
    head = f"POST {IDENTITY} HTTP/1.1\r\nHost: {KYC}\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\n\r\n{body}".encode())
    answer_head, _, answer_body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    announced = int(answer_head.lower().partition(b"content-length: ")[2].split()[0])
    assert 0 < announced < len(answer_body)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer_body[:announced])


async def test_a_reset_connection_gives_no_answer(outside: Outside) -> None:
    customer_id = await outside.register("林断线")
    with pytest.raises(aiohttp.ClientOSError):
        await outside.identity(customer_id)
    (call,) = await outside.calls(participant=KYC)
    assert (call["statuses"], call["performed"]) == (["none"], 0)


async def test_a_lost_answer_was_given_after_the_work_was_done(outside: Outside) -> None:
    customer_id = await outside.register("Customer Lost")
    with pytest.raises(aiohttp.ClientOSError):
        await outside.identity(customer_id, Idempotency_Key="k")
    assert (await outside.identity(customer_id, Idempotency_Key="k")).status == 200
    (call,) = await outside.calls(participant=KYC)
    assert (call["count"], call["performed"], call["statuses"]) == (2, 1, ["none", "200"])


async def test_an_oversized_answer_has_two_hundred_megabytes(outside: Outside) -> None:
    reply_bytes = 0
    token = f"Bearer {outside.sandbox.secrets['KYC_PROVIDER_API_KEY']}"
    body = {"customer_id": await outside.register("Customer Oversized")}
    url = f"https://{KYC}:{outside.sandbox.https_port}{IDENTITY}"
    async with outside.session.post(url, json=body, headers={"Authorization": token}) as response:
        async for chunk in response.content.iter_any():
            reply_bytes += len(chunk)
    assert reply_bytes > OVERSIZED_BYTES


async def test_an_oversized_answer_stops_when_the_client_hangs_up(outside: Outside) -> None:
    token = f"Bearer {outside.sandbox.secrets['KYC_PROVIDER_API_KEY']}"
    body = {"customer_id": await outside.register("Customer Oversized")}
    url = f"https://{KYC}:{outside.sandbox.https_port}{IDENTITY}"
    async with outside.session.post(url, json=body, headers={"Authorization": token}) as response:
        await response.content.readexactly(CHUNK_BYTES)
        response.close()
    (call,) = await outside.calls(participant=KYC, wait_s="30")
    assert call["bytes_sent_max"] < OVERSIZED_BYTES / 10


async def test_a_slow_provider_gives_up_without_an_answer(outside: Outside) -> None:
    customer_id = await outside.register("Customer Slow")
    await outside.script(KYC, IDENTITY, "Customer Slow", "slow", seconds=0)
    with pytest.raises(aiohttp.ClientOSError):
        await outside.identity(customer_id)


async def test_a_slow_provider_lasts_longer_than_its_caller_waits(outside: Outside) -> None:
    customer_id = await outside.register("Customer Slow")
    timeout = aiohttp.ClientTimeout(total=0.2)
    token = f"Bearer {outside.sandbox.secrets['KYC_PROVIDER_API_KEY']}"
    url = f"https://{KYC}:{outside.sandbox.https_port}{IDENTITY}"
    with pytest.raises(TimeoutError):
        await outside.session.post(
            url, json={"customer_id": customer_id}, headers={"Authorization": token}, timeout=timeout
        )
