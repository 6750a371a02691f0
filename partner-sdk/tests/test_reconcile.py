"""A file and a provider's own rows agree, or every difference is named."""

import gzip
import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk_partner import Report, Row, read_local, reconcile
from opsdesk_partner.errors import Misconfigured
from opsdesk_partner.reconcile import sorted_on_disk
from opsdesk_partner.report import DifferenceKind as Kind
from opsdesk_partner.settlement import FileDamaged

CUSTOMER = "0123456789abcdef|王*|138****0000"


def detail(row: Row, *, customer: str = CUSTOMER) -> str:
    return f"D|{row.kind or 'N'}|{row.benefit_code}|{row.service}|{row.completed_at}|{row.settle_fen}|{customer}"


def written(path: Path, rows: Sequence[Row], *, trailer: str | None = None, customer: str = CUSTOMER) -> Path:
    ordered = sorted(rows, key=lambda row: (row.completed_at, row.benefit_code))
    total = sum(row.settle_fen for row in rows)
    lines = [f"H|spa-one|202512|1|{len(rows)}|{total}|20260103010000"]
    lines += [detail(row, customer=customer) for row in ordered]
    lines.append(trailer or f"T|{len(rows)}|{total}")
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    return path


def row(number: int, *, fen: int = 100, at: str = "20251215120000", kind: str = "") -> Row:
    return Row(f"{number:016d}", "spa", at, fen, kind)


@pytest.mark.req("PTS-702")
def test_a_month_that_agrees_is_clean(tmp_path: Path) -> None:
    rows = [row(number) for number in range(5)]
    with reconcile(written(tmp_path / "f", rows), reversed(rows), provider="spa-one", month="202512") as report:
        assert (report.is_clean, report.matched, report.bank_fen, report.local_fen) == (True, 5, 500, 500)


codes = st.integers(0, 12)
lines = st.tuples(codes, st.sampled_from([100, 200]), st.sampled_from(["20251201000000", "20251231235959"]))


@given(bank=st.lists(lines, max_size=25), local=st.lists(lines, max_size=25))
def test_every_difference_is_found_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, bank: list[tuple[int, int, str]], local: list[tuple[int, int, str]]
) -> None:
    theirs, ours = ([row(code, fen=fen, at=at) for code, fen, at in side] for side in (bank, local))
    with reconcile(written(tmp_path_factory.mktemp("month") / "f", theirs), ours) as report:
        assert report.counts == expected(theirs, ours)
        assert Counter(each.kind for each in report.differences()) == report.counts


def expected(theirs: list[Row], ours: list[Row]) -> Counter[Kind]:
    """The same by sets, for sides that fit into memory: the least row of a code stands for it."""
    left, right = ({each.benefit_code: each for each in sorted(side, reverse=True)} for side in (theirs, ours))
    both = left.keys() & right.keys()
    return +Counter(
        {
            Kind.MISSING_LOCAL: len(left.keys() - right.keys()),
            Kind.MISSING_BANK: len(right.keys() - left.keys()),
            Kind.DUPLICATE: len(theirs) - len(left) + len(ours) - len(right),
            Kind.AMOUNT: sum(left[code].settle_fen != right[code].settle_fen for code in both),
            Kind.TIME: sum(left[code].completed_at != right[code].completed_at for code in both),
        }
    )


@given(st.lists(st.integers(0, 50)), st.integers(1, 7))
def test_sorting_on_disk_is_sorting(numbers: list[int], run_rows: int) -> None:
    rows = [row(number) for number in numbers]
    assert list(sorted_on_disk(rows, run_rows=run_rows)) == sorted(rows)


@pytest.mark.parametrize(
    ("trailer", "notes"),
    [("T|3|200", ["rows of the trailer"]), ("T|2|201", ["total of the trailer"])],
)
def test_a_trailer_that_does_not_add_up_is_named(tmp_path: Path, trailer: str, notes: list[str]) -> None:
    rows = [row(1), row(2)]
    with reconcile(written(tmp_path / "f", rows, trailer=trailer), rows) as report:
        assert [each.note for each in report.differences() if each.kind is Kind.TOTAL] == notes


@pytest.mark.req("PTS-707")
def test_a_line_that_stands_in_the_wrong_place_is_named(tmp_path: Path) -> None:
    rows = [row(1), row(2, at="20251201000000")]
    whole = gzip.decompress(written(tmp_path / "f", rows).read_bytes()).decode().splitlines()
    turned = "".join(f"{line}\n" for line in (whole[0], whole[2], whole[1], whole[3]))
    (tmp_path / "turned").write_text(turned, encoding="utf-8")
    with reconcile(tmp_path / "turned", rows) as report:
        assert dict(report.counts) == {Kind.ORDER: 1}


@pytest.mark.req("PTS-704")
@pytest.mark.parametrize(
    ("at", "kind", "is_wrong"),
    [
        ("20251201000000", "N", False),
        ("20251231235959", "N", False),
        ("20260101000000", "N", True),
        ("20251130235959", "N", True),
        ("20251130235959", "S", False),
        ("20251201000000", "S", True),
        ("20251001000000", "A", False),
    ],
)
def test_a_line_stands_in_the_month_of_its_kind(tmp_path: Path, at: str, kind: str, is_wrong: bool) -> None:
    rows = [row(1, at=at, kind=kind)]
    with reconcile(written(tmp_path / "f", rows), rows) as report:
        assert (report.counts[Kind.MONTH] == 1) is is_wrong


@pytest.mark.req("PTS-708")
@pytest.mark.parametrize(
    ("customer", "notes"),
    [
        ("0123456789abcdef|王小|138****0000", ["name"]),
        ("0123456789abcdef|王*|13800000000", ["mobile", "whole mobile number"]),
        ("110101199003071234|王*|138****0000", ["identity card"]),
        ("c-1|王*|138****0000", ["customer"]),
    ],
)
def test_a_line_that_says_too_much_is_named_without_what_it_says(
    tmp_path: Path, customer: str, notes: list[str]
) -> None:
    with reconcile(written(tmp_path / "f", [row(1)], customer=customer), [row(1)]) as report:
        found = [each for each in report.differences() if each.kind is Kind.UNMASKED]
    assert [each.note for each in found] == notes
    assert not any(customer.split("|")[2] in f"{each}" for each in found)


def test_another_providers_file_is_named(tmp_path: Path) -> None:
    with reconcile(written(tmp_path / "f", []), [], provider="spa-two", month="202511") as report:
        assert [each.note for each in report.differences()] == ["provider", "month"]


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[:-6],
        lambda raw: raw + b"D|N|1|spa|20251201000000|1|a|b|c\n",
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw.replace(b"20251215120000", b"20251232120000"),
        lambda raw: raw.replace(b"D|N", b"D|X"),
        lambda raw: b"",
    ],
    ids=["cut", "behind the end", "crlf", "mark", "no such day", "no such kind", "empty"],
)
def test_a_file_that_is_damaged_is_not_compared(tmp_path: Path, change: object) -> None:
    whole = gzip.decompress(written(tmp_path / "f", [row(1)]).read_bytes())
    assert callable(change)
    (tmp_path / "plain").write_bytes(change(whole))
    with pytest.raises(FileDamaged):
        reconcile(tmp_path / "plain", [])


def test_a_zip_that_ends_too_early_is_not_compared(tmp_path: Path) -> None:
    path = written(tmp_path / "f", [row(1)])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FileDamaged):
        reconcile(path, [])


def report_of(tmp_path: Path) -> Report:
    return reconcile(written(tmp_path / "f", [row(1), row(2, fen=7)]), [row(2), row(3)._replace(service="=1+1")])


def test_the_report_is_text_for_people(tmp_path: Path) -> None:
    file = io.StringIO()
    with report_of(tmp_path) as report:
        report.write_text(file)
    assert "有差异 / there are differences" in file.getvalue()
    assert "amount 0000000000000002 本地/here [100] 银行/bank [7]" in file.getvalue()


def test_the_report_is_json_for_programs(tmp_path: Path) -> None:
    file = io.StringIO()
    with report_of(tmp_path) as report:
        report.write_json(file)
    read = json.loads(file.getvalue())
    assert read["differences"] == {"missing_local": 1, "missing_bank": 1, "amount": 1}
    assert [each["kind"] for each in read["items"]] == ["missing_local", "amount", "missing_bank"]


def test_no_cell_of_the_csv_is_computed_by_a_spreadsheet(tmp_path: Path) -> None:
    file = io.StringIO()
    with report_of(tmp_path) as report:
        report.write_csv(file)
    assert "'=1+1 20251215120000 100" in file.getvalue()


def test_local_rows_are_read_from_csv_with_either_length_of_time(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("benefit_code,service,completed_at,settle_fen\n1,spa,202512210000,5\n", encoding="utf-8")
    assert list(read_local(path)) == [Row("1", "spa", "20251221000000", 5)]


@pytest.mark.parametrize("text", ["a,b\n", "benefit_code,service,completed_at,settle_fen\n1,s,202512210000,1.5\n"])
def test_local_rows_of_another_form_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured):
        list(read_local(path))
