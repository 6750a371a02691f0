"""The alarm about runs that nothing will wake."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from opsdesk import jobs
from opsdesk.app.stalls import stall_check
from opsdesk.benefits.settlement.months import Calendar
from opsdesk.kit.clock import ManualClock
from tests.app.documents import greet
from tests.app.serving import Api, serving, until


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


async def started(api: Api) -> str:
    key = await api.key()
    await api.store(greet(), key=key)
    return await api.start("greet", key=key, email="li@example.com")


async def waiting(api: Api) -> int:
    async with api.installation.database.connection() as conn:
        return (await jobs.queue_state(conn)).waiting


async def test_a_run_that_is_about_to_be_executed_is_no_alarm(api: Api, clock: ManualClock) -> None:
    await started(api)
    with capture_logs() as lines:
        assert await stall_check(clock, Calendar())(api.installation.database, {}) == jobs.Done()
    assert lines == []


@pytest.mark.req("FLO-314")
async def test_a_stalled_run_is_told_with_its_reason(api: Api, clock: ManualClock) -> None:
    run = await started(api)
    clock.advance(seconds=61)
    with capture_logs() as lines:
        await stall_check(clock, Calendar())(api.installation.database, {})
    (line,) = lines
    assert (line["event"], line["log_level"], line["run_id"]) == ("run_stalled", "error", run)
    assert line["reason"] == "wake-up overdue"


async def test_one_stall_waits_to_be_told_once_only(api: Api, clock: ManualClock) -> None:
    await started(api)
    clock.advance(seconds=61)
    for _ in range(3):
        await stall_check(clock, Calendar())(api.installation.database, {})
    assert await waiting(api) == 1


@pytest.mark.req("FLO-314")
async def test_the_check_runs_every_minute_in_the_worker(api: Api, clock: ManualClock) -> None:
    run = await started(api)
    clock.advance(seconds=61)
    worker = api.installation.job_worker()
    with capture_logs() as lines:
        running = asyncio.create_task(worker.run())
        try:
            await until(lambda: waiting(api))
            clock.advance(seconds=61)

            async def told() -> object:
                return next((line for line in lines if line["event"] == "RunStalled"), None)

            event = await until(told)
        finally:
            await worker.stop()
            await running
    assert event["run_id"] == run
