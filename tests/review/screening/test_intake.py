"""Applications come in: the first answer that is not pass counts, once, and nobody passes by what cannot be decided."""

import asyncio
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from opsdesk import flows
from opsdesk.access import Actor, Scope
from opsdesk.access.errors import ScopeMissing
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import count_tickets, show_ticket
from opsdesk.review.alerts import Alert
from opsdesk.review.applications.errors import FlowReused
from opsdesk.review.applications.intake import Answered, Incoming, Outcome, take_application
from opsdesk.review.groups import groups
from opsdesk.review.groups.groups import Group
from opsdesk.review.reference.errors import SceneUnknown
from opsdesk.review.screening.sources import Facts
from tests.review.screening.configuring import add, add_adapt
from tests.review.screening.generating import ENGINE
from tests.review.screening.samples import rule, verify

CLIENT = replace(ENGINE, scopes=frozenset({Scope.APPLICATIONS_WRITE}))
INCOMING = Incoming("F-1", "cash_loan", "activation", "U-1", Facts(features={"device_score": 0.3}))
SCORE = [{"name": "device_score", "type": "number"}]


async def live(conn: Connection, *rules: Any, actor: Actor, clock: ManualClock, place: int = 0) -> Group:
    by: dict[str, Any] = {
        "actor": actor,
        "now": clock.now(),
        "compile_condition": flows.checks.condition_over,
    }
    group = await groups.add_group(
        conn,
        application="cash_loan",
        scene="activation",
        name=f"group {place}",
        document={"features": SCORE, "rules": list(rules)},
        place=place,
        **by,
    )
    return await groups.apply_group(conn, group_id=group.group_id, opened_revision=1, **by)


async def take(
    conn: Connection, clock: ManualClock, incoming: Incoming = INCOMING, *, actor: Actor = CLIENT
) -> Answered:
    return await take_application(
        conn, incoming, actor=actor, now=clock.now(), compile_condition=flows.checks.condition_over
    )


async def alerts(conn: Connection) -> list[str]:
    rows = await (await conn.execute("select convert_from(payload, 'UTF8') from pgqueuer")).fetchall()
    return [row[0] for row in rows]


@pytest.mark.req("REV-K01", "REV-G01")
async def test_a_rule_that_verifies_makes_a_ticket(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        await add_adapt(conn, found, risk, clock)
        group = await live(
            conn, verify("low", "device_score < 0.5", screening_type=found.type_id), actor=risk, clock=clock
        )
        answered = await take(conn, clock)
        assert answered.ticket_id is not None
        ticket = await show_ticket(conn, ticket_id=answered.ticket_id)
    assert (answered.outcome, answered.rule, answered.revision) == (Outcome.VERIFY, "low", 1)
    assert (answered.group_id, list(answered.methods)) == (group.group_id, ["face"])
    assert (ticket.flow_no, ticket.requested_by) == ("F-1", CLIENT.id)


async def test_the_first_answer_that_is_not_pass_counts(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        await live(conn, rule("fine", "device_score > 0.1", "pass"), actor=risk, clock=clock, place=1)
        await live(conn, rule("bad", "device_score < 0.5"), actor=risk, clock=clock, place=2)
        await live(conn, rule("worse", "device_score < 0.9"), actor=risk, clock=clock, place=3)
        rejected = await take(conn, clock)
        other = replace(INCOMING, flow_no="F-2", facts=Facts(features={"device_score": 0.95}))
        passed = await take(conn, clock, other)
    assert (rejected.outcome, rejected.rule) == (Outcome.REJECT, "bad")
    assert passed == Answered(Outcome.PASS)


@pytest.mark.req("REV-B05")
async def test_a_flow_number_is_answered_once_and_other_content_is_refused(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        await add_adapt(conn, found, risk, clock)
        await live(conn, verify("low", "device_score < 0.5", screening_type=found.type_id), actor=risk, clock=clock)

    async def once() -> Answered:
        async with desk.transaction() as conn:
            return await take(conn, clock)

    came = await asyncio.gather(*(once() for _ in range(5)))
    assert len({each.ticket_id for each in came}) == 1
    async with desk.transaction() as conn:
        assert sum((await count_tickets(conn, now=clock.now())).values()) == 1
        with pytest.raises(FlowReused):
            await take(conn, clock, replace(INCOMING, user_id="U-2"))
    with pytest.raises(psycopg.errors.RestrictViolation):
        async with desk.transaction() as conn:
            await conn.execute("update screening_application set answer = 'pass'")


async def test_what_cannot_be_decided_is_told_and_nobody_passes_by_it(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await live(conn, rule("low", "device_score < 0.5"), actor=risk, clock=clock)
        answered = await take(conn, clock, replace(INCOMING, facts=Facts()))
        told = await alerts(conn)
        # Nothing was kept: the same flow number is asked again with what was missing.
        again = await take(conn, clock)
    assert (answered.outcome, answered.rule) == (Outcome.UNDECIDED, "low")
    assert answered.problem
    assert [Alert.RULE_UNDECIDED in each for each in told] == [True]
    assert again.outcome is Outcome.REJECT


@pytest.mark.req("REV-X50")
async def test_a_hit_without_an_adapt_is_told_and_nobody_passes_by_it(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        await add_adapt(conn, found, risk, clock)
        group = await live(
            conn, verify("low", "device_score < 0.5", screening_type=found.type_id), actor=risk, clock=clock
        )
        # As after an import that brought the group without its adapt.
        await conn.execute("alter table strategy_group_revision disable trigger all")
        await conn.execute(
            "update strategy_group_revision set document = jsonb_set(document, '{rules,0,screening_type}', '999')"
        )
        answered = await take(conn, clock)
        told = await alerts(conn)
        assert sum((await count_tickets(conn, now=clock.now())).values()) == 0
    assert (answered.outcome, answered.group_id, answered.ticket_id) == (Outcome.ADAPT_MISSING, group.group_id, None)
    assert [Alert.ADAPT_MISSING in each for each in told] == [True]


async def test_only_a_known_scene_and_a_client_with_the_scope_are_taken(desk: Database, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        with pytest.raises(SceneUnknown):
            await take(conn, clock, replace(INCOMING, scene="moon"))
        with pytest.raises(ScopeMissing):
            await take(conn, clock, actor=ENGINE)
