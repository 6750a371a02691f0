import asyncio
from datetime import timedelta

import pytest

from opsdesk import jobs
from opsdesk.jobs.queue import PAYLOAD_BYTES_MAX
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.jobs.conftest import Queue, Recorder, StartWorker


class CallerFailed(Exception):
    pass


async def test_installing_twice_at_once_and_again_is_harmless(db: Database) -> None:
    async def install() -> None:
        async with db.connection() as conn:
            await jobs.install(conn)

    await asyncio.gather(install(), install(), install())
    await install()
    assert await Queue(db).state() == jobs.QueueState(waiting=0, running=0, held=0, oldest_due_s=0)


async def test_a_job_is_gone_when_its_transaction_rolls_back(queue: Queue) -> None:
    with pytest.raises(CallerFailed):
        async with queue.db.transaction() as conn:
            await jobs.enqueue(conn, kind="mail", payload={})
            await jobs.publish(conn, jobs.Event("Happened", {}))
            raise CallerFailed
    assert (await queue.state()).waiting == 0


async def test_nobody_sees_a_job_before_its_transaction_commits(queue: Queue) -> None:
    async with queue.db.transaction() as conn:
        await jobs.enqueue(conn, kind="mail", payload={})
        assert (await queue.state()).waiting == 0
    assert (await queue.state()).waiting == 1


async def test_a_payload_is_accepted_up_to_its_limit(queue: Queue) -> None:
    largest = "x" * (PAYLOAD_BYTES_MAX - len('{"text":""}'))
    await queue.put(kind="mail", payload={"text": largest})
    with pytest.raises(jobs.PayloadTooLarge) as caught:
        await queue.put(kind="mail", payload={"text": largest + "x"})
    assert caught.value.size_bytes == PAYLOAD_BYTES_MAX + 1


async def test_a_key_is_once_only_while_its_job_waits(queue: Queue, start_worker: StartWorker) -> None:
    first = await queue.put(kind="mail", payload={"number": 1}, key="k")
    assert await queue.put(kind="mail", payload={"number": 2}, key="k") == first
    await queue.put(kind="mail", payload={"number": 3}, key="other")
    await queue.put(kind="letter", payload={"number": 4}, key="k")
    assert (await queue.state()).waiting == 3
    mail = Recorder()
    start_worker([jobs.JobKind("mail", mail)])
    await queue.until_empty("mail")
    assert sorted(payload["number"] for payload in mail.payloads) == [1, 3]
    await queue.put(kind="mail", payload={"number": 5}, key="k")
    await mail.has_run(3)


@pytest.mark.parametrize("again_after_s", [None, 30])
async def test_of_two_times_for_one_key_the_earlier_counts(
    queue: Queue, clock: ManualClock, start_worker: StartWorker, again_after_s: int | None
) -> None:
    mail, canary = Recorder(), Recorder()
    start_worker([jobs.JobKind("mail", mail), jobs.JobKind("canary", canary)])
    hour = timedelta(hours=1)
    await queue.put(kind="mail", payload={}, run_at=clock.now() + hour, key="k")
    sooner = None if again_after_s is None else clock.now() + timedelta(seconds=again_after_s)
    await queue.put(kind="mail", payload={}, run_at=sooner, key="k")
    await queue.put(kind="mail", payload={}, run_at=clock.now() + 2 * hour, key="k")
    clock.advance(seconds=again_after_s or 0)
    await mail.has_run()
    await queue.until_empty("mail")


async def test_a_change_made_before_a_job_begins_is_seen_by_it(queue: Queue, start_worker: StartWorker) -> None:
    await queue.execute("CREATE TABLE note (text text)")
    seen: list[list[tuple[str]]] = []

    async def look(_database: Database, _payload: object) -> jobs.JobOutcome:
        seen.append(await queue.rows("SELECT text FROM note"))
        return jobs.Done()

    canary = Recorder()
    await queue.put(kind="look", payload={}, key="k")
    async with queue.db.transaction() as conn:
        await jobs.enqueue(conn, kind="look", payload={}, key="k")
        await queue.put(kind="canary", payload={})
        start_worker([jobs.JobKind("look", look), jobs.JobKind("canary", canary)])
        await canary.has_run()
        await conn.execute("INSERT INTO note VALUES ('changed')")
    await queue.until_empty("look")
    assert seen == [[("changed",)]]


async def test_the_state_of_the_queue_counts_each_job_once(queue: Queue, clock: ManualClock) -> None:
    await queue.put(kind="mail", payload={})
    await queue.put(kind="mail", payload={})
    await queue.execute(
        "UPDATE pgqueuer SET execute_after = now() - interval '90 s' WHERE id = (SELECT min(id) FROM pgqueuer)"
    )
    state = await queue.state()
    assert (state.waiting, state.running, state.held) == (2, 0, 0)
    assert 90 <= state.oldest_due_s < 180
    await queue.execute("UPDATE pgqueuer SET status = 'picked' WHERE id = (SELECT min(id) FROM pgqueuer)")
    await queue.execute("UPDATE pgqueuer SET status = 'failed' WHERE status = 'queued'")
    assert await queue.state() == jobs.QueueState(waiting=0, running=1, held=1, oldest_due_s=0)


async def test_only_a_held_job_can_be_revived(queue: Queue) -> None:
    job_id = await queue.put(kind="mail", payload={})
    with pytest.raises(jobs.JobNotHeld):
        await queue.revive(job_id)
    with pytest.raises(jobs.JobNotHeld):
        await queue.revive(job_id + 1)
