"""The page of a screening ticket: what it shows as it was frozen, and what it can be rejected with now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import Request, Response

from opsdesk import access, review
from opsdesk.app.console.application_words import DELIVERIES
from opsdesk.app.console.applications import address
from opsdesk.app.console.frame import page, translate
from opsdesk.app.console.picture_sight import pictures_of
from opsdesk.app.console.problems import said
from opsdesk.app.console.results import result_of
from opsdesk.app.console.review_lists import PATH as LISTS
from opsdesk.app.console.review_words import BUCKETS, RESULTS, STATUSES
from opsdesk.app.console.role_words import ROLES
from opsdesk.app.console.screening_panel import Panel, panel_of
from opsdesk.app.console.screening_values import Displayed, displayed
from opsdesk.app.console.screening_words import MODULES
from opsdesk.app.console.ticket_history import history_told
from opsdesk.app.console.ticket_words import PATH as TICKETS
from opsdesk.app.console.ticket_words import STATES as TICKET_STATES
from opsdesk.app.console.viewer import Visitor
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError

VERDICTS = ("reject", "resubmit", "pass")


@dataclass(frozen=True, slots=True)
class Typed:
    """What a reviewer has ticked and typed, and under which panel."""

    ticked: tuple[str, ...] = ()
    remark: str = ""
    rejection_version: int | None = None
    key: str = field(default_factory=lambda: str(uuid4()))
    then: str = "next"


def list_of(ticket: review.Ticket) -> str:
    """The address of the list that the ticket is in."""
    assert ticket.screening is not None
    return f"{LISTS}/{ticket.screening.bucket}"


async def show(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    ticket: review.Ticket,
    *,
    now: datetime,
    typed: Typed | None = None,
    problems: Mapping[str, Sequence[str]] | None = None,
    refused: OpsdeskError | None = None,
) -> Response:
    """The ticket, with the panel where this person holds it, or has typed something that is not lost then."""
    assert ticket.screening is not None
    _ = translate(request, visitor)
    told = await review.routes.whole_view(conn, ticket, actor=visitor.actor, now=now)
    held = ticket.claim_at(now)
    is_mine = held is not None and held[0] == visitor.actor.id
    is_open = ticket.status is review.TicketStatus.OPEN
    answered = any(answer.snapshot == ticket.snapshot for answer in told.answers) and is_open
    waits = is_open and access.may(visitor.actor, access.Scope.TICKETS_DECIDE, ticket)
    return page(
        request,
        visitor,
        "review/ticket.html",
        status=refused.status if refused else 422 if problems else 200,
        path=list_of(ticket),
        list=list_of(ticket),
        list_title=BUCKETS[ticket.screening.bucket],
        ticket=told,
        base=base_info(ticket, told, translate=_),
        modules=modules_of(told.shown, is_masked=access.Scope.PERSONAL_READ not in visitor.actor.scopes),
        sight=await pictures_of(conn, ticket, actor=visitor.actor, now=now),
        **await _way_back(request, visitor, conn, ticket),
        panel=await _panel(conn, ticket, typed) if is_open else None,
        verdicts=verdicts_of(ticket),
        typed=typed or Typed(),
        is_fresh=typed is None,
        errors={name: " ".join(said(text, _) for text in texts) for name, texts in (problems or {}).items()},
        refused=refused.message if refused else None,
        is_mine=is_mine,
        shows_form=is_mine or (typed is not None and is_open),
        may_claim=waits and not answered and (held is None or is_mine),
        may_decide=access.may(visitor.actor, access.Scope.TICKETS_DECIDE),
        answered=answered,
        lost=None,
        statuses=STATUSES,
        results=RESULTS,
        history=history_told(told.history, _),
        module_names=MODULES,
        states=TICKET_STATES,
        role_names=ROLES,
        reason_max=review.screening.taking.REASON_CHARS_MAX,
        remark_max=review.screening.asked.REMARK_CHARS_MAX,
    )


async def _way_back(request: Request, visitor: Visitor, conn: Connection, ticket: review.Ticket) -> dict[str, Any]:
    """The application that came with the ticket, and how its result goes back."""
    flow_no = None
    if access.may(visitor.actor, access.Scope.APPLICATIONS_READ):
        flow_no = await review.applications.listing.flow_of_ticket(conn, ticket_id=ticket.id)
    return {
        "application": None if flow_no is None else address(flow_no),
        "result": await result_of(request, visitor, conn, ticket_id=ticket.id),
        "back": f"{TICKETS}/{ticket.id}",
        "deliveries": DELIVERIES,
    }


async def _panel(conn: Connection, ticket: review.Ticket, typed: Typed | None) -> Panel:
    assert ticket.screening is not None
    given = typed or Typed()
    return await panel_of(
        conn, type_id=ticket.screening.type_id, ticked=given.ticked, seen_version=given.rejection_version
    )


def base_info(ticket: review.Ticket, told: review.views.TicketView, *, translate: Any) -> list[tuple[str, Any]]:
    """The base info in its order: what was frozen, and how the ticket stands."""
    assert told.screening is not None
    standing = told.screening
    first, versions = frozen_info(ticket, told.shown["base"])
    return [
        *first,
        ("status", translate(STATUSES[standing.status][1])),
        ("result", translate(RESULTS[standing.result][1]) if standing.result else ""),
        *versions,
    ]


def frozen_info(ticket: review.Ticket, base: Mapping[str, Any]) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """What of the base info was frozen: what stands before the status and the result, and what stands behind them."""
    first = [
        ("type", base["type_name"]),
        ("description", base["description"]),
        ("application", _named(base["application"], base["application_name"])),
        ("scene", _named(base["scene"], base["scene_name"])),
        ("platform userid", base["user_id"]),
        ("create time", ticket.opened_at),
        ("No", base["flow_no"]),
    ]
    return first, [("type version", base["type_version"]), ("adapt version", base["adapt_version"])]


def _named(code: str, name: str) -> str:
    return code if name in ("", code) else f"{name} ({code})"


def modules_of(shown: Mapping[str, Any], *, is_masked: bool) -> list[tuple[str, list[Displayed]]]:
    """The modules that have keys, in the order of the configuration, each with its fields in theirs."""
    return [
        (module.code.value, [displayed(each, is_masked=is_masked) for each in module.keys])
        for module in review.screening.frozen.modules_of(shown)
        if module.keys
    ]


def verdicts_of(ticket: review.Ticket) -> list[str]:
    """What may be said of it, in the order of the buttons: a procedure takes only what it has a way on for."""
    asked = next((asked.schema["enum"] for asked in ticket.asked if asked.name == "decision"), VERDICTS)
    return [verdict for verdict in VERDICTS if verdict in asked]
