"""A worker that is frozen for longer than its lease, in the middle of a commit, and comes back."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.stories.installation import installation
from tests.stories.test_kills import REFERENCE, everything_happened_once, held_at, someone_waits


@pytest.mark.req("FLO-315")
@pytest.mark.parametrize("seq", [2, 4, 6])
async def test_a_frozen_worker_that_comes_back_spoils_nothing_and_goes_on_to_work(
    tmp_path: Path, database_url: str, seq: int
) -> None:
    async with installation(tmp_path, database_url, works=False) as story:
        procedure = await story.add(REFERENCE.read_text())
        async with held_at(database_url, seq) as conn:
            frozen = await story.work()
            run_id = await story.start(procedure, "Customer Clear")
            confirming = asyncio.create_task(story.confirm(run_id))
            await someone_waits(conn)
            story.freeze(frozen)
            await conn.execute(b"delete from kill_point")
            other = await story.work()
            await confirming
            assert (await story.ended(run_id)).status == "completed"
        frozen.send_signal(signal.SIGCONT)
        await story.kill(other)
        later = await story.start(procedure, "Customer Clear")
        await story.confirm(later)
        for each in (run_id, later):
            assert (await story.ended(each)).status == "completed"
            await everything_happened_once(story, each)
