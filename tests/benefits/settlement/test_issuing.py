"""A month is settled once, whatever happens meanwhile, and everybody gets a file."""

import asyncio
import gzip
import hashlib
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from opsdesk import jobs
from opsdesk.benefits import disputes
from opsdesk.benefits.periods import share_periods, take_periods
from opsdesk.benefits.settlement import files, periods
from opsdesk.benefits.settlement.errors import PeriodOpen, StoredFileDiffers
from opsdesk.benefits.settlement.issuing import issue_month
from opsdesk.benefits.settlement.manifest import is_genuine, read_manifest
from opsdesk.benefits.settlement.months import Calendar
from opsdesk.benefits.settlement.verifying import Flaw, make_again, verify
from opsdesk.kit.db import Connection, Database
from tests.actors import actor
from tests.benefits.making import booked, cancelled, completed, listed
from tests.benefits.settlement.settling import (
    KEYS,
    OPERATOR,
    THIRD,
    done,
    moment,
    read_file,
    redeemed_at,
    settled,
    settlement_in,
)

DECEMBER = date(2025, 12, 1)
FILE, EMPTY = "airport-202512.txt.gz", "clinic-202512.txt.gz"


@pytest.mark.req("PTS-701", "PTS-702", "PTS-703", "PTS-707")
async def test_every_provider_gets_a_file_of_the_month_also_an_empty_one(bank: Database, tmp_path: Path) -> None:
    order = await done(bank, "2025-12-21 00:00:00")
    came = await settled(bank, settlement_in(tmp_path))
    assert (came.closed, came.issued) == ([DECEMBER], [FILE, EMPTY])
    file = read_file(tmp_path, FILE)
    assert file.head == ["H", "airport", "202512", "1", "1", "15000", "20260103010000"]
    [line] = file.lines
    assert line[:6] == ["D", "N", order.benefit_code, "lounge", "20251221000000", "15000"]
    assert file.tail == ["T", "1", "15000"]
    empty = gzip.decompress((tmp_path / "store" / EMPTY).read_bytes())
    assert empty == b"H|clinic|202512|1|0|0|20260103010000\nT|0|0\n"


@pytest.mark.req("PTS-708")
async def test_customers_are_masked_and_hashed_under_a_key_of_the_provider(bank: Database, tmp_path: Path) -> None:
    await done(bank, "2025-12-21 10:00:00")
    await settled(bank, settlement_in(tmp_path))
    [line] = read_file(tmp_path, FILE).lines
    key = hashlib.sha256  # the padded blocks make the same as HMAC does
    blocks = KEYS.customer_key("airport")
    wanted = key(blocks.outer + key(blocks.inner + b"C-1").digest()).hexdigest()[:32]
    assert line[6:] == [wanted, "王**", "138****5678"]


@pytest.mark.req("PTS-708")
@pytest.mark.parametrize(
    ("name", "mobile", "masked"),
    [
        ("王", "13812345678", ["王*", "138****5678"]),
        ("王明", "+8613812345678", ["王*", "861****5678"]),
        ("|name", "1381234", ["?****", "000****0000"]),
        ("\\n", "138|1234|678", ["?*", "000****0000"]),
        ("", "", ["?*", "000****0000"]),
    ],
)
async def test_nothing_in_a_name_or_a_number_breaks_a_line(
    bank: Database, tmp_path: Path, name: str, mobile: str, masked: list[str]
) -> None:
    await done(bank, "2025-12-21 10:00:00")
    async with bank.transaction() as conn:
        values = {"name": name, "mobile": mobile}
        await conn.execute("update benefit_customer set name = %(name)s, mobile = %(mobile)s", values)
    await settled(bank, settlement_in(tmp_path))
    assert read_file(tmp_path, FILE).lines[0][7:] == masked


@pytest.mark.req("PTS-704")
async def test_the_last_moment_of_a_month_is_in_it_and_the_next_is_not(bank: Database, tmp_path: Path) -> None:
    await done(bank, "2025-12-31 23:59:59.999")
    await done(bank, "2026-01-01 00:00:00")
    await settled(bank, settlement_in(tmp_path))
    assert [line[4] for line in read_file(tmp_path, FILE).lines] == ["20251231235959"]


@pytest.mark.req("PTS-505", "PTS-709")
async def test_what_is_reported_late_stands_in_the_next_file_as_a_supplement(bank: Database, tmp_path: Path) -> None:
    settlement = settlement_in(tmp_path)
    await done(bank, "2025-12-31 20:00:00", heard="2026-01-02 23:59:59")
    await settled(bank, settlement)
    before = (tmp_path / "store" / FILE).read_bytes()
    late = await done(bank, "2025-12-30 20:00:00", heard="2026-01-04 09:00:00")
    assert (late.is_late, late.settle_month) == (True, date(2026, 1, 1))
    await done(bank, "2026-01-02 20:00:00")
    await settled(bank, settlement, month="2026-01", now=moment("2026-02-03 01:00:00"))
    lines = read_file(tmp_path, "airport-202601.txt.gz").lines
    assert [line[1] for line in lines] == ["S", "N"]
    assert (tmp_path / "store" / FILE).read_bytes() == before


@pytest.mark.req("PTS-507", "PTS-709")
async def test_a_dispute_that_was_paid_stands_in_the_file_as_an_adjustment(bank: Database, tmp_path: Path) -> None:
    at = moment("2025-12-20 10:00:00")
    order = await redeemed_at(bank, at)
    await booked(bank, order, now=at)
    await cancelled(bank, order, now=at)
    await completed(bank, order, now=at + timedelta(hours=1))
    async with bank.transaction() as conn:
        [dispute] = await disputes.list_disputes(conn, is_open=True, limit=10)
        await disputes.propose(
            conn, dispute.dispute_id, disputes.Proposal.PAY, reason="seen", actor=actor("one"), now=at
        )
        await disputes.decide(conn, dispute.dispute_id, actor=actor("other"), now=at)
    await settled(bank, settlement_in(tmp_path))
    file = read_file(tmp_path, FILE)
    assert (file.lines[0][1], file.lines[0][2], file.tail) == ("A", order.benefit_code, ["T", "1", "15000"])


@pytest.mark.req("PTS-706")
async def test_a_month_is_never_closed_before_its_time(bank: Database, tmp_path: Path) -> None:
    with pytest.raises(PeriodOpen):
        await settled(bank, settlement_in(tmp_path), now=moment("2026-01-03 00:59:59.999"))
    async with bank.connection() as conn:
        assert await periods.closed_at(conn, DECEMBER) is None


@pytest.mark.req("PTS-709")
async def test_settling_a_month_twice_is_the_same_as_once(bank: Database, tmp_path: Path) -> None:
    settlement = settlement_in(tmp_path)
    await done(bank, "2025-12-21 10:00:00")
    await settled(bank, settlement)
    again = await settled(bank, settlement, now=THIRD + timedelta(days=1))
    assert (again.closed, again.issued) == ([], [])
    async with bank.connection() as conn:
        assert await periods.closed_at(conn, DECEMBER) == THIRD
        assert len((await files.list_files(conn, size=10)).items) == 2


async def test_months_that_nobody_closed_are_closed_with_the_next(bank: Database, tmp_path: Path) -> None:
    await done(bank, "2025-10-21 10:00:00")
    came = await settled(bank, settlement_in(tmp_path), month=None)
    assert came.closed == [date(2025, 10, 1), date(2025, 11, 1), DECEMBER]
    assert len(came.issued) == 6


async def test_closing_waits_for_what_is_being_put_into_the_month(bank: Database, tmp_path: Path) -> None:
    async with bank.transaction() as completing:
        await share_periods(completing)
        closing = asyncio.create_task(settled(bank, settlement_in(tmp_path)))
        async with bank.connection() as watching:
            while not await _waits(watching):
                await asyncio.sleep(0)
        assert not closing.done()
    assert (await closing).closed == [DECEMBER]


async def _waits(conn: Connection) -> bool:
    waiting = await conn.execute(
        "select from pg_locks where locktype = 'advisory' and not granted and database ="
        " (select oid from pg_database where datname = current_database())"
    )
    return bool(waiting.rowcount == 1)


@pytest.mark.req("PTS-709")
async def test_two_nodes_at_once_issue_each_file_once(bank: Database, tmp_path: Path) -> None:
    await done(bank, "2025-12-21 10:00:00")
    settlement = settlement_in(tmp_path)
    both = await asyncio.gather(settled(bank, settlement), settled(bank, settlement))
    assert sorted(name for each in both for name in each.issued) == [FILE, EMPTY]
    async with bank.connection() as conn:
        state = await jobs.queue_state(conn)
    assert state.waiting == 2


@pytest.mark.req("PTS-709")
async def test_two_nodes_that_both_made_a_file_tell_of_it_once(bank: Database, tmp_path: Path) -> None:
    await done(bank, "2025-12-21 10:00:00")
    settlement = settlement_in(tmp_path)
    async with bank.transaction() as conn:
        await periods.close_period(conn, DECEMBER, calendar=Calendar(), actor=OPERATOR, now=THIRD)
    both = await asyncio.gather(
        *[issue_month(bank, settlement, DECEMBER, OPERATOR, THIRD) for _ in range(2)],
    )
    assert sorted(name for each in both for name in each) == [FILE, EMPTY]


@pytest.mark.req("PTS-709")
@pytest.mark.parametrize("left", [1, 2])
async def test_a_run_that_was_cut_short_is_finished_by_the_next(bank: Database, tmp_path: Path, left: int) -> None:
    """The file lies there, or the manifest too, and nobody was told."""
    await done(bank, "2025-12-21 10:00:00")
    other, settlement = settlement_in(tmp_path / "other"), settlement_in(tmp_path)
    await settled(bank, other)
    made = [(tmp_path / "other" / "store" / name).read_bytes() for name in (FILE, f"{FILE}.manifest.json")]
    async with bank.transaction() as conn:
        await conn.execute("alter table benefit_settlement_file disable trigger user")
        await conn.execute("delete from benefit_settlement_file")
        await conn.execute("alter table benefit_settlement_file enable trigger user")
    (tmp_path / "store").mkdir()
    for name, content in list(zip((FILE, f"{FILE}.manifest.json"), made, strict=True))[:left]:
        (tmp_path / "store" / name).write_bytes(content)
    came = await settled(bank, settlement)
    assert came.issued == [FILE, EMPTY]
    assert (tmp_path / "store" / FILE).read_bytes() == made[0]


@pytest.mark.req("PTS-709")
async def test_another_file_of_the_name_is_not_written_over(bank: Database, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / FILE).write_bytes(b"somebody's")
    with pytest.raises(StoredFileDiffers):
        await settled(bank, settlement_in(tmp_path))
    assert (tmp_path / "store" / FILE).read_bytes() == b"somebody's"


@pytest.mark.req("PTS-709")
async def test_a_file_made_again_is_the_same_to_the_byte(bank: Database, tmp_path: Path) -> None:
    settlement = settlement_in(tmp_path)
    for day in (20, 5, 12):
        await done(bank, f"2025-12-{day:02} 10:00:00")
    await settled(bank, settlement)
    async with bank.transaction() as conn:  # customers change, and leave the list
        await conn.execute("update benefit_customer set name = '李四', mobile = '13900000000'")
        await listed(conn, {"C-2": 50_000_000}, day=date(2026, 3, 1), now=moment("2026-03-01 08:00:00"))
    again = await make_again(bank, settlement, FILE)
    assert (again.is_same, again.content_is_same) == (True, True)
    assert [line[4][:8] for line in read_file(tmp_path, FILE).lines] == ["20251205", "20251212", "20251220"]


@pytest.mark.req("PTS-707")
async def test_the_manifest_says_what_the_file_is_and_the_bank_signs_it(bank: Database, tmp_path: Path) -> None:
    await done(bank, "2025-12-21 10:00:00")
    await settled(bank, settlement_in(tmp_path))
    content = (tmp_path / "store" / FILE).read_bytes()
    text = (tmp_path / "store" / f"{FILE}.manifest.json").read_text()
    said = read_manifest(text)
    assert (said["sha256"], said["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (said["rows"], said["total_fen"], said["key_id"]) == (1, 15_000, KEYS.key_id)
    assert is_genuine(text, KEYS)
    assert not is_genuine(text.replace('"rows":1', '"rows":2'), KEYS)


async def test_a_good_file_is_found_good(bank: Database, tmp_path: Path) -> None:
    settlement = settlement_in(tmp_path)
    await done(bank, "2025-12-21 10:00:00")
    await settled(bank, settlement)
    async with bank.connection() as conn:
        found = [await verify(conn, settlement, name) for name in (FILE, EMPTY)]
    assert [(each.rows, each.total_fen, each.flaws) for each in found] == [(1, 15_000, []), (0, 0, [])]


@pytest.mark.parametrize(
    ("content", "flaws"),
    [
        (None, [Flaw.MISSING]),
        (b"no gzip", [Flaw.CHANGED, Flaw.UNREADABLE]),
        (
            gzip.compress(b"H|airport|202512|1|1|15000|20260103010000\nT|1|15000\n", mtime=0),
            [Flaw.CHANGED, Flaw.UNREADABLE],
        ),
    ],
)
async def test_a_file_that_is_not_the_one_that_was_issued_is_found(
    bank: Database, tmp_path: Path, content: bytes | None, flaws: list[Flaw]
) -> None:
    settlement = settlement_in(tmp_path)
    await done(bank, "2025-12-21 10:00:00")
    await settled(bank, settlement)
    stored = tmp_path / "store" / FILE
    stored.unlink()
    if content is not None:
        stored.write_bytes(content)
    async with bank.connection() as conn:
        assert list((await verify(conn, settlement, FILE)).flaws) == flaws


@pytest.mark.req("PTS-706")
@pytest.mark.parametrize(
    ("at", "missing"), [("2026-01-03 08:59:59", []), ("2026-01-03 09:00:00", ["airport", "clinic"])]
)
async def test_files_that_are_not_there_by_nine_are_an_alarm(bank: Database, at: str, missing: list[str]) -> None:
    await done(bank, "2025-12-21 10:00:00")
    async with bank.connection() as conn:
        found = await periods.missing_files(conn, calendar=Calendar(), now=moment(at))
    assert [each.provider for each in found] == missing


async def test_nothing_is_missing_once_the_files_are_there(bank: Database, tmp_path: Path) -> None:
    await done(bank, "2025-12-21 10:00:00")
    await settled(bank, settlement_in(tmp_path))
    async with bank.connection() as conn:
        assert await periods.missing_files(conn, calendar=Calendar(), now=_on_the_tenth()) == []


async def test_nobody_waits_for_files_of_months_without_orders(bank: Database) -> None:
    async with bank.connection() as conn:
        assert await periods.missing_files(conn, calendar=Calendar(), now=_on_the_tenth()) == []


async def test_a_month_that_is_taken_by_another_lock_is_waited_for(bank: Database, tmp_path: Path) -> None:
    async with bank.transaction() as other:
        await take_periods(other)
        closing = asyncio.create_task(settled(bank, settlement_in(tmp_path)))
        async with bank.connection() as watching:
            while not await _waits(watching):
                await asyncio.sleep(0)
    assert (await closing).issued == [FILE, EMPTY]


def _on_the_tenth() -> datetime:
    return moment("2026-01-10 10:00:00")
