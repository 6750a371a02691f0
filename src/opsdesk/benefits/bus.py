"""Asking the points system over the bank's bus. No answer in time is no answer: what came of it is not known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp
import orjson
from yarl import URL

from opsdesk.benefits.bus_messages import BusReply, BusService
from opsdesk.benefits.way import Way
from opsdesk.kit.errors import Unavailable
from opsdesk.kit.http_client import HttpClient, read_body
from opsdesk.kit.log import get_logger

BUS_KEY = "BUS_KEY"
"""The secret that the open platform shows the bus, as a bearer token."""
TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 1024 * 1024
CONSUMER = "open-platform"
PARTICIPANT = "OpenPlatform"

_log = get_logger(__name__)


@dataclass(eq=False)
class OutcomeUnknown(Unavailable):
    """The bank did not answer in time, and may have done it or not: ask again with the same key."""


class Bus:
    """Where requests of the open platform go. `secret` gives the secret of a name."""

    def __init__(self, http: HttpClient, url: str, secret: Callable[[str], str]) -> None:
        self._http = http
        self._url = URL(url)
        self._secret = secret

    async def ask(
        self,
        service: BusService,
        body: Mapping[str, Any],
        *,
        key: str,
        way: Way,
        traceparent: str | None,
        now: datetime,
    ) -> BusReply:
        """Raises OutcomeUnknown."""
        path = way.onwards(PARTICIPANT)
        head = {
            "service": service,
            "consumer": CONSUMER,
            "trace_id": way.trace_id,
            "key": key,
            "sent_at": now.isoformat(),
            "path": path,
        }
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._secret(BUS_KEY)}",
            "Idempotency-Key": key,
            "Opsdesk-Path": path,
        } | ({"traceparent": traceparent} if traceparent else {})
        message = orjson.dumps({"head": head, "body": body})
        try:
            async with self._http.request(
                "POST", self._url, headers=headers, body=message, timeout_s=TIMEOUT_S
            ) as response:
                content = await read_body(response, bytes_max=ANSWER_BYTES_MAX)
                if response.status == 200:
                    return BusReply.model_validate_json(content)
                _log.warning("bus_refused", status=response.status, service=service)
        except (aiohttp.ClientError, TimeoutError, ValueError, Unavailable) as error:
            _log.warning("bus_did_not_answer", problem=type(error).__name__, service=service)
        raise OutcomeUnknown
