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
    """Some rows of a list, and the cursors of those that follow and of those before; None where there are none."""

    items: Sequence[Row]
    next: str | None
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins, or with `backwards` where it ends; no `key`: at the beginning of the list."""

    key: tuple[Any, ...] | None = None
    backwards: bool = False


def page_rows(wanted: int | None) -> int:
    """How many rows the page has. Raises: BadPageSize."""
    if wanted is None:
        return PAGE_ROWS_DEFAULT
    if not 1 <= wanted <= PAGE_ROWS_MAX:
        raise BadPageSize(wanted=wanted)
    return wanted


def page_of(
    rows: Sequence[Row], *, size: int, key: Callable[[Row], Sequence[KeyPart]], place: Place | None = None
) -> Page[Row]:
    """The page out of `size + 1` rows asked for: the one too many tells that there are more.

    `place` is where it begins; what was read backwards is turned around. A list that cannot be read backwards says
    nothing of the place, and gets no cursor of what is before.
    """
    more, items = len(rows) > size, list(rows[:size])
    place, both_ways = place or Place(), place is not None
    if place.backwards:
        items.reverse()
    if not items:
        return Page(items=items, next=None)
    follows = more or place.backwards
    before = both_ways and (more if place.backwards else place.key is not None)
    return Page(
        items=items,
        next=encode_cursor(key(items[-1])) if follows else None,
        previous=encode_cursor(key(items[0]), backwards=True) if before else None,
    )


def encode_cursor(key: Sequence[KeyPart], *, backwards: bool = False) -> str:
    """Of what follows the row with this sort key, or of what is before it."""
    content = {"before": list(key)} if backwards else list(key)
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()


def decode_place(cursor: str | None, *, shape: Sequence[type[Any]]) -> Place:
    """Where the page with this cursor begins or ends; the parts of its key are as `decode_cursor` has them.

    Raises: BadCursor.
    """
    if not cursor:
        return Place()
    content = _content(cursor)
    backwards = isinstance(content, dict) and content.keys() == {"before"}
    return Place(_key(content["before"] if backwards else content, shape=shape), backwards)


def decode_cursor(cursor: str, *, shape: Sequence[type[Any]]) -> tuple[Any, ...]:
    """The sort key in a cursor, each part of the type that `shape` gives it (str, int, datetime or UUID).

    Raises: BadCursor.
    """
    return _key(_content(cursor), shape=shape)


def _content(cursor: str) -> Any:
    if len(cursor) > CURSOR_CHARACTERS_MAX:
        raise BadCursor
    try:
        content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return orjson.loads(content)
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error


def _key(parts: Any, *, shape: Sequence[type[Any]]) -> tuple[Any, ...]:
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
