"""A provider says that it rendered what was cancelled: two people decide whether it is paid.

The order stays cancelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.benefits.errors import (
    DisputeDecided,
    DisputeNeedsAnother,
    DisputeNotProposed,
    DisputeProposalChanged,
    DisputeReasonInvalid,
    DisputeUnknown,
)
from opsdesk.benefits.model import Order
from opsdesk.benefits.periods import settle_month, share_periods
from opsdesk.kit import sql
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id

REASON_CHARACTERS_MAX = 2000

_SQL = sql.statements(__file__)
_LIST_BACKWARDS = sql.backwards(_SQL["list_disputes"])


class Proposal(StrEnum):
    """What may become of a dispute."""

    PAY = "pay"
    """The provider is paid with the next file, as an adjustment."""
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class Dispute:
    """A service that was rendered, says its provider, although its order is cancelled."""

    dispute_id: UUID
    order_id: UUID
    provider: str
    completed_at: datetime
    opened_at: datetime
    proposal: str | None
    reason: str | None
    proposed_by: str | None
    proposed_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    settle_month: date | None


async def open_dispute(
    conn: Connection, order: Order, *, completed_at: datetime, actor: access.Actor, now: datetime
) -> None:
    """Once an order, whose lock is held; a second report changes nothing."""
    dispute_id = new_id()
    values = {
        "dispute_id": dispute_id,
        "order_id": order.order_id,
        "provider": order.provider,
        "completed_at": completed_at,
        "now": now,
    }
    if (await conn.execute(_SQL["open_dispute"], values)).rowcount:
        await _record(conn, dispute_id, "benefit_dispute.open", actor=actor, reason=None, now=now, order=order.order_id)


async def list_disputes(
    conn: Connection, *, is_open: bool | None, limit: int, after: UUID | None = None, backwards: bool = False
) -> Sequence[Dispute]:
    """The newest first, from behind `after`, or `backwards`; `is_open` None: those that are decided too."""
    statement = _LIST_BACKWARDS if backwards else _SQL["list_disputes"]
    async with conn.cursor(row_factory=class_row(Dispute)) as rows:
        values = {"is_open": is_open, "after": after, "limit": limit}
        return await (await rows.execute(statement, values)).fetchall()


async def read_dispute(conn: Connection, dispute_id: UUID) -> Dispute:
    """Raises DisputeUnknown."""
    async with conn.cursor(row_factory=class_row(Dispute)) as rows:
        dispute = await (await rows.execute(_SQL["read_dispute"], {"dispute_id": dispute_id})).fetchone()
    if dispute is None:
        raise DisputeUnknown(dispute_id)
    return dispute


async def find_dispute(conn: Connection, order_id: UUID) -> Dispute | None:
    """The one about an order, if there is one."""
    async with conn.cursor(row_factory=class_row(Dispute)) as rows:
        return await (await rows.execute(_SQL["dispute_of"], {"order_id": order_id})).fetchone()


async def propose(
    conn: Connection, dispute_id: UUID, proposal: Proposal, *, reason: str, actor: access.Actor, now: datetime
) -> Dispute:
    """Say what is to become of it, and why; a new proposal takes the place of the last one.

    Locks the dispute. Raises DisputeReasonInvalid, DisputeUnknown, DisputeDecided.
    """
    if not reason.strip() or len(reason) > REASON_CHARACTERS_MAX or "\0" in reason:
        raise DisputeReasonInvalid(REASON_CHARACTERS_MAX)
    await _lock_open(conn, dispute_id)
    values = {"dispute_id": dispute_id, "proposal": proposal, "reason": reason, "actor": actor.person, "now": now}
    await conn.execute(_SQL["propose"], values)
    await _record(
        conn, dispute_id, "benefit_dispute.propose", actor=actor, reason=reason, now=now, proposal=str(proposal)
    )
    return await read_dispute(conn, dispute_id)


async def decide(
    conn: Connection, dispute_id: UUID, *, agreed_to: Proposal | None = None, actor: access.Actor, now: datetime
) -> Dispute:
    """Agree to what somebody else proposed; what is paid goes into a month that is open.

    `agreed_to`: what the actor was shown. Locks the periods, shared, then the dispute. Raises DisputeUnknown,
    DisputeDecided, DisputeNotProposed, DisputeNeedsAnother, DisputeProposalChanged.
    """
    await share_periods(conn)
    dispute = await _lock_open(conn, dispute_id)
    if dispute.proposal is None:
        raise DisputeNotProposed(dispute_id)
    if dispute.proposed_by in (actor.id, actor.person):
        raise DisputeNeedsAnother(dispute_id)
    if agreed_to is not None and dispute.proposal != agreed_to:
        raise DisputeProposalChanged(dispute_id, dispute.proposal)
    month = await settle_month(conn, dispute.completed_at) if dispute.proposal == Proposal.PAY else None
    values = {"dispute_id": dispute_id, "actor": actor.person, "now": now, "month": month}
    await conn.execute(_SQL["decide"], values)
    await _record(
        conn,
        dispute_id,
        "benefit_dispute.decide",
        actor=actor,
        reason=dispute.reason,
        now=now,
        proposal=dispute.proposal,
    )
    return await read_dispute(conn, dispute_id)


async def _lock_open(conn: Connection, dispute_id: UUID) -> Dispute:
    await conn.execute(_SQL["lock_dispute"], {"dispute_id": dispute_id})
    dispute = await read_dispute(conn, dispute_id)
    if dispute.decided_at is not None:
        raise DisputeDecided(dispute_id)
    return dispute


async def _record(
    conn: Connection,
    dispute_id: UUID,
    action: str,
    *,
    actor: access.Actor,
    reason: str | None,
    now: datetime,
    **after: object,
) -> None:
    await access.audit.record(
        conn,
        actor=actor,
        action=action,
        object_kind="benefit_dispute",
        object_id=str(dispute_id),
        after={name: str(value) for name, value in after.items()},
        reason=reason,
        now=now,
    )
