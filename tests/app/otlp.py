"""A receiver of spans as collectors are: OTLP over HTTP, on this machine."""

import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.app.serving import partner


@dataclass
class Receiver:
    spans: list[Span] = field(default_factory=list)
    resources: list[Mapping[str, str]] = field(default_factory=list)
    requests: list[Mapping[str, str]] = field(default_factory=list)
    """The headers of each."""
    raw: list[bytes] = field(default_factory=list)
    url: str = ""
    refuses: bool = False

    async def take(self, request: web.Request) -> web.Response:
        assert (request.path, request.content_type) == ("/v1/traces", "application/x-protobuf")
        self.requests.append(dict(request.headers))
        if self.refuses:
            return web.Response(status=400)
        body = await request.read()
        # The library unpacks what the header says is packed.
        self.raw.append(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        export = ExportTraceServiceRequest.FromString(self.raw[-1])
        for resource in export.resource_spans:
            self.resources.append({each.key: each.value.string_value for each in resource.resource.attributes})
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


def attributes(span: Span) -> Mapping[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value") for each in span.attributes}


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with partner(receiver.take) as url:
        receiver.url = url
        yield receiver
