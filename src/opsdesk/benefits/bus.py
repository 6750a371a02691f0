"""Asking the points system over the bank's bus. No answer in time is no answer: what came of it is not known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import orjson
from yarl import URL

from opsdesk import access
from opsdesk.benefits.bus_adapter import answer_message
from opsdesk.benefits.bus_messages import BusHead, BusMessage, BusReply, BusService
from opsdesk.benefits.rules import Rules
from opsdesk.benefits.way import Way
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database
from opsdesk.kit.errors import Unavailable
from opsdesk.kit.http_client import HttpClient, read_body
from opsdesk.kit.http_requests import database_now
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


class Bus(Protocol):
    """Where requests of the open platform go."""

    async def ask(
        self, service: BusService, body: Mapping[str, Any], *, key: str, way: Way, traceparent: str | None
    ) -> BusReply:
        """`way` is the way that the request came, without the open platform. Raises OutcomeUnknown."""
        ...


class LocalBus:
    """No bus is between: the adapter answers in this process, in a transaction of its own."""

    def __init__(self, database: Database, clock: Clock, rules: Rules, master: bytes) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules
        self._master = master

    async def ask(
        self, service: BusService, body: Mapping[str, Any], *, key: str, way: Way, traceparent: str | None
    ) -> BusReply:
        """Raises what the adapter raises."""
        head = BusHead(
            service=service, consumer=CONSUMER, trace_id=way.trace_id, key=key, path=way.onwards(PARTICIPANT)
        )
        message = BusMessage(head=head, body=dict(body))
        async with self._database.transaction() as conn:
            now = await database_now(conn, self._clock)
            actor = access.system_actor(CONSUMER)
            return await answer_message(conn, message, actor=actor, rules=self._rules, master=self._master, now=now)


class HttpBus:
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
    ) -> BusReply:
        """Raises OutcomeUnknown."""
        path = way.onwards(PARTICIPANT)
        head = {
            "service": service,
            "consumer": CONSUMER,
            "trace_id": way.trace_id,
            "key": key,
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
