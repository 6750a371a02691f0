"""Tickets of human nodes that name a screening type: made by the type, and told to the run as the node says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk import access, flows, review
from opsdesk.kit.db import Connection

ADAPT_MISSING = review.alerts.Alert.ADAPT_MISSING.value


async def make_ticket(conn: Connection, request: flows.TicketRequest, *, source: str, now: datetime) -> review.Ticket:
    """Have the screening type that the node names make its ticket: once, whoever else asks for it.

    Everything that an adapt can name is read from the inputs of the node: a `pb field` by its path in them, a `feature
    field` and a `verify field` by the name of an input.

    Raises CannotAsk where there is no such type, or no adapt of it to the application and scene; operators are told so
    unless the node says what happens without the type.
    """
    screening = request.screening
    assert screening is not None, "only such a node gets here"
    named = {"flow_no": str(request.run_id), "application": screening.application, "scene": screening.scene}
    type_id = await review.screening.types.find_type(conn, name=screening.type)
    if type_id is None:
        if not screening.may_derive:
            about = {**named, "type": screening.type}
            await review.alerts.tell(conn, review.alerts.Alert.ADAPT_MISSING, about, now=now)
        message = f"there is no screening type {screening.type} here"
        raise flows.errors.CannotAsk(ADAPT_MISSING, message, without_type=True)
    hit = review.screening.generation.Hit(**named, type_id=type_id, user_id=_text(request.inputs.get(screening.user)))
    try:
        made = await review.screening.generation.generate(
            conn,
            hit,
            facts=_facts(request.inputs),
            actor=access.system_actor(source),
            now=now,
            origin=_origin(request, source),
        )
    except review.screening.errors.FlowInvalid as refused:
        message = f"{screening.user} says whom the ticket is about, and its value {refused.problem}"
        raise flows.errors.CannotAsk(type(refused).__name__, message) from None
    if isinstance(made, review.screening.generation.AdaptMissing):
        where = f"the application {screening.application} and the scene {screening.scene}"
        raise flows.errors.CannotAsk(ADAPT_MISSING, f"the screening type {screening.type} has no adapt to {where}")
    return await review.show_ticket(conn, ticket_id=made.ticket_id)


async def tell_run(conn: Connection, ticket: review.Ticket, decision: review.TicketDecision) -> None:
    """Hand a verdict to the run that asked. Raises RunFinished; AnswerInvalid where the node does not take it."""
    judgement = (await review.screening.deciding.screening_decisions(conn, ticket_id=ticket.id))[-1]
    verdict = flows.arrivals.TicketVerdict(
        decision=decision.answers["decision"],
        codes=tuple(judgement.codes),
        reasons=tuple(reason.detail for reason in judgement.reasons),
        remark=decision.answers["remark"],
    )
    await flows.arrivals.deliver_verdict(
        conn,
        run_id=UUID(ticket.subject),
        node=ticket.node,
        iteration=ticket.iteration,
        ticket=str(ticket.id),
        verdict=verdict,
        decided_by=", ".join(decision.decided_by),
        actor=decision.concluded_by,
        now=decision.decided_at,
    )


def _origin(request: flows.TicketRequest, source: str) -> review.screening.origin.Origin:
    node, screening = request.node, request.screening
    assert screening is not None
    longest = review.screening.asked.REMARK_CHARS_MAX
    remarks = [output for output in node.outputs if screening.source_of(output.name) == "remark"]
    return review.screening.origin.Origin(
        source=source,
        subject=str(request.run_id),
        node=node.id,
        iteration=request.iteration,
        generation=request.generation,
        title=node.name,
        purpose=node.purpose,
        role=node.approval.role,
        required_approvers=node.approval.required_approvers,
        due_at=request.due_at,
        requested_by=request.requested_by,
        verdicts=tuple(review.model.Verdict(word.value) for word in screening.verdicts),
        remark_required=any(output.required for output in remarks),
        remark_chars_max=min([longest, *(output.schema.get("maxLength", longest) for output in remarks)]),
    )


def _facts(inputs: Mapping[str, Any]) -> review.screening.sources.Facts:
    verify = review.screening.sources.VERIFY_FIELDS
    return review.screening.sources.Facts(
        request=inputs, verifications={name: inputs[name] for name in verify if name in inputs}, features=inputs
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
