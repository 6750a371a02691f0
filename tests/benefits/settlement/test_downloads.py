"""Files are fetched by addresses that are good for a while, by their own provider, whole or in parts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from opsdesk.benefits.settlement.downloads import Address, Part, content, etag, fetch, give_address, range_of
from opsdesk.benefits.settlement.errors import (
    AddressRefused,
    RangeUnsatisfiable,
    SettlementFileUnknown,
    StoredFileMissing,
)
from opsdesk.benefits.settlement.files import find_file, list_files
from opsdesk.benefits.settlement.issuing import ADDRESS_LASTS_S, Settlement
from opsdesk.kit.db import Database
from tests.benefits.settlement.settling import OPERATOR, THIRD, done, settled, settlement_in

FILE, OTHERS = "airport-202512.txt.gz", "clinic-202512.txt.gz"


@pytest.mark.req("PTS-710")
@pytest.mark.parametrize(
    ("wanted", "begin", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-", 10, 100),
        ("bytes=-10", 90, 100),
        ("bytes=-1000", 0, 100),
        ("bytes=99-200", 99, 100),
        ("bytes=0-99", 0, 100),
    ],
)
def test_a_range_is_a_part_of_the_file(wanted: str, begin: int, end: int) -> None:
    assert range_of(wanted, size=100) == (begin, end)


@pytest.mark.parametrize("wanted", [None, "", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b"])
def test_what_is_no_single_range_is_the_whole(wanted: str | None) -> None:
    assert range_of(wanted, size=100) is None


@pytest.mark.req("PTS-710")
@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(wanted: str) -> None:
    with pytest.raises(RangeUnsatisfiable):
        range_of(wanted, size=100)


async def test_a_file_comes_as_it_was_issued(bank: Database, tmp_path: Path) -> None:
    settlement = await _settled(bank, tmp_path)
    address = await _address(bank, settlement, FILE, provider="airport")
    assert address.expires_at == THIRD + timedelta(seconds=ADDRESS_LASTS_S)
    part = await _fetched(bank, settlement, address)
    assert part.is_whole
    assert await _read(settlement, part) == (tmp_path / "store" / FILE).read_bytes()


@pytest.mark.req("PTS-710")
async def test_parts_make_up_the_whole_and_each_is_written_down(bank: Database, tmp_path: Path) -> None:
    settlement = await _settled(bank, tmp_path)
    address = await _address(bank, settlement, FILE, provider="airport")
    parts = [await _fetched(bank, settlement, address, wanted=wanted) for wanted in ("bytes=0-19", "bytes=20-")]
    assert not parts[0].is_whole
    assert b"".join([await _read(settlement, part) for part in parts]) == (tmp_path / "store" / FILE).read_bytes()
    async with bank.connection() as conn:
        assert (await find_file(conn, FILE)).downloads == 2


async def test_a_part_of_what_was_another_file_is_not_asked_for(bank: Database, tmp_path: Path) -> None:
    settlement = await _settled(bank, tmp_path)
    address = await _address(bank, settlement, FILE, provider="airport")
    same = await _fetched(bank, settlement, address, wanted="bytes=0-9", unchanged=True)
    other = await _fetched(bank, settlement, address, wanted="bytes=0-9", unchanged=False)
    assert (same.is_whole, other.is_whole) == (False, True)


@pytest.mark.req("PTS-710")
async def test_nobody_gets_an_address_of_the_file_of_another(bank: Database, tmp_path: Path) -> None:
    settlement = await _settled(bank, tmp_path)
    with pytest.raises(SettlementFileUnknown):
        await _address(bank, settlement, OTHERS, provider="airport")
    async with bank.connection() as conn:
        assert [each.name for each in (await list_files(conn, size=10, provider="airport")).items] == [FILE]


@pytest.mark.req("PTS-710")
@pytest.mark.parametrize(("after_s", "is_good"), [(ADDRESS_LASTS_S - 0.001, True), (ADDRESS_LASTS_S, False)])
async def test_an_address_is_good_until_it_expires(
    bank: Database, tmp_path: Path, after_s: float, is_good: bool
) -> None:
    settlement = await _settled(bank, tmp_path)
    address = await _address(bank, settlement, FILE, provider="airport")
    assert await _opens(bank, settlement, address, now=THIRD + timedelta(seconds=after_s)) is is_good


@pytest.mark.req("PTS-710")
@pytest.mark.parametrize("changed", ["name", "expires", "signature"])
async def test_an_address_that_was_changed_leads_nowhere(bank: Database, tmp_path: Path, changed: str) -> None:
    settlement = await _settled(bank, tmp_path)
    address = await _address(bank, settlement, FILE, provider="airport")
    other = {"name": OTHERS, "expires": "99999999999", "signature": "0" * 64}[changed]
    assert not await _opens(bank, settlement, address, now=THIRD, **{changed: other})


async def test_a_file_that_is_gone_from_its_place_is_told(bank: Database, tmp_path: Path) -> None:
    settlement = await _settled(bank, tmp_path)
    part = await _fetched(bank, settlement, await _address(bank, settlement, FILE, provider="airport"))
    (tmp_path / "store" / FILE).unlink()
    with pytest.raises(StoredFileMissing):
        await _read(settlement, part)


async def _settled(bank: Database, folder: Path) -> Settlement:
    settlement = settlement_in(folder)
    await done(bank, "2025-12-21 10:00:00")
    await settled(bank, settlement)
    return settlement


async def _address(bank: Database, settlement: Settlement, name: str, *, provider: str) -> Address:
    async with bank.transaction() as conn:
        return await give_address(
            conn, settlement, name, provider=provider, actor=OPERATOR, client="127.0.0.1", now=THIRD
        )


async def _fetched(
    bank: Database,
    settlement: Settlement,
    address: Address,
    *,
    wanted: str | None = None,
    unchanged: bool | None = None,
    now: datetime = THIRD,
    other: Mapping[str, str] | None = None,
) -> Part:
    parts = urlsplit(address.url)
    query = {name: value for name, [value] in parse_qs(parts.query).items()} | {"name": parts.path.split("/")[-2]}
    asked = {**query, **(other or {})}
    async with bank.transaction() as conn:
        tag = {None: None, True: etag(await find_file(conn, FILE)), False: '"other"'}[unchanged]
        return await fetch(
            conn,
            settlement,
            asked["name"],
            expires=int(asked["expires"]),
            signature=asked["signature"],
            wanted=wanted,
            unchanged=tag,
            client="127.0.0.1",
            now=now,
        )


async def _opens(bank: Database, settlement: Settlement, address: Address, *, now: datetime, **other: str) -> bool:
    try:
        await _fetched(bank, settlement, address, now=now, other=other)
    except AddressRefused:
        return False
    return True


async def _read(settlement: Settlement, part: Part) -> bytes:
    return b"".join([piece async for piece in content(settlement, part)])
