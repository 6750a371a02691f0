"""credit.internal: is told what became of applications, by webhooks signed as Standard Webhooks has it."""

import asyncio
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from time import time
from typing import Any

from opsdesk.sandbox.behaviours import Plan
from opsdesk.sandbox.calls import Answer, Call
from opsdesk.sandbox.mail import WAIT_S_MAX
from opsdesk.sandbox.partners import Refusal, Route, require_text
from opsdesk.sandbox.store import Store, statements, timestamp

HOST = "credit.internal"
PATH = "/api/v1/review-results"
SECRET = "RESULTS_KEY"  # noqa: S105 - its name
TOLERANCE_S = 300.0
_PREFIX = "whsec_"

_SQL = statements(__file__)
_KEEP, _RESULTS, _AGAIN, _FORGET = _SQL["keep"], _SQL["results"], _SQL["again"], _SQL["forget"]


class Credit:
    """Keeps every result whose signature is right, once for a delivery."""

    def __init__(self, *, store: Store, secret: str) -> None:
        self._store = store
        self._key = b64decode(secret.removeprefix(_PREFIX)) if secret.startswith(_PREFIX) else secret.encode()
        self._changed = asyncio.Event()

    def routes(self) -> list[Route]:
        return [Route(HOST, PATH, self._take)]

    async def _take(self, call: Call, _plan: Plan) -> Answer:
        delivery = self._delivery(call)
        flow_no = require_text(call, "flow_no")
        if not self._store.run(_KEEP, delivery=delivery, at=timestamp(), flow_no=flow_no, body=json.dumps(call.body)):
            self._store.run(_AGAIN, delivery=delivery)
        self._changed.set()
        self._changed = asyncio.Event()
        return Answer(200, {"taken": True}, memorable=False)

    def _delivery(self, call: Call) -> str:
        """The id of the delivery, if whoever sends it holds the secret. Raises Refusal."""
        delivery, stamp = call.headers.get("webhook-id", ""), call.headers.get("webhook-timestamp", "")
        if not delivery or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
            raise Refusal(401, "NotSigned", "A result has webhook-id, webhook-timestamp and webhook-signature.")
        wanted = b64encode(hmac.digest(self._key, f"{delivery}.{stamp}.".encode() + call.raw, "sha256")).decode()
        given = [each.removeprefix("v1,") for each in call.headers.get("webhook-signature", "").split()]
        if not any(hmac.compare_digest(each.encode("utf-8", "surrogateescape"), wanted.encode()) for each in given):
            raise Refusal(401, "WrongSignature", "None of the signatures was made with the secret of this receiver.")
        if abs(_seconds_since(stamp)) > TOLERANCE_S:
            raise Refusal(401, "TooOld", "The delivery was signed too long ago, or not yet.")
        return delivery

    async def results(self, *, flow_no: str | None, wait_s: float) -> list[Mapping[str, Any]]:
        """What was told, newest first. Waits until there is something, for so long."""
        deadline = asyncio.get_running_loop().time() + min(wait_s, WAIT_S_MAX)
        while True:
            changed = self._changed
            rows = self._store.all(_RESULTS, flow_no=flow_no)
            left = deadline - asyncio.get_running_loop().time()
            if rows or left <= 0:
                return [{**row, "body": json.loads(row["body"])} for row in rows]
            try:
                await asyncio.wait_for(changed.wait(), left)
            except TimeoutError:
                continue

    def reset(self) -> None:
        self._store.run(_FORGET)


def _seconds_since(stamp: str) -> float:
    return time() - int(stamp)
