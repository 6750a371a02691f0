"""The way to an MCP server over HTTP: the SDK's requests go out through our own client, and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import aiohttp
import httpx2
from yarl import URL

from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.json_object import ANSWER_BYTES_MAX
from opsdesk.kit.http_client import HttpClient

_NOT_PASSED_ON = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})


class OurTransport(httpx2.AsyncBaseTransport):
    """With TLS verified, public addresses only and no redirects followed, as for `api` nodes.

    All answers of one conversation together are at most ANSWER_BYTES_MAX.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self.read_bytes = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_PASSED_ON}
        headers["Accept-Encoding"] = "identity"
        body = await request.aread()
        sending = self._http.request(request.method, URL(str(request.url), encoded=True), headers=headers, body=body)
        response = await sending.__aenter__()
        answered = [(name, value) for name, value in response.headers.items() if name.lower() not in _NOT_PASSED_ON]
        return httpx2.Response(response.status, headers=answered, stream=_Stream(self, sending, response))


class _Stream(httpx2.AsyncByteStream):
    def __init__(
        self,
        transport: OurTransport,
        sending: AbstractAsyncContextManager[aiohttp.ClientResponse],
        response: aiohttp.ClientResponse,
    ) -> None:
        self._transport = transport
        self._sending = sending
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self._response.content.readany():
            self._transport.read_bytes += len(piece)
            if self._transport.read_bytes > ANSWER_BYTES_MAX:
                self._response.close()
                message = f"the answers of the server are larger than {ANSWER_BYTES_MAX} bytes"
                raise NodeFailure(Failure.ANSWER_TOO_LARGE, message)
            yield piece

    async def aclose(self) -> None:
        self._response.close()
        await self._sending.__aexit__(None, None, None)
