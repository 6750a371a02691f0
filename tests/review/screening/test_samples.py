"""Samples are drawn from what was decided, kept with what they were drawn with, and can be drawn again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
import pytest_asyncio

from opsdesk.access import Actor, Scope, audit
from opsdesk.access.errors import ScopeMissing
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review.model import Verdict
from opsdesk.review.reference.errors import SceneUnknown
from opsdesk.review.sampling.errors import NothingToSample, SampleInvalid, SampleKeyReused
from opsdesk.review.sampling.samples import EARLIEST, SIZE_MAX, draw_again, list_samples
from opsdesk.review.screening.types import ScreeningType
from tests.review.screening.configuring import add, add_adapt
from tests.review.screening.sampling import ANNA, BO, KEEPER, decided, drawn, today

PASS, REJECT = Verdict.PASS, Verdict.REJECT


@pytest_asyncio.fixture
async def face(desk: Database, risk: Actor, clock: ManualClock) -> AsyncIterator[ScreeningType]:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        await add_adapt(conn, found, risk, clock)
    yield found


async def strata(conn: Connection) -> set[tuple[str, str]]:
    rows = await (await conn.execute(b"select verdict, reviewer from sampled_ticket")).fetchall()
    return {(verdict, reviewer) for verdict, reviewer in rows}


@pytest.mark.req("REV-B11")
async def test_a_sample_has_some_of_every_verdict_and_reviewer(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, *[PASS] * 6, REJECT, by=ANNA, clock=clock)
        await decided(conn, face, PASS, by=BO, clock=clock, prefix="B")
        sample = await drawn(conn, clock, size=4)
        assert (sample.population, sample.drawn, sample.judged) == (8, 4, 0)
        assert await strata(conn) == {("pass", ANNA.id), ("reject", ANNA.id), ("pass", BO.id)}


@pytest.mark.req("REV-B11")
async def test_a_sample_can_be_drawn_again_with_what_is_kept_of_it(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, *[PASS] * 6, by=ANNA, clock=clock)
        sample = await drawn(conn, clock, size=3)
        await decided(conn, face, PASS, by=ANNA, clock=clock, prefix="later")
        again = await draw_again(conn, sample_id=sample.sample_id, actor=KEEPER)
        assert (again.is_same_population, again.is_same_sample) == (True, True)
        assert (again.population, again.population_sha256) == (sample.population, sample.population_sha256)
        entries = await audit.entries_about(conn, object_kind="quality_sample", object_id=str(sample.sample_id))
    [entry] = entries
    assert entry.entry.action == "quality_sample.draw"
    assert {"seed", "population", "population_sha256", "tickets"} <= (entry.entry.after or {}).keys()


@pytest.mark.req("REV-B11")
async def test_a_ticket_whose_decision_was_kept_after_the_draw_is_found_out(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, PASS, by=ANNA, clock=clock)
    async with desk.transaction() as slow:
        await decided(slow, face, PASS, by=ANNA, clock=clock, prefix="late")
        async with desk.transaction() as conn:
            sample = await drawn(conn, clock)
    async with desk.connection() as conn:
        again = await draw_again(conn, sample_id=sample.sample_id, actor=KEEPER)
    assert (sample.population, again.population) == (1, 2)
    assert (again.is_same_population, again.is_same_sample) == (False, False)


@pytest.mark.req("REV-B11")
async def test_only_what_was_decided_in_the_time_and_of_the_types_is_drawn_from(
    desk: Database, face: ScreeningType, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        other = await add(conn, risk, clock, name="Other")
        await add_adapt(conn, other, risk, clock)
        await decided(conn, face, PASS, by=ANNA, clock=clock)
        middle = clock.now()
        await decided(conn, face, PASS, PASS, by=ANNA, clock=clock, prefix="G")
        await decided(conn, other, PASS, by=ANNA, clock=clock, prefix="H")
        since = replace(today(clock), decided_from=middle)
        of_face = replace(since, type_ids=(face.type_id,))
        samples = [
            await drawn(conn, clock, drawn_from=drawn_from, key=key)
            for key, drawn_from in (("a", today(clock)), ("b", since), ("c", of_face))
        ]
    assert [sample.population for sample in samples] == [4, 3, 2]


@pytest.mark.req("REV-B11")
async def test_a_key_draws_once_and_is_refused_for_another_sample(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await decided(conn, face, PASS, PASS, by=ANNA, clock=clock)
        drawn_from = today(clock)
        first = await drawn(conn, clock, drawn_from=drawn_from)
        assert await drawn(conn, clock, drawn_from=drawn_from) == first
        with pytest.raises(SampleKeyReused):
            await drawn(conn, clock, drawn_from=drawn_from, size=1)
        page = await list_samples(conn, actor=KEEPER)
    assert list(page.items) == [first]


@pytest.mark.req("REV-B11")
async def test_what_cannot_be_drawn_is_refused_with_all_that_is_wrong(
    desk: Database, face: ScreeningType, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        with pytest.raises(NothingToSample):
            await drawn(conn, clock)
        tomorrow = replace(today(clock, type_ids=(9999,)), decided_to=clock.now() + timedelta(seconds=1))
        with pytest.raises(SampleInvalid) as refused:
            await drawn(conn, clock, drawn_from=tomorrow, size=SIZE_MAX + 1, seed=" ")
        assert set(refused.value.problems) == {"size", "seed", "decided_to", "types"}
        long_ago = replace(today(clock), decided_from=EARLIEST - timedelta(seconds=1))
        with pytest.raises(SampleInvalid) as refused:
            await drawn(conn, clock, drawn_from=long_ago)
        assert set(refused.value.problems) == {"decided_from"}
        with pytest.raises(SceneUnknown):
            await drawn(conn, clock, drawn_from=today(clock, scene="nowhere"))
        with pytest.raises(ScopeMissing):
            await drawn(conn, clock, actor=replace(KEEPER, scopes=frozenset({Scope.QUALITY_READ})))


@pytest.mark.req("REV-B11")
@pytest.mark.parametrize(
    "statement",
    [
        b"update quality_sample set seed = 'another'",
        b"delete from sampled_ticket",
        b"truncate blind_judgement",
        b"update sampled_ticket_take set actor = 'other'",
    ],
)
async def test_what_is_kept_of_samples_never_changes(desk: Database, statement: bytes) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        async with desk.transaction() as conn:
            await conn.execute(statement)
