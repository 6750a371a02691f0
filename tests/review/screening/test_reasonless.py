"""Codes that go inactive under the types that have them: operators hear of a type which nobody can reject with."""

from typing import Any

import pytest

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review import alerts
from opsdesk.review.reference import entries, lists
from opsdesk.review.screening import types
from opsdesk.review.screening.errors import ScreeningTypeInvalid
from tests.review.screening.configuring import add, edit, with_key
from tests.review.screening.samples import given, reason
from tests.review.screening.staged import one_waits_for_the_other


async def withdraw(conn: Connection, code: str, *, actor: Actor, clock: ManualClock) -> None:
    await entries.put_reject_code(
        conn, code=code, category="anti-fraud", description="", is_active=False, actor=actor, now=clock.now()
    )


async def told(conn: Connection) -> list[tuple[str, int]]:
    """The types that operators are told of, and how often."""
    return [
        (alert.facts["screening_type"], alert.times)
        for alert in await alerts.open_alerts(conn)
        if alert.kind is alerts.Alert.NO_REASON_LEFT
    ]


def two_codes() -> dict[str, Any]:
    rows = [reason("a", code="AF-1001", priority=1), reason("b", code="AF-1002", priority=2)]
    return given(reasons=rows)


@pytest.mark.req("REV-X22")
async def test_a_type_whose_last_code_goes_inactive_is_told_to_operators(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await add(conn, risk, clock, name="two", document=two_codes())
        await add(conn, risk, clock, name="none", document=given(with_code="N"))
        await withdraw(conn, "AF-1001", actor=risk, clock=clock)
        assert await told(conn) == []
        await withdraw(conn, "AF-1002", actor=risk, clock=clock)
        assert await told(conn) == [("two", 1)]
        await withdraw(conn, "AF-1002", actor=risk, clock=clock)
        assert await told(conn) == [("two", 2)]
        rows = await (await conn.execute("select convert_from(payload, 'UTF8') from pgqueuer")).fetchall()
    assert sum("NoReasonLeft" in text for (text,) in rows) == 2


@pytest.mark.req("REV-X22")
async def test_a_code_of_another_category_leaves_no_reason_either(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        await add(conn, risk, clock)
        for code in ("AF-1001", "AF-1002", "SYS-9"):
            await entries.put_reject_code(
                conn, code=code, category="credit", description="", is_active=True, actor=risk, now=clock.now()
            )
        assert await told(conn) == [("Face", 1)]


@pytest.mark.req("REV-X22")
async def test_a_list_counts_as_it_is_when_all_of_it_is_put_in(desk: Database, risk: Actor, clock: ManualClock) -> None:
    def rows(*active: str) -> list[dict[str, Any]]:
        return [
            {"code": code, "category": "anti-fraud", "is_active": code in active} for code in ("AF-1001", "AF-1002")
        ]

    async def put(conn: Connection, *active: str) -> None:
        await lists.put_rows(conn, lists.Kind.REJECT_CODES, rows(*active), actor=risk, now=clock.now())

    async with desk.transaction() as conn:
        await add(conn, risk, clock, document=two_codes())
        await put(conn, "AF-1001")
        await put(conn, "AF-1002")
        assert await told(conn) == []
        await put(conn)
        assert await told(conn) == [("Face", 1)]


@pytest.mark.req("REV-X22")
@pytest.mark.parametrize("saved_first", [True, False])
@pytest.mark.parametrize("way", ["add", "edit", "restore"])
async def test_of_a_save_and_the_end_of_its_code_at_the_same_moment_the_second_sees_the_first(
    desk: Database, risk: Actor, other: Actor, clock: ManualClock, saved_first: bool, way: str
) -> None:
    """Staged: the one that began first holds the code, and the other waits for it. Either way somebody is told."""
    one_code = given(reasons=[reason("a", code="AF-1001", priority=1)])
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock, document=one_code)
        found = (await edit(conn, found, with_key(found, "device"), actor=risk, clock=clock)).type

    async def saving(conn: Connection) -> Any:
        if way == "add":
            return await add(conn, risk, clock, name="newer", document=one_code)
        if way == "restore":
            return await types.restore_version(
                conn, type_id=found.type_id, version=1, opened_version=2, actor=risk, now=clock.now()
            )
        return await edit(conn, found, with_key(found, "network"), actor=risk, clock=clock)

    async def withdrawing(conn: Connection) -> None:
        await withdraw(conn, "AF-1001", actor=other, clock=clock)

    came = await one_waits_for_the_other(desk, *((saving, withdrawing) if saved_first else (withdrawing, saving)))
    async with desk.connection() as conn:
        names = sorted(name for name, _ in await told(conn))
    assert came is None if saved_first else isinstance(came, ScreeningTypeInvalid), came
    assert names == (["Face", "newer"] if saved_first and way == "add" else ["Face"])
