"""Telling the asker that a customer has confirmed: a few attempts, once successful."""

import asyncio
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from opsdesk.sandbox.verification import Verification, Verifications

ATTEMPT_DELAYS_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Waits before each attempt. Long enough for the asker to be restarted in between."""
ATTEMPT_TIMEOUT_S = 10.0
RETRIED_4XX = frozenset({408, 425, 429})


class Callbacks:
    """One task for each verification that is owed an answer."""

    def __init__(self, *, verifications: Verifications, ca_file: Path) -> None:
        self._verifications = verifications
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._trust = ssl.create_default_context()
        self._trust.load_verify_locations(cafile=ca_file)

    async def __aenter__(self) -> "Callbacks":
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ATTEMPT_TIMEOUT_S))
        for verification in self._verifications.owed():
            self.begin(verification)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._session.close()

    def begin(self, verification: Verification) -> None:
        """Call back in the background, unless that is under way already or has been done."""
        key = (verification.customer_id, verification.email)
        if key in self._tasks or verification.called_back_at is not None or verification.callback_url is None:
            return
        task = asyncio.create_task(self._call_back(verification), name="callback")
        self._tasks[key] = task
        task.add_done_callback(lambda _task: self._tasks.pop(key, None))

    async def _call_back(self, verification: Verification) -> None:
        for delay_s in ATTEMPT_DELAYS_S:
            await asyncio.sleep(delay_s)
            url = self._url(verification)
            if url is None:
                return
            status = await self._attempt(url)
            if status is not None and 200 <= status < 300:
                self._verifications.called_back(verification)
                return
            refused = status is not None and status < 500 and status not in RETRIED_4XX
            if refused and self._url(verification) == url:
                return

    def _url(self, verification: Verification) -> str | None:
        """The latest address: the asker may have given another one while an attempt was under way."""
        latest = self._verifications.one(customer_id=verification.customer_id, email=verification.email)
        return None if latest is None else latest.callback_url

    async def _attempt(self, url: str) -> int | None:
        """The status of the answer; None if there was none."""
        try:
            async with self._session.post(
                url, json={"email_verified": True}, allow_redirects=False, ssl=self._trust
            ) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None


def is_callback_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
