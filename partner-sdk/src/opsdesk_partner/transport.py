"""One exchange over HTTP, and when to try it again."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError

ANSWER_BYTES_MAX = 4_000_000
CONNECT_S, READ_S = 5.0, 15.0
ATTEMPTS_MAX = 5
BACKOFF_S, BACKOFF_S_MAX = 0.5, 8.0
UNKNOWN_STATUSES = frozenset({408, 500, 502, 503, 504})
BUSY = 429


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer; `sent` tells whether the request may have arrived."""

    reason: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Retrying:
    """How often a request is repeated, and how long to wait in between."""

    attempts: int = ATTEMPTS_MAX
    backoff_s: float = BACKOFF_S
    backoff_s_max: float = BACKOFF_S_MAX

    def pause_s(self, attempt: int, *, retry_after: str | None = None) -> float:
        """Twice as long each time, a random part of it, so that many do not come back at the same moment."""
        longest = min(self.backoff_s * 2.0**attempt, self.backoff_s_max)
        if retry_after is not None and retry_after.isdigit():
            return min(float(retry_after), self.backoff_s_max)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  spreads requests, and keeps nothing secret


class Connections(Protocol):
    """What requests go through: a `urllib3.PoolManager`, or something in front of one."""

    def request(self, method: str, url: str, **values: Any) -> urllib3.BaseHTTPResponse: ...


def pool(*, ca_file: str | None = None, connect_s: float = CONNECT_S, read_s: float = READ_S) -> urllib3.PoolManager:
    """Connections that are kept, without redirects and retries of their own: those would not be signed anew."""
    timeout = urllib3.Timeout(connect=connect_s, read=read_s)
    return urllib3.PoolManager(timeout=timeout, retries=False, ca_certs=ca_file, maxsize=8)


def exchange(
    connections: Connections, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> Answered | Silent:
    """Send one request and read the whole answer."""
    try:
        response = connections.request(
            method, url, headers=dict(headers), body=body or None, redirect=False, preload_content=False
        )
        content = response.read(ANSWER_BYTES_MAX + 1)
        if len(content) > ANSWER_BYTES_MAX:
            response.close()
        response.release_conn()
    except (NewConnectionError, NameResolutionError, ConnectTimeoutError) as error:
        return Silent(type(error).__name__, sent=False)
    except (HTTPError, OSError) as error:
        return Silent(type(error).__name__, sent=True)
    if len(content) > ANSWER_BYTES_MAX:
        return Silent("the answer is too long", sent=True)
    return Answered(response.status, {name.lower(): value for name, value in response.headers.items()}, content)


def close(connections: Connections) -> None:
    """Close every connection of a pool now; its `clear` leaves that to whoever collects what is not used any more."""
    if not isinstance(connections, urllib3.PoolManager):
        return
    for key in connections.pools.keys():  # noqa: SIM118  it is no dict, and cannot be iterated over
        held = connections.pools.get(key)
        if held is not None:
            held.close()
    connections.clear()
