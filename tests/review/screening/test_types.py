"""Screening types in the database: versions, what they do to adapts, and two people who save at once."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from opsdesk.access import Actor
from opsdesk.access.errors import ScopeMissing
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review.reference import entries
from opsdesk.review.screening import adapts, types
from opsdesk.review.screening.errors import (
    ConfigurationMoved,
    HardcodedType,
    ScreeningTypeExists,
    ScreeningTypeInvalid,
    ScreeningTypeUnknown,
)
from opsdesk.review.screening.model import stored
from opsdesk.review.screening.types import Category
from tests.review.conftest import reviewer
from tests.review.screening.configuring import add, add_adapt, edit, with_key
from tests.review.screening.samples import given


@pytest.mark.req("REV-V08", "REV-G07")
async def test_a_type_begins_with_version_1_and_applies_at_once(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        added = await add(conn, risk, clock)
    assert (added.version, added.category, added.operator) == (1, Category.DEFAULT, risk.id)
    assert added.changed_at == clock.now()


@pytest.mark.req("REV-T02", "REV-X03")
@pytest.mark.parametrize("name", ["face", " FACE ", "Ｆａｃｅ"])
async def test_two_types_whose_names_read_alike_are_one_too_many(
    desk: Database, risk: Actor, clock: ManualClock, name: str
) -> None:
    async with desk.transaction() as conn:
        added = await add(conn, risk, clock)
        with pytest.raises(ScreeningTypeExists) as refused:
            await add(conn, risk, clock, name)
    assert refused.value.type_id == added.type_id


@pytest.mark.req("REV-T01", "REV-T02", "REV-T03", "REV-X24")
async def test_a_name_is_needed_and_a_description_is_not(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        with pytest.raises(ScreeningTypeInvalid) as refused:
            await types.add_type(conn, name=" ", description="d" * 501, document={}, actor=risk, now=clock.now())
    assert refused.value.problems["name"] == ["is required"]
    assert refused.value.problems["description"] == ["has more than 500 characters"]
    async with desk.transaction() as conn:
        added = await types.add_type(conn, name="x", description="", document=given(), actor=risk, now=clock.now())
    assert added.description == ""


@pytest.mark.req("REV-V06", "REV-V03", "REV-X28", "REV-X29", "REV-X08")
async def test_an_edit_takes_every_adapt_with_it_paused_ones_too(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async def nobody(conn: Connection, *, adapt_id: int) -> list[str]:
        return []

    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        first = await add_adapt(conn, found, risk, clock)
        second = await add_adapt(conn, found, risk, clock, "borrow")
        await adapts.pause_adapt(conn, adapt_id=second.adapt_id, actor=risk, now=clock.now(), referring=nobody)
    clock.advance(seconds=3600)
    async with desk.transaction() as conn:
        saved = await edit(conn, found, with_key(found, "device"), actor=other, clock=clock)
        after = [await adapts.show_adapt(conn, adapt_id=each.adapt_id) for each in (first, second)]
    assert (saved.type.version, saved.changed, saved.adapts) == (2, True, 2)
    for adapt in after:
        assert (adapt.version, adapt.type_version, adapt.is_auto, adapt.operator) == (2, 2, True, other.id)
        assert list(adapt.document.mapped.values())[2] is None
        assert adapt.document.mapped_count == 1
    assert [adapt.status for adapt in after] == ["active", "pause"]


@pytest.mark.req("REV-X25")
async def test_saving_what_is_there_already_makes_no_version(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        saved = await edit(conn, found, stored(found.document), actor=other, clock=clock)
    assert (saved.changed, saved.type.version, saved.type.operator) == (False, 1, risk.id)


@pytest.mark.req("REV-X26", "REV-B06")
async def test_who_saves_second_is_told_what_the_first_has_changed(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
    async with desk.transaction() as conn:
        await edit(conn, found, with_key(found, "device"), actor=other, clock=clock)
    async with desk.transaction() as conn:
        with pytest.raises(ConfigurationMoved) as refused:
            await edit(conn, found, with_key(found, "network"), actor=risk, clock=clock)
    assert (refused.value.version, refused.value.operator) == (2, other.id)
    assert [change["path"] for change in refused.value.changes] == ["modules[others].keys[device]"]


@pytest.mark.req("REV-X26")
async def test_of_two_who_save_at_the_same_moment_one_is_refused(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)

    async def save(actor: Actor, name: str) -> types.Saved:
        async with desk.transaction() as conn:
            return await edit(conn, found, with_key(found, name), actor=actor, clock=clock)

    came = await asyncio.gather(*(save(who, str(n)) for n, who in enumerate([risk, other] * 3)), return_exceptions=True)
    assert sum(isinstance(each, types.Saved) for each in came) == 1
    assert sum(isinstance(each, ConfigurationMoved) for each in came) == 5


@pytest.mark.req("REV-X29")
async def test_no_reader_sees_an_adapt_that_was_composed_with_another_version(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)

    async def edits() -> None:
        current = found
        for number in range(12):
            async with desk.transaction() as conn:
                current = (await edit(conn, current, with_key(current, f"k{number}"), actor=risk, clock=clock)).type

    async def look() -> set[bool]:
        seen = set()
        while not editing.done():
            async with desk.transaction() as conn:
                await conn.execute("set transaction isolation level repeatable read")
                inner = await adapts.show_adapt(conn, adapt_id=adapt.adapt_id)
                outer = await types.show_type(conn, type_id=found.type_id)
                seen.add(inner.type_version == outer.version)
        return seen

    editing = asyncio.create_task(edits())
    assert (await asyncio.gather(look(), look()))[0] == {True}
    await editing


@pytest.mark.req("REV-B06", "REV-X11")
async def test_an_old_version_is_saved_again_as_the_newest(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        document = stored(found.document)
        document["modules"][0]["keys"] = []
        changed = (await edit(conn, found, document, actor=risk, clock=clock)).type
        restored = await types.restore_version(
            conn, type_id=found.type_id, version=1, opened_version=changed.version, actor=other, now=clock.now()
        )
        inner = await adapts.show_adapt(conn, adapt_id=adapt.adapt_id)
    assert (restored.type.version, restored.type.document) == (3, found.document)
    assert inner.document.mapped_count == 0


@pytest.mark.req("REV-X22")
async def test_a_version_whose_code_is_not_active_any_more_is_not_restored(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        changed = (await edit(conn, found, with_key(found, "device"), actor=risk, clock=clock)).type
        await entries.put_reject_code(
            conn,
            code="AF-1001",
            category="anti-fraud",
            description="",
            is_active=False,
            actor=risk,
            now=clock.now(),
        )
        with pytest.raises(ScreeningTypeInvalid) as refused:
            await types.restore_version(
                conn, type_id=found.type_id, version=1, opened_version=changed.version, actor=risk, now=clock.now()
            )
        with pytest.raises(ScreeningTypeInvalid):
            await edit(conn, changed, with_key(changed, "network"), actor=risk, clock=clock)
    assert list(refused.value.problems) == ["rejection.reasons.0.code"]


@pytest.mark.req("REV-G06", "REV-X04", "REV-X05")
async def test_of_a_hardcoded_type_only_the_rejection_is_edited(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock, category=Category.HARDCODE)
        with pytest.raises(HardcodedType):
            await edit(conn, found, with_key(found, "device"), actor=risk, clock=clock)
        with pytest.raises(HardcodedType):
            await add_adapt(conn, found, risk, clock)
        document = stored(found.document)
        document["rejection"]["reasons"][0]["detail"] = "Another face"
        saved = await edit(conn, found, document, actor=risk, clock=clock)
    assert saved.type.version == 2


@pytest.mark.req("REV-G12", "REV-X52")
@pytest.mark.parametrize("table", ["screening_type_version", "screening_adapt_version", "screening_adapt_event"])
async def test_a_version_is_never_changed_and_never_deleted(desk: Database, table: str) -> None:
    for statement in (f"delete from {table}", f"update {table} set operator = ''", f"truncate {table} cascade"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            async with desk.transaction() as conn:
                await conn.execute(statement)


async def test_who_may_not_configure_saves_nothing(desk: Database, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        with pytest.raises(ScopeMissing):
            await add(conn, reviewer("anna"), clock)
        with pytest.raises(ScreeningTypeUnknown):
            await types.show_type(conn, type_id=1)


@pytest.mark.req("REV-G08")
async def test_the_time_of_a_version_is_the_time_of_its_save(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
    clock.advance(seconds=timedelta(hours=5).total_seconds())
    async with desk.transaction() as conn:
        saved = await edit(conn, found, with_key(found, "device"), actor=risk, clock=clock)
    assert saved.type.changed_at - found.changed_at == timedelta(hours=5)
