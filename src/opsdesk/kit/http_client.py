"""The one way out: HTTP to partners, with TLS verified, no cookies, no proxies from the environment, no redirects.

Only to public addresses and those that the settings allow: see `http_destinations.py`.
"""

import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from opsdesk.kit import trace_context
from opsdesk.kit.errors import Unavailable
from opsdesk.kit.http_addresses import Addresses, addresses
from opsdesk.kit.http_destinations import Destinations

KEEPALIVE_S = 30.0
DNS_TTL_S = 10
HEADER_BYTES_MAX = 16_384
READ_BYTES = 65_536

_ENCODINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
ACCEPT_ENCODING = "gzip, deflate"


@dataclass(eq=False)
class BodyTooLarge(Unavailable):
    """The answer is larger than what is read of one."""

    bytes_max: int


@dataclass(eq=False)
class BodyUndecodable(Unavailable):
    """The answer is not in the encoding that it claims, or in one that was not asked for."""


class HttpClient:
    """One connection pool for one event loop; made at the first call, ended by `close`.

    `connect_to` is the setting of that name: connections to a listed host go to the given address, while the name in
    the certificate and in the Host header stays. `allow_networks` is the setting of that name; what `connect_to` says
    is allowed as it is.

    Raises ConnectToUnreadable, AllowNetworksUnreadable, and OSError or ssl.SSLError for a `ca_file` that is not there
    or holds no certificate.
    """

    def __init__(self, *, ca_file: Path | None = None, connect_to: str = "", allow_networks: str = "") -> None:
        self._tls = ssl.create_default_context()
        if ca_file is not None:
            self._tls.load_verify_locations(cafile=ca_file)
        self._addresses = addresses(connect_to)
        self._destinations = Destinations(allow_networks)
        self._session: aiohttp.ClientSession | None = None

    def request(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_s: float | None = None,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Send one request, and read the body with `read_body`.

        `timeout_s` is the time from now to the last byte of the body, after which TimeoutError is raised; None: the
        caller sets the limit. One of more than 5 s is kept to the second.

        A request without effects (GET, PUT, DELETE and their kind) whose connection the partner had just closed is sent
        again once; a POST is not, and raises aiohttp.ServerDisconnectedError.

        Raises DestinationRefused, now or when it connects.
        """
        self._destinations.check_host(url.raw_host or "")
        if (parent := trace_context.traceparent()) is not None:
            headers = {**headers, "traceparent": parent}
        session = self._session
        if session is None:
            session = self._session = self._open()
        return session.request(
            method, url, headers=headers, data=body, allow_redirects=False, timeout=_time_limit(timeout_s)
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=0,
            keepalive_timeout=KEEPALIVE_S,
            ttl_dns_cache=DNS_TTL_S,
            ssl=self._tls,
            resolver=_Resolver(self._addresses, self._destinations),
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
        )


@lru_cache(maxsize=256)
def _time_limit(timeout_s: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=timeout_s)


@asynccontextmanager
async def http_client(
    *, ca_file: Path | None = None, connect_to: str = "", allow_networks: str = ""
) -> AsyncIterator[HttpClient]:
    """A client that is closed when the block ends."""
    client = HttpClient(ca_file=ca_file, connect_to=connect_to, allow_networks=allow_networks)
    try:
        yield client
    finally:
        await client.close()


async def read_body(response: aiohttp.ClientResponse, *, bytes_max: int) -> bytes:
    """The decoded body, read as it comes and given up as soon as it is larger than `bytes_max`.

    Raises BodyTooLarge, BodyUndecodable, and what aiohttp raises for a connection that breaks.
    """
    headers = response.headers
    length = headers.get("Content-Length", "")
    is_known = length.isdecimal()
    if is_known and int(length) > bytes_max:
        response.close()
        raise BodyTooLarge(bytes_max)
    encoding = headers.get("Content-Encoding")
    try:
        if encoding is None or (encoding := encoding.strip().lower()) == "identity":
            # No more than the header says is ever read.
            return await (response.read() if is_known else _read_plain(response, bytes_max))
        return await _read_compressed(response, bytes_max, encoding)
    except (BodyTooLarge, BodyUndecodable):
        response.close()
        raise


async def _read_plain(response: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    body = await response.content.readany()
    while piece := await response.content.readany():
        body += piece
        if len(body) > bytes_max:
            break
    if len(body) > bytes_max:
        raise BodyTooLarge(bytes_max)
    return body


async def _read_compressed(response: aiohttp.ClientResponse, bytes_max: int, encoding: str) -> bytes:
    if encoding not in _ENCODINGS:
        raise BodyUndecodable
    decoder = zlib.decompressobj(_ENCODINGS[encoding])
    body = bytearray()
    try:
        while piece := await response.content.readany():
            body += decoder.decompress(piece, bytes_max + 1 - len(body))
            if len(body) > bytes_max:
                raise BodyTooLarge(bytes_max)
    except zlib.error:
        raise BodyUndecodable from None
    if not decoder.eof or decoder.unused_data:
        raise BodyUndecodable
    return bytes(body)


class _Resolver(AbstractResolver):
    """Asks the operating system, except for the hosts that the setting sends elsewhere."""

    def __init__(self, elsewhere: Addresses, destinations: Destinations) -> None:
        self._elsewhere = elsewhere
        self._destinations = destinations
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        target = self._elsewhere.get((host, port)) or self._elsewhere.get((host, None))
        if target is not None:
            return await self._system.resolve(target[0], target[1], family)
        found = await self._system.resolve(host, port, family)
        for each in found:
            # Also where only one of several is inside: it would be tried when the others do not answer.
            self._destinations.check(each["host"])
        return found

    async def close(self) -> None:
        await self._system.close()
