"""What is seen of the work of a process: requests and steps, as metrics and, where a setting says so, as spans."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from starlette.types import Scope

from opsdesk.kit import trace_context
from opsdesk.kit.db import Database
from opsdesk.kit.secrets import SecretMissing, Secrets
from opsdesk.kit.settings import Settings
from opsdesk.kit.tracing import Tracing

if TYPE_CHECKING:
    from opsdesk.app.metrics import Metrics

OTLP_AUTHORIZATION = "OTLP_AUTHORIZATION"
"""The secret that is sent to the receiver of spans as the header Authorization, if it is set."""
SERVER_ERROR = 500
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "_OTHER"

STEP_OUTCOMES = {
    "node_ended": "ended",
    "attempt_failed": "attempt_failed",
    "node_failed": "failed",
    "node_blocked": "blocked",
    "node_waiting": "waiting",
    "node_retried": "retried",
}
"""By the fact."""
INCIDENTS = frozenset({"node_failed", "node_blocked"})


Names = Callable[[], Mapping[str, str | int]]
"""See flows' `Observer`."""
PARTICIPANTS = {
    "/open/": "OpenPlatform",
    "/v1/benefit": "PointSystem",
    "/v1/esb-messages": "PointSystem",
    "/v1/points": "PointSystem",
    "/v1/settlement": "PointSystem",
}
"""By how their routes begin."""


class Observation:
    """Watches one process. It is the observer of runs and of requests; both call it often, so it does little."""

    def __init__(self, database: Database, tracing: Tracing | None = None) -> None:
        self._database = database
        self._tracing = tracing

    @cached_property
    def metrics(self) -> "Metrics":
        """Made when something is counted first: commands, which count nothing, need not wait for it to be loaded."""
        from opsdesk.app.metrics import Metrics

        metrics = Metrics()
        metrics.watch_pool(self._database)
        return metrics

    async def close(self) -> None:
        """Send the spans that have not been sent."""
        if self._tracing is not None:
            await self._tracing.close()

    def call(
        self, node_type: str, names: Names, started_under: str | None
    ) -> AbstractContextManager[Callable[[str, str], None]]:
        """See flows' `Observer`."""
        if self._tracing is None:
            return _TimedCall(self.metrics, node_type)
        return self._traced_call(self._tracing, node_type, names(), started_under)

    @contextmanager
    def _traced_call(
        self, tracing: Tracing, node_type: str, names: Mapping[str, str | int], started_under: str | None
    ) -> Iterator[Callable[[str, str], None]]:
        from opentelemetry.trace import SpanKind, Status, StatusCode

        step = tracing.span(_step_name(names), SpanKind.INTERNAL, _attributes(names), link=started_under)
        with _TimedCall(self.metrics, node_type) as timed, step as span:

            def tell(outcome: str, code: str) -> None:
                timed(outcome, code)
                span.set_attribute("opsdesk.outcome", outcome)
                if code:
                    span.set_attribute("error.type", code)
                    span.set_status(Status(StatusCode.ERROR, code))

            yield tell

    def kept(
        self, fact: str, payload: Mapping[str, object], node_type: str | None, names: Names, started_under: str | None
    ) -> None:
        """See flows' `Observer`."""
        if node_type is not None and (outcome := STEP_OUTCOMES.get(fact)) is not None:
            self.metrics.step(node_type=node_type, outcome=outcome)
            if fact in INCIDENTS and not payload.get("taken"):
                self.metrics.incident(node_type=node_type)
        elif fact == "run_ended":
            self.metrics.run_ended(outcome=str(payload["outcome"]))
        if self._tracing is not None and (told := _told_apart(fact, payload)) is not None:
            from opentelemetry.trace import SpanKind

            called = names()
            name = f"run {called['procedure']}" if node_type is None else _step_name(called)
            with self._tracing.span(name, SpanKind.INTERNAL, _attributes(called) | told, link=started_under):
                pass

    @contextmanager
    def request(self, scope: Scope) -> Iterator[Callable[[str, int | None], None]]:
        """The observer of the request frame; what is yielded is told the route and the status."""
        began = time.perf_counter()
        answers: list[tuple[str, int | None]] = []
        if self._tracing is None:
            yield lambda route, status: answers.append((route, status))
        else:
            with self._traced_request(self._tracing, scope, answers) as tell:
                yield tell
        route, status = answers[0] if answers else ("unknown", None)
        self.metrics.request(method=_method(scope), route=route, status=status, seconds=time.perf_counter() - began)

    @contextmanager
    def _traced_request(
        self, tracing: Tracing, scope: Scope, answers: list[tuple[str, int | None]]
    ) -> Iterator[Callable[[str, int | None], None]]:
        from opentelemetry.trace import SpanKind, Status, StatusCode

        method = _method(scope)
        given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
        parent = trace_context.checked(given.decode("latin-1"))
        attributes = {"http.request.method": method, "url.scheme": scope["scheme"]}
        with tracing.span(method, SpanKind.SERVER, attributes, parent=parent) as span:

            def tell(route: str, status: int | None) -> None:
                answers.append((route, status))
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                if (participant := participant_of(route)) is not None:
                    span.set_attribute("opsdesk.participant", participant)
                if status is not None:
                    span.set_attribute("http.response.status_code", status)
                if status is None or status >= SERVER_ERROR:
                    span.set_status(Status(StatusCode.ERROR))

            yield tell


def participant_of(route: str) -> str | None:
    """Who of the flows of points and benefits answers there, as they are drawn; None: it belongs to none of them."""
    return next((name for prefix, name in PARTICIPANTS.items() if route.startswith(prefix)), None)


class _TimedCall:
    """Measures a call; one that was broken off tells no outcome. A class, because it is made at every step."""

    __slots__ = ("_began", "_metrics", "_node_type", "_outcome")

    def __init__(self, metrics: "Metrics", node_type: str) -> None:
        self._metrics = metrics
        self._node_type = node_type
        self._outcome = "broken_off"

    def __enter__(self) -> Callable[[str, str], None]:
        self._began = time.perf_counter()
        return self._tell

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._began
        self._metrics.call(node_type=self._node_type, outcome=self._outcome, seconds=seconds)

    def _tell(self, outcome: str, _code: str) -> None:
        self._outcome = outcome


def observation(settings: Settings, secrets: Secrets, database: Database) -> Observation:
    """As the settings say: spans are made only where they are sent somewhere."""
    if settings.otlp_endpoint is None:
        return Observation(database)
    try:
        authorization = secrets.get(OTLP_AUTHORIZATION)
    except SecretMissing:
        authorization = None
    tracing = Tracing(settings.otlp_endpoint, ratio=settings.trace_ratio, authorization=authorization)
    return Observation(database, tracing)


def _method(scope: Scope) -> str:
    """Any word may stand there."""
    method: str = scope["method"]
    return method if method in METHODS else OTHER_METHOD


def _step_name(names: Mapping[str, str | int]) -> str:
    return f"step {names['procedure']}.{names['node']}"


def _attributes(names: Mapping[str, str | int]) -> dict[str, str | int]:
    return {f"opsdesk.{name}": value for name, value in names.items()}


def _told_apart(fact: str, payload: Mapping[str, object]) -> dict[str, str | int] | None:
    """What is told of a fact that no call has told: somebody is asked, somebody has answered, the run has ended."""
    if fact == "node_waiting" and payload.get("reason") == "person":
        return {"opsdesk.outcome": "waiting"}
    if fact == "node_ended" and payload.get("by"):
        return {"opsdesk.outcome": "answered", "opsdesk.answered_by": str(payload["by"])}
    if fact == "run_ended":
        return {"opsdesk.outcome": str(payload["outcome"])}
    return None
