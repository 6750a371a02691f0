"""kyc-provider.com: identity verification. The customer's name decides what comes out."""

from collections.abc import Callable

from opsdesk.sandbox.behaviours import VERDICTS, WELL_FORMED, Plan
from opsdesk.sandbox.calls import Answer, Call
from opsdesk.sandbox.partners import Refusal, Route, require_text

HOST = "kyc-provider.com"
PATH = "/api/v1/identity/verify"


class KycProvider:
    def __init__(self, *, token: str, name_of: Callable[[str], str | None]) -> None:
        self._token = token
        self._name_of = name_of

    def routes(self) -> list[Route]:
        return [Route(HOST, PATH, self._verify, token=self._token, by_name=True)]

    async def _verify(self, call: Call, plan: Plan) -> Answer:
        if self._name_of(require_text(call, "customer_id")) is None:
            raise Refusal(404, "UnknownCustomer", "No customer has this customer_id.")
        verdict = {**VERDICTS[plan.behaviour], "document_type": "passport"}
        return Answer(200, verdict, memorable=plan.behaviour in WELL_FORMED)
