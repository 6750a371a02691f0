import pytest

from opsdesk import jobs
from opsdesk.kit.clock import ManualClock
from tests.jobs.conftest import Queue, Recorder, StartWorker

SUBSCRIPTIONS = {"TicketDecided": ["advance_run", "tell_customer"]}


async def test_an_event_reaches_each_subscriber_though_one_fails(
    queue: Queue, clock: ManualClock, start_worker: StartWorker
) -> None:
    failing, fine, other = Recorder(ValueError("bug")), Recorder(), Recorder()
    kinds = [
        jobs.JobKind("advance_run", failing),
        jobs.JobKind("tell_customer", fine),
        jobs.JobKind("something_else", other),
    ]
    start_worker(kinds, subscriptions=SUBSCRIPTIONS)
    event = jobs.Event("TicketDecided", {"ticket": 7})
    await queue.publish(event)
    await fine.has_run()
    await failing.has_run(1)
    await queue.until_waiting("advance_run")
    clock.advance(seconds=1)
    await failing.has_run(2)
    await queue.until_empty("advance_run")
    told = {"id": str(event.id), "name": "TicketDecided", "payload": {"ticket": 7}}
    assert fine.payloads == [told]
    assert failing.payloads == [told, told]
    assert other.payloads == []


async def test_an_event_without_subscribers_is_done(queue: Queue, start_worker: StartWorker) -> None:
    start_worker([])
    await queue.publish(jobs.Event("Nothing", {}))
    await queue.until_empty("event")


async def test_an_event_published_twice_before_delivery_arrives_once(queue: Queue, start_worker: StartWorker) -> None:
    event, handler = jobs.Event("TicketDecided", {}), Recorder()
    await queue.publish(event)
    await queue.publish(event)
    start_worker([jobs.JobKind("tell", handler)], subscriptions={"TicketDecided": ["tell"]})
    await handler.has_run()
    await queue.until_empty("event")
    await queue.until_empty("tell")
    assert len(handler.payloads) == 1


async def test_a_subscriber_that_is_no_kind_of_job_is_refused(queue: Queue, clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="tell_customer"):
        jobs.JobWorker(queue.db, [jobs.JobKind("advance_run", Recorder())], (), SUBSCRIPTIONS, clock=clock)
