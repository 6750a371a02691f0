"""Disputes on pages: rendered, says a provider, although the order is cancelled. One proposes, another decides."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from opsdesk import benefits
from opsdesk.app.console.benefit_catalogue import may_write
from opsdesk.app.console.benefit_words import PROPOSALS, STATUSES
from opsdesk.app.console.frame import done, failed, page, see_other, translate
from opsdesk.app.console.viewer import BenefitKeeper, BenefitReader, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_requests import Conn, Now

PATH = "/benefits/disputes"
Proposal = benefits.disputes.Proposal
errors_of = benefits.errors

routes = APIRouter(include_in_schema=False)
Typed = Annotated[str, Form(max_length=20_000)]


@routes.get(PATH)
async def list_disputes(
    request: Request,
    visitor: BenefitReader,
    conn: Conn,
    show: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """Those that are open, or all."""
    every = show == "all"
    found = await benefits.lists.page_disputes(conn, is_open=None if every else True, cursor=cursor or None)
    return page(
        request,
        visitor,
        "benefits/disputes.html",
        disputes=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        every=every,
        proposals=PROPOSALS,
    )


@routes.get(f"{PATH}/{{dispute_id}}")
async def show_dispute(request: Request, dispute_id: UUID, visitor: BenefitReader, conn: Conn) -> Response:
    """With the steps of its order."""
    return await _shown(request, visitor, conn, dispute_id)


@routes.post(f"{PATH}/{{dispute_id}}/propose")
async def propose(
    request: Request,
    dispute_id: UUID,
    visitor: BenefitKeeper,
    conn: Conn,
    now: Now,
    proposal: Typed = "",
    reason: Typed = "",
) -> Response:
    """Say what is to become of it; somebody else decides."""
    _ = translate(request, visitor)
    if proposal not in (*Proposal,):
        return await _shown(
            request, visitor, conn, dispute_id, reason=reason, problems={"proposal": _(N_("Choose one of them."))}
        )
    try:
        await benefits.disputes.propose(
            conn, dispute_id, Proposal(proposal), reason=reason, actor=visitor.actor, now=now
        )
    except errors_of.DisputeReasonInvalid:
        problems = {"reason": _(N_("Say why, in some words."))}
        return await _shown(request, visitor, conn, dispute_id, proposal=proposal, reason=reason, problems=problems)
    except errors_of.DisputeDecided as error:
        return see_other(request, f"{PATH}/{dispute_id}", failed(_(error.message)))
    return see_other(request, f"{PATH}/{dispute_id}", done(_(N_("It is proposed. Somebody else decides."))))


@routes.post(f"{PATH}/{{dispute_id}}/decide")
async def decide(
    request: Request, dispute_id: UUID, visitor: BenefitKeeper, conn: Conn, now: Now, proposal: Typed = ""
) -> Response:
    """Agree to what the viewer was shown."""
    _ = translate(request, visitor)
    back = f"{PATH}/{dispute_id}"
    agreed_to = Proposal(proposal) if proposal in (*Proposal,) else None
    if agreed_to is None:
        return see_other(request, back, failed(_(N_("Choose one of them."))))
    try:
        await benefits.disputes.decide(conn, dispute_id, agreed_to=agreed_to, actor=visitor.actor, now=now)
    except (
        errors_of.DisputeDecided,
        errors_of.DisputeNotProposed,
        errors_of.DisputeNeedsAnother,
        errors_of.DisputeProposalChanged,
    ) as error:
        refused: OpsdeskError = error
        return see_other(request, back, failed(_(refused.message)))
    return see_other(request, back, done(_(N_("It is decided."))))


async def _shown(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    dispute_id: UUID,
    *,
    proposal: str = "",
    reason: str = "",
    problems: dict[str, str] | None = None,
) -> Response:
    found = await benefits.disputes.read_dispute(conn, dispute_id)
    order = await benefits.orders.read_order(conn, found.order_id)
    return page(
        request,
        visitor,
        "benefits/dispute.html",
        status=422 if problems else 200,
        dispute=found,
        order=order,
        events=await benefits.orders.list_events(conn, found.order_id),
        proposals=PROPOSALS,
        statuses=STATUSES,
        proposal=proposal or found.proposal or "",
        reason=reason,
        problems=problems or {},
        is_own=found.proposed_by in (visitor.actor.id, visitor.actor.person),
        may_write=may_write(visitor),
    )
