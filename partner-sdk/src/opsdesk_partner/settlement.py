"""The bank's monthly file, read line by line."""

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from opsdesk_partner.answers import completion_time
from opsdesk_partner.errors import Misconfigured, PartnerError

LINE_BYTES_MAX = 4_096
KINDS = {"N": "of the month", "S": "supplementary", "A": "adjustment"}
_NAME = re.compile(r"[^*]\*+")
_MOBILE = re.compile(r"\d{3}\*{4}\d{4}")
_HASH = re.compile(r"[0-9a-f]{16,64}|[A-Za-z0-9_-]{22,43}")
_IDENTITY_CARD = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
_FULL_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


class FileDamaged(PartnerError):
    """The file is no settlement file, or ends in the middle."""

    code = "file_damaged"


@dataclass(frozen=True, slots=True)
class Header:
    provider: str
    month: str
    format: int
    rows: int
    total_fen: int
    generated_at: str


@dataclass(frozen=True, slots=True)
class Trailer:
    rows: int
    total_fen: int


class Detail(NamedTuple):
    """One completed service, or one correction."""

    kind: str
    benefit_code: str
    service: str
    completed_at: str
    settle_fen: int
    customer: str
    name: str
    mobile: str


def lines_of(path: Path) -> Iterator[Header | Detail | Trailer]:
    """Header, details and trailer of a file, gzip or plain. Raises FileDamaged."""
    ended = False
    with _opened(path) as file:
        for number, line in enumerate(_raw_lines(file), start=1):
            if ended:
                raise FileDamaged(f"line {number}: something stands behind the trailer")
            item = _parsed(line, number)
            if (number == 1) != isinstance(item, Header):
                raise FileDamaged(f"line {number}: the header is the first line, and only that")
            ended = isinstance(item, Trailer)
            yield item
    if not ended:
        raise FileDamaged("the file has no trailer: it was cut off")


def unmasked(detail: Detail) -> list[str]:
    """What of a line says more of the customer than it may: the names of the fields, never their content."""
    fields = [("name", _NAME, detail.name), ("mobile", _MOBILE, detail.mobile), ("customer", _HASH, detail.customer)]
    found = [name for name, pattern, value in fields if value and not pattern.fullmatch(value)]
    text = "|".join(detail[5:])
    if _IDENTITY_CARD.search(text):
        found.append("identity card")
    if _FULL_MOBILE.search("|".join((detail.name, detail.mobile))):
        found.append("whole mobile number")
    return found


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        is_zipped = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if is_zipped else path.open("rb") as opened:
            yield cast(BinaryIO, opened)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileDamaged(f"the file cannot be unzipped: {error}") from None


def _raw_lines(file: BinaryIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LINE_BYTES_MAX):
        number += 1
        if not line.endswith(b"\n"):
            raise FileDamaged(f"line {number}: it is too long, or the file was cut off")
        try:
            text = line[:-1].decode()
        except UnicodeDecodeError:
            raise FileDamaged(f"line {number}: it is no UTF-8") from None
        if text.endswith("\r") or text.startswith("\ufeff"):
            raise FileDamaged(f"line {number}: the file was changed on the way: it has LF and no mark at its beginning")
        yield text


def _parsed(line: str, number: int) -> Header | Detail | Trailer:
    fields = line.split("|")
    try:
        match fields:
            case ["D", kind, code, service, completed_at, fen, customer, name, mobile] if kind in KINDS:
                return Detail(kind, code, service, _digits(completed_at), int(fen), customer, name, mobile)
            case ["H", provider, month, version, rows, total, generated]:
                return Header(provider, month, int(version), int(rows), int(total), generated)
            case ["T", rows, total]:
                return Trailer(int(rows), int(total))
    except (ValueError, Misconfigured):
        pass
    raise FileDamaged(f"line {number}: it has not the fields that lines of its kind have")


def _digits(completed_at: str) -> str:
    if len(completed_at) != 14:
        raise ValueError
    # Cheap for the usual line: the calendar is asked only where the digits could be wrong.
    is_date = completed_at.isdigit() and "01" <= completed_at[4:6] <= "12" and "01" <= completed_at[6:8] <= "28"
    if not (is_date and completed_at[8:10] < "24" and completed_at[10:12] < "60" and completed_at[12:] < "60"):
        completion_time(completed_at)
    return completed_at
