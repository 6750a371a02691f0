"""What came of a reconciliation: as text for people, as JSON and CSV for programs."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple, TextIO

MEMORY_BYTES_MAX = 1_000_000
SHOWN_MAX = 20
"""How many differences of each kind the text names; JSON and CSV name all of them."""


class DifferenceKind(StrEnum):
    MISSING_LOCAL = "missing_local"
    MISSING_BANK = "missing_bank"
    AMOUNT = "amount"
    TIME = "time"
    SERVICE = "service"
    DUPLICATE = "duplicate"
    TOTAL = "total"
    ORDER = "order"
    MONTH = "month"
    UNMASKED = "unmasked"
    WRONG_FILE = "wrong_file"


TITLES = {
    DifferenceKind.MISSING_LOCAL: ("银行有、本地无", "in the bank's file, and not here"),
    DifferenceKind.MISSING_BANK: ("本地有、银行无", "here, and not in the bank's file"),
    DifferenceKind.AMOUNT: ("金额不一致", "another amount"),
    DifferenceKind.TIME: ("完成时间不一致", "another time of completion"),
    DifferenceKind.SERVICE: ("服务类型不一致", "another service"),
    DifferenceKind.DUPLICATE: ("重复记录", "there twice"),
    DifferenceKind.TOTAL: ("合计不一致", "a count or total that is not what the lines add up to"),
    DifferenceKind.ORDER: ("排序错误", "a line that stands in the wrong place"),
    DifferenceKind.MONTH: ("月份不符", "a line that is not of the month"),
    DifferenceKind.UNMASKED: ("脱敏不合格", "a line that says too much of the customer"),
    DifferenceKind.WRONG_FILE: ("文件不符", "not the file that was expected"),
}


class Difference(NamedTuple):
    kind: DifferenceKind
    benefit_code: str
    ours: str
    theirs: str
    note: str
    """The side that has it twice, the field that is meant, or the kind of the line."""


class Report:
    """Counts in memory; the differences themselves in a file without a name once there are many."""

    def __init__(self) -> None:
        self.provider = ""
        self.month = ""
        self.bank_rows = 0
        self.bank_fen = 0
        self.local_rows = 0
        self.local_fen = 0
        self.matched = 0
        self.counts: Counter[DifferenceKind] = Counter()
        self._kept: IO[str] = SpooledTemporaryFile(MEMORY_BYTES_MAX, "w+", encoding="utf-8", newline="")  # noqa: SIM115  closed by close

    def __enter__(self) -> "Report":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._kept.close()

    @property
    def is_clean(self) -> bool:
        return not self.counts

    def add(self, difference: Difference) -> None:
        self.counts[difference.kind] += 1
        self._kept.write(json.dumps(difference, ensure_ascii=False) + "\n")

    def differences(self) -> Iterator[Difference]:
        """All of them, in the order in which they were found. Nothing may be added while they are read."""
        self._kept.seek(0)
        for line in self._kept:
            kind, *rest = json.loads(line)
            yield Difference(DifferenceKind(kind), *rest)

    def summary(self) -> dict[str, object]:
        return {
            "provider": self.provider,
            "month": self.month,
            "clean": self.is_clean,
            "bank": {"rows": self.bank_rows, "total_fen": self.bank_fen},
            "local": {"rows": self.local_rows, "total_fen": self.local_fen},
            "matched": self.matched,
            "differences": {kind.value: self.counts[kind] for kind in DifferenceKind if self.counts[kind]},
        }

    def write_text(self, file: TextIO) -> None:
        """For people, in Chinese and English; at most SHOWN_MAX differences of a kind."""
        verdict = "一致 / reconciled" if self.is_clean else "有差异 / there are differences"
        file.write(f"对账报告 / Reconciliation  {self.provider} {self.month}\n{verdict}\n")
        for title, rows, fen in (
            ("银行 / bank", self.bank_rows, self.bank_fen),
            ("本地 / here", self.local_rows, self.local_fen),
        ):
            file.write(f"  {title}: {rows} 笔 / rows, {fen // 100}.{fen % 100:02d} 元 / CNY\n")
        file.write(f"  匹配 / matched: {self.matched}\n")
        shown: Counter[DifferenceKind] = Counter()
        for kind, count in sorted(self.counts.items()):
            chinese, english = TITLES[kind]
            file.write(f"{kind}: {chinese} / {english}: {count}\n")
        for each in self.differences():
            shown[each.kind] += 1
            if shown[each.kind] <= SHOWN_MAX:
                told = f"本地/here [{each.ours}] 银行/bank [{each.theirs}] {each.note}"
                file.write(f"  {each.kind} {each.benefit_code} {told}\n".replace("  \n", "\n"))

    def write_json(self, file: TextIO) -> None:
        """The summary, and one line for each difference, so that it is never held as a whole."""
        head = json.dumps(self.summary(), ensure_ascii=False)
        file.write(head[:-1] + ', "items": [')
        for number, each in enumerate(self.differences()):
            file.write((",\n" if number else "\n") + json.dumps(each._asdict(), ensure_ascii=False))
        file.write("\n]}\n")

    def write_csv(self, file: TextIO) -> None:
        """One row for each difference; a cell that a spreadsheet would compute gets an apostrophe."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Difference._fields)
        for each in self.differences():
            writer.writerow([f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t"} else cell for cell in each])
