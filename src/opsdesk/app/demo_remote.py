"""The demo's side of HTTP: it asks Opsdesk and the sandbox as any other system would."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import aiohttp

from opsdesk.app.demo_waiting import DemoFailed

REQUEST_TIMEOUT_S = 60.0


class Remote:
    """An address, and the API key that is shown to it."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, *, key: str | None = None) -> None:
        self._session = session
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def get(self, path: str, **query: str) -> Any:
        return await self._json("GET", path, query=query)

    async def post(self, path: str, body: object) -> Any:
        """Each call has a key of its own, so that a request which is repeated on the way counts once."""
        return await self._json("POST", path, json=body, headers={"Idempotency-Key": uuid4().hex})

    async def post_text(self, path: str, text: str, *, content_type: str, **query: str) -> Any:
        return await self._json("POST", path, query=query, data=text.encode(), headers={"Content-Type": content_type})

    async def get_text(self, path: str) -> str:
        return (await self._ask("GET", path)).decode()

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        return json.loads(await self._ask(method, path, **options))

    async def _ask(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, headers: Any = None, **body: Any
    ) -> bytes:
        """Raises DemoFailed for an answer that is none, with what it said."""
        url = f"{self._base_url}{path}"
        try:
            async with self._session.request(
                method,
                url,
                params=query or {},
                headers={**self._headers, **(headers or {})},
                timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
                **body,
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DemoFailed(f"{method} {url}: {type(error).__name__}") from error
        if response.status >= 400:
            raise DemoFailed(f"{method} {url} was answered with {response.status}: {content.decode(errors='replace')}")
        return content
