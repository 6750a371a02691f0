"""Screening adapts in the database: one for each place, versions of their own, and pauses that groups stand against."""

import asyncio
from typing import Any

import pytest

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review.screening import adapts
from opsdesk.review.screening.adapt_document import stored
from opsdesk.review.screening.adapts import AdaptStatus, ScreeningAdapt
from opsdesk.review.screening.errors import (
    AdaptReferenced,
    ConfigurationMoved,
    ScreeningAdaptExists,
    ScreeningAdaptInvalid,
)
from tests.review.screening.configuring import add, add_adapt, edit, with_key


async def no_groups(conn: Connection, *, adapt_id: int) -> list[str]:
    return []


async def save(
    conn: Connection, adapt: ScreeningAdapt, *, actor: Actor, clock: ManualClock, methods: Any = ("full",)
) -> adapts.SavedAdapt:
    document = stored(adapt.document) | {"methods": list(methods)}
    return await adapts.edit_adapt(
        conn,
        adapt_id=adapt.adapt_id,
        opened_version=adapt.version,
        document=document,
        actor=actor,
        now=clock.now(),
    )


@pytest.mark.req("REV-X51", "REV-D04")
async def test_a_new_adapt_is_active_and_has_version_1(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        adapt = await add_adapt(conn, await add(conn, risk, clock), risk, clock)
    assert (adapt.status, adapt.version, adapt.type_version, adapt.is_auto) == (AdaptStatus.ACTIVE, 1, 1, False)
    assert adapt.document.methods == ("face",)


@pytest.mark.req("REV-A05", "REV-D10")
async def test_a_place_has_one_adapt_of_a_type(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        with pytest.raises(ScreeningAdaptExists) as refused:
            await add_adapt(conn, found, risk, clock)
        assert refused.value.adapt_id == adapt.adapt_id
        await add_adapt(conn, await add(conn, risk, clock, "Another"), risk, clock)


@pytest.mark.req("REV-A05", "REV-D10")
async def test_of_two_who_confirm_at_once_one_is_told_that_it_exists(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)

    async def confirm() -> ScreeningAdapt:
        async with desk.transaction() as conn:
            return await add_adapt(conn, found, risk, clock)

    came = await asyncio.gather(*(confirm() for _ in range(4)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in came) == ["ScreeningAdapt"] + ["ScreeningAdaptExists"] * 3


@pytest.mark.req("REV-D02", "REV-D03")
async def test_a_scene_is_one_of_the_application(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        with pytest.raises(ScreeningAdaptInvalid) as refused:
            await add_adapt(conn, found, risk, clock, "repay")
    assert refused.value.problems == {"scene": ["is no scene of the application"]}


@pytest.mark.req("REV-D11", "REV-D12")
async def test_an_edit_of_an_adapt_leaves_its_type_alone(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        saved = await save(conn, adapt, actor=other, clock=clock)
        again = await save(conn, saved.adapt, actor=risk, clock=clock)
    assert (saved.adapt.version, saved.adapt.type_version, saved.adapt.operator) == (2, 1, other.id)
    assert not saved.adapt.is_auto
    assert (again.changed, again.adapt.version) == (False, 2)


@pytest.mark.req("REV-X26")
async def test_an_adapt_that_moved_on_with_its_type_is_not_saved_over(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        await edit(conn, found, with_key(found, "device"), actor=other, clock=clock)
        with pytest.raises(ConfigurationMoved) as refused:
            await save(conn, adapt, actor=risk, clock=clock)
    assert (refused.value.version, refused.value.operator) == (2, other.id)


async def test_an_edit_of_a_type_and_of_its_adapt_at_once_never_wait_for_each_other(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)

    async def outer(number: int) -> None:
        async with desk.transaction() as conn:
            await edit(conn, found, with_key(found, f"k{number}"), actor=risk, clock=clock)

    async def inner() -> None:
        async with desk.transaction() as conn:
            await save(conn, adapt, actor=other, clock=clock)

    work = [*(outer(number) for number in range(3)), *(inner() for _ in range(3))]
    came = await asyncio.gather(*work, return_exceptions=True)
    assert {type(each) for each in came} <= {type(None), ConfigurationMoved}
    assert came.count(None) >= 1


@pytest.mark.req("REV-A09", "REV-X38")
async def test_an_adapt_that_groups_refer_to_is_not_paused_and_they_are_named(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async def two_groups(conn: Connection, *, adapt_id: int) -> list[str]:
        return ["new customers", "large loans"]

    async with desk.transaction() as conn:
        adapt = await add_adapt(conn, await add(conn, risk, clock), risk, clock)
        with pytest.raises(AdaptReferenced) as refused:
            await adapts.pause_adapt(conn, adapt_id=adapt.adapt_id, actor=risk, now=clock.now(), referring=two_groups)
        assert (await adapts.show_adapt(conn, adapt_id=adapt.adapt_id)).status is AdaptStatus.ACTIVE
    assert refused.value.groups == ["new customers", "large loans"]


@pytest.mark.req("REV-X27", "REV-A06")
async def test_pausing_and_activating_make_no_version_and_are_told(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        adapt = await add_adapt(conn, await add(conn, risk, clock), risk, clock)
        clock.advance(seconds=60)
        paused = await adapts.pause_adapt(
            conn, adapt_id=adapt.adapt_id, actor=other, now=clock.now(), referring=no_groups
        )
        again = await adapts.pause_adapt(
            conn, adapt_id=adapt.adapt_id, actor=risk, now=clock.now(), referring=no_groups
        )
        active = await adapts.activate_adapt(conn, adapt_id=adapt.adapt_id, actor=risk, now=clock.now())
    assert (paused.status, paused.version, paused.operator) == (AdaptStatus.PAUSE, 1, other.id)
    assert paused.changed_at == clock.now()
    assert again == paused
    assert (active.status, active.version) == (AdaptStatus.ACTIVE, 1)


@pytest.mark.req("REV-D04", "REV-D06", "REV-X32", "REV-X35")
async def test_what_can_be_chosen_depends_on_place_and_methods(desk: Database) -> None:
    async with desk.connection() as conn:
        every = await adapts.choices_for(conn, application="cash_loan", scene="activation")
        face = await adapts.choices_for(conn, application="cash_loan", scene="activation", methods=["face"])
        nowhere = await adapts.choices_for(conn, application="cash_loan", scene="repay")
    assert every.methods == ("face", "full")
    assert every.offer.pb_fields == ("customer.name", "customer.card_url")
    assert (every.offer.verifications, face.offer.verifications) == ({"lc", "fm"}, {"lc"})
    assert (nowhere.methods, nowhere.offer.pb_fields) == ((), ())
