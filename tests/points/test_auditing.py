"""Audits: of everything, and of what is new, which begins where the last one that found nothing ended."""

from base64 import b64decode
from dataclasses import replace

import pytest

from opsdesk.access import Scope
from opsdesk.access.errors import ScopeMissing
from opsdesk.kit.db import Database
from opsdesk.points import auditing, invariants, invariants_since
from opsdesk.points.errors import AuditKeyInvalid, AuditUnknown
from opsdesk.points.signing import AuditKey
from tests.points.moving import BANK, LATER, NOW, days, granted, held, released, spent, swept
from tests.points.test_chain import KEY, audited, damaged
from tests.points.test_ledger import INSERT

READER = replace(BANK, scopes=frozenset({Scope.POINTS_READ}))


async def moved(db: Database, *, since: float = 0) -> None:
    now = NOW + days(since)
    await granted(db, 100, now=now, expires_at=now + days(5))
    [(first, _), (second, _), (third, _)] = await held(db, 50, 20, 5, at=now)
    await released(db, first, at=now)
    await released(db, second, at=now + days(6))
    await spent(db, third, at=now + days(6))
    await swept(db, now=now + days(8))


async def test_an_audit_of_what_is_new_says_what_one_of_everything_says(points: Database) -> None:
    await moved(points)
    first = await audited(points, full=False)
    assert first.is_full, "there was none to begin at"
    await moved(points, since=10)
    new, full = await audited(points, full=False), await audited(points)
    assert (new.is_full, new.is_whole, full.is_whole) == (False, True, True)
    assert new.report["accounts"] == full.report["accounts"]
    assert new.report["sealed_sums"] == full.report["sealed_sums"]
    assert (new.report["postings"], full.report["postings"]) == (8, 16)
    assert new.report["since_audit"] == first.audit_id
    assert sum(full.report["accounts"].values()) == 0


async def test_an_audit_tells_what_is_outstanding_by_the_month_it_expires_in(points: Database) -> None:
    await granted(points, 10, expires_at=NOW + days(400))
    await granted(points, 5, expires_at=NOW + days(400), customer="C-2")
    await granted(points, 3, expires_at=NOW + days(31))
    await granted(points, 1, expires_at=NOW + days(1))
    assert (await audited(points)).report["outstanding"] == {"2026-02": 3, "2027-02": 15}


NEW_DAMAGE = [
    ("update points_wallet set balance = balance + 1", "I1"),
    ("update points_lot set remaining = remaining - 1", "I2"),
    ("update points_wallet set balance = balance + 1", "I3"),
    ("alter table points_lot drop constraint points_lot_check; update points_lot set remaining = granted + 1", "I4"),
    (
        INSERT + "select 5, 3, 4, 'C-1', lot_id, gen_random_uuid(), 1, now(), now() from points_lot limit 1",
        "I6",
    ),
    (
        INSERT + "select 2, 2, 3, 'C-1', lot_id, gen_random_uuid(), 1, now(), now() from points_lot limit 1",
        "I7",
    ),
]


@pytest.mark.parametrize(("damage", "name"), NEW_DAMAGE)
async def test_damage_of_what_is_new_is_found_by_its_invariant(db: Database, damage: str, name: str) -> None:
    await granted(db, 100)
    await audited(db)
    await granted(db, 100)
    await damaged(db, damage)
    made = await audited(db, full=False)
    assert not made.is_full
    assert made.report["checks"][name]["findings"] != []


def test_each_invariant_of_what_is_new_is_one_of_everything() -> None:
    assert {name for _, name in NEW_DAMAGE} == set(invariants_since.INVARIANTS) == set(invariants.INVARIANTS)


async def test_damage_done_without_a_posting_is_found_by_a_full_audit_only(db: Database) -> None:
    await granted(db, 100)
    await granted(db, 100, customer="C-2")
    await audited(db)
    await damaged(
        db,
        "update points_wallet set balance = balance + case customer_id when 'C-1' then 1 else -1 end",
    )
    assert (await audited(db, full=False)).is_whole
    assert (await audited(db)).report["checks"]["I3"]["findings"] == ["customer C-1", "customer C-2"]


async def test_after_an_audit_that_found_something_everything_is_looked_at(db: Database) -> None:
    await granted(db, 100)
    await audited(db)
    await damaged(db, "update points_wallet set balance = balance + 1")
    assert not (await audited(db)).is_whole
    assert (await audited(db, full=False)).is_full


async def test_an_audit_signed_by_another_key_is_nothing_to_begin_at(points: Database) -> None:
    await granted(points, 100)
    await auditing.audit(points, full=True, key=AuditKey("22" * 32), actor=BANK, now=LATER)
    assert (await audited(points, full=False)).is_full


async def test_a_check_that_another_capability_brings_along_is_asked_too(points: Database) -> None:
    await granted(points, 100)
    more = {"I99": b"-- Nobody is called C-1.\nselect customer_id from points_wallet where customer_id = 'C-1'"}
    checks = auditing.Checks(full={**invariants.INVARIANTS, **more}, since=invariants_since.INVARIANTS)
    made = await auditing.audit(points, full=True, key=KEY, checks=checks, actor=BANK, now=LATER)
    assert made.report["checks"]["I99"] == {"says": "Nobody is called C-1.", "findings": ["C-1"]}
    assert made.findings == 1


def test_a_report_is_proven_by_the_key_that_signed_it_and_no_other() -> None:
    signed = KEY.sign({"a": 1})
    made = b64decode(signed.signature)
    assert KEY.has_signed({"a": 1}, made)
    assert not KEY.has_signed({"a": 2}, made)
    assert not AuditKey("22" * 32).has_signed({"a": 1}, made)
    with pytest.raises(AuditKeyInvalid):
        AuditKey("11" * 31)


async def test_audits_are_listed_and_shown_to_who_may_see_points(points: Database) -> None:
    await granted(points, 100)
    made = [await audited(points) for _ in range(3)]
    async with points.transaction() as conn:
        page = await auditing.list_audits(conn, actor=READER, limit=2)
        assert [each.audit_id for each in page.items] == [made[2].audit_id, made[1].audit_id]
        rest = await auditing.list_audits(conn, actor=READER, limit=2, cursor=page.next)
        assert [each.audit_id for each in rest.items] == [made[0].audit_id]
        assert (await auditing.list_audits(conn, actor=READER, broken=True)).items == []
        assert await auditing.show_audit(conn, audit_id=made[0].audit_id, actor=READER) == made[0]
        with pytest.raises(AuditUnknown):
            await auditing.show_audit(conn, audit_id=99, actor=READER)
        with pytest.raises(ScopeMissing):
            await auditing.list_audits(conn, actor=BANK)
