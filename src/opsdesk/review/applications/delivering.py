"""The job that delivers results: sent until they arrive, or for three days, each time under the same id."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp
from yarl import URL

from opsdesk import jobs
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.http_client import HttpClient
from opsdesk.kit.http_destinations import DestinationRefused
from opsdesk.kit.log import get_logger
from opsdesk.kit.secrets import BadSecretName, SecretMissing
from opsdesk.kit.sql import statements
from opsdesk.kit.webhook_signatures import signed_headers
from opsdesk.review.alerts import Alert, tell
from opsdesk.review.applications import results
from opsdesk.review.applications.receivers import Receiver, find_receiver
from opsdesk.review.applications.results import (
    DeliveryState,
    Result,
    enqueue_delivery,
    find_result,
    lock_result,
    settle,
)

TIMEOUT_S = 15.0
AT_ONCE_MAX = 20
"""Over all workers: a receiver that does not answer leaves room for other jobs."""
BACKOFF = jobs.Backoff(first_s=5.0, factor=2.0, longest_s=3600.0)
"""5, 10, 20 seconds and so on, then once an hour."""

_SQL = statements(results.__file__)
_INSERT_ATTEMPT = _SQL["insert_attempt"]
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one attempt; without a problem it has arrived."""

    status: int | None = None
    problem: str | None = None


def delivery_job(http: HttpClient, secret: Callable[[str], str], clock: Clock) -> jobs.JobKind:
    """The kind of job; one job for a ticket, and another one for each time that it is sent again."""
    return jobs.JobKind(results.JOB, _Deliverer(http, secret, clock).run, concurrency=AT_ONCE_MAX)


@dataclass(frozen=True, slots=True)
class _Deliverer:
    http: HttpClient
    secret: Callable[[str], str]
    clock: Clock

    async def run(self, database: Database, payload: Mapping[str, Any]) -> jobs.JobOutcome:
        """The world outside is called in no transaction: a worker that dies leaves a result that is sent again."""
        ticket_id = UUID(payload["ticket_id"])
        async with database.transaction() as conn:
            result = await find_result(conn, ticket_id=ticket_id)
            if result is None or result.next_at is None or result.next_at > self.clock.now():
                return jobs.Done()  # it is settled, or another job waits for its time
            receiver = await find_receiver(conn, application=result.application)
            if receiver is None:
                await settle(conn, replace(result, state=DeliveryState.UNSENT, next_at=None))
                return jobs.Done()
        came = await self._send(result, receiver)
        async with database.transaction() as conn:
            locked = await lock_result(conn, ticket_id=ticket_id)
            assert locked is not None, "results stay"
            if locked.attempts == result.attempts:  # else another worker took this one for dead, and has sent it too
                await self._conclude(conn, locked, receiver, came)
        return jobs.Done()

    async def _send(self, result: Result, receiver: Receiver) -> Came:
        body = result.body.encode()
        try:
            secret = self.secret(receiver.secret)
        except (SecretMissing, BadSecretName):
            return Came(problem=f"the secret {receiver.secret} is not set")
        headers = {
            "Content-Type": "application/json",
            **signed_headers(str(result.ticket_id), body, secret=secret),
        }
        try:
            sending = self.http.request("POST", URL(receiver.url), headers=headers, body=body, timeout_s=TIMEOUT_S)
            async with sending as response:
                arrived = 200 <= response.status < 300
                return Came(response.status, None if arrived else f"the receiver answered {response.status}")
        except TimeoutError:
            return Came(problem=f"the receiver did not answer within {TIMEOUT_S:g} s")
        except DestinationRefused as refused:
            return Came(problem=f"leads to {refused.kind}, which OPSDESK_ALLOW_NETWORKS does not list")
        except (aiohttp.ClientError, OSError) as error:
            return Came(problem=f"the receiver cannot be reached: {type(error).__name__}")

    async def _conclude(self, conn: Connection, result: Result, receiver: Receiver, came: Came) -> None:
        now, number = self.clock.now(), result.attempts + 1
        attempt = {"ticket_id": result.ticket_id, "number": number, "now": now, "url": receiver.url}
        await conn.execute(_INSERT_ATTEMPT, attempt | {"status": came.status, "problem": came.problem})
        result = replace(result, attempts=number, problem=came.problem, next_at=None)
        if came.problem is None:
            await settle(conn, replace(result, state=DeliveryState.DELIVERED, delivered_at=now))
            return
        next_at = now + timedelta(seconds=BACKOFF.delay_s(number))
        if next_at <= result.until:
            await settle(conn, replace(result, state=DeliveryState.RETRYING, next_at=next_at))
            await enqueue_delivery(conn, result.ticket_id, at=next_at)
            return
        await settle(conn, replace(result, state=DeliveryState.GIVEN_UP))
        about = {"flow_no": result.flow_no, "ticket_id": str(result.ticket_id), "application": result.application}
        await tell(conn, Alert.RESULT_GIVEN_UP, about | {"problem": came.problem}, now=now)
        _log.warning("result_given_up", **about, problem=came.problem)
