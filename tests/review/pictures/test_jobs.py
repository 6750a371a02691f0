"""The job that fetches the pictures of a ticket: what is kept, what is given up, and what the ticket says meanwhile."""

import asyncio
import hashlib

import psycopg
import pytest

from opsdesk import jobs
from opsdesk.access import Actor, audit
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.review import Ticket, TicketClosing, close_ticket, show_ticket
from opsdesk.review.model import TicketStatus, Verdict
from opsdesk.review.pictures import keeping
from opsdesk.review.pictures.fetching import Fetcher
from opsdesk.review.pictures.jobs import ATTEMPTS_MAX, BACKOFF, picture_job
from opsdesk.review.pictures.model import Picture, PictureState, WhyNot
from opsdesk.review.pictures.reading import list_pictures
from opsdesk.review.screening.errors import PicturesOnTheirWay
from opsdesk.review.screening.frozen import modules_of
from tests.review.conftest import reviewer
from tests.review.pictures.conftest import MakeFetcher
from tests.review.pictures.hosting import FILES, Host
from tests.review.pictures.tickets import MakeTicket
from tests.review.screening.generating import judged

SHORT_S = 0.3
PATIENCE_S = 30.0


@pytest.fixture
def anna() -> Actor:
    return reviewer("anna", roles=("reviewer",))


async def ran(db: Database, fetcher: Fetcher, ticket: Ticket, clock: ManualClock) -> jobs.JobOutcome:
    """The job, as a worker runs it once."""
    return await picture_job(fetcher, clock).handler(db, {"ticket_id": str(ticket.id)})


async def pictures_of(db: Database, ticket: Ticket) -> list[Picture]:
    """In the order of the keys, which is that of the addresses that the ticket was made with."""
    async with db.transaction() as conn:
        found = {each.key_id: each for each in await list_pictures(conn, ticket_id=ticket.id)}
    keys = [each.key.id for module in modules_of(ticket.shown) for each in module.keys]
    return [found[key] for key in keys if key in found]


async def waiting_for(db: Database, ticket: Ticket) -> int:
    async with db.transaction() as conn:
        found = await show_ticket(conn, ticket_id=ticket.id)
    assert found.screening is not None
    return found.screening.pictures_waiting


@pytest.mark.req("REV-X49")
async def test_the_pictures_of_a_ticket_are_asked_for_in_the_transaction_that_makes_it(
    desk: Database, make_ticket: MakeTicket, host: Host
) -> None:
    ticket = await make_ticket(f"{host.url}/front.jpg", f"{host.url}/face.png")
    assert await waiting_for(desk, ticket) == 2
    assert [each.state for each in await pictures_of(desk, ticket)] == [PictureState.WAITING] * 2
    async with desk.transaction() as conn:
        assert (await jobs.queue_state(conn)).waiting == 1
    assert host.asked == []


@pytest.mark.req("REV-X49")
async def test_a_copy_is_kept_and_the_address_may_go(
    desk: Database, make_ticket: MakeTicket, host: Host, fetcher_of: MakeFetcher, clock: ManualClock
) -> None:
    ticket = await make_ticket(f"{host.url}/front.jpg", f"{host.url}/face.png")
    assert await ran(desk, fetcher_of(), ticket, clock) == jobs.Done()
    front, face = await pictures_of(desk, ticket)
    assert (front.state, face.state) == (PictureState.KEPT, PictureState.KEPT)
    assert front.source_sha256 == hashlib.sha256(FILES["front.jpg"][0]).hexdigest()
    assert (front.media_type, front.width, front.height, front.reason) == ("image/jpeg", 320, 200, None)
    assert await waiting_for(desk, ticket) == 0
    assert await ran(desk, fetcher_of(), ticket, clock) == jobs.Done()
    assert sorted(host.asked) == ["face.png", "front.jpg"]


@pytest.mark.req("REV-X49")
async def test_equal_pictures_of_two_tickets_are_kept_once(
    desk: Database, make_ticket: MakeTicket, host: Host, fetcher_of: MakeFetcher, clock: ManualClock
) -> None:
    one = await make_ticket(f"{host.url}/front.jpg", f"{host.url}/same.jpg")
    other = await make_ticket(f"{host.url}/front.jpg", flow_no="F-2")
    await asyncio.gather(*(ran(desk, fetcher_of(), each, clock) for each in (one, other)))
    kept = [*await pictures_of(desk, one), *await pictures_of(desk, other)]
    assert len({each.content_sha256 for each in kept}) == 1
    assert len({each.token for each in kept}) == 3
    async with desk.transaction() as conn:
        assert await (await conn.execute("select count(*) from picture_content")).fetchone() == (1,)


@pytest.mark.req("REV-X49", "REV-K08")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("huge.jpg", WhyNot.TOO_LARGE),
        ("endless.jpg", WhyNot.TOO_LARGE),
        ("drawing.svg", WhyNot.NOT_A_PICTURE),
        ("disguised.png", WhyNot.NOT_A_PICTURE),
        ("lies.png", WhyNot.NOT_A_PICTURE),
        ("honest.html", WhyNot.NOT_A_PICTURE),
        ("gone.jpg", WhyNot.GONE),
        ("secret.jpg", WhyNot.REFUSED),
        ("inside.jpg", WhyNot.HOST_NOT_LISTED),
    ],
)
async def test_what_cannot_become_a_copy_is_given_up_at_once_and_the_ticket_is_decided_without_it(
    desk: Database,
    make_ticket: MakeTicket,
    host: Host,
    fetcher_of: MakeFetcher,
    clock: ManualClock,
    anna: Actor,
    name: str,
    reason: WhyNot,
) -> None:
    host.redirects["inside.jpg"] = "http://169.254.169.254/latest/meta-data"
    ticket = await make_ticket(f"{host.url}/{name}", f"{host.url}/front.jpg")
    assert await ran(desk, fetcher_of(), ticket, clock) == jobs.Done()
    lost, kept = await pictures_of(desk, ticket)
    assert (lost.state, lost.reason, lost.content_sha256) == (PictureState.GIVEN_UP, reason, None)
    assert kept.state is PictureState.KEPT
    async with desk.transaction() as conn:
        after = await judged(conn, ticket, Verdict.PASS, actor=anna, clock=clock)
    assert after.status is TicketStatus.DECIDED


@pytest.mark.req("REV-X49")
async def test_a_picture_inside_the_network_is_given_up_and_nothing_inside_is_asked(
    desk: Database, make_ticket: MakeTicket, host: Host, fetcher_of: MakeFetcher, clock: ManualClock
) -> None:
    ticket = await make_ticket(f"{host.url}/front.jpg", f"https://localhost:{host.port}/front.jpg")
    fetcher = fetcher_of(f"{host.listed},localhost:{host.port}", networks="")
    assert await ran(desk, fetcher, ticket, clock) == jobs.Done()
    assert [each.reason for each in await pictures_of(desk, ticket)] == [WhyNot.ADDRESS_INSIDE] * 2
    assert host.asked == []


@pytest.mark.req("REV-X49")
async def test_nobody_decides_while_a_picture_is_on_its_way(
    desk: Database, make_ticket: MakeTicket, host: Host, fetcher_of: MakeFetcher, clock: ManualClock, anna: Actor
) -> None:
    host.failing = 1
    ticket = await make_ticket(f"{host.url}/front.jpg")
    assert await ran(desk, fetcher_of(), ticket, clock) == jobs.Again(BACKOFF.delay_s(1))
    async with desk.transaction() as conn:
        with pytest.raises(PicturesOnTheirWay) as refused:
            await judged(conn, ticket, Verdict.PASS, actor=anna, clock=clock)
    assert refused.value.waiting == 1
    assert await ran(desk, fetcher_of(), ticket, clock) == jobs.Done()
    async with desk.transaction() as conn:
        after = await judged(conn, ticket, Verdict.PASS, actor=anna, clock=clock)
    assert after.status is TicketStatus.DECIDED


@pytest.mark.req("REV-X49")
async def test_a_host_that_never_answers_is_given_up_after_the_last_attempt(
    desk: Database, make_ticket: MakeTicket, host: Host, fetcher_of: MakeFetcher, clock: ManualClock
) -> None:
    ticket = await make_ticket(f"{host.url}/slow.jpg")
    fetcher = fetcher_of(timeout_s=SHORT_S)
    outcomes = [await ran(desk, fetcher, ticket, clock) for _ in range(ATTEMPTS_MAX)]
    assert outcomes == [*(jobs.Again(after_s) for after_s in (2.0, 8.0, 32.0, 128.0)), jobs.Done()]
    [lost] = await pictures_of(desk, ticket)
    assert (lost.state, lost.reason, lost.attempts) == (PictureState.GIVEN_UP, WhyNot.SLOW, ATTEMPTS_MAX)
    assert await waiting_for(desk, ticket) == 0


async def test_a_picture_that_ends_its_worker_each_time_is_given_up(
    desk: Database, make_ticket: MakeTicket, host: Host, fetcher_of: MakeFetcher, clock: ManualClock
) -> None:
    ticket = await make_ticket(f"{host.url}/front.jpg")
    [picture] = await pictures_of(desk, ticket)
    for _ in range(ATTEMPTS_MAX):
        async with desk.transaction() as conn:
            await keeping.begin_attempt(conn, ticket_id=ticket.id, key_id=picture.key_id)
    assert await ran(desk, fetcher_of(), ticket, clock) == jobs.Done()
    [lost] = await pictures_of(desk, ticket)
    assert (lost.state, lost.reason) == (PictureState.GIVEN_UP, WhyNot.INTERRUPTED)


async def test_two_workers_that_take_each_other_for_dead_settle_a_picture_once(
    desk: Database, make_ticket: MakeTicket, host: Host, fetcher_of: MakeFetcher, clock: ManualClock
) -> None:
    ticket = await make_ticket(f"{host.url}/front.jpg", f"{host.url}/gone.jpg")
    await asyncio.gather(*(ran(desk, fetcher_of(), ticket, clock) for _ in range(2)))
    assert await waiting_for(desk, ticket) == 0
    async with desk.transaction() as conn:
        about = await audit.entries_about(conn, object_kind="ticket", object_id=str(ticket.id))
    assert [each.entry.action for each in about].count("ticket.picture") == 2


async def test_pictures_of_a_ticket_that_was_closed_meanwhile_are_kept_all_the_same(
    desk: Database, make_ticket: MakeTicket, host: Host, fetcher_of: MakeFetcher, clock: ManualClock
) -> None:
    ticket = await make_ticket(f"{host.url}/front.jpg")
    async with desk.transaction() as conn:
        closed = await close_ticket(conn, ticket_id=ticket.id, reason=TicketClosing.CANCELLED, now=clock.now())
    assert await ran(desk, fetcher_of(), ticket, clock) == jobs.Done()
    [kept] = await pictures_of(desk, ticket)
    assert kept.state is PictureState.KEPT
    async with desk.transaction() as conn:
        assert await show_ticket(conn, ticket_id=ticket.id) == closed


@pytest.mark.req("REV-X49")
@pytest.mark.parametrize(
    "statement",
    [
        "update picture set reason = 'gone'",
        "update picture set state = 'waiting', settled_at = null",
        "delete from picture",
        "update picture_content set data = 'x'",
        "delete from picture_content",
    ],
)
async def test_what_is_settled_is_evidence(
    desk: Database,
    make_ticket: MakeTicket,
    host: Host,
    fetcher_of: MakeFetcher,
    clock: ManualClock,
    statement: str,
) -> None:
    ticket = await make_ticket(f"{host.url}/front.jpg")
    await ran(desk, fetcher_of(), ticket, clock)
    with pytest.raises(psycopg.errors.RestrictViolation):
        async with desk.transaction() as conn:
            await conn.execute(statement.encode())


async def test_a_worker_fetches_what_a_ticket_asked_for(
    desk: Database, make_ticket: MakeTicket, host: Host, fetcher_of: MakeFetcher, clock: ManualClock
) -> None:
    ticket = await make_ticket(f"{host.url}/front.jpg")
    worker = jobs.JobWorker(desk, [picture_job(fetcher_of(), clock)], clock=clock)
    working = asyncio.create_task(worker.run())
    async with asyncio.timeout(PATIENCE_S):
        while await waiting_for(desk, ticket):
            await asyncio.sleep(0.02)
    await worker.stop()
    await working
