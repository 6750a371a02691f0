"""Mail for real: a server that receives messages by SMTP into a mailbox, and the sender that the partners use."""

import asyncio
import email
import email.policy
import smtplib
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from opsdesk.sandbox.store import Store, statements, timestamp

MESSAGE_BYTES_MAX = 1_000_000
MAILS_MAX = 500
SMTP_TIMEOUT_S = 30.0
WAIT_S_MAX = 60.0
LOOPBACK = "127.0.0.1"

_SQL = statements(__file__)
_ADD, _MAIL_TO = _SQL["add_mail"], _SQL["mail_to"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be sent; plain text, so that nothing in it is ever markup."""

    sender: str
    recipient: str
    subject: str
    text: str


class Undeliverable(Exception):
    """The mail server did not take the message."""


class Mailbox:
    """Every message received, newest first; the handler that `aiosmtpd` calls."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._arrived = asyncio.Condition()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = message.get_body(("plain",))
        for recipient in envelope.rcpt_tos:
            self._store.run(
                _ADD,
                at=timestamp(),
                sender=envelope.mail_from or "",
                recipient=recipient,
                subject=str(message["subject"] or ""),
                body=str(part.get_content()).replace("\r\n", "\n") if part is not None else "",
                raw=envelope.content,
            )
        async with self._arrived:
            self._arrived.notify_all()
        return "250 2.0.0 Accepted"

    def mails(self, *, recipient: str | None = None) -> list[Mapping[str, Any]]:
        return self._store.all(_MAIL_TO, recipient=recipient, rows_max=MAILS_MAX)

    async def wait_for(self, *, recipient: str | None, count: int, wait_s: float) -> list[Mapping[str, Any]]:
        """The messages to a recipient, as soon as there are `count` of them, or when `wait_s` is over."""
        try:
            async with asyncio.timeout(min(wait_s, WAIT_S_MAX)), self._arrived:
                await self._arrived.wait_for(lambda: len(self.mails(recipient=recipient)) >= count)
        except TimeoutError:
            pass
        return self.mails(recipient=recipient)


async def listen_for_mail(mailbox: Mailbox, *, listener: socket.socket) -> asyncio.Server:
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(mailbox, loop=loop, hostname="localhost", data_size_limit=MESSAGE_BYTES_MAX, enable_SMTPUTF8=True)

    return await loop.create_server(session, sock=listener)


class Mailer:
    """Sends letters through the SMTP server, one connection each."""

    def __init__(self, *, port: int) -> None:
        self._port = port

    async def send(self, letter: Letter) -> None:
        """Returns once the server has taken the message. Raises Undeliverable if it has not."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = letter.sender, letter.recipient, letter.subject
        message.set_content(letter.text)
        try:
            await asyncio.to_thread(self._deliver, message)
        except (smtplib.SMTPException, OSError) as error:
            raise Undeliverable from error

    def _deliver(self, message: EmailMessage) -> None:
        # Naming ourselves spares smtplib a look-up of this machine's name, which takes seconds where there is no DNS.
        with smtplib.SMTP(LOOPBACK, self._port, local_hostname="localhost", timeout=SMTP_TIMEOUT_S) as client:
            client.send_message(message)
