"""Registration and the verification of addresses: real mail, real pages, real callbacks."""

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.asker import Asker
from tests.sandbox.outside import PLATFORM, REGISTER, VERIFY, Outside, Reply, enter_sandbox

LIN = {"name": "客户 通过", "email": "customer@example.com", "phone": "+86 138 0000 0000"}


async def _verify(
    outside: Outside,
    customer_id: str,
    *,
    email: str = "customer@example.com",
    key: str | None = None,
    url: str | None = None,
) -> Reply:
    body = {"customer_id": customer_id, "email": email}
    return await outside.post(PLATFORM, VERIFY, body, Idempotency_Key=key, Opsdesk_Callback_Url=url)


async def test_a_customer_is_registered_with_a_number_and_a_time(outside: Outside) -> None:
    reply = await outside.post(PLATFORM, REGISTER, LIN)
    assert reply.status == 201
    assert set(reply.json) == {"customer_id", "email", "phone", "registration_timestamp"}
    assert reply.json["email"] == LIN["email"]
    assert reply.json["registration_timestamp"].endswith("Z")


async def test_the_same_key_and_body_get_the_first_answer_byte_for_byte(outside: Outside) -> None:
    first = await outside.post(PLATFORM, REGISTER, LIN, Idempotency_Key="k1")
    again = await outside.post(PLATFORM, REGISTER, dict(reversed(LIN.items())), Idempotency_Key="k1")
    assert (again.status, again.content) == (first.status, first.content)


async def test_the_same_key_with_another_body_is_refused(outside: Outside) -> None:
    await outside.post(PLATFORM, REGISTER, LIN, Idempotency_Key="k1")
    assert (await outside.post(PLATFORM, REGISTER, {**LIN, "phone": "139"}, Idempotency_Key="k1")).status == 409


async def test_another_key_registers_another_customer(outside: Outside) -> None:
    first = await outside.post(PLATFORM, REGISTER, LIN, Idempotency_Key="k1")
    second = await outside.post(PLATFORM, REGISTER, LIN, Idempotency_Key="k2")
    assert first.json["customer_id"] != second.json["customer_id"]


async def test_an_answer_is_remembered_over_a_restart(tmp_path: Path) -> None:
    async with enter_sandbox(tmp_path) as outside:
        first = await outside.post(PLATFORM, REGISTER, LIN, Idempotency_Key="k1")
    async with enter_sandbox(tmp_path) as outside:
        assert (await outside.post(PLATFORM, REGISTER, LIN, Idempotency_Key="k1")).content == first.content


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 201),
        ("name", None),
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", "a@example.com, b@example.com"),
        ("email", "a@example.com\r\nBcc: b@example.com"),
        ("email", f"{'a' * 250}@b.cn"),
        ("phone", 138),
        ("phone", "1" * 41),
    ],
)
async def test_a_bad_field_is_named_and_its_value_is_not(outside: Outside, field: str, value: Any) -> None:
    reply = await outside.post(PLATFORM, REGISTER, {**LIN, field: value})
    assert reply.status == 422
    assert reply.json["error"]["message"].startswith(field)
    assert "Bcc" not in reply.json["error"]["message"]


async def test_the_longest_fields_are_accepted(outside: Outside) -> None:
    longest = {"name": "x" * 200, "email": f"{'a' * 249}@b.cn", "phone": "1" * 40}
    assert (await outside.post(PLATFORM, REGISTER, longest)).status == 201


async def test_a_verification_sends_a_mail_and_answers_later(outside: Outside, asker: Asker) -> None:
    customer_id = await outside.register()
    assert (await _verify(outside, customer_id, key="k1", url=asker.url("/cb"))).status == 202
    (mail,) = await outside.mails(email="customer@example.com")
    assert mail["link"].startswith(f"http://127.0.0.1:{outside.sandbox.http_port}/verify-email/")
    await outside.control("confirm", {"email": "customer@example.com"})
    assert await asker.arrived.get() == ("/cb", {"email_verified": True})


async def test_a_repeated_key_sends_no_second_mail_and_a_new_one_does(outside: Outside, asker: Asker) -> None:
    customer_id = await outside.register()
    first = await _verify(outside, customer_id, key="k1", url=asker.url("/cb"))
    again = await _verify(outside, customer_id, key="k1", url=asker.url("/cb"))
    assert (again.status, again.content) == (first.status, first.content)
    assert len(await outside.mails()) == 1
    await _verify(outside, customer_id, key="k2", url=asker.url("/cb"))
    assert len(await outside.mails()) == 2


@pytest.mark.parametrize("which", ["first", "latest"])
async def test_any_of_several_mails_confirms_and_the_latest_callback_is_used(
    outside: Outside, asker: Asker, which: str
) -> None:
    customer_id = await outside.register()
    await _verify(outside, customer_id, key="k1", url=asker.url("/one"))
    await _verify(outside, customer_id, key="k2", url=asker.url("/two"))
    await outside.control("confirm", {"email": "customer@example.com", "which": which})
    assert await asker.arrived.get() == ("/two", {"email_verified": True})


async def test_confirming_twice_calls_back_once(outside: Outside, asker: Asker) -> None:
    customer_id, other = await outside.register(), await outside.register(email="other@example.com")
    await _verify(outside, customer_id, key="k1", url=asker.url("/lin"))
    await _verify(outside, customer_id, key="k2", url=asker.url("/lin"))
    await outside.control("confirm", {"email": "customer@example.com", "which": "first"})
    assert await asker.arrived.get() == ("/lin", {"email_verified": True})
    await outside.control("confirm", {"email": "customer@example.com", "which": "latest"})
    await _verify(outside, other, email="other@example.com", key="k3", url=asker.url("/other"))
    await outside.control("confirm", {"email": "other@example.com"})
    assert await asker.arrived.get() == ("/other", {"email_verified": True})


async def test_pressing_the_button_twice_at_once_calls_back_once(outside: Outside, asker: Asker) -> None:
    customer_id = await outside.register()
    await _verify(outside, customer_id, url=asker.url("/lin"))
    link = (await outside.mails())[0]["link"]
    asker.statuses = [503]
    for _press in range(3):
        async with outside.session.post(link) as response:
            assert response.status == 200
    assert [await asker.arrived.get() for _attempt in range(2)] == [("/lin", {"email_verified": True})] * 2
    assert asker.arrived.empty()


async def test_a_repeated_request_after_the_callback_is_not_called_back_again(outside: Outside, asker: Asker) -> None:
    customer_id = await outside.register()
    for _call in range(2):
        await _verify(outside, customer_id, key="k1", url=asker.url("/lin"))
        await outside.control("confirm", {"email": "customer@example.com"})
        await _verify(outside, customer_id, key="k1", url=asker.url("/lin"))
    assert await asker.arrived.get() == ("/lin", {"email_verified": True})
    other = await outside.register(email="other@example.com")
    await _verify(outside, other, email="other@example.com", url=asker.url("/other"))
    await outside.control("confirm", {"email": "other@example.com"})
    assert await asker.arrived.get() == ("/other", {"email_verified": True})


async def test_looking_at_the_link_confirms_nothing(outside: Outside) -> None:
    customer_id = await outside.register()
    await _verify(outside, customer_id)
    link = (await outside.mails())[0]["link"]
    for method in ("HEAD", "GET", "GET"):
        async with outside.session.request(method, link) as response:
            assert response.status == 200
    assert (await _verify(outside, customer_id)).json == {"email_verified": False}


async def test_the_page_runs_no_script_and_tells_nobody_its_address(outside: Outside) -> None:
    await _verify(outside, await outside.register())
    async with outside.session.get((await outside.mails())[0]["link"]) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert '<form method="post">' in await response.text()


async def test_a_made_up_link_confirms_nothing(outside: Outside) -> None:
    address = f"http://127.0.0.1:{outside.sandbox.http_port}/verify-email/guessed"
    async with outside.session.post(address) as response:
        assert response.status == 404


async def test_without_a_callback_address_the_answer_is_what_is_known_now(outside: Outside) -> None:
    customer_id = await outside.register()
    before = await _verify(outside, customer_id, key="k1")
    assert (before.status, before.json) == (200, {"email_verified": False})
    await outside.control("confirm", {"email": "customer@example.com"})
    after = await _verify(outside, customer_id, key="k2")
    assert (after.status, after.json) == (200, {"email_verified": True})
    assert len(await outside.mails()) == 1


async def test_an_asker_that_is_down_is_called_again_until_it_answers(outside: Outside, asker: Asker) -> None:
    asker.statuses = [503, 429]
    await _verify(outside, await outside.register(), url=asker.url("/cb"))
    await outside.control("confirm", {"email": "customer@example.com"})
    assert [await asker.arrived.get() for _attempt in range(3)] == [("/cb", {"email_verified": True})] * 3


async def test_a_callback_that_is_owed_is_made_after_a_restart(tmp_path: Path, asker: Asker) -> None:
    asker.usual = 503
    async with enter_sandbox(tmp_path) as outside:
        await _verify(outside, await outside.register(), url=asker.url("/cb"))
        await outside.control("confirm", {"email": "customer@example.com"})
        await asker.arrived.get()
    asker.usual = 204
    async with enter_sandbox(tmp_path):
        assert await asker.arrived.get() == ("/cb", {"email_verified": True})


async def test_a_repeated_request_after_a_refused_callback_is_called_back(outside: Outside, asker: Asker) -> None:
    asker.statuses = [404]
    customer_id = await outside.register()
    await _verify(outside, customer_id, key="k1", url=asker.url("/gone"))
    await outside.control("confirm", {"email": "customer@example.com"})
    assert (await asker.arrived.get())[0] == "/gone"
    await _verify(outside, customer_id, key="k1", url=asker.url("/here"))
    assert (await asker.arrived.get())[0] == "/here"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "nonsense", "http://[broken", "http://"])
async def test_a_callback_address_that_is_none_is_refused(outside: Outside, url: str) -> None:
    customer_id = await outside.register()
    assert (await _verify(outside, customer_id, url=url)).status == 400
    assert await outside.mails() == []


async def test_mail_goes_only_to_the_address_that_was_registered(outside: Outside) -> None:
    customer_id = await outside.register()
    assert (await _verify(outside, customer_id, email="other@example.com")).status == 422
    assert (await _verify(outside, "cus_unknown")).status == 404
    assert await outside.mails() == []
