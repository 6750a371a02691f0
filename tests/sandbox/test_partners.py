"""What every partner does with a request before it looks at its meaning."""

import asyncio

import pytest

from opsdesk.sandbox.partners import BODY_BYTES_MAX, KEY_CHARACTERS_MAX
from tests.sandbox.outside import ASSIGN, CRM, KYC, PLATFORM, REGISTER, SEND, Outside

LIN = {"name": "Lin", "email": "customer@example.com", "phone": "138"}
ACCOUNT = {"customer_id": "cus_1", "account_id": "acc_1"}


async def _raw(outside: Outside, content: bytes) -> int:
    url = f"https://{CRM}:{outside.sandbox.https_port}{ASSIGN}"
    async with outside.session.post(url, data=content) as response:
        return response.status


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"text"', b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 20_000]
)
async def test_a_body_that_is_no_object_is_refused(outside: Outside, content: bytes) -> None:
    assert await _raw(outside, content) == 400


async def test_a_body_is_limited_in_bytes(outside: Outside) -> None:
    frame = b'{"customer_id": "c", "account_id": "a", "filler": ""}'
    longest = frame.replace(b'""', b'"' + b"x" * (BODY_BYTES_MAX - len(frame)) + b'"')
    assert await _raw(outside, longest) == 200
    assert await _raw(outside, longest + b" ") == 413


async def test_a_key_is_limited_in_characters(outside: Outside) -> None:
    longest = "k" * KEY_CHARACTERS_MAX
    assert (await outside.post(CRM, ASSIGN, ACCOUNT, Idempotency_Key=longest)).status == 200
    assert (await outside.post(CRM, ASSIGN, ACCOUNT, Idempotency_Key=f"{longest}k")).status == 400


async def test_the_same_key_at_once_does_the_work_once(outside: Outside) -> None:
    message = {**ACCOUNT, "email": "customer@example.com"}
    replies = await asyncio.gather(*(outside.send(message, Idempotency_Key="k") for _call in range(8)))
    assert len({reply.content for reply in replies}) == 1
    assert len(await outside.mails()) == 1
    (call,) = await outside.calls(path=SEND)
    assert (call["count"], call["performed"]) == (8, 1)


async def test_one_key_means_something_else_at_another_address(outside: Outside) -> None:
    assert (await outside.post(PLATFORM, REGISTER, LIN, Idempotency_Key="k")).status == 201
    assert (await outside.post(CRM, ASSIGN, ACCOUNT, Idempotency_Key="k")).status == 200


async def test_a_refused_request_is_not_remembered(outside: Outside) -> None:
    assert (await outside.post(PLATFORM, REGISTER, {}, Idempotency_Key="k")).status == 422
    assert (await outside.post(PLATFORM, REGISTER, LIN, Idempotency_Key="k")).status == 201


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_method_than_post_is_refused(outside: Outside, method: str) -> None:
    async with outside.session.request(method, f"https://{CRM}:{outside.sandbox.https_port}{ASSIGN}") as response:
        assert response.status == 405


async def test_calls_are_recorded_with_key_count_and_customer(outside: Outside) -> None:
    customer_id = await outside.register()
    for _call in range(2):
        await outside.identity(customer_id, Idempotency_Key="run:kyc_identity:1")
    (call,) = await outside.calls(participant=KYC, customer_id=customer_id)
    assert (call["idempotency_key"], call["count"], call["performed"]) == ("run:kyc_identity:1", 2, 1)
    assert (call["statuses"], call["with_token"], call["scheme"]) == (["200", "200"], True, "https")


async def test_the_record_holds_no_token_and_no_body(outside: Outside) -> None:
    await outside.identity(await outside.register())
    recorded = str(await outside.calls())
    assert outside.sandbox.secrets["KYC_PROVIDER_API_KEY"] not in recorded
    assert "customer@example.com" not in recorded
