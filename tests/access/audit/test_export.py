import json

import pytest
import rfc8785

from opsdesk.access.audit import EntryFilter, Head, Report, export_lines, verify_lines
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.access.audit.chains import chain, tampering, write


async def exported(db: Database, wanted: EntryFilter | None = None) -> list[bytes]:
    async with db.transaction() as conn:
        return [line async for line in export_lines(conn, wanted or EntryFilter())]


def found(report: Report) -> list[tuple[str, int | None]]:
    return [(finding.kind.value, finding.seq) for finding in report.findings]


async def test_an_exported_chain_is_proved_by_its_lines_alone(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now(), count=7)
    await write(db, clock.now())
    lines = await exported(db)
    report = verify_lines(lines)
    last = json.loads(lines[-1])
    assert (report.whole, report.entries, report.head) == (True, 7, Head(7, last["hash"]))
    assert verify_lines(lines, noted=report.head).whole
    assert last["at"] == "2026-01-05T02:00:00.000000Z"
    assert (last["seq"], last["request_id"], last["actor"]) == (7, "test", "person:officer@example.com")


async def test_an_export_through_a_filter_is_proved_as_far_as_it_goes(db: Database, clock: ManualClock) -> None:
    await write(db, clock.now(), action="run.start")
    await write(db, clock.now(), action="key.create")
    await write(db, clock.now(), action="run.start", count=2)
    await chain(db, clock.now(), count=1)
    report = verify_lines(await exported(db, EntryFilter(action="run")))
    assert (report.whole, report.entries) == (True, 3)


@pytest.mark.parametrize(("name", "value"), [("actor", "x"), ("at", "2026-01-05T02:00:00.000001Z"), ("roles", [])])
async def test_a_changed_line_is_named(db: Database, clock: ManualClock, name: str, value: object) -> None:
    await chain(db, clock.now(), count=5)
    lines = await exported(db)
    lines[2] = rfc8785.dumps(json.loads(lines[2]) | {name: value})
    assert found(verify_lines(lines)) == [("entry_changed", 3)]


async def test_a_line_made_anew_does_not_follow_the_one_before(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now(), count=5)
    before = await exported(db)
    async with tampering(db) as conn:
        await conn.execute(b"update audit_seal set hash = sha256(hash) where seq = 2")
    lines = await exported(db)
    assert found(verify_lines([before[0], before[1], *lines[2:]])) == [("entry_changed", 3), ("entry_changed", 3)]


async def test_lines_in_another_order_are_named(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now(), count=4)
    lines = await exported(db)
    assert found(verify_lines([lines[0], lines[2], lines[1], lines[3]])) == [("entry_moved", 2)]
    assert found(verify_lines([lines[0], lines[0]])) == [("entry_moved", 1)]


async def test_lines_cut_off_at_the_end_are_found_by_a_head_that_was_noted(db: Database, clock: ManualClock) -> None:
    await chain(db, clock.now(), count=4)
    lines = await exported(db)
    noted = verify_lines(lines).head
    assert verify_lines(lines[:3]).whole
    assert found(verify_lines(lines[:3], noted=noted)) == [("head_differs", 4)]


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"nonsense", b'{"seq":"1"}', b'"\xff"'])
def test_what_is_no_line_of_an_export_is_said_to_be_none(line: bytes) -> None:
    [finding] = verify_lines([line]).findings
    assert finding.what == "line 1 is not a line of an export"
