"""Reads script/osop_fields.txt: what is said of each field of a document."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "osop_fields.txt"


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of a field of one kind of object."""

    names: tuple[str, ...]
    since: str
    type: str
    default: str
    use: str
    text: str


def sections() -> Mapping[str, list[tuple[str, ...]]]:
    """By heading: the cells of each line."""
    found: dict[str, list[tuple[str, ...]]] = {}
    heading = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            heading = line.strip("[]")
            found[heading] = []
        elif line and not line.startswith("#"):
            found[heading].append(tuple(cell.strip() for cell in line.split("|")))
    return found


def words(lines: list[tuple[str, ...]]) -> list[Word]:
    return [Word(names_in(names), *rest) for names, *rest in lines]


def names_in(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(", "))
