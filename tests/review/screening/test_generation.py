"""Screening tickets are made: once, of one snapshot of the configuration, and frozen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsdesk.access import Actor, audit
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import count_tickets, show_ticket, ticket_history
from opsdesk.review.alerts import Alert
from opsdesk.review.canonical import digest_of
from opsdesk.review.evidence import ticket_evidence
from opsdesk.review.model import ScreeningStatus
from opsdesk.review.screening import adapts
from opsdesk.review.screening.errors import FlowInvalid
from opsdesk.review.screening.frozen import VALUE_CHARS_MAX, BaseInfo, frozen, modules_of
from opsdesk.review.screening.generation import Generated, Hit, generate
from opsdesk.review.screening.model import stored
from opsdesk.review.screening.sources import Facts
from opsdesk.review.screening.types import ScreeningType
from tests.review.screening.configuring import add, add_adapt, edit, with_key
from tests.review.screening.generating import ENGINE, FACTS, hit, made, missing
from tests.review.screening.samples import document, key

Configured = tuple[ScreeningType, adapts.ScreeningAdapt]


@pytest_asyncio.fixture
async def configured(desk: Database, risk: Actor, clock: ManualClock) -> AsyncIterator[Configured]:
    """A type whose name is read from the request."""
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        front, name = (each.id for each in found.document.every_key)
        mapped = {
            front: {"source": "pb", "value": "customer.card_url"},
            name: {"source": "pb", "value": "customer.name"},
        }
        saved = await adapts.edit_adapt(
            conn,
            adapt_id=adapt.adapt_id,
            opened_version=1,
            document={"methods": ["face"], "mapped": mapped},
            actor=risk,
            now=clock.now(),
        )
    yield found, saved.adapt


@pytest.mark.req("REV-K01", "REV-K03", "REV-K04", "REV-K05")
async def test_a_ticket_shows_the_base_info_and_every_key_in_its_order(
    desk: Database, configured: Configured, clock: ManualClock
) -> None:
    found, _ = configured
    async with desk.transaction() as conn:
        ticket = await made(conn, found, clock)
    assert ticket.shown["base"] == {
        "type_name": "Face",
        "description": "Is it them?",
        "application": "cash_loan",
        "application_name": "Cash loan",
        "scene": "activation",
        "scene_name": "activation",
        "user_id": "U-1",
        "flow_no": "F-1",
        "created_at": clock.now().isoformat(),
        "type_version": 1,
        "adapt_version": 2,
    }
    told = [(module.code, [(each.key.name, each.value) for each in module.keys]) for module in modules_of(ticket.shown)]
    assert told == [
        ("picture", [("front of the card", "https://pictures.example.com/front.png")]),
        ("personal", [("full name", "王小明")]),
        ("others", []),
    ]
    assert ticket.shown_sha256 == digest_of(ticket.shown)
    assert ticket.screening_status(clock.now()) is ScreeningStatus.PENDING


@pytest.mark.req("REV-K02", "REV-X42")
async def test_the_scene_says_in_which_list_a_ticket_stands(
    desk: Database, configured: Configured, risk: Actor, clock: ManualClock
) -> None:
    found, _ = configured
    async with desk.transaction() as conn:
        await add_adapt(conn, found, risk, clock, "borrow")
        first = await made(conn, found, clock)
        second = await made(conn, found, clock, flow_no="F-2", scene="borrow")
    assert [each.screening and each.screening.bucket for each in (first, second)] == ["kyc", "transaction"]


@pytest.mark.req("REV-G08", "REV-K07", "REV-V02", "REV-D11")
async def test_what_was_made_before_five_stays_as_it_was_and_what_is_made_after_is_new(
    desk: Database, configured: Configured, risk: Actor, clock: ManualClock
) -> None:
    found, _ = configured
    async with desk.transaction() as conn:
        before = await made(conn, found, clock, flow_no="F-1")
    clock.advance(seconds=60)
    async with desk.transaction() as conn:
        await edit(conn, found, with_key(found, "device"), actor=risk, clock=clock)
    clock.advance(seconds=60)
    async with desk.transaction() as conn:
        after = await made(conn, found, clock, flow_no="F-2")
        again = await made(conn, found, clock, flow_no="F-1")
    assert again == before
    versions = [(each.shown["base"]["type_version"], each.shown["base"]["adapt_version"]) for each in (before, after)]
    assert versions == [(1, 2), (2, 3)]
    assert [key.key.name for key in modules_of(after.shown)[2].keys] == ["device"]
    assert modules_of(before.shown)[2].keys == ()


@pytest.mark.req("REV-G08", "REV-X29")
@pytest.mark.parametrize("edited_first", [True, False])
async def test_an_edit_at_the_same_moment_is_in_the_ticket_whole_or_not_at_all(
    desk: Database, configured: Configured, risk: Actor, clock: ManualClock, edited_first: bool
) -> None:
    """Staged: both transactions are open at once, and the one that commits first is the other's past."""
    found, _ = configured
    async with desk.transaction() as making, desk.transaction() as editing:
        if edited_first:
            await edit(editing, found, with_key(found, "device"), actor=risk, clock=clock)
            early = await made(making, found, clock, flow_no="F-1")
        else:
            early = await made(making, found, clock, flow_no="F-1")
            await edit(editing, found, with_key(found, "device"), actor=risk, clock=clock)
    async with desk.transaction() as conn:
        late = await made(conn, found, clock, flow_no="F-2")
        kept = await show_ticket(conn, ticket_id=early.id)
    assert kept.shown == early.shown
    told = [
        (t.shown["base"]["type_version"], t.shown["base"]["adapt_version"], len(t.shown["values"]))
        for t in (early, late)
    ]
    assert told == [(1, 2, 2), (2, 3, 3)]


@pytest.mark.req("REV-G08", "REV-X29")
async def test_no_ticket_is_made_of_two_versions_while_the_type_is_edited(
    desk: Database, configured: Configured, risk: Actor, clock: ManualClock
) -> None:
    found, _ = configured

    async def edits() -> None:
        current = found
        for number in range(12):
            async with desk.transaction() as conn:
                current = (await edit(conn, current, with_key(current, f"k{number}"), actor=risk, clock=clock)).type

    async def tickets(prefix: str) -> set[tuple[int, int, int]]:
        seen: set[tuple[int, int, int]] = set()
        while not editing.done():
            async with desk.transaction() as conn:
                ticket = await made(conn, found, clock, flow_no=f"{prefix}-{len(seen)}-{editing.done()}")
            base = ticket.shown["base"]
            seen.add((base["type_version"], base["adapt_version"], len(ticket.shown["values"])))
        return seen

    editing = asyncio.create_task(edits())
    for type_version, adapt_version, keys in set().union(*await asyncio.gather(tickets("a"), tickets("b"))):
        assert adapt_version == type_version + 1
        assert keys == type_version + 1
    await editing


@pytest.mark.req("REV-X44", "REV-B05")
async def test_a_flow_number_and_an_adapt_make_one_ticket_however_often_it_is_asked_for(
    desk: Database, configured: Configured, clock: ManualClock
) -> None:
    found, _ = configured

    async def once() -> Generated:
        async with desk.transaction() as conn:
            generated = await generate(conn, hit(found), facts=FACTS, actor=ENGINE, now=clock.now())
            assert isinstance(generated, Generated)
            return generated

    came = await asyncio.gather(*(once() for _ in range(6)))
    assert len({each.ticket_id for each in came}) == 1
    assert sum(each.is_new for each in came) == 1
    async with desk.transaction() as conn:
        assert sum((await count_tickets(conn, now=clock.now())).values()) == 1
        assert [event.kind for event in await ticket_history(conn, ticket_id=came[0].ticket_id)] == ["opened"]


@pytest.mark.req("REV-X44")
async def test_another_adapt_makes_another_ticket_for_the_same_flow_number(
    desk: Database, configured: Configured, risk: Actor, clock: ManualClock
) -> None:
    found, _ = configured
    async with desk.transaction() as conn:
        second = await add(conn, risk, clock, "Card")
        await add_adapt(conn, second, risk, clock)
        tickets = [await made(conn, each, clock) for each in (found, second)]
    assert len({ticket.id for ticket in tickets}) == 2


@pytest.mark.req("REV-X37", "REV-P04", "REV-A10")
async def test_a_paused_adapt_goes_on_making_tickets(
    desk: Database, configured: Configured, risk: Actor, clock: ManualClock
) -> None:
    async def nobody(conn: Connection, *, adapt_id: int) -> list[str]:
        return []

    found, adapt = configured
    async with desk.transaction() as conn:
        await adapts.pause_adapt(conn, adapt_id=adapt.adapt_id, actor=risk, now=clock.now(), referring=nobody)
        ticket = await made(conn, found, clock)
    assert ticket.screening is not None
    assert ticket.screening.adapt_id == adapt.adapt_id


@pytest.mark.req("REV-X50")
async def test_where_there_is_no_adapt_there_is_no_ticket_and_operators_are_told(
    desk: Database, configured: Configured, clock: ManualClock
) -> None:
    found, _ = configured
    async with desk.transaction() as conn:
        told = await missing(conn, found, clock, scene="borrow")
        unknown = await generate(
            conn, Hit("F-1", "cash_loan", "activation", 999, "U-1"), facts=FACTS, actor=ENGINE, now=clock.now()
        )
        assert sum((await count_tickets(conn, now=clock.now())).values()) == 0
        rows = await (await conn.execute("select convert_from(payload, 'UTF8') from pgqueuer")).fetchall()
    assert told.hit == hit(found, scene="borrow")
    assert not isinstance(unknown, Generated)
    assert len(rows) == 2
    assert all(Alert.ADAPT_MISSING in row[0] and "U-1" not in row[0] for row in rows)


@pytest.mark.req("REV-K08")
async def test_what_does_not_come_or_cannot_be_kept_is_shown_empty(
    desk: Database, configured: Configured, clock: ManualClock
) -> None:
    found, _ = configured
    front, name = (each.id for each in found.document.every_key)
    facts = Facts(request={"customer": {"name": "x" * (VALUE_CHARS_MAX + 1)}})
    async with desk.transaction() as conn:
        ticket = await made(conn, found, clock, facts=facts)
    assert ticket.shown["values"] == {front: None, name: None}
    assert list(ticket.shown["problems"]) == [name]


@pytest.mark.req("REV-B03", "REV-K01")
async def test_the_audit_chain_says_who_had_a_ticket_made(
    desk: Database, configured: Configured, clock: ManualClock
) -> None:
    found, _ = configured
    async with desk.transaction() as conn:
        ticket = await made(conn, found, clock)
        about = await audit.entries_about(conn, object_kind="ticket", object_id=str(ticket.id))
        assert [(each.entry.action, each.entry.actor) for each in about] == [("ticket.open", ENGINE.id)]
        assert (await ticket_evidence(conn, ticket_id=ticket.id)).holds


@pytest.mark.req("REV-K07", "REV-X49")
@pytest.mark.parametrize(
    "change",
    ["type_version = 2", "bucket = 'transaction'", "shown = '{}'", "user_id = 'U-2'", "adapt_id = 1"],
)
async def test_what_is_frozen_is_not_changed_by_hand_either(
    desk: Database, configured: Configured, clock: ManualClock, change: str
) -> None:
    found, _ = configured
    async with desk.transaction() as conn:
        await made(conn, found, clock)
    with pytest.raises(psycopg.errors.RestrictViolation):
        async with desk.transaction() as conn:
            await conn.execute(f"update ticket set {change}".encode())


@pytest.mark.parametrize("changes", [{"flow_no": " "}, {"flow_no": "f" * 129}, {"user_id": "a\nb"}, {"user_id": ""}])
async def test_a_flow_number_and_a_user_are_needed_that_can_be_printed(
    desk: Database, configured: Configured, clock: ManualClock, changes: dict[str, str]
) -> None:
    found, _ = configured
    wanted = Hit(
        **{"flow_no": "F-1", "user_id": "U-1", **changes}, application="cash_loan", scene="activation", type_id=1
    )
    assert found.type_id == 1
    async with desk.transaction() as conn:
        with pytest.raises(FlowInvalid):
            await generate(conn, wanted, facts=FACTS, actor=ENGINE, now=clock.now())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.req("REV-K07", "REV-K08", "REV-X49")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(st.sampled_from(["id-1", "id-2", "gone"]), JSON), names=st.sampled_from([[], ["device"]]))
def test_whatever_comes_is_frozen_whole_and_has_a_digest(
    values: dict[str, Any], names: list[str], clock: ManualClock
) -> None:
    """Every key has its place, nothing else has one, and what is kept is what came, or is empty and says why."""
    outer = document(
        modules=[{"code": "picture", "keys": [key("front")]}, {"code": "others", "keys": [key("b"), *map(key, names)]}]
    )
    base = BaseInfo("t", "d", "a", "A", "s", "S", "u", "f", clock.now(), 1, 1)
    shown = frozen(base, outer, values)
    assert digest_of(shown) == digest_of(frozen(base, outer, dict(values)))
    told = [each for module in modules_of(shown) for each in module.keys]
    assert [each.key for each in told] == list(outer.every_key)
    for each in told:
        came = values.get(each.key.id)
        assert each.value is came or (each.value is None and each.problem)
    assert stored(outer)["modules"] == shown["modules"]
