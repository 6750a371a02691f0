"""The job that fetches the pictures of a ticket."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from yarl import URL

from opsdesk import jobs
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database
from opsdesk.kit.log import get_logger
from opsdesk.review.pictures import keeping
from opsdesk.review.pictures.fetching import Fetcher, NotFetched
from opsdesk.review.pictures.model import Picture, PictureState, WhyNot, picture_url
from opsdesk.review.pictures.reading import list_pictures
from opsdesk.review.tickets import show_ticket

ATTEMPTS_MAX = 5
BACKOFF = jobs.Backoff(first_s=2.0, factor=4.0)
"""2, 8, 32 and 128 seconds: whoever waits for a ticket waits three minutes for a host that is out."""
TICKETS_AT_ONCE_MAX = 8
"""Over all workers."""
FETCHES_AT_ONCE_MAX = 16
"""Of one worker."""
READ_AT_ONCE_MAX = 1
"""Of one worker: reading takes memory, and the processor."""

_log = get_logger(__name__)


def picture_job(fetcher: Fetcher, clock: Clock) -> jobs.JobKind:
    """The kind of job; one job for a ticket, which comes again until all its pictures are settled."""
    keeper = _Keeper(fetcher, clock, asyncio.Semaphore(FETCHES_AT_ONCE_MAX), asyncio.Semaphore(READ_AT_ONCE_MAX))
    return jobs.JobKind(keeping.JOB, keeper.run, concurrency=TICKETS_AT_ONCE_MAX)


@dataclass(frozen=True, slots=True)
class _Keeper:
    fetcher: Fetcher
    clock: Clock
    fetching: asyncio.Semaphore
    reading: asyncio.Semaphore

    async def run(self, database: Database, payload: Mapping[str, Any]) -> jobs.JobOutcome:
        ticket_id = UUID(payload["ticket_id"])
        async with database.transaction() as conn:
            ticket = await show_ticket(conn, ticket_id=ticket_id)
            pictures = await list_pictures(conn, ticket_id=ticket_id)
        waiting = [each for each in pictures if each.state is PictureState.WAITING]
        urls = {each.key_id: picture_url(ticket.shown["values"].get(each.key_id)) for each in waiting}
        left = await asyncio.gather(*(self._settle(database, each, urls[each.key_id]) for each in waiting))
        again = [attempt for attempt in left if attempt is not None]
        return jobs.Again(BACKOFF.delay_s(min(again))) if again else jobs.Done()

    async def _settle(self, database: Database, picture: Picture, url: URL | None) -> int | None:
        """One attempt; its number where another one has to follow, else None."""
        at: dict[str, Any] = {"ticket_id": picture.ticket_id, "key_id": picture.key_id}
        async with database.transaction() as conn:
            attempt = await keeping.begin_attempt(conn, **at)
        if attempt is None:
            return None
        if attempt > ATTEMPTS_MAX:
            await self._give_up(database, at, picture.reason or WhyNot.INTERRUPTED)
            return None
        if url is None:  # the data was amended, and this is no address any more
            await self._give_up(database, at, WhyNot.NOT_A_PICTURE)
            return None
        async with self.fetching:
            came = await self.fetcher.fetch(url)
        if isinstance(came, NotFetched):
            if not came.again or attempt == ATTEMPTS_MAX:
                await self._give_up(database, at, came.reason)
                return None
            async with database.transaction() as conn:
                await keeping.note_reason(conn, **at, reason=came.reason)
            return attempt
        await self._keep(database, at, came.data)
        return None

    async def _keep(self, database: Database, at: Mapping[str, Any], came: bytes) -> None:
        from opsdesk.review.pictures.images import clean  # only the worker that reads pictures loads what reads them

        async with self.reading:
            cleaned = await asyncio.to_thread(clean, came)
        if isinstance(cleaned, WhyNot):
            await self._give_up(database, at, cleaned)
            return
        source_sha256 = hashlib.sha256(came).hexdigest()
        async with database.transaction() as conn:
            await keeping.keep_picture(conn, **at, source_sha256=source_sha256, cleaned=cleaned, now=self.clock.now())

    async def _give_up(self, database: Database, at: Mapping[str, Any], reason: WhyNot) -> None:
        async with database.transaction() as conn:
            await keeping.give_up_picture(conn, **at, reason=reason, now=self.clock.now())
        _log.warning("picture_given_up", ticket_id=str(at["ticket_id"]), reason=reason.value)
