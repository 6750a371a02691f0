from datetime import timedelta

import pytest

from opsdesk.access.audit import EntryFilter, list_entries, show_entry
from opsdesk.access.audit.errors import EntryUnknown, FilterInvalid
from opsdesk.access.audit.listing import FILTER_CHARS_MAX
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.paging import BadCursor, BadPageSize
from tests.access.audit.chains import OFFICER, seal_all, write
from tests.actors import actor


async def listed(db: Database, **wanted: object) -> list[int]:
    async with db.connection() as conn:
        page = await list_entries(conn, EntryFilter(**wanted))  # type: ignore[arg-type]  # the names are those of the filter
    return [entry.entry_id for entry in page.items]


async def test_entries_are_listed_newest_first_page_by_page(db: Database, clock: ManualClock) -> None:
    await write(db, clock.now(), count=5)
    async with db.connection() as conn:
        first = await list_entries(conn, EntryFilter(), limit=2)
        second = await list_entries(conn, EntryFilter(), limit=2, cursor=first.next)
        third = await list_entries(conn, EntryFilter(), limit=2, cursor=second.next)
    ids = [[entry.entry_id for entry in page.items] for page in (first, second, third)]
    assert ids == [[5, 4], [3, 2], [1]]
    assert third.next is None


async def test_each_filter_leaves_out_what_does_not_pass(db: Database, clock: ManualClock) -> None:
    await write(db, clock.now(), action="run.start", object_kind="run", object_id="r1")
    clock.advance(seconds=60)
    await write(db, clock.now(), action="run.cancel", object_kind="run", object_id="r1", actor=actor("ops"))
    await write(db, clock.now(), action="key.create", object_kind="key", object_id="r1")
    assert await listed(db) == [3, 2, 1]
    assert await listed(db, actor=OFFICER.id) == [3, 1]
    assert await listed(db, action="run") == [2, 1]
    assert await listed(db, action="run.cancel") == [2]
    assert await listed(db, action="ru") == []
    assert await listed(db, object_kind="run", object_id="r1") == [2, 1]
    assert await listed(db, object_id="r2") == []
    assert await listed(db, since=clock.now()) == [3, 2]
    assert await listed(db, until=clock.now()) == [1]
    assert await listed(db, until=clock.now() + timedelta(seconds=1)) == [3, 2, 1]
    assert await listed(db, request_id="test", action="key") == [3]


async def test_an_entry_is_shown_with_its_place_as_soon_as_it_has_one(db: Database, clock: ManualClock) -> None:
    await write(db, clock.now())
    async with db.connection() as conn:
        assert (await show_entry(conn, 1)).seq is None
        head = await seal_all(db)
        entry = await show_entry(conn, 1)
        assert head is not None
        assert (entry.seq, entry.hash) == (1, head.hash)
        with pytest.raises(EntryUnknown):
            await show_entry(conn, 2)


async def test_a_filter_that_cannot_be_used_is_refused_by_name(conn: Connection) -> None:
    assert (await list_entries(conn, EntryFilter(actor="x" * FILTER_CHARS_MAX))).items == []
    for text in ("x" * (FILTER_CHARS_MAX + 1), "\0"):
        with pytest.raises(FilterInvalid, match="audit") as refused:
            await list_entries(conn, EntryFilter(actor=text))
        assert refused.value.field == "actor"


async def test_pages_and_cursors_have_their_rules(conn: Connection) -> None:
    with pytest.raises(BadPageSize):
        await list_entries(conn, EntryFilter(), limit=0)
    with pytest.raises(BadCursor):
        await list_entries(conn, EntryFilter(), cursor="nonsense")
