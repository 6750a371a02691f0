"""HTTP between the systems of the bank, and from them to Opsdesk."""

import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from opsdesk.sandbox.mail import LOOPBACK

ANSWER_BYTES_MAX = 4_000_000


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer: its status, and its body if that is a JSON object."""

    status: int
    body: Mapping[str, Any] | None


class Wire:
    """Reaches the systems of the sandbox by their names, and everybody else as addresses say."""

    def __init__(self, *, ca_file: Path, https_port: int, patience_s: float) -> None:
        self._ca_file = ca_file
        self._https_port = https_port
        self._patience_s = patience_s

    async def __aenter__(self) -> "Wire":
        timeout = aiohttp.ClientTimeout(total=self._patience_s)
        trust = ssl.create_default_context(cafile=self._ca_file)
        connector = aiohttp.TCPConnector(resolver=_Loopback(), ssl=trust)
        self._inside = aiohttp.ClientSession(connector=connector, timeout=timeout)
        self._outside = aiohttp.ClientSession(timeout=timeout)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._inside.close()
        await self._outside.close()

    async def post_inside(self, host: str, path: str, body: bytes, headers: Mapping[str, str]) -> Heard | None:
        """POST JSON to a system of the bank; None: there was no answer."""
        url = f"https://{host}:{self._https_port}{path}"
        return await _exchange(self._inside, "POST", url, body, headers)

    async def ask(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Heard | None:
        """Ask somebody who is not of the sandbox; None: there was no answer."""
        return await _exchange(self._outside, method, url, body, headers)


async def _exchange(
    session: aiohttp.ClientSession, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
) -> Heard | None:
    sent = {**headers, "Content-Type": "application/json"} if body is not None else dict(headers)
    try:
        async with session.request(method, url, data=body, headers=sent, allow_redirects=False) as response:
            return Heard(response.status, _object(await response.content.read(ANSWER_BYTES_MAX)))
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None


def _object(content: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


class _Loopback(AbstractResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=LOOPBACK, port=port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        pass
