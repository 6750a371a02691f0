"""`opsdesk ticket decide`: a procedure is answered, an application is passed or rejected."""

from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_ticket import AsName, Roles, TicketId, checked_name
from opsdesk.app.values import typed_values

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from opsdesk import review
    from opsdesk.access import Actor
    from opsdesk.kit.db import Connection

DIGEST_CHARACTERS_MIN = 8

Answers = Annotated[
    list[str],
    typer.Option("--answer", help="An answer as name=value, or name:=JSON; may be given again.", metavar="NAME=VALUE"),
]
ReasonCode = Annotated[
    str | None, typer.Option("--reason-code", help="Why, by one of the codes that the ticket declares.")
]
Seen = Annotated[
    str | None,
    typer.Option("--seen", help="The digest of the data that you saw, or its beginning; needed once it was amended."),
]
VerdictName = Annotated[
    str | None, typer.Option("--verdict", help="Of a screening ticket: `pass`, `reject` or `resubmit`.")
]
ReasonIds = Annotated[
    list[str],
    typer.Option("--reason", help="The id of a reason to reject for; may be given again.", metavar="ID"),
]
Remark = Annotated[str, typer.Option("--remark", help="Of a screening ticket: what else there is to say.")]
RejectionVersion = Annotated[
    int | None,
    typer.Option("--rejection-version", help="The version whose reasons you saw; the newest if it is left out."),
]
Key = Annotated[str | None, typer.Option("--key", help="Makes it once-only.")]


@command
async def decide_ticket(
    ticket_id: TicketId,
    given: Answers = [],  # noqa: B006 - typer reads the default and never changes it
    reason_code: ReasonCode = None,
    verdict: VerdictName = None,
    reasons: ReasonIds = [],  # noqa: B006 - as above
    remark: Remark = "",
    rejection_version: RejectionVersion = None,
    seen: Seen = None,
    roles: Roles = [],  # noqa: B006 - as above
    name: AsName = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Answer a ticket. It is decided with the last answer that it needs, and its run goes on.

    Whoever started the run does not decide it: of several people at one machine, each says who they are with --as.
    A screening ticket is passed or rejected with --verdict by whoever has claimed it; `opsdesk ticket show` lists the
    ids of the reasons.

    Example: `opsdesk ticket decide 1f2e3d4c5b6a --role compliance_officer --as reviewer-one
    --answer compliance_decision=approved --answer review_notes="the match is another person"`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app import chosen, desk
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.ticket_text import tell_change

    who = checked_name(name)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.TICKETS_DECIDE, roles=roles, as_name=who)
        now = opsdesk.clock.now()
        asking = await review.show_ticket(conn, ticket_id=await chosen.ticket_id(conn, ticket_id))
        digest, once = _digest_seen(seen, asking.shown_sha256), key or uuid4().hex
        if verdict is not None:
            judgement = await _judgement(conn, asking, verdict, reasons, remark, rejection_version)
            decided = await _judge(conn, asking, judgement, actor=actor, seen=digest, key=once, now=now)
        else:
            decided = await review.decide(
                conn,
                ticket_id=asking.id,
                actor=actor,
                answers=typed_values(given, {field.name: field.schema for field in asking.asked}),
                shown_sha256=digest,
                reason_code=reason_code,
                key=once,
                now=now,
                on_decided=desk.on_decided,
            )
        await tell_change(conn, decided, _outcome(decided), actor=actor, now=now, as_json=as_json)


def _outcome(ticket: "review.Ticket") -> str:
    from opsdesk import review
    from opsdesk.app.chosen import short

    if ticket.status is not review.TicketStatus.DECIDED:
        return f"answered, {ticket.answers_given} of {ticket.required_approvers}; somebody else has to answer too"
    if ticket.screening is not None:
        return f"decided: {ticket.screening.result}"
    return f"decided; the run goes on: opsdesk run watch {short(ticket.subject)}"


async def _judgement(
    conn: "Connection",
    ticket: "review.Ticket",
    verdict: str,
    reasons: "Sequence[str]",
    remark: str,
    rejection_version: int | None,
) -> "review.screening.deciding.Judgement":
    from opsdesk import review

    if verdict not in (*review.model.Verdict,):
        raise typer.BadParameter(f"is none of {', '.join(review.model.Verdict)}", param_hint="--verdict")
    if rejection_version is None and ticket.screening is not None:
        panel = await review.screening.deciding.rejection_panel(conn, type_id=ticket.screening.type_id)
        rejection_version = panel.version
    return review.screening.deciding.Judgement(review.model.Verdict(verdict), tuple(reasons), remark, rejection_version)


async def _judge(
    conn: "Connection",
    ticket: "review.Ticket",
    judgement: "review.screening.deciding.Judgement",
    *,
    actor: "Actor",
    seen: str | None,
    key: str,
    now: "datetime",
) -> "review.Ticket":
    from opsdesk import review
    from opsdesk.app import desk

    return await review.screening.deciding.decide_screening(
        conn,
        ticket_id=ticket.id,
        judgement=judgement,
        actor=actor,
        key=key,
        now=now,
        on_decided=desk.on_decided,
        shown_sha256=seen,
    )


def _digest_seen(seen: str | None, shown_sha256: str) -> str | None:
    """The whole digest of which somebody typed the beginning; another one than the ticket's stays as it was typed."""
    if seen is None:
        return None
    seen = seen.strip().lower().removesuffix("…")
    if len(seen) < DIGEST_CHARACTERS_MIN:
        raise typer.BadParameter(f"has at least {DIGEST_CHARACTERS_MIN} digits", param_hint="--seen")
    return shown_sha256 if shown_sha256.startswith(seen) else seen
