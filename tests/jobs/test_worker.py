import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from opsdesk import jobs
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database, DatabaseUnavailable
from tests.jobs.conftest import Blocking, Queue, Recorder, StartWorker

PATIENT = jobs.Backoff(first_s=10, factor=3, longest_s=60)
AT_ONCE = jobs.Backoff(first_s=0)

DYING_WORKER = """
import asyncio, sys
from opsdesk import jobs
from opsdesk.kit.clock import SystemClock
from opsdesk.kit.db import Database

async def hang(database, payload):
    print("begun", flush=True)
    await asyncio.Event().wait()

async def main():
    database = Database(sys.argv[1])
    await database.open()
    await jobs.JobWorker(database, [jobs.JobKind("mail", hang)], clock=SystemClock(), heartbeat_timeout_s=1).run()

asyncio.run(main())
"""

CHANGED = (
    '{"channel": "ch_pgqueuer", "operation": "update", "sent_at": "2026-01-05T00:00:00Z", "table": "pgqueuer", '
    '"type": "table_changed_event"}'
)


async def test_a_timer_fires_when_it_is_due_and_not_before(
    queue: Queue, clock: ManualClock, start_worker: StartWorker
) -> None:
    mail, canary = Recorder(), Recorder()
    start_worker([jobs.JobKind("mail", mail), jobs.JobKind("canary", canary)])
    await queue.put(kind="mail", payload={}, run_at=clock.now() + timedelta(hours=1))
    await queue.put(kind="canary", payload={}, run_at=clock.now() + timedelta(seconds=3599))
    clock.advance(seconds=3599)
    await canary.has_run()
    await queue.until_empty("canary")
    assert mail.payloads == []
    clock.advance(seconds=1)
    await mail.has_run()


async def test_a_job_that_was_put_back_runs_again_later(
    queue: Queue, clock: ManualClock, start_worker: StartWorker
) -> None:
    mail = Recorder(jobs.Again(60), jobs.Again(60))
    start_worker([jobs.JobKind("mail", mail, attempts_max=1)])
    await queue.put(kind="mail", payload={"number": 1}, key="k")
    await mail.has_run(1)
    await queue.until_waiting("mail")
    clock.advance(seconds=60)
    await mail.has_run(2)
    await queue.until_waiting("mail")
    clock.advance(seconds=60)
    await mail.has_run(3)
    await queue.until_empty("mail")
    assert mail.payloads == [{"number": 1}] * 3


async def test_a_job_put_back_and_one_with_its_key_become_one(queue: Queue, start_worker: StartWorker) -> None:
    runs = 0

    async def look_again(_database: Database, _payload: Mapping[str, Any]) -> jobs.JobOutcome:
        nonlocal runs
        runs += 1
        if runs == 1:
            await queue.put(kind="mail", payload={}, key="k")
            return jobs.Again(0)
        return jobs.Done()

    await queue.put(kind="mail", payload={}, key="k")
    start_worker([jobs.JobKind("mail", look_again, concurrency=1)])
    await queue.until_empty("mail")
    assert runs == 2


async def test_a_bug_is_retried_with_backoff_and_then_held_with_its_cause(
    queue: Queue, clock: ManualClock, start_worker: StartWorker
) -> None:
    mail = Recorder(*[ValueError("no alice@example.com")] * 3)
    with capture_logs() as lines:
        start_worker([jobs.JobKind("mail", mail, attempts_max=3, backoff=PATIENT)])
        job_id = await queue.put(kind="mail", payload={"number": 1})
        await mail.has_run(1)
        await queue.until_waiting("mail")
        clock.advance(seconds=10)
        await mail.has_run(2)
        await queue.until_waiting("mail")
        clock.advance(seconds=30)
        await mail.has_run(3)
        held = await queue.until_held()
    assert (held.id, held.kind, held.payload, held.attempts) == (job_id, "mail", {"number": 1}, 3)
    assert held.cause == "ValueError"
    bugs = [line for line in lines if line["event"] == "a job failed by a bug"]
    assert [line["attempt"] for line in bugs] == [1, 2, 3]
    assert all(isinstance(line["exc_info"], ValueError) for line in bugs)
    stored = await queue.rows("SELECT count(*) FROM pgqueuer_log WHERE traceback::text LIKE '%%alice@%%'")
    assert stored == [(0,)]


async def test_a_retry_does_not_come_before_its_backoff(
    queue: Queue, clock: ManualClock, start_worker: StartWorker
) -> None:
    mail, canary = Recorder(ValueError("once")), Recorder()
    start_worker([jobs.JobKind("mail", mail, backoff=PATIENT), jobs.JobKind("canary", canary)])
    await queue.put(kind="mail", payload={})
    await mail.has_run(1)
    await queue.until_waiting("mail")
    await queue.put(kind="canary", payload={}, run_at=clock.now() + timedelta(seconds=9))
    clock.advance(seconds=9)
    await canary.has_run()
    assert len(mail.payloads) == 1
    clock.advance(seconds=1)
    await mail.has_run(2)


async def test_a_failed_job_is_held_at_once_and_can_be_revived(queue: Queue, start_worker: StartWorker) -> None:
    mail = Recorder(jobs.Failed("the address 13800138000 is none"))
    start_worker([jobs.JobKind("mail", mail)])
    await queue.put(kind="mail", payload={}, key="k")
    held = await queue.until_held()
    assert held.cause == "the address *********00 is none"
    await queue.revive(held.id)
    await mail.has_run(2)
    await queue.until_empty("mail")


async def test_the_database_being_away_does_not_count_as_an_attempt(queue: Queue, start_worker: StartWorker) -> None:
    mail = Recorder(DatabaseUnavailable(), DatabaseUnavailable())
    start_worker([jobs.JobKind("mail", mail, attempts_max=1, backoff=AT_ONCE)])
    await queue.put(kind="mail", payload={})
    await mail.has_run(3)
    await queue.until_empty("mail")


async def test_no_more_run_at_once_than_a_kind_allows(queue: Queue, start_worker: StartWorker) -> None:
    now, most = 0, 0
    all_ran = asyncio.Semaphore(0)

    async def count(_database: Database, _payload: Mapping[str, Any]) -> jobs.JobOutcome:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await queue.state()
        now -= 1
        all_ran.release()
        return jobs.Done()

    for _ in range(8):
        await queue.put(kind="mail", payload={})
    for _ in range(2):
        start_worker([jobs.JobKind("mail", count, concurrency=2)])
    async with asyncio.timeout(30):
        for _ in range(8):
            await all_ran.acquire()
    assert most == 2


async def test_two_workers_share_the_jobs_without_running_one_twice(queue: Queue, start_worker: StartWorker) -> None:
    mail = Recorder()
    for number in range(50):
        await queue.put(kind="mail", payload={"number": number})
    for _ in range(2):
        start_worker([jobs.JobKind("mail", mail)])
    await mail.has_run(50)
    await queue.until_empty("mail")
    assert sorted(payload["number"] for payload in mail.payloads) == list(range(50))


async def test_the_job_of_a_killed_worker_is_finished_by_another(
    queue: Queue, start_worker: StartWorker, tmp_path: Path
) -> None:
    script = tmp_path / "dying_worker.py"
    script.write_text(DYING_WORKER)
    await queue.put(kind="mail", payload={"number": 1})
    worker = await asyncio.create_subprocess_exec(sys.executable, script, queue.db.url, stdout=subprocess.PIPE)
    assert worker.stdout is not None
    async with asyncio.timeout(30):
        assert await worker.stdout.readline() == b"begun\n"
    os.kill(worker.pid, signal.SIGKILL)
    await worker.wait()
    assert (await queue.state()).running == 1
    mail = Recorder()
    start_worker([jobs.JobKind("mail", mail)], heartbeat_timeout_s=1)
    await mail.has_run()
    await queue.until_empty("mail")
    assert mail.payloads == [{"number": 1}]


async def test_a_job_whose_workers_all_died_is_held(queue: Queue, start_worker: StartWorker) -> None:
    await queue.put(kind="mail", payload={})
    await queue.execute(
        "UPDATE pgqueuer SET status = 'picked', attempts = 3, heartbeat = now() - interval '1 h', "
        "queue_manager_id = gen_random_uuid()"
    )
    mail = Recorder()
    start_worker([jobs.JobKind("mail", mail, attempts_max=3)])
    held = await queue.until_held()
    assert held.cause == "every worker that ran it ended before it did"
    assert mail.payloads == []


async def test_a_stopping_worker_finishes_what_runs(queue: Queue, start_worker: StartWorker) -> None:
    mail = Blocking()
    worker, task = start_worker([jobs.JobKind("mail", mail)])
    await queue.put(kind="mail", payload={})
    await mail.has_begun()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    assert not task.done()
    mail.may_end.set()
    await stopping
    await task
    assert mail.ended == 1
    assert await queue.rows("SELECT 1 FROM pgqueuer WHERE entrypoint = 'mail'") == []


@pytest.mark.parametrize("way", ["stop", "cancel"])
async def test_what_does_not_finish_in_time_is_given_back_whole(
    queue: Queue, start_worker: StartWorker, way: str
) -> None:
    hanging = Blocking()
    worker, task = start_worker([jobs.JobKind("mail", hanging, attempts_max=1)])
    await queue.put(kind="mail", payload={"number": 1}, key="k")
    await hanging.has_begun()
    endings = {"stop": lambda: worker.stop(limit_s=0.01), "cancel": lambda: cancelled(task)}
    await endings[way]()
    assert task.done()
    assert hanging.ended == 0
    rows = await queue.rows("SELECT status::text, attempts, dedupe_key FROM pgqueuer WHERE entrypoint = 'mail'")
    assert rows == [("queued", 0, "mail:k")]
    mail = Recorder()
    start_worker([jobs.JobKind("mail", mail, attempts_max=1)])
    await mail.has_run()


async def test_the_job_of_a_cancelled_task_is_not_deleted(queue: Queue, start_worker: StartWorker) -> None:
    hanging = Blocking()
    job_id = await queue.put(kind="mail", payload={})
    _, task = start_worker([jobs.JobKind("mail", hanging)])
    await hanging.has_begun()
    # What asyncio.run does when a process ends: every task is cancelled, PgQueuer's too.
    for each in asyncio.all_tasks():
        if each is not asyncio.current_task() and each is not task and "_dispatch" in repr(each.get_coro()):
            each.cancel()

    async def it_is_back() -> bool:
        return hanging.runs == 2

    await queue.until(it_is_back)
    assert await queue.rows("SELECT id FROM pgqueuer WHERE entrypoint = 'mail'") == [(job_id,)]


async def cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_connections_that_are_cut_are_made_again(queue: Queue, start_worker: StartWorker) -> None:
    mail = Recorder()
    start_worker([jobs.JobKind("mail", mail)])
    await queue.put(kind="mail", payload={})
    await mail.has_run(1)
    await queue.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await queue.until(lambda: answers(queue))
    await queue.put(kind="mail", payload={})
    await mail.has_run(2)


async def test_a_worker_goes_on_when_the_database_was_away(
    queue: Queue, server: Any, start_worker: StartWorker
) -> None:
    name = queue.db.url.rpartition("/")[2].partition("?")[0]
    hanging, mail = Blocking(), Recorder()
    impatient = Database(queue.db.url, wait_s=0.2)
    await impatient.open()
    with capture_logs() as lines:
        worker, task = start_worker([jobs.JobKind("hanging", hanging), jobs.JobKind("mail", mail)], database=impatient)
        await queue.put(kind="hanging", payload={})
        await hanging.has_begun()
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

        async def absence_is_noticed() -> bool:
            return any("does not answer" in line["event"] for line in lines)

        await queue.until(absence_is_noticed)
        hanging.may_end.set()
        with pytest.raises(DatabaseUnavailable):
            async with impatient.connection():
                pass
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await queue.until(lambda: answers(queue))
        await queue.put(kind="mail", payload={})
        await mail.has_run()
        await queue.until_empty("hanging")
        await worker.stop()
        await task
    await impatient.close()
    assert (hanging.runs, hanging.ended) == (1, 1)
    assert [line["event"] for line in lines if line["log_level"] in ("warning", "error")] == [
        "the database does not answer; waiting for it"
    ]


async def answers(queue: Queue) -> bool:
    try:
        await queue.state()
    except DatabaseUnavailable:
        return False
    return True


async def test_a_worker_survives_what_it_does_not_understand(queue: Queue, start_worker: StartWorker) -> None:
    mail = Recorder()
    with capture_logs() as lines:
        start_worker([jobs.JobKind("mail", mail)])
        await queue.put(kind="mail", payload={})
        await mail.has_run(1)
        await queue.until_empty("mail")
        await queue.execute("ALTER TABLE pgqueuer RENAME TO elsewhere")

        async def it_is_logged() -> bool:
            return any("queue manager ended" in line["event"] for line in lines)

        await queue.execute("SELECT pg_notify('ch_pgqueuer', %s)", CHANGED)
        await queue.until(it_is_logged)
        await queue.execute("ALTER TABLE elsewhere RENAME TO pgqueuer")
    await queue.put(kind="mail", payload={})
    await mail.has_run(2)


async def test_two_kinds_of_one_name_are_refused(queue: Queue, clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="mail"):
        jobs.JobWorker(queue.db, [jobs.JobKind("mail", Recorder()), jobs.JobKind("mail", Recorder())], clock=clock)
