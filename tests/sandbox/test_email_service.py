"""Messages that really arrive, in Chinese and English."""

from typing import Any

import pytest

from opsdesk.sandbox.email_service import TEMPLATES
from tests.sandbox.outside import EMAIL, SEND, Outside

MESSAGE = {"customer_id": "cus_1", "email": "customer@example.com", "account_id": "acc_42"}


async def test_the_welcome_message_names_the_account(outside: Outside) -> None:
    reply = await outside.send(MESSAGE)
    assert (reply.status, set(reply.json)) == (200, {"welcome_email_id", "message_id"})
    (mail,) = await outside.mails(email="customer@example.com")
    assert "您的账户 acc_42 已经开通" in mail["body"]
    assert "Your account acc_42 is ready" in mail["body"]


@pytest.mark.parametrize("template", TEMPLATES)
async def test_each_template_is_sent_in_both_languages(outside: Outside, template: str) -> None:
    assert (await outside.send({**MESSAGE, "template": template})).status == 200
    (mail,) = await outside.mails()
    assert mail["subject"] == TEMPLATES[template].subject
    assert "您好" in mail["body"]
    assert "account" in mail["body"]


@pytest.mark.parametrize("template", ["address_not_verified", "review_rejected", "review_overdue"])
async def test_a_refusal_needs_no_account(outside: Outside, template: str) -> None:
    body = {"customer_id": "cus_1", "email": "customer@example.com", "template": template}
    assert (await outside.send(body)).status == 200


@pytest.mark.parametrize(
    "change", [{"account_id": ""}, {"template": "other"}, {"template": 1}, {"email": "lin"}, {"customer_id": None}]
)
async def test_a_bad_message_is_refused_and_not_sent(outside: Outside, change: dict[str, Any]) -> None:
    assert (await outside.send({**MESSAGE, **change})).status == 422
    assert await outside.mails() == []


async def test_a_repeated_key_sends_one_message(outside: Outside) -> None:
    first = await outside.send(MESSAGE, Idempotency_Key="k")
    assert (await outside.send(MESSAGE, Idempotency_Key="k")).content == first.content
    assert len(await outside.mails()) == 1


async def test_nothing_is_sent_without_a_token(outside: Outside) -> None:
    assert (await outside.post(EMAIL, SEND, MESSAGE)).status == 401
    assert await outside.mails() == []


async def test_braces_in_an_account_number_are_only_text(outside: Outside) -> None:
    assert (await outside.send({**MESSAGE, "account_id": "{0}{x.y}"})).status == 200
    assert "{0}{x.y}" in (await outside.mails())[0]["body"]
