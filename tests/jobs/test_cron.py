from datetime import UTC, datetime

import pytest

from opsdesk import jobs
from opsdesk.jobs.cron import next_due
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.jobs.conftest import Queue, Recorder, StartWorker

NOON = "0 12 * * *"


async def test_a_cron_fires_once_though_two_workers_run(
    queue: Queue, clock: ManualClock, start_worker: StartWorker
) -> None:
    noon, canary = Recorder(), Recorder()
    for _ in range(2):
        start_worker([jobs.JobKind("canary", canary)], [jobs.CronKind("noon", NOON, noon)])
    await queue.until_waiting("cron:noon")
    await queue.put(kind="canary", payload={}, run_at=clock.now())
    await canary.has_run()
    assert noon.payloads == []
    clock.advance(seconds=2 * 3600)
    await noon.has_run(1)
    await queue.until_waiting("cron:noon")
    clock.advance(seconds=24 * 3600)
    await noon.has_run(2)
    await queue.until_waiting("cron:noon")
    assert noon.payloads == [{"due_at": "2026-01-05T12:00:00+08:00"}, {"due_at": "2026-01-06T12:00:00+08:00"}]


async def test_what_was_missed_is_made_up_for_once(queue: Queue, clock: ManualClock, start_worker: StartWorker) -> None:
    noon = Recorder()
    worker, task = start_worker([], [jobs.CronKind("noon", NOON, noon)])
    await queue.until_waiting("cron:noon")
    await worker.stop()
    await task
    clock.advance(seconds=10 * 24 * 3600)
    start_worker([], [jobs.CronKind("noon", NOON, noon)])
    await noon.has_run(1)
    await queue.until_waiting("cron:noon")
    assert len(noon.payloads) == 1


async def test_a_failed_time_is_retried_beside_the_next(
    queue: Queue, clock: ManualClock, start_worker: StartWorker
) -> None:
    noon = Recorder(ValueError("bug"))
    start_worker([], [jobs.CronKind("noon", NOON, noon)])
    await queue.until_waiting("cron:noon")
    clock.advance(seconds=2 * 3600)
    await noon.has_run(1)
    await queue.until_waiting("cron:noon", 2)
    clock.advance(seconds=60)
    await noon.has_run(2)
    await queue.until_waiting("cron:noon")
    assert [payload["due_at"] for payload in noon.payloads] == ["2026-01-05T12:00:00+08:00"] * 2


async def test_the_log_of_the_queue_is_purged_at_night(
    queue: Queue, clock: ManualClock, start_worker: StartWorker
) -> None:
    mail = Recorder(jobs.Failed("no"))
    start_worker([jobs.JobKind("mail", mail)])
    await queue.put(kind="mail", payload={})
    await queue.put(kind="mail", payload={})
    await queue.until_held()
    await mail.has_run(2)
    await queue.until_waiting("cron:jobs:purge_log")
    await queue.execute("UPDATE pgqueuer_log SET created = created - interval '8 days'")
    clock.advance(seconds=24 * 3600)

    async def only_the_held_is_left() -> bool:
        old = "SELECT DISTINCT status::text FROM pgqueuer_log WHERE created < now() - interval '7 days' AND status = %s"
        return await queue.rows(old, "successful") == []

    await queue.until(only_the_held_is_left)
    [held] = await queue.held()
    assert held.cause == "no"


def test_times_are_those_of_shanghai_unless_stated() -> None:
    monday = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
    cron = jobs.CronKind("noon", NOON, Recorder())
    assert next_due(cron, after=monday) == datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
    assert next_due(cron, after=datetime(2026, 1, 5, 4, 0, tzinfo=UTC)) == datetime(2026, 1, 6, 4, 0, tzinfo=UTC)
    elsewhere = jobs.CronKind("noon", NOON, Recorder(), timezone="Europe/Berlin")
    assert next_due(elsewhere, after=monday) == datetime(2026, 1, 5, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize("expression", ["", "noon", "61 * * * *", "* * * *", "* * * * * *"])
def test_an_expression_that_is_none_is_refused(clock: ManualClock, expression: str) -> None:
    with pytest.raises(ValueError, match="not a cron expression"):
        jobs.JobWorker(Database(""), [], [jobs.CronKind("bad", expression, Recorder())], clock=clock)
