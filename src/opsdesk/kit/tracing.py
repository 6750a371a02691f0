"""Spans, sent by OTLP over HTTP to where a setting says."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

from opsdesk.kit import trace_context

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, SpanContext, SpanKind, Tracer

TRACES_PATH = "/v1/traces"
EXPORT_TIMEOUT_S = 5.0
EXPORT_EVERY_MS = 2000
SPANS_QUEUED_MAX = 8192
"""What cannot be sent in time beyond is dropped: the work never waits for whoever watches it."""
STOP_WAIT_S = 5.0

Attributes = Mapping[str, str | int]


class Tracing:
    """The spans of one process. What it needs of OpenTelemetry is loaded with the first of them."""

    def __init__(self, endpoint: str, *, ratio: float = 1.0, authorization: str | None = None) -> None:
        """`endpoint` is the receiver's base address; `ratio` of the traces, chosen by their ids, are sent."""
        self._endpoint = endpoint.rstrip("/").removesuffix(TRACES_PATH) + TRACES_PATH
        self._ratio = ratio
        self._headers = {} if authorization is None else {"Authorization": authorization}
        self._started = False

    @contextmanager
    def span(
        self,
        name: str,
        kind: "SpanKind",
        attributes: Attributes,
        *,
        parent: str | None = None,
        link: str | None = None,
    ) -> Iterator["Span"]:
        """A span for as long as the block lasts; calls made inside carry its context.

        `parent` and `link` are `traceparent`s. An exception is not recorded, since its text may hold anything.
        """
        from opentelemetry import trace
        from opentelemetry.context import Context

        context = trace.set_span_in_context(trace.NonRecordingSpan(_read(parent))) if parent else Context()
        links = [trace.Link(_read(link))] if link else None
        span = self._tracer.start_span(
            name, context, kind=kind, attributes=attributes, links=links, record_exception=False
        )
        with trace_context.carried(_written(span.get_span_context())):
            try:
                yield span
            finally:
                span.end()

    async def close(self) -> None:
        """Send what has not been sent, for STOP_WAIT_S at most."""
        if not self._started:
            return
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def shut_down() -> None:
            self._provider.shutdown()
            if not loop.is_closed():
                loop.call_soon_threadsafe(done.set)

        # Of its own and not of the loop's pool, which would be waited for however long the receiver takes.
        threading.Thread(target=shut_down, name="tracing-close", daemon=True).start()
        try:
            async with asyncio.timeout(STOP_WAIT_S):
                await done.wait()
        except TimeoutError:
            return

    @cached_property
    def _tracer(self) -> "Tracer":
        return self._provider.get_tracer("opsdesk", version("opsdesk"))

    @cached_property
    def _provider(self) -> "TracerProvider":
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

        self._started = True
        resource = Resource.create(
            {
                "service.name": "opsdesk",
                "service.version": version("opsdesk"),
                "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
            }
        )
        # Whoever calls decides nothing about how much is sent: the ratio does, by the trace's id.
        provider = TracerProvider(sampler=TraceIdRatioBased(self._ratio), resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(
            endpoint=self._endpoint, headers=self._headers, timeout=EXPORT_TIMEOUT_S, compression=Compression.Gzip
        )
        provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=SPANS_QUEUED_MAX, schedule_delay_millis=EXPORT_EVERY_MS)
        )
        return provider


def _read(parent: str) -> "SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags

    _, trace, span, flags = parent.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def _written(context: "SpanContext") -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
