"""Forms with tables whose rows are added, removed and moved by buttons: what they share. Pure.

Rows are named by ids that stay while they are moved, so that a browser can tell which one it shows.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from opsdesk.app.console.words import N_
from opsdesk.kit.ids import new_id

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class Posted(Protocol):
    """What a browser sends."""

    def get(self, name: str, /) -> Any: ...
    def getlist(self, name: str, /) -> list[Any]: ...


class Row(Protocol):
    @property
    def id(self) -> str: ...


AnyRow = TypeVar("AnyRow", bound=Row)
Anything = TypeVar("Anything")


def row_id() -> str:
    """Of a new row."""
    return new_id().hex


def posted_text(posted: Posted, name: str) -> str:
    """A field, or nothing; lines end as they do everywhere else."""
    value = posted.get(name)
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def posted_rows(posted: Posted, name: str) -> list[str]:
    """The ids of the rows of a table, each once."""
    return [each for each in dict.fromkeys(posted.getlist(name)) if isinstance(each, str) and _ID.fullmatch(each)]


def posted_number(posted: Posted, name: str) -> int:
    """A version or a revision; 0 for anything that is none."""
    text = posted_text(posted, name)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def put_below(rows: tuple[AnyRow, ...], target: str, added: AnyRow) -> tuple[AnyRow, ...]:
    """The rows with one more below the one that is named, or at the end."""
    place = next((number for number, row in enumerate(rows, start=1) if row.id == target), len(rows))
    return (*rows[:place], added, *rows[place:])


def moved(rows: tuple[Anything, ...], names: Sequence[str], target: str, by: int) -> tuple[Anything, ...]:
    """The rows with one of them further up or down, if there is somewhere to go."""
    if target not in names or not 0 <= names.index(target) + by < len(rows):
        return rows
    place, changed = names.index(target), list(rows)
    changed[place], changed[place + by] = changed[place + by], changed[place]
    return tuple(changed)


def numbered(*tables: Sequence[Row]) -> Mapping[str, int]:
    """The number of each row in its table, by its id."""
    return {row.id: number for rows in tables for number, row in enumerate(rows, start=1)}


def label_of(name: str, label: str, rows: Mapping[str, int], translate: Callable[[str], str]) -> str:
    """What the control of this id is called; of one in a table, also in which row it is."""
    number = rows.get(name.rpartition("-")[2])
    return translate(N_("%(label)s, row %(number)s")) % {"label": label, "number": number} if number else label


def beside(ids: Sequence[str], target: str, adding: str) -> str:
    """Where somebody goes on who has removed a row: at the next one, or the one before, or the button that adds one."""
    place = ids.index(target)
    rest = ids[place + 1 :] or ids[:place][-1:]
    return f"remove-{rest[0]}" if rest else adding
