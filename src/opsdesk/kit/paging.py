"""Lists come in pages: a cursor holds the sort key of the last row, so that pages neither skip nor repeat rows."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson

from opsdesk.kit.errors import Invalid

PAGE_ROWS_DEFAULT = 50
PAGE_ROWS_MAX = 100
CURSOR_CHARACTERS_MAX = 1000

Row = TypeVar("Row")
KeyPart = str | int | datetime | UUID


@dataclass(eq=False)
class BadCursor(Invalid):
    """The cursor is not one that this list gave out."""


@dataclass(eq=False)
class BadPageSize(Invalid):
    """A page has at least one row, and not more than the limit."""

    wanted: int
    limit: int = PAGE_ROWS_MAX


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursor of those that follow; None after the last."""

    items: Sequence[Row]
    next: str | None


def page_rows(wanted: int | None) -> int:
    """How many rows the page has. Raises: BadPageSize."""
    if wanted is None:
        return PAGE_ROWS_DEFAULT
    if not 1 <= wanted <= PAGE_ROWS_MAX:
        raise BadPageSize(wanted=wanted)
    return wanted


def page_of(rows: Sequence[Row], *, size: int, key: Callable[[Row], Sequence[KeyPart]]) -> Page[Row]:
    """The page out of `size + 1` rows asked for: the one too many tells that more follow."""
    items = rows[:size]
    more = len(rows) > size
    return Page(items=items, next=encode_cursor(key(items[-1])) if more else None)


def encode_cursor(key: Sequence[KeyPart]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).rstrip(b"=").decode()


def decode_cursor(cursor: str, *, shape: Sequence[type[Any]]) -> tuple[Any, ...]:
    """The sort key in a cursor, each part of the type that `shape` gives it (str, int, datetime or UUID).

    Raises: BadCursor.
    """
    if len(cursor) > CURSOR_CHARACTERS_MAX:
        raise BadCursor
    try:
        content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = orjson.loads(content)
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error
    if not isinstance(parts, list) or len(parts) != len(shape):
        raise BadCursor
    return tuple(_typed(part, wanted) for part, wanted in zip(parts, shape, strict=True))


def _typed(part: object, wanted: type[Any]) -> Any:
    try:
        if wanted is datetime and isinstance(part, str):
            moment = datetime.fromisoformat(part)
            if moment.tzinfo is not None:
                return moment
        elif wanted is UUID and isinstance(part, str):
            return UUID(part)
        elif wanted in (str, int) and type(part) is wanted and "\0" not in str(part):  # PostgreSQL holds no NUL
            return part
    except ValueError as error:
        raise BadCursor from error
    raise BadCursor
