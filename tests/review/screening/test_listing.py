"""Lists of the configuration: filtered, in a stable order, page by page, with what every version changed."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.paging import Page
from opsdesk.review.screening import adapts, listing, types
from opsdesk.review.screening.adapts import AdaptStatus
from opsdesk.review.screening.errors import (
    ConfigurationFilterInvalid,
    ScreeningAdaptUnknown,
    ScreeningTypeUnknown,
)
from opsdesk.review.screening.types import Category
from tests.review.screening.configuring import add, add_adapt, edit, with_key


async def nobody(conn: Connection, *, adapt_id: int) -> list[str]:
    return []


async def new_customers(conn: Connection, *, adapt_id: int) -> list[str]:
    return ["new customers"]


async def many(desk: Database, risk: Actor, clock: ManualClock, count: int) -> list[str]:
    names = [f"Type {number:02}" for number in range(count)]
    async with desk.transaction() as conn:
        for name in names:
            await add(conn, risk, clock, name)
            clock.advance(seconds=1 if int(name[-2:]) % 3 else 0)
    return names


@pytest.mark.req("REV-X53", "REV-L05", "REV-X07")
@pytest.mark.parametrize("oldest_first", [False, True])
async def test_types_come_in_pages_of_twenty_that_leave_none_out(
    desk: Database, risk: Actor, clock: ManualClock, oldest_first: bool
) -> None:
    names = await many(desk, risk, clock, 45)
    pages, cursor = [], None
    async with desk.connection() as conn:
        while True:
            page = await listing.list_types(conn, oldest_first=oldest_first, cursor=cursor)
            pages.append([line.name for line in page.items])
            if (cursor := page.next) is None:
                break
    assert [len(page) for page in pages] == [20, 20, 5]
    assert [name for page in pages for name in page] == (names if oldest_first else names[::-1])


@pytest.mark.req("REV-L04", "REV-L05", "REV-L06", "REV-L07", "REV-A08")
async def test_types_are_found_by_category_by_a_part_of_their_name_and_by_operator(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock, "人脸 Face check")
        await add(conn, other, clock, "Old ticket", category=Category.HARDCODE)
        await edit(conn, found, with_key(found, "device"), actor=other, clock=clock)
        by_name = (await listing.list_types(conn, name="ＦＡＣＥ")).items
        hardcoded = (await listing.list_types(conn, category=Category.HARDCODE)).items
        others = (await listing.list_types(conn, operator=other.id)).items
        assert await listing.type_operators(conn) == [other.id]
        assert [name for _, name in await listing.type_names(conn, part="人脸")] == ["人脸 Face check"]
    assert [(line.name, line.version, line.operator) for line in by_name] == [("人脸 Face check", 2, other.id)]
    assert [line.name for line in hardcoded] == ["Old ticket"]
    assert len(others) == 2


@pytest.mark.req("REV-A01", "REV-A03", "REV-A04")
async def test_adapts_are_those_of_one_type_and_found_by_place_status_and_operator(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        await add_adapt(conn, await add(conn, risk, clock, "Another"), risk, clock)
        first = await add_adapt(conn, found, risk, clock)
        clock.advance(seconds=1)
        second = await add_adapt(conn, found, other, clock, "borrow")
        await adapts.pause_adapt(conn, adapt_id=first.adapt_id, actor=risk, now=clock.now(), referring=nobody)

        async def listed(**filters: Any) -> list[int]:
            page = await listing.list_adapts(conn, type_id=found.type_id, **filters)
            return [adapt.adapt_id for adapt in page.items]

        assert await listed() == [second.adapt_id, first.adapt_id]
        assert await listed(scene="borrow") == [second.adapt_id]
        assert await listed(status=AdaptStatus.PAUSE) == [first.adapt_id]
        assert await listed(operator=other.id) == [second.adapt_id]
        assert await listed(application="card") == []
        assert await listing.adapt_operators(conn, type_id=found.type_id) == sorted([other.id, risk.id])


@pytest.mark.req("REV-P01", "REV-A08")
async def test_a_paused_adapt_is_not_offered(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        at = {"application": "cash_loan", "scene": "activation"}
        assert await listing.offered_types(conn, **at) == [(found.type_id, "Face")]
        assert await listing.offered_types(conn, application="cash_loan", scene="borrow") == []
        await adapts.pause_adapt(conn, adapt_id=adapt.adapt_id, actor=risk, now=clock.now(), referring=nobody)
        assert await listing.offered_types(conn, **at) == []


@pytest.mark.req("REV-V07", "REV-X54")
async def test_every_version_is_there_with_its_parameters_and_what_it_changed(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        clock.advance(seconds=timedelta(hours=1).total_seconds())
        await edit(conn, found, with_key(found, "device"), actor=other, clock=clock)
        newest, first = (await listing.type_history(conn, type_id=found.type_id)).items
    assert (newest.version, newest.operator, newest.saved_at) == (2, other.id, clock.now())
    assert [change.path for change in newest.changes] == ["modules[others].keys[device]"]
    assert newest.document["modules"][2]["keys"][0]["name"] == "device"
    assert (first.version, first.changes) == (1, [])


@pytest.mark.req("REV-D13", "REV-X08", "REV-X27")
async def test_the_history_of_an_adapt_tells_its_own_versions_those_of_its_type_and_its_pauses(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        clock.advance(seconds=1)
        await edit(conn, found, with_key(found, "device"), actor=other, clock=clock)
        clock.advance(seconds=1)
        await adapts.try_to_pause_adapt(
            conn, adapt_id=adapt.adapt_id, actor=risk, now=clock.now(), referring=new_customers
        )
        history = (await listing.adapt_history(conn, adapt_id=adapt.adapt_id)).items
    assert [(entry.kind, entry.version, entry.operator, entry.is_auto) for entry in history] == [
        ("pause_refused", None, risk.id, False),
        ("version", 2, other.id, True),
        ("version", 1, risk.id, False),
    ]
    assert history[0].detail == {"groups": ["new customers"]}
    assert [(change.path, change.before, change.after) for change in history[1].changes] == [("type_version", 1, 2)]


@pytest.mark.req("REV-V07", "REV-D13")
async def test_a_long_history_comes_in_pages_that_neither_skip_nor_repeat(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    by: dict[str, Any] = {"actor": risk, "now": clock.now()}
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        for number in range(5):
            # All at one moment, so that the order is not that of the clock alone.
            saved = await edit(conn, found, with_key(found, f"key {number}"), actor=risk, clock=clock)
            found = saved.type
            await adapts.try_to_pause_adapt(conn, adapt_id=adapt.adapt_id, referring=new_customers, **by)
        versions = await pages_of(listing.type_history, conn, type_id=found.type_id)
        entries = await pages_of(listing.adapt_history, conn, adapt_id=adapt.adapt_id)
    assert [each.version for each in versions] == [6, 5, 4, 3, 2, 1]
    assert [[change.path for change in each.changes] for each in versions[:5]] == [
        [f"modules[others].keys[key {number}]"] for number in (4, 3, 2, 1, 0)
    ]
    assert [each.version for each in entries] == [6, 5, 4, 3, 2, 1, None, None, None, None, None]
    assert [len(each.changes) for each in entries] == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]


async def pages_of(list_page: Callable[..., Awaitable[Page[Any]]], conn: Connection, **about: Any) -> list[Any]:
    """Everything, two at a time."""
    found: list[Any] = []
    cursor, more = None, True
    while more:
        page = await list_page(conn, rows=2, cursor=cursor, **about)
        found += page.items
        cursor, more = page.next, page.next is not None
    return found


async def test_one_version_is_shown_with_what_it_changed(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        await edit(conn, found, with_key(found, "device"), actor=risk, clock=clock)
        version = await listing.show_type_version(conn, type_id=found.type_id, version=2)
        entry = await listing.show_adapt_version(conn, adapt_id=adapt.adapt_id, version=2)
        with pytest.raises(ScreeningTypeUnknown):
            await listing.show_type_version(conn, type_id=found.type_id, version=3)
        with pytest.raises(ScreeningAdaptUnknown):
            await listing.show_adapt_version(conn, adapt_id=adapt.adapt_id, version=3)
        names = await types.key_names(conn, type_id=found.type_id)
    assert [change.path for change in version.changes] == ["modules[others].keys[device]"]
    assert [change.path for change in entry.changes] == ["type_version"]
    assert sorted(names.values()) == ["device", "front of the card", "full name"]


async def test_what_nobody_can_look_for_is_refused(desk: Database) -> None:
    async with desk.connection() as conn:
        with pytest.raises(ConfigurationFilterInvalid):
            await listing.list_types(conn, name="a\0")
