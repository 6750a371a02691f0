from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import class_row

from opsdesk import access
from opsdesk.access.audit import Entry, record
from opsdesk.access.audit.values import INTEGER_MAX, canonical, hashed
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.log import unbind

OFFICER = access.Actor("person:officer@example.com", "officer", frozenset({"reviewer", "admin"}), frozenset())
COLUMNS = b"""
select entry_id, at, actor, roles, action, object_kind, object_id, before, after, key_id, reason, request_id
from audit_entry
"""


async def entries(conn: Connection) -> list[Entry]:
    async with conn.cursor(row_factory=class_row(Entry)) as rows:
        return await (await rows.execute(COLUMNS)).fetchall()


async def note(conn: Connection, clock: ManualClock, **more: Any) -> int:
    about: dict[str, Any] = {"actor": OFFICER, "action": "key.create", "object_kind": "key", "object_id": "k1"}
    return await record(conn, now=clock.now(), **{**about, **more})


async def test_an_entry_says_who_did_what_when_and_at_whose_request(conn: Connection, clock: ManualClock) -> None:
    number = await note(conn, clock, before={"name": None}, after={"name": "portal"}, reason="asked by a@example.com")
    [entry] = await entries(conn)
    assert (entry.entry_id, entry.at, entry.actor, entry.roles) == (
        number,
        clock.now(),
        "person:officer@example.com",
        ["admin", "reviewer"],
    )
    assert (entry.action, entry.object_kind, entry.object_id, entry.request_id) == ("key.create", "key", "k1", "test")
    assert entry.reason == "asked by a***@e***.com"


async def test_of_a_value_only_its_keyed_hash_is_kept(conn: Connection, clock: ManualClock) -> None:
    await note(conn, clock, before={"name": "portal", "roles": []}, after={"name": "portal", "roles": ["auditor"]})
    [entry] = await entries(conn)
    assert entry.before is not None
    assert entry.after is not None
    assert entry.before["name"] == entry.after["name"]
    assert entry.before["roles"] != entry.after["roles"]
    assert all(len(value) == 64 and "portal" not in value for value in entry.after.values())


async def test_the_hash_of_a_value_tells_nothing_about_another_object(conn: Connection, clock: ManualClock) -> None:
    await note(conn, clock, object_id="k1", after={"decision": "approved"})
    await note(conn, clock, object_id="k2", after={"decision": "approved"})
    first, second = await entries(conn)
    assert first.after != second.after


async def test_an_entry_outside_of_a_transaction_is_a_bug_that_shows(db: Database, clock: ManualClock) -> None:
    async with db.connection() as conn:
        with pytest.raises(AssertionError, match="commits with what it is about"):
            await note(conn, clock)


async def test_a_write_that_nobody_asked_for_is_a_bug_that_shows(conn: Connection, clock: ManualClock) -> None:
    unbind()
    with pytest.raises(AssertionError, match="no request id is bound"):
        await note(conn, clock)


@pytest.mark.parametrize("statement", [b"update audit_entry set actor = 'x'", b"delete from audit_entry"])
async def test_an_entry_cannot_be_changed_or_deleted(conn: Connection, clock: ManualClock, statement: bytes) -> None:
    await note(conn, clock)
    with pytest.raises(psycopg.errors.RestrictViolation):
        await conn.execute(statement)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (INTEGER_MAX, b"9007199254740991"),
        (INTEGER_MAX + 1, b'{"integer":"9007199254740992"}'),
        (-INTEGER_MAX - 1, b'{"integer":"-9007199254740992"}'),
        (True, b"true"),
        (1.0, b"1"),
        (datetime(2026, 1, 5, 10, tzinfo=timezone(timedelta(hours=8))), b'"2026-01-05T02:00:00.000000Z"'),
        (datetime(2026, 1, 5, 2, tzinfo=UTC).date(), b'"2026-01-05"'),
        (UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        (Decimal("1.10"), b'"1.10"'),
        (b"\x01\xff", b'"01ff"'),
        (frozenset({"b", "a"}), b'["a","b"]'),
        ({"b": (1, None), "a": {"c": 2**60}}, b'{"a":{"c":{"integer":"1152921504606846976"}},"b":[1,null]}'),
        ("李", '"李"'.encode()),
    ],
)
def test_every_value_has_one_spelling(value: Any, text: bytes) -> None:
    assert canonical(value) == text


ANY = st.characters(exclude_categories=())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | st.floats(allow_nan=False) | st.text(ANY),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(ANY), inner),
)


@given(JSON)
def test_whoever_writes_it_a_value_has_the_spelling_of_the_library(value: Any) -> None:
    try:
        spelling = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as refused:
        with pytest.raises(type(refused)):
            canonical(value)
    else:
        assert canonical(value) == spelling


def test_nothing_has_no_hashes_and_an_empty_object_has_none_either() -> None:
    assert hashed(None, key=bytes(32), object_kind="run", object_id="1") is None
    assert hashed({}, key=bytes(32), object_kind="run", object_id="1") == {}
