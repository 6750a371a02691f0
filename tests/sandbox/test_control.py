"""The control API: looking, confirming, scripting, forgetting; and whom it keeps out."""

import asyncio
from typing import Any

import pytest

from tests.sandbox.outside import ASSIGN, CRM, IDENTITY, KYC, PLATFORM, VERIFY, Outside

ACCOUNT = {"customer_id": "cus_1", "account_id": "acc_1"}


async def _control_status(outside: Outside, path: str, body: Any, **headers: str) -> int:
    url = f"{outside.sandbox.control_url}/control/{path}"
    async with outside.session.post(url, json=body, headers=headers) as response:
        return response.status


async def test_health_says_that_it_is_up(outside: Outside) -> None:
    assert await outside.control("health") == {"status": "ok"}


async def test_the_mailbox_is_a_page_for_a_browser(outside: Outside) -> None:
    customer_id = await outside.register()
    await outside.post(PLATFORM, VERIFY, {"customer_id": customer_id, "email": "customer@example.com"})
    (mail,) = await outside.mails()
    async with outside.session.get(outside.sandbox.mailbox_url, headers={"Accept": "text/html"}) as response:
        assert f'<a href="{mail["link"]}"' in await response.text()


async def test_markup_in_a_mail_is_shown_as_text(outside: Outside) -> None:
    script = "<script>alert(1)</script>"
    await outside.send({"customer_id": "c", "email": "customer@example.com", "account_id": script})
    async with outside.session.get(outside.sandbox.mailbox_url, headers={"Accept": "text/html"}) as response:
        page = await response.text()
    assert script not in page
    assert "&lt;script&gt;" in page


async def test_the_mailbox_can_be_waited_for(outside: Outside) -> None:
    waiting = asyncio.create_task(outside.mails(email="customer@example.com", count="2", wait_s="30"))
    for _mail in range(2):
        await outside.send({**ACCOUNT, "email": "customer@example.com"})
    assert len(await waiting) == 2


async def test_waiting_for_mail_ends_without_any(outside: Outside) -> None:
    assert await outside.mails(wait_s="0.01") == []


async def test_the_mailbox_shows_one_address_newest_first(outside: Outside) -> None:
    for number, email in enumerate(("customer@example.com", "mo@example.com", "customer@example.com")):
        await outside.send({"customer_id": "c", "email": email, "account_id": f"acc_{number}"})
    found = await outside.mails(email="customer@example.com")
    assert ["acc_2" in mail["body"] for mail in found] == [True, False]


async def test_confirming_can_wait_for_the_message(outside: Outside) -> None:
    customer_id = await outside.register()
    waiting = asyncio.create_task(outside.control("confirm", {"email": "customer@example.com", "wait_s": 30}))
    await outside.post(PLATFORM, VERIFY, {"customer_id": customer_id, "email": "customer@example.com"})
    assert await waiting == {"confirmed": True}


async def test_confirming_without_a_message_is_refused(outside: Outside) -> None:
    assert await _control_status(outside, "confirm", {"email": "customer@example.com"}) == 404


async def test_a_reset_forgets_everything_but_the_secrets(outside: Outside) -> None:
    customer_id = await outside.register()
    await outside.send({**ACCOUNT, "email": "customer@example.com"})
    await outside.post(CRM, ASSIGN, {**ACCOUNT, "account_id": "acc_0"})
    await outside.script(CRM, ASSIGN, "*", "down")
    await outside.control("reset", {})
    assert (await outside.mails(), await outside.calls()) == ([], [])
    assert (await outside.identity(customer_id)).status == 404
    assert (await outside.post(CRM, ASSIGN, ACCOUNT)).json["csm_name"] == "CSM 1"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"host": KYC, "path": IDENTITY, "name": "*", "behaviour": "polite"},
        {"host": KYC, "path": IDENTITY, "name": "*", "behaviour": "down", "times": 0},
        {"host": KYC, "path": IDENTITY, "name": "*", "behaviour": "down", "times": "2"},
        {"host": KYC, "path": IDENTITY, "name": "*", "behaviour": "down", "colour": "red"},
        {"host": KYC, "path": IDENTITY, "name": "*", "behaviour": "slow", "seconds": "long"},
        {"host": KYC, "path": IDENTITY, "name": "*", "behaviour": "slow", "seconds": 3601},
        {"host": KYC, "path": IDENTITY, "name": "*", "behaviour": "answer", "status": 99},
        {"host": KYC, "path": IDENTITY, "name": "*", "behaviour": ["down"]},
        {"host": CRM, "path": ASSIGN, "name": "*", "behaviour": "watchlisted"},
        {"host": CRM, "path": "/nowhere", "name": "*", "behaviour": "down"},
    ],
)
async def test_a_script_that_could_never_play_is_refused(outside: Outside, body: dict[str, Any]) -> None:
    assert await _control_status(outside, "script", body) == 422


async def test_another_host_name_is_kept_out(outside: Outside) -> None:
    """A web page elsewhere could give its own name this machine's address."""
    assert await _control_status(outside, "reset", {}, Host="evil.example") == 421


async def test_a_form_of_another_page_is_kept_out(outside: Outside) -> None:
    async with outside.session.post(f"{outside.sandbox.control_url}/control/reset", data={"a": "b"}) as response:
        assert response.status == 415


@pytest.mark.parametrize("query", [{"wait_s": "x"}, {"wait_s": "-1"}, {"wait_s": "nan"}, {"count": "1e9"}])
async def test_a_wait_that_is_no_number_is_refused(outside: Outside, query: dict[str, str]) -> None:
    async with outside.session.get(outside.sandbox.mailbox_url, params=query) as response:
        assert response.status == 422
