"""The mail server, spoken to as any mail client does."""

import asyncio
import smtplib
from email.message import EmailMessage

import pytest

from opsdesk.sandbox.mail import MESSAGE_BYTES_MAX
from tests.sandbox.outside import Outside


def _deliver(port: int, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as client:
        client.send_message(message)


def _message(text: str, to: str = "customer@example.com") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "desk@example.com", to, "你好"
    message.set_content(text)
    return message


async def test_a_message_arrives_as_it_was_written(outside: Outside) -> None:
    await asyncio.to_thread(_deliver, outside.sandbox.smtp_port, _message("第一行\n.\nEnd"))
    (mail,) = await outside.mails()
    assert (mail["sender"], mail["recipient"]) == ("desk@example.com", "customer@example.com")
    assert (mail["subject"], mail["body"], mail["link"]) == ("你好", "第一行\n.\nEnd\n", None)


async def test_every_recipient_of_a_message_finds_it(outside: Outside) -> None:
    message = _message("Both", to="customer@example.com, mo@example.com")
    await asyncio.to_thread(_deliver, outside.sandbox.smtp_port, message)
    assert len(await outside.mails(email="customer@example.com")) == 1
    assert len(await outside.mails(email="mo@example.com")) == 1


async def test_an_address_outside_of_ascii_can_be_written_to(outside: Outside) -> None:
    await outside.send({"customer_id": "c", "email": "林@例子.cn", "account_id": "acc_1"})
    assert [mail["recipient"] for mail in await outside.mails()] == ["林@例子.cn"]


async def test_a_message_of_too_many_bytes_is_refused(outside: Outside) -> None:
    with pytest.raises(smtplib.SMTPException):
        await asyncio.to_thread(_deliver, outside.sandbox.smtp_port, _message("x" * MESSAGE_BYTES_MAX))
    assert await outside.mails() == []
