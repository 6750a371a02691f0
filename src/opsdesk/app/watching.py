"""Follows a run: looks again and again, and shows what it sees, until there is nothing more to wait for."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Protocol
from uuid import UUID

from opsdesk.access import Actor
from opsdesk.app.live_lines import PlainLines
from opsdesk.app.run_sight import Seen, see
from opsdesk.app.wiring import Opsdesk

LOOK_S = 0.1
"""How long to wait before looking again."""


class Display(Protocol):
    """Where a run is shown while it is followed."""

    def show(self, seen: Seen, now: datetime) -> None: ...

    def close(self) -> None: ...


class Nothing:
    """Shows nothing: for machines, which want the end only."""

    def show(self, seen: Seen, now: datetime) -> None:
        """Leave it."""

    def close(self) -> None:
        """There is nothing to close."""


def display(*, plain: bool, as_json: bool) -> Display:
    """A live picture on a terminal, lines where stdout is none or `plain` is asked for, and nothing beside JSON."""
    if as_json:
        return Nothing()
    from opsdesk.app.live_view import LiveView, terminal

    console = terminal()
    return PlainLines() if plain or not console.is_terminal else LiveView(console)


async def follow(opsdesk: Opsdesk, run_id: UUID, *, on: Display, reader: Actor, until: Callable[[Seen], bool]) -> Seen:
    """Show the run to its reader until the condition holds; returns how it was then. Raises RunNotFound."""
    seen: Seen | None = None
    with closing(on):
        while True:
            async with opsdesk.database.connection() as conn:
                seen = await see(conn, run_id, reader=reader, before=seen)
            on.show(seen, opsdesk.clock.now())
            if until(seen):
                return seen
            await asyncio.sleep(LOOK_S)
