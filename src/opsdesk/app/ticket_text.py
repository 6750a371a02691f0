"""A ticket in words: what is asked on which data, and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from opsdesk import review
from opsdesk.access import Actor
from opsdesk.app.acting import sees
from opsdesk.app.chosen import short
from opsdesk.app.output import compact, local_time, print_data, print_json, say, span
from opsdesk.kit.db import Connection

DIGEST_SHOWN = 16


async def ticket_view(
    conn: Connection, ticket: review.Ticket, *, actor: Actor, now: datetime
) -> "review.views.TicketView":
    """With its answers and its history, masked for the reader."""
    return await review.routes.whole_view(conn, ticket, actor=actor, now=now)


async def tell_change(
    conn: Connection, ticket: review.Ticket, words: str, *, actor: Actor, now: datetime, as_json: bool
) -> None:
    """What became of a ticket: in words, or as the ticket is now."""
    if as_json:
        print_json(await ticket_view(conn, ticket, actor=sees(actor, reveal=False), now=now))
    else:
        say(f"ticket {short(ticket.id)} {words}")


async def rejection_of(
    conn: Connection, view: "review.views.TicketView"
) -> "review.views_screening.RejectionView | None":
    """What an open screening ticket can be rejected with now."""
    if view.screening is None or view.closed_at is not None:
        return None
    panel = await review.screening.deciding.rejection_panel(conn, type_id=view.screening.type_id)
    return review.views_screening.RejectionView.of(panel)


def print_ticket(
    view: "review.views.TicketView",
    *,
    rejection: "review.views_screening.RejectionView | None" = None,
    now: datetime,
) -> None:
    """The ticket on stdout, and on stderr how to answer it."""
    lines = [f"{view.title} — {view.status}", f"  {view.purpose}", f"  ticket {view.id}"]
    lines.append(f"  run    {view.run}" if view.screening is None else f"  flow   {view.screening.flow_no}")
    lines.append(f"  for {view.role or 'anyone'}, {view.answers_given} of {view.required_approvers} answered")
    if view.priority and not view.closed_at:
        lines.append(f"  priority {view.priority}")
    if view.stands_since and not view.closed_at:
        lines.append(f"  clock stands since {local_time(view.stands_since, now=now)}: the customer is waited for")
    if view.due_at and not view.closed_at:
        left = (view.due_at - now).total_seconds()
        told = f"{span(left)} left" if left > 0 else "overdue"
        lines.append(f"  due {local_time(view.due_at, now=now)}, {told}")
    if view.claim:
        lines.append(f"  held by {view.claim.by} until {local_time(view.claim.until, now=now)}")
    amended = f", amended {view.snapshot - 1} times" if view.snapshot > 1 else ""
    lines.append(f"  data   {view.shown_sha256[:DIGEST_SHOWN]}{amended}")
    if view.screening is not None:
        print_data("\n".join(lines + _screening(view, rejection, now=now)))
        if rejection is not None:
            say(f"Next: {_verdict_example(view, rejection)}")
        return
    lines += _section("Shown", [f"{name}: {_text(value)}" for name, value in view.shown.items()])
    lines += _section("Asked", [_asked(field) for field in view.asked])
    lines += _section(
        "Reason codes", [f"{decision}: {', '.join(codes)}" for decision, codes in view.reason_codes.items()]
    )
    lines += _section("Answered", [_answered(answer, now=now) for answer in view.answers])
    print_data("\n".join(lines))
    if not view.closed_at:
        say(f"Next: {_example(view)}")


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else compact(value)


def _asked(field: "review.views.AskedView") -> str:
    schema = field.json_schema
    wanted = schema.get("const", schema.get("enum", schema.get("type", "anything")))
    told = " or ".join(map(_text, wanted)) if isinstance(wanted, list) else _text(wanted)
    label = f" ({field.label})" if field.label != field.name else ""
    return f"{field.name}{label}: {told}{'' if field.required else ', optional'}"


def _answered(answer: "review.views.AnswerView", *, now: datetime) -> str:
    values = ", ".join(f"{name}={_text(value)}" for name, value in answer.answers.items())
    void = " (void: the data was amended since)" if answer.is_void else ""
    return f"{local_time(answer.at, now=now)} {answer.by}: {values}{void}"


def _example(view: "review.views.TicketView") -> str:
    role = f" --role {view.role}" if view.role else ""
    answers = "".join(f" --answer {field.name}=…" for field in view.asked if field.required)
    seen = f" --seen {view.shown_sha256[:DIGEST_SHOWN]}" if view.snapshot > 1 else ""
    return f"opsdesk ticket decide {short(view.id)}{role} --as NAME{answers}{seen}"


def _screening(
    view: "review.views.TicketView", rejection: "review.views_screening.RejectionView | None", *, now: datetime
) -> list[str]:
    """Base info, the modules in their order, what it can be rejected with, and what was said of it."""
    assert view.screening is not None
    standing = [("status", view.screening.status), ("result", view.screening.result or "")]
    lines = shown_lines(view.shown, rejection, standing=standing)
    return lines + _section("Verdicts", [_verdict(each, now=now) for each in view.verdicts])


def shown_lines(
    shown: Mapping[str, Any],
    rejection: "review.views_screening.RejectionView | None",
    *,
    standing: Sequence[tuple[str, object]] = (),
) -> list[str]:
    """What a screening ticket shows as it is frozen, and what it can be rejected with."""
    facts = [*shown["base"].items(), *standing]
    lines = _section("base info", [f"{name}: {_text(value)}" for name, value in facts])
    for module in review.screening.frozen.modules_of(shown):
        fields = [f"{each.key.name}: {'' if each.value is None else _text(each.value)}" for each in module.keys]
        lines += _section(f"{module.code} info", fields)
    if rejection is not None:
        lines += _section(
            f"rejection info, version {rejection.rejection_version}", list(map(_reason, rejection.reasons))
        )
    return lines


def _reason(reason: "review.views_screening.OfferedReason") -> str:
    label = f"{reason.label} / " if reason.label else ""
    code = f" ({reason.code}{'' if reason.is_selectable else ', not active'})" if reason.code else ""
    return f"{reason.id}  {label}{reason.detail}{code}"


def _verdict(verdict: "review.views_screening.VerdictView", *, now: datetime) -> str:
    why = "".join(f", {reason.detail}" for reason in verdict.reasons)
    codes = f" [{' '.join(verdict.codes)}]" if verdict.codes else ""
    return f"{local_time(verdict.at, now=now)} {verdict.by}: {verdict.verdict}{why}{codes} {verdict.remark}".rstrip()


def _verdict_example(view: "review.views.TicketView", rejection: "review.views_screening.RejectionView") -> str:
    seen = f" --rejection-version {rejection.rejection_version}"
    return f"opsdesk ticket decide {short(view.id)} --as NAME --verdict reject --reason ID{seen}, after ticket claim"
