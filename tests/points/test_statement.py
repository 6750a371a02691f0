"""The statement: every line that there is, in its order, and what the wallet held after it."""

from dataclasses import replace

import pytest

from opsdesk.access import Scope
from opsdesk.access.errors import ScopeMissing
from opsdesk.kit.db import Database
from opsdesk.kit.paging import Page
from opsdesk.points.errors import WalletUnknown
from opsdesk.points.model import PostingKind
from opsdesk.points.statement import Line, StatementFilter, list_postings, show_wallet
from tests.points.moving import BANK, LATER, NOW, days, granted, held, released, spent, swept, wallet

READER = replace(BANK, scopes=frozenset({Scope.POINTS_READ}))


async def statement(
    db: Database, only: StatementFilter | None = None, *, limit: int = 50, cursor: str | None = None
) -> Page[Line]:
    async with db.transaction() as conn:
        return await list_postings(conn, customer_id="C-1", only=only, actor=READER, limit=limit, cursor=cursor)


async def moved(db: Database) -> None:
    """All six kinds of movement, and somebody else's beside them."""
    await granted(db, 100, expires_at=NOW + days(5))
    await granted(db, 50)
    await granted(db, 7, customer="C-2")
    [(first, _), (second, _), (third, _)] = await held(db, 110, 20, 5)
    await released(db, first, at=NOW + days(6))
    await spent(db, second, at=NOW + days(6))
    await released(db, third, at=NOW + days(6))
    await granted(db, 3, expires_at=NOW + days(2))
    await swept(db, now=NOW + days(8))


async def test_a_statement_tells_every_movement_with_the_balance_after_it(points: Database) -> None:
    await moved(points)
    lines = list(reversed((await statement(points)).items))
    assert {line.kind for line in lines} == set(PostingKind)
    balance = 0
    for line in lines:
        balance += line.change
        assert line.balance == balance
    assert balance == (await wallet(points, now=NOW + days(8))).available == 30
    forfeited = [line for line in lines if line.kind is PostingKind.FORFEIT]
    assert [(line.points, line.change, line.expires_at) for line in forfeited] == [(100, 0, NOW + days(5))]


async def test_pages_of_a_statement_tell_the_same_as_the_whole_of_it(points: Database) -> None:
    await moved(points)
    whole = (await statement(points)).items
    paged: list[Line] = []
    cursor = None
    while True:
        page = await statement(points, limit=2, cursor=cursor)
        paged += page.items
        if page.next is None:
            break
        cursor = page.next
    assert paged == whole
    back = await statement(points, limit=2, cursor=page.previous)
    assert list(back.items) == whole[-2 - len(page.items) : -len(page.items)]


async def test_a_filter_leaves_lines_out_and_no_balance(points: Database) -> None:
    await moved(points)
    whole = (await statement(points)).items
    kinds = (await statement(points, StatementFilter(kinds=(PostingKind.HOLD, PostingKind.SWEEP)))).items
    assert kinds == [line for line in whole if line.kind in ("hold", "sweep")]
    late = (await statement(points, StatementFilter(since=NOW + days(6), until=NOW + days(8)))).items
    assert late == [line for line in whole if line.recorded_at == NOW + days(6)] != []


async def test_only_who_may_see_points_sees_those_of_a_known_customer(points: Database) -> None:
    async with points.transaction() as conn:
        with pytest.raises(WalletUnknown):
            await list_postings(conn, customer_id="C-1", actor=READER)
        with pytest.raises(ScopeMissing):
            await list_postings(conn, customer_id="C-1", actor=BANK)
        with pytest.raises(ScopeMissing):
            await show_wallet(conn, customer_id="C-1", actor=BANK, now=LATER)
