"""Groups in the database: saved, applied, and against the pauses of what they refer to."""

from typing import Any

import pytest

from opsdesk import flows
from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review.groups import groups, listing
from opsdesk.review.groups.errors import GroupExists, GroupInvalid, GroupMoved
from opsdesk.review.groups.groups import Group
from opsdesk.review.screening import adapts
from opsdesk.review.screening.adapts import AdaptStatus, ScreeningAdapt
from opsdesk.review.screening.errors import AdaptReferenced
from tests.review.screening.configuring import add, add_adapt
from tests.review.screening.samples import rule, verify
from tests.review.screening.staged import one_waits_for_the_other


async def add_group(
    conn: Connection, type_id: int | None, *, actor: Actor, clock: ManualClock, name: str = "new customers"
) -> Group:
    return await groups.add_group(
        conn,
        application="cash_loan",
        scene="activation",
        name=name,
        document=form(type_id),
        actor=actor,
        now=clock.now(),
        compile_condition=flows.checks.condition_over,
    )


def form(type_id: int | None, *, threshold: float = 0.5) -> dict[str, Any]:
    features = [{"name": "device_score", "type": "number"}]
    when = f"device_score < {threshold}"
    rules = [rule("device", when)] if type_id is None else [verify("device", when, screening_type=type_id)]
    return {"features": features, "rules": rules}


async def save(conn: Connection, group: Group, document: Any, *, actor: Actor, clock: ManualClock) -> Group:
    return await groups.save_group(
        conn,
        group_id=group.group_id,
        opened_revision=group.revision,
        document=document,
        actor=actor,
        now=clock.now(),
        compile_condition=flows.checks.condition_over,
    )


async def apply(conn: Connection, group: Group, *, actor: Actor, clock: ManualClock) -> Group:
    return await groups.apply_group(
        conn,
        group_id=group.group_id,
        opened_revision=group.revision,
        actor=actor,
        now=clock.now(),
        compile_condition=flows.checks.condition_over,
    )


async def pause(conn: Connection, adapt: ScreeningAdapt, *, actor: Actor, clock: ManualClock) -> ScreeningAdapt:
    return await adapts.pause_adapt(
        conn,
        adapt_id=adapt.adapt_id,
        actor=actor,
        now=clock.now(),
        referring=groups.groups_against_a_pause,
    )


async def configured(conn: Connection, actor: Actor, clock: ManualClock) -> ScreeningAdapt:
    return await add_adapt(conn, await add(conn, actor, clock), actor, clock)


@pytest.mark.req("REV-P03", "REV-A09", "REV-X38")
async def test_a_saved_group_stands_against_the_pause_of_its_adapt_whether_it_is_active_or_not(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        adapt = await configured(conn, risk, clock)
        group = await add_group(conn, adapt.type_id, actor=risk, clock=clock)
        with pytest.raises(AdaptReferenced) as refused:
            await pause(conn, adapt, actor=risk, clock=clock)
        await groups.set_group_active(conn, group_id=group.group_id, is_active=False, actor=risk, now=clock.now())
        with pytest.raises(AdaptReferenced):
            await pause(conn, adapt, actor=risk, clock=clock)
    assert refused.value.groups == ["new customers"]


@pytest.mark.req("REV-A10", "REV-X37", "REV-P04", "REV-X38")
async def test_a_live_revision_goes_on_with_an_adapt_that_was_paused_since(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        adapt = await configured(conn, risk, clock)
        group = await apply(
            conn, await add_group(conn, adapt.type_id, actor=risk, clock=clock), actor=risk, clock=clock
        )
        group = await save(conn, group, form(None), actor=risk, clock=clock)
        paused = await pause(conn, adapt, actor=risk, clock=clock)
        [live] = await groups.live_groups(conn, application="cash_loan", scene="activation")
        [told] = await groups.referring_groups(conn, adapt_id=adapt.adapt_id)
    assert paused.status is AdaptStatus.PAUSE
    assert (group.revision, group.live_revision, live.document.type_ids) == (2, 1, (adapt.type_id,))
    assert (told.is_saved, told.is_live) == (False, True)


@pytest.mark.req("REV-P01", "REV-P02")
async def test_a_paused_adapt_is_chosen_by_no_save_and_by_no_apply(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        adapt = await configured(conn, risk, clock)
        await pause(conn, adapt, actor=risk, clock=clock)
        with pytest.raises(GroupInvalid) as refused:
            await add_group(conn, adapt.type_id, actor=risk, clock=clock)
        assert refused.value.problems == {
            "rules.0.screening_type": ["has no active adapt for this application and scene"]
        }
        with pytest.raises(GroupInvalid):
            await add_group(conn, adapt.type_id + 1, actor=risk, clock=clock)


@pytest.mark.req("REV-X39")
@pytest.mark.parametrize("paused_first", [True, False])
@pytest.mark.parametrize("way", ["add", "save"])
async def test_of_a_pause_and_a_save_at_the_same_moment_the_second_sees_the_first(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock, paused_first: bool, way: str
) -> None:
    """Staged: the one that began first holds the adapt, and the other waits for it. Never are both done."""
    async with desk.transaction() as conn:
        adapt = await configured(conn, risk, clock)
        group = await add_group(conn, None, actor=risk, clock=clock)

    async def saving(conn: Connection) -> Group:
        if way == "add":
            return await add_group(conn, adapt.type_id, actor=risk, clock=clock, name="another")
        return await save(conn, group, form(adapt.type_id), actor=risk, clock=clock)

    async def pausing(conn: Connection) -> ScreeningAdapt:
        return await pause(conn, adapt, actor=other, clock=clock)

    came = await one_waits_for_the_other(desk, *((pausing, saving) if paused_first else (saving, pausing)))
    async with desk.connection() as conn:
        after = await adapts.show_adapt(conn, adapt_id=adapt.adapt_id)
        chosen = [each.name for each in await groups.referring_groups(conn, adapt_id=adapt.adapt_id)]
    name = "another" if way == "add" else "new customers"
    assert (after.status, chosen) == ((AdaptStatus.PAUSE, []) if paused_first else (AdaptStatus.ACTIVE, [name]))
    assert isinstance(came, GroupInvalid if paused_first else AdaptReferenced), came


async def test_what_is_saved_counts_when_it_is_applied(desk: Database, risk: Actor, clock: ManualClock) -> None:
    at = {"application": "cash_loan", "scene": "activation"}
    async with desk.transaction() as conn:
        group = await add_group(conn, None, actor=risk, clock=clock)
        assert await groups.live_groups(conn, **at) == []
        group = await apply(conn, group, actor=risk, clock=clock)
        saved = await save(conn, group, form(None, threshold=0.9), actor=risk, clock=clock)
        [live] = await groups.live_groups(conn, **at)
        assert live.document.rules[0].when == "device_score < 0.5"
        await apply(conn, saved, actor=risk, clock=clock)
        [live] = await groups.live_groups(conn, **at)
        assert live.document.rules[0].when == "device_score < 0.9"
        await groups.set_group_active(conn, group_id=group.group_id, is_active=False, actor=risk, now=clock.now())
        assert await groups.live_groups(conn, **at) == []


async def test_who_saves_or_applies_what_has_moved_on_is_told(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        group = await add_group(conn, None, actor=risk, clock=clock)
        await save(conn, group, form(None, threshold=0.9), actor=other, clock=clock)
        with pytest.raises(GroupMoved) as refused:
            await save(conn, group, form(None, threshold=0.1), actor=risk, clock=clock)
        with pytest.raises(GroupMoved):
            await apply(conn, group, actor=risk, clock=clock)
    assert (refused.value.revision, refused.value.operator) == (2, other.id)


async def test_a_name_is_taken_once_in_a_scene(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        group = await add_group(conn, None, actor=risk, clock=clock)
        with pytest.raises(GroupExists) as refused:
            await add_group(conn, None, actor=risk, clock=clock, name=" NEW customers")
        assert refused.value.group_id == group.group_id
        unchanged = await save(conn, group, form(None) | {"rules": [_same(group)]}, actor=risk, clock=clock)
        assert unchanged.revision == 1
        [listed] = (await listing.list_groups(conn, application="cash_loan")).items
        assert listed == group


def _same(group: Group) -> dict[str, Any]:
    first = group.document.rules[0]
    return {"id": first.id, "name": first.name, "when": first.when, "answer": first.answer}
