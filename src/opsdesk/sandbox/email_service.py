"""email-service.internal: sends the company's messages to its customers."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from opsdesk.sandbox.behaviours import Plan
from opsdesk.sandbox.calls import Answer, Call
from opsdesk.sandbox.mail import Letter, Mailer
from opsdesk.sandbox.partners import Refusal, Route, require_email, require_text

HOST = "email-service.internal"
PATH = "/api/v1/email/send"
SENDER = "welcome@platform.example"
DEFAULT_TEMPLATE = "welcome"


@dataclass(frozen=True, slots=True)
class Template:
    """A message in Chinese and English; `{account_id}` is the only thing filled in."""

    subject: str
    text: str
    wants_account: bool = False


TEMPLATES: Mapping[str, Template] = {
    "welcome": Template(
        subject="欢迎，您的账户已开通 / Welcome, your account is ready",
        text="""您好：

您的账户 {account_id} 已经开通。入门指南：https://platform.example/start
前几步只需几分钟；需要帮助时，直接回复这封邮件即可。

Your account {account_id} is ready. Getting started: https://platform.example/start
The first steps take a few minutes; if you need help, just answer this message.
""",
        wants_account=True,
    ),
    "address_not_verified": Template(
        subject="注册未完成：邮箱没有确认 / Registration not completed: address not confirmed",
        text="""您好：

我们没有在规定时间内收到您对邮箱的确认，所以这次注册已经结束，没有开通账户，也没有产生费用。
您可以随时重新注册。

We did not receive a confirmation of this address in time, so this registration has ended: no account was opened and
nothing was charged. You can register again at any time.
""",
    ),
    "review_rejected": Template(
        subject="关于您的开户申请 / About your application",
        text="""您好：

我们审核了您的开户申请，目前无法为您开通账户。没有产生任何费用。
如果您认为有误，请回复这封邮件，我们会由另一位同事重新查看。

We have reviewed your application and cannot open an account for you at present. Nothing was charged.
If you think that this is a mistake, answer this message and another colleague will look at it again.
""",
    ),
    "review_overdue": Template(
        subject="抱歉，我们没能及时审核您的申请 / Sorry, we did not review your application in time",
        text="""您好：

我们没能在规定时间内完成对您申请的审核，这不是您的原因。没有开通账户，也没有产生费用。
请重新申请，或直接回复这封邮件。

We did not finish the review of your application in time, which is not your fault. No account was opened and nothing
was charged. Please apply again, or just answer this message.
""",
    ),
}


class EmailService:
    def __init__(self, *, token: str, mailer: Mailer) -> None:
        self._token = token
        self._mailer = mailer

    def routes(self) -> list[Route]:
        return [Route(HOST, PATH, self._send, token=self._token)]

    async def _send(self, call: Call, _plan: Plan) -> Answer:
        require_text(call, "customer_id")
        recipient, template = require_email(call), self._template(call)
        account_id = require_text(call, "account_id") if template.wants_account else ""
        text = template.text.format(account_id=account_id)
        await self._mailer.send(Letter(SENDER, recipient, template.subject, text))
        message_id = f"msg_{secrets.token_hex(8)}"
        return Answer(200, {"welcome_email_id": message_id, "message_id": message_id})

    def _template(self, call: Call) -> Template:
        name = call.body.get("template", DEFAULT_TEMPLATE)
        template = TEMPLATES.get(name) if isinstance(name, str) else None
        if template is None:
            raise Refusal(422, "UnknownTemplate", f"template has to be one of {', '.join(TEMPLATES)}.")
        return template
