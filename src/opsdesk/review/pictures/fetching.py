"""A picture is fetched: from a listed host, at a public address, within limits of time and size."""

import asyncio
import ssl
from dataclasses import dataclass

import aiohttp
from yarl import URL

from opsdesk.kit.http_client import BodyTooLarge, BodyUndecodable, HttpClient, read_body
from opsdesk.kit.http_destinations import DestinationRefused
from opsdesk.review.pictures.hosts import PictureHosts
from opsdesk.review.pictures.model import PICTURE_BYTES_MAX, WhyNot

FETCH_TIMEOUT_S = 10.0
"""From asking to the last byte, redirects included."""
REDIRECTS_MAX = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_LATER = frozenset({408, 425, 429})
_HEADERS = {
    "Accept": "image/jpeg, image/png, image/webp, image/gif",
    "Accept-Encoding": "identity",
    "User-Agent": "Opsdesk",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came, whatever it is."""

    data: bytes


@dataclass(frozen=True, slots=True)
class NotFetched:
    """Nothing came that is of use; `again`: it may be otherwise a little later."""

    reason: WhyNot
    again: bool = False


class Fetcher:
    """The way to pictures. The HTTP client judges the addresses that names lead to, as it connects to them."""

    def __init__(self, http: HttpClient, hosts: PictureHosts, *, timeout_s: float = FETCH_TIMEOUT_S) -> None:
        self._http = http
        self._hosts = hosts
        self._timeout_s = timeout_s

    async def fetch(self, url: URL) -> Fetched | NotFetched:
        """Ask for what is at the address; each address that a host sends on to is judged like the first."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._follow(url)
        except TimeoutError:
            return NotFetched(WhyNot.SLOW, again=True)
        except DestinationRefused:
            return NotFetched(WhyNot.ADDRESS_INSIDE)
        except BodyTooLarge:
            return NotFetched(WhyNot.TOO_LARGE)
        except BodyUndecodable:
            return NotFetched(WhyNot.UNREADABLE)
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return NotFetched(WhyNot.UNTRUSTED, again=True)
        except aiohttp.ClientConnectorError:
            return NotFetched(WhyNot.UNREACHABLE, again=True)
        except (aiohttp.ClientError, OSError):
            return NotFetched(WhyNot.FAILING, again=True)

    async def _follow(self, url: URL) -> Fetched | NotFetched:
        for _ in range(1 + REDIRECTS_MAX):
            if problem := self._hosts.problem(url):
                return NotFetched(problem)
            answer = await self._ask(url)
            if not isinstance(answer, URL):
                return answer
            url = answer
        return NotFetched(WhyNot.TOO_MANY_REDIRECTS)

    async def _ask(self, url: URL) -> Fetched | NotFetched | URL:
        async with self._http.request("GET", url.with_fragment(None), headers=_HEADERS) as response:
            if response.status == 200:
                return Fetched(await read_body(response, bytes_max=PICTURE_BYTES_MAX))
            response.close()  # of what else it says nothing is read
            if response.status in _REDIRECTS:
                return _target(url, response.headers.get("Location", ""))
            if response.status in _GONE:
                return NotFetched(WhyNot.GONE)
            if response.status >= 500 or response.status in _LATER:
                return NotFetched(WhyNot.FAILING, again=True)
            return NotFetched(WhyNot.REFUSED)


def _target(url: URL, location: str) -> URL | NotFetched:
    try:
        target = url.join(URL(location))
        return target if target.raw_host and target.port else NotFetched(WhyNot.REFUSED)
    except ValueError:
        return NotFetched(WhyNot.REFUSED)
