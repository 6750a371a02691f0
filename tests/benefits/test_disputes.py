"""Two people decide whether a provider is paid for what was cancelled."""

import pytest

from opsdesk.benefits import disputes
from opsdesk.benefits.disputes import Dispute, Proposal
from opsdesk.benefits.errors import DisputeDecided, DisputeNeedsAnother, DisputeNotProposed
from opsdesk.kit.db import Database
from tests.actors import actor
from tests.benefits.making import an_order, booked, cancelled, completed
from tests.points.moving import NOW

FIRST, SECOND = actor("person:1"), actor("person:2")


async def a_dispute(bank: Database) -> Dispute:
    order = await an_order(bank)
    await booked(bank, order)
    await cancelled(bank, order)
    await completed(bank, order)
    async with bank.connection() as conn:
        return (await disputes.list_disputes(conn, is_open=True, limit=1))[0]


@pytest.mark.req("PTS-507")
async def test_what_one_proposed_another_decides_and_it_is_paid_in_an_open_month(bank: Database) -> None:
    dispute = await a_dispute(bank)
    async with bank.transaction() as conn:
        await disputes.propose(conn, dispute.dispute_id, Proposal.PAY, reason="它已经完成", actor=FIRST, now=NOW)
    async with bank.transaction() as conn:
        with pytest.raises(DisputeNeedsAnother):
            await disputes.decide(conn, dispute.dispute_id, actor=FIRST, now=NOW)
        decided = await disputes.decide(conn, dispute.dispute_id, actor=SECOND, now=NOW)
    assert decided.settle_month == NOW.date().replace(day=1)
    async with bank.transaction() as conn:
        with pytest.raises(DisputeDecided):
            await disputes.propose(conn, dispute.dispute_id, Proposal.DISMISS, reason="x", actor=FIRST, now=NOW)


async def test_nothing_is_decided_that_nobody_proposed_and_a_dismissal_pays_nothing(bank: Database) -> None:
    dispute = await a_dispute(bank)
    async with bank.transaction() as conn:
        with pytest.raises(DisputeNotProposed):
            await disputes.decide(conn, dispute.dispute_id, actor=SECOND, now=NOW)
        await disputes.propose(conn, dispute.dispute_id, Proposal.DISMISS, reason="没有到店", actor=FIRST, now=NOW)
        decided = await disputes.decide(conn, dispute.dispute_id, actor=SECOND, now=NOW)
        assert decided.settle_month is None
        assert await disputes.list_disputes(conn, is_open=True, limit=10) == []
        assert [each.dispute_id for each in await disputes.list_disputes(conn, is_open=None, limit=10)] == [
            dispute.dispute_id
        ]
