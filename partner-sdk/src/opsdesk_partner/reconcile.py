"""The bank's file beside the provider's own orders: what is missing, what differs, what is there twice."""

import csv
import heapq
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from opsdesk_partner.answers import completion_digits
from opsdesk_partner.errors import Misconfigured
from opsdesk_partner.report import Difference, DifferenceKind, Report
from opsdesk_partner.settlement import Detail, Header, Trailer, lines_of, unmasked

RUN_ROWS = 50_000
"""How many rows are held in memory at once while they are sorted."""
BATCH_ROWS = 1_000
LOCAL_COLUMNS = ("benefit_code", "service", "completed_at", "settle_fen")
_Kind = DifferenceKind


class Row(NamedTuple):
    """One completed service, as either side has it."""

    benefit_code: str
    service: str
    completed_at: str
    """Fourteen digits, in the bank's zone."""
    settle_fen: int
    kind: str = ""


def reconcile(
    bank_file: Path, local_rows: Iterable[Row], *, provider: str | None = None, month: str | None = None
) -> Report:
    """Compare a settlement file with the provider's own rows of the month; close the report after use.

    Rows are matched by benefit code. Neither side has to fit into memory, nor to be sorted: both are sorted on disk.
    `provider` and `month` (YYYYMM or YYYY-MM) are what the file has to be about. Raises FileDamaged.
    """
    report = Report()
    try:
        bank = sorted_on_disk(_bank_rows(bank_file, report, provider=provider, month=month))
        local = sorted_on_disk(_local_rows(local_rows, report))
        _compare(bank, local, report)
    except BaseException:
        report.close()
        raise
    return report


def read_local(path: Path) -> Iterator[Row]:
    """The rows of a CSV file with the columns benefit_code, service, completed_at, settle_fen. Raises Misconfigured."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not set(LOCAL_COLUMNS) <= set(reader.fieldnames or ()):
            raise Misconfigured(f"a file of local orders has the columns {', '.join(LOCAL_COLUMNS)}")
        for line in reader:
            code, service, completed_at, fen = (line[name] or "" for name in LOCAL_COLUMNS)
            if not fen.isdigit():
                raise Misconfigured(f"line {reader.line_num}: settle_fen is a whole number of fen")
            yield Row(code, service, completion_digits(completed_at), int(fen))


def sorted_on_disk(rows: Iterable[Row], *, run_rows: int = RUN_ROWS) -> Iterator[Row]:
    """The rows by benefit code, with a bounded number of them in memory at any time."""
    runs: list[IO[bytes]] = []
    source = iter(rows)
    try:
        while run := sorted(islice(source, run_rows)):
            if not runs and len(run) < run_rows:
                yield from run  # all of them fit
                return
            runs.append(_kept(run))
        yield from heapq.merge(*map(_back, runs))
    finally:
        for file in runs:
            file.close()


def _kept(run: list[Row]) -> IO[bytes]:
    file = TemporaryFile()  # noqa: SIM115  closed by who merges it
    for start in range(0, len(run), BATCH_ROWS):
        pickle.dump([tuple(row) for row in run[start : start + BATCH_ROWS]], file, pickle.HIGHEST_PROTOCOL)
    file.seek(0)
    return file


def _back(file: IO[bytes]) -> Iterator[Row]:
    while True:
        try:
            batch = pickle.load(file)  # noqa: S301  a file without a name, which this process wrote a moment ago
        except EOFError:
            return
        yield from map(Row._make, batch)


@dataclass(slots=True)
class _Seen:
    rows: int = 0
    total_fen: int = 0
    last: tuple[str, str] = ("", "")


def _bank_rows(path: Path, report: Report, *, provider: str | None, month: str | None) -> Iterator[Row]:
    header: Header | None = None
    seen = _Seen()
    for item in lines_of(path):
        if isinstance(item, Header):
            header = item
            _check_header(item, report, provider=provider, month=month)
        elif isinstance(item, Trailer):
            _check_totals(header, item, seen, report)
        else:
            _check_detail(item, header, seen, report)
            yield Row(item.benefit_code, item.service, item.completed_at, item.settle_fen, item.kind)
    report.bank_rows, report.bank_fen = seen.rows, seen.total_fen


def _check_header(header: Header, report: Report, *, provider: str | None, month: str | None) -> None:
    report.provider, report.month = header.provider, header.month
    wanted_month = None if month is None else month.replace("-", "")
    for name, wanted, found in (("provider", provider, header.provider), ("month", wanted_month, header.month)):
        if wanted is not None and wanted != found:
            report.add(Difference(_Kind.WRONG_FILE, "", wanted, found, name))
    if header.format != 1:
        report.add(Difference(_Kind.WRONG_FILE, "", "1", str(header.format), "format"))


def _check_totals(header: Header | None, trailer: Trailer, seen: _Seen, report: Report) -> None:
    assert header is not None
    for where, rows, total in (("header", header.rows, header.total_fen), ("trailer", trailer.rows, trailer.total_fen)):
        if rows != seen.rows:
            report.add(Difference(_Kind.TOTAL, "", str(seen.rows), str(rows), f"rows of the {where}"))
        if total != seen.total_fen:
            report.add(Difference(_Kind.TOTAL, "", str(seen.total_fen), str(total), f"total of the {where}"))


def _check_detail(detail: Detail, header: Header | None, seen: _Seen, report: Report) -> None:
    seen.rows += 1
    seen.total_fen += detail.settle_fen
    place = (detail.completed_at, detail.benefit_code)
    if place < seen.last:
        report.add(Difference(_Kind.ORDER, detail.benefit_code, "", detail.completed_at, "completed_at"))
    seen.last = place
    month = "" if header is None else header.month
    is_of_month = detail.completed_at[:6] == month
    if (detail.kind == "N" and not is_of_month) or (detail.kind == "S" and detail.completed_at[:6] >= month):
        report.add(Difference(_Kind.MONTH, detail.benefit_code, month, detail.completed_at, detail.kind))
    for name in unmasked(detail):
        report.add(Difference(_Kind.UNMASKED, detail.benefit_code, "", "", name))


def _local_rows(rows: Iterable[Row], report: Report) -> Iterator[Row]:
    for row in rows:
        report.local_rows += 1
        report.local_fen += row.settle_fen
        yield row


def _compare(bank: Iterator[Row], local: Iterator[Row], report: Report) -> None:
    by_code = itemgetter(0)
    theirs, ours = groupby(bank, by_code), groupby(local, by_code)
    left, right = _next(theirs, report, "bank"), _next(ours, report, "local")
    while left is not None or right is not None:
        if right is None or (left is not None and left.benefit_code < right.benefit_code):
            assert left is not None
            report.add(Difference(_Kind.MISSING_LOCAL, left.benefit_code, "", _told(left), left.kind))
            left = _next(theirs, report, "bank")
        elif left is None or right.benefit_code < left.benefit_code:
            report.add(Difference(_Kind.MISSING_BANK, right.benefit_code, _told(right), "", ""))
            right = _next(ours, report, "local")
        else:
            _compare_row(left, right, report)
            left, right = _next(theirs, report, "bank"), _next(ours, report, "local")


def _next(groups: Iterator[tuple[str, Iterator[Row]]], report: Report, side: str) -> Row | None:
    """The first row of the next code; the further ones of the same code are duplicates."""
    found = next(groups, None)
    if found is None:
        return None
    first, *more = found[1]
    for row in more:
        told = ("", _told(row)) if side == "bank" else (_told(row), "")
        report.add(Difference(_Kind.DUPLICATE, row.benefit_code, *told, side))
    return first


def _compare_row(bank: Row, local: Row, report: Report) -> None:
    report.matched += 1
    pairs = [
        (_Kind.AMOUNT, str(local.settle_fen), str(bank.settle_fen)),
        (_Kind.TIME, local.completed_at, bank.completed_at),
        (_Kind.SERVICE, local.service, bank.service),
    ]
    for kind, ours, theirs in pairs:
        if ours != theirs:
            report.add(Difference(kind, bank.benefit_code, ours, theirs, ""))


def _told(row: Row) -> str:
    return f"{row.service} {row.completed_at} {row.settle_fen}"
