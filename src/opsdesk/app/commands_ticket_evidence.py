"""`opsdesk ticket amend` and `evidence`: the data of a ticket corrected, and how it came to its decision."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, Reveal, command
from opsdesk.app.commands_ticket import AsName, TicketId, checked_name
from opsdesk.app.output import compact, local_time, print_data, print_json, say
from opsdesk.app.values import typed_values

if TYPE_CHECKING:
    from datetime import datetime

    from opsdesk import review

_DIGEST_SHOWN = 16


@command
async def amend_ticket(
    ticket_id: TicketId,
    given: Annotated[
        list[str],
        typer.Option(
            "--value",
            help="What is shown instead, as name=value, or name:=JSON; may be given again.",
            metavar="NAME=VALUE",
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; those who are asked again read it.")],
    name: AsName = None,
    as_json: AsJson = False,
) -> None:
    """Change what an open ticket shows. Answers given before are void, and their authors are asked again.

    Example: `opsdesk ticket amend 1f2e3d4c5b6a --value kyc_score:=0.82 --reason "the customer sent a better picture"`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app import chosen, desk
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.ticket_text import tell_change

    who = checked_name(name)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.RUNS_WRITE, as_name=who)
        now = opsdesk.clock.now()
        asking = await review.show_ticket(conn, ticket_id=await chosen.ticket_id(conn, ticket_id))
        amended = await review.amendments.amend(
            conn,
            ticket_id=asking.id,
            actor=actor,
            values=typed_values(given, {name: _schema_like(value) for name, value in asking.shown.items()}),
            reason=reason,
            now=now,
            on_amended=desk.on_amended,
        )
        void = asking.answers_given if amended.snapshot != asking.snapshot else 0
        said = (
            f"shows data {amended.snapshot} now; {void} answers are void" if void else f"shows data {amended.snapshot}"
        )
        await tell_change(conn, amended, said, actor=actor, now=now, as_json=as_json)


def _schema_like(value: object) -> dict[str, str]:
    """So that what is typed becomes what was there: a number stays a number."""
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int | float):
        return {"type": "number"}
    return {"type": "string"}


@command
async def show_evidence(ticket_id: TicketId, reveal: Reveal = False, as_json: AsJson = False) -> None:
    """Show who decided what on which data, and whether the audit chain says the same. Exit 1 where it does not.

    Example: `opsdesk ticket evidence 1f2e3d4c5b6a`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app import chosen
    from opsdesk.app.acting import reading
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        reader = await reading(opsdesk, conn, Scope.TICKETS_READ, reveal=reveal)
        found = await review.evidence.ticket_evidence(conn, ticket_id=await chosen.ticket_id(conn, ticket_id))
        now = opsdesk.clock.now()
    view = review.views_evidence.EvidenceView.of(found, actor=reader)
    if as_json:
        print_json(view)
    else:
        print_data("\n".join(_lines(view, now=now)))
        say("it is what the audit chain was told" if view.holds else "it is NOT what the audit chain was told")
    if not view.holds:
        raise typer.Exit(1)


def _lines(view: "review.views_evidence.EvidenceView", *, now: "datetime") -> list[str]:
    asked = f"for {view.role or 'anyone'}, {view.required_approvers} needed, asked by {view.requested_by}"
    asks = f"node {view.node} of run {view.run}" if view.run else f"made by {view.node}"
    lines = [f"ticket {view.ticket} — {view.status}", f"  {asks}", f"  {asked}", "", "Data"]
    for shown in view.snapshots:
        proof = _proof(shown.audit_entry, shown.audit_seq, shown.is_whole)
        lines.append(f"  {shown.number}  {shown.shown_sha256[:_DIGEST_SHOWN]}…  {proof}")
        if shown.changed:
            changes = ", ".join(f"{name}={compact(shown.shown[name])}" for name in shown.changed)
            lines.append(f"     {local_time(shown.at, now=now)} {shown.by}: {changes} — {shown.reason}")
    lines += ["", "Answers"] if view.answers else []
    for answer in view.answers:
        proof = _proof(answer.audit_entry, answer.audit_seq, answer.saw)
        lines.append(f"  {answer.number}  {answer.shown_sha256[:_DIGEST_SHOWN]}…  {answer.standing}  {proof}")
        values = ", ".join(f"{name}={compact(value)}" for name, value in answer.answers.items())
        roles = ", ".join(answer.roles) or "no role"
        behind = "" if answer.person == answer.by else f" for {answer.person}"
        lines.append(
            f"     {local_time(answer.at, now=now)} {answer.by}{behind} ({roles}): {values}; {answer.reason_code}"
        )
    for ticket in view.earlier:
        lines.append(
            f"  before: ticket {ticket.id}, {ticket.status}, {ticket.answers_given} answers, which do not count"
        )
    return lines


def _proof(entry: int | None, seq: int | None, digest_is_right: bool) -> str:
    told = "NOT in the audit chain" if entry is None else f"audit entry {entry}"
    sealed = "" if seq is not None or entry is None else ", not sealed yet"
    return f"{told}{sealed}{'' if digest_is_right else ', the digest is ANOTHER'}"
