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
    Page,
    Place,
    decode_cursor,
    decode_place,
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


def test_a_cursor_of_what_is_before_brings_back_its_key_and_its_direction() -> None:
    key = (datetime(2026, 1, 5, 2, 0, tzinfo=UTC), UUID(int=7))
    assert decode_place(encode_cursor(key, backwards=True), shape=(datetime, UUID)) == Place(key, backwards=True)
    assert decode_place(encode_cursor(key), shape=(datetime, UUID)) == Place(key)
    assert decode_place(None, shape=(datetime, UUID)) == Place()


@pytest.mark.parametrize("cursor", [cursor_of({"after": [1]}), cursor_of({"before": 1}), cursor_of({"before": [1, 2]})])
def test_a_place_that_the_list_did_not_give_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        decode_place(cursor, shape=(int,))


def test_pages_read_backwards_are_those_read_forwards() -> None:
    rows = list(range(7))

    def read(cursor: str | None) -> Page[int]:
        place = decode_place(cursor, shape=(int,))
        if place.backwards:
            assert place.key is not None
            found = [row for row in reversed(rows) if row < place.key[0]][:3]
        else:
            found = [row for row in rows if place.key is None or row > place.key[0]][:3]
        return page_of(found, size=2, key=lambda row: (row,), place=place)

    forwards = [read(None)]
    while forwards[-1].next:
        forwards.append(read(forwards[-1].next))
    assert [page.items for page in forwards] == [[0, 1], [2, 3], [4, 5], [6]]
    back = [forwards[-1]]
    while back[-1].previous:
        back.append(read(back[-1].previous))
    assert [page.items for page in reversed(back)] == [page.items for page in forwards]
    assert back[-1].next == forwards[0].next
    assert forwards[0].previous is None


def test_a_list_that_is_read_one_way_has_no_cursor_of_what_is_before() -> None:
    assert page_of([1, 2, 3], size=2, key=lambda row: (row,)).previous is None
