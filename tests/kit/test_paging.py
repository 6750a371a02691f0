import base64
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from opsdesk.kit.paging import (
    PAGE_ROWS_DEFAULT,
    PAGE_ROWS_MAX,
    BadCursor,
    BadPageSize,
    decode_cursor,
    encode_cursor,
    page_of,
    page_rows,
)


def cursor_of(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_a_cursor_brings_back_the_key_it_was_made_of() -> None:
    key = (datetime(2026, 1, 5, 2, 0, 0, 123, tzinfo=UTC), UUID(int=7), "张三", 42)
    cursor = encode_cursor(key)
    assert cursor.isascii()
    assert "=" not in cursor
    assert decode_cursor(cursor, shape=(datetime, UUID, str, int)) == key


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!!!!",
        "中",
        "bm90IGpzb24",
        cursor_of({"a": 1}),
        cursor_of([]),
        cursor_of(["2026-01-05T02:00:00+00:00"]),
        cursor_of(["2026-01-05T02:00:00+00:00", 1, 2]),
        cursor_of(["2026-01-05T02:00:00", 1]),
        cursor_of(["yesterday", 1]),
        cursor_of([1, 1]),
        cursor_of(["2026-01-05T02:00:00+00:00", "1"]),
        cursor_of(["2026-01-05T02:00:00+00:00", True]),
        cursor_of(["2026-01-05T02:00:00+00:00", 1]) + "*",
        "A" * 1001,
    ],
)
def test_a_cursor_that_the_list_did_not_give_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(cursor, shape=(datetime, int))


def test_a_broken_uuid_in_a_cursor_is_refused() -> None:
    with pytest.raises(BadCursor):
        decode_cursor(cursor_of(["not-a-uuid"]), shape=(UUID,))


def test_a_full_page_with_more_behind_it_has_a_cursor() -> None:
    page = page_of([1, 2, 3], size=2, key=lambda row: (row,))
    assert page.items == [1, 2]
    assert page.next is not None
    assert decode_cursor(page.next, shape=(int,)) == (2,)


@pytest.mark.parametrize("rows", [[], [1], [1, 2]])
def test_the_last_page_has_no_cursor(rows: list[int]) -> None:
    page = page_of(rows, size=2, key=lambda row: (row,))
    assert page.items == rows
    assert page.next is None


def test_page_sizes_are_accepted_up_to_the_limit() -> None:
    assert page_rows(None) == PAGE_ROWS_DEFAULT
    assert page_rows(1) == 1
    assert page_rows(PAGE_ROWS_MAX) == PAGE_ROWS_MAX


@pytest.mark.parametrize("wanted", [0, -1, PAGE_ROWS_MAX + 1])
def test_page_sizes_past_the_limit_are_refused(wanted: int) -> None:
    with pytest.raises(BadPageSize):
        page_rows(wanted)
