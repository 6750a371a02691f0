"""api.platform.com: registration, and the verification of e-mail addresses."""

import secrets

from aiohttp import web

from opsdesk.sandbox.behaviours import Plan
from opsdesk.sandbox.callbacks import Callbacks, is_callback_url
from opsdesk.sandbox.calls import Answer, Call
from opsdesk.sandbox.mail import Letter, Mailer
from opsdesk.sandbox.pages import page
from opsdesk.sandbox.partners import Refusal, Route, host_of, require_email, require_text
from opsdesk.sandbox.store import Store, statements, timestamp
from opsdesk.sandbox.verification import Verifications

HOST = "api.platform.com"
LINK_PATH = "/verify-email/"
SENDER = "no-reply@platform.example"

_PAGE_HOSTS = frozenset({HOST, "localhost", "127.0.0.1"})
_LETTER = """您好：

请打开下面的链接，并在页面上确认这是您的邮箱。链接只能由您本人使用。
Please open the link below and confirm on the page that this is your address. The link is for you alone.

{link}

如果您没有注册，请忽略这封邮件。
If you did not register, ignore this message.
"""

_SQL = statements(__file__)
_ADD_CUSTOMER, _CUSTOMER = _SQL["add_customer"], _SQL["customer"]


class PlatformApi:
    def __init__(
        self,
        *,
        store: Store,
        verifications: Verifications,
        callbacks: Callbacks,
        mailer: Mailer,
        link_base: str,
    ) -> None:
        self._store = store
        self._verifications = verifications
        self._callbacks = callbacks
        self._mailer = mailer
        self._link_base = link_base

    def routes(self) -> list[Route]:
        return [
            Route(HOST, "/api/v1/customers/register", self._register),
            Route(HOST, "/api/v1/verify/email", self._verify_email, on_repeat=self._verification_repeated),
        ]

    def name_of(self, customer_id: str) -> str | None:
        """The name that a customer registered with."""
        row = self._store.one(_CUSTOMER, customer_id=customer_id)
        return None if row is None else str(row["name"])

    async def _register(self, call: Call, _plan: Plan) -> Answer:
        name, email = require_text(call, "name"), require_email(call)
        phone = require_text(call, "phone", characters_max=40)
        registered = {
            "customer_id": f"cus_{secrets.token_hex(8)}",
            "email": email,
            "phone": phone,
            "registration_timestamp": timestamp(),
        }
        self._store.run(_ADD_CUSTOMER, name=name, **registered)
        return Answer(201, registered)

    async def _verify_email(self, call: Call, _plan: Plan) -> Answer:
        """202 where the asker said how to reach it; else what is known now. A confirmed address gets no more mail."""
        customer_id, email = self._customer(call)
        verification = self._verifications.remember(
            customer_id=customer_id, email=email, callback_url=_callback_url(call)
        )
        if verification.confirmed_at is not None:
            return Answer(200, {"email_verified": True})
        token = self._verifications.add_link(verification)
        text = _LETTER.format(link=f"{self._link_base}{LINK_PATH}{token}")
        await self._mailer.send(Letter(SENDER, email, "请确认您的邮箱 / Please confirm your address", text))
        if call.callback_url is None:
            return Answer(200, {"email_verified": False})
        return Answer(202, {"status": "pending"})

    def _verification_repeated(self, call: Call) -> None:
        """A repeated request sends no second mail; it can say where to call now, if nobody could be reached before."""
        customer_id, email = self._customer(call)
        verification = self._verifications.remember(
            customer_id=customer_id, email=email, callback_url=_callback_url(call)
        )
        if verification.confirmed_at is not None:
            self._callbacks.begin(verification)

    def _customer(self, call: Call) -> tuple[str, str]:
        customer_id, email = require_text(call, "customer_id"), require_email(call)
        row = self._store.one(_CUSTOMER, customer_id=customer_id)
        if row is None:
            raise Refusal(404, "UnknownCustomer", "No customer has this customer_id.")
        if row["email"] != email:
            raise Refusal(422, "OtherAddress", "This is not the address that the customer registered with.")
        return customer_id, email

    async def pages(self, request: web.Request) -> web.StreamResponse | None:
        """The page behind the link. Looking at it changes nothing: mail scanners open every link they see."""
        if host_of(request) not in _PAGE_HOSTS or not request.path.startswith(LINK_PATH):
            return None
        verification = self._verifications.by_token(request.path.removeprefix(LINK_PATH))
        if verification is None:
            return page(title="链接无效", body="<h1>链接无效</h1><p>This link is not valid.</p>", status=404)
        if request.method == "POST":
            self._verifications.confirm(verification)
            self._callbacks.begin(verification)
        if request.method == "POST" or verification.confirmed_at is not None:
            return page(title="邮箱已确认", body="<h1>邮箱已确认</h1><p>Your address is confirmed. Thank you.</p>")
        button = '<form method="post"><button>确认邮箱 / Confirm</button></form>'
        return page(title="确认邮箱", body=f"<h1>确认邮箱</h1><p>Is this your address?</p>{button}")


def _callback_url(call: Call) -> str | None:
    if call.callback_url is not None and not is_callback_url(call.callback_url):
        raise Refusal(400, "InvalidCallback", "Opsdesk-Callback-Url has to be an http or https address.")
    return call.callback_url
