"""The page on which the data of an open ticket is amended."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from opsdesk import flows, review
from opsdesk.app import desk
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.ticket_words import PATH
from opsdesk.app.console.viewer import RunWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

routes = APIRouter(include_in_schema=False)


@routes.get(PATH + "/{ticket_id}/amend")
async def ask_for_amendment(request: Request, ticket_id: UUID, visitor: RunWriter, conn: Conn, now: Now) -> Response:
    """A field for each value that is shown; what is left empty stays as it is."""
    ticket = await review.show_ticket(conn, ticket_id=ticket_id)
    return _form(request, visitor, ticket, now=now, typed={}, errors={})


@routes.post(PATH + "/{ticket_id}/amend")
async def amend_ticket(request: Request, ticket_id: UUID, visitor: RunWriter, conn: Conn, now: Now) -> Response:
    """Amend it, and show the ticket."""
    _ = translate(request, visitor)
    typed = {field: value for field, value in (await request.form()).items() if isinstance(value, str)}
    ticket = await review.show_ticket(conn, ticket_id=ticket_id)
    errors: dict[str, str] = {}
    if not typed.get("reason", "").strip():
        errors["reason"] = _(N_("A reason of at most 2,000 characters is needed."))
    values = {name: _read(ticket.shown[name], text) for name, text in _given(ticket, typed).items()}
    if not values:
        errors["values"] = _(N_("No value is another than before."))
    if not errors:
        errors = await _amend(conn, ticket, values, typed["reason"].strip(), visitor, _, now=now)
    if errors:
        return _form(request, visitor, ticket, now=now, typed=typed, errors=errors)
    return see_other(request, f"{PATH}/{ticket_id}", done(_(N_("The data is amended; answers given before are void."))))


async def _amend(
    conn: Connection,
    ticket: review.Ticket,
    values: Mapping[str, Any],
    reason: str,
    visitor: Visitor,
    translate: Callable[[str], str],
    *,
    now: Any,
) -> dict[str, str]:
    """What is wrong with it, by field of the form; nothing: it is amended."""
    fields = _fields(ticket)
    try:
        await review.amendments.amend(
            conn,
            ticket_id=ticket.id,
            actor=visitor.actor,
            values=values,
            reason=reason,
            now=now,
            on_amended=desk.on_amended,
        )
    except review.errors.AmendmentInvalid as error:
        return {fields.get(name, name): problem for name, problem in error.problems.items()}
    except flows.errors.AnswerInvalid as error:
        return {"values": error.problem}
    except flows.errors.DecidedUpon as error:
        return {"values": translate(error.message)}
    return {}


def _fields(ticket: review.Ticket) -> dict[str, str]:
    """The fields of the form by name of the value, which may be called anything."""
    return {name: f"value-{place}" for place, name in enumerate(ticket.shown)}


def _given(ticket: review.Ticket, typed: Mapping[str, str]) -> dict[str, str]:
    return {name: typed[field] for name, field in _fields(ticket).items() if typed.get(field, "").strip()}


def _read(before: Any, text: str) -> Any:
    """A text stays one; of anything else, what can be read as JSON is that."""
    if not isinstance(before, str):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text.replace("\r\n", "\n")


def _form(
    request: Request,
    visitor: Visitor,
    ticket: review.Ticket,
    *,
    now: Any,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    return page(
        request,
        visitor,
        "tickets/amend.html",
        status=422 if errors else 200,
        ticket=review.views.TicketView.whole(ticket, (), (), actor=visitor.actor, now=now),
        fields=_fields(ticket),
        typed=typed,
        errors=errors,
        labels={field: name for name, field in _fields(ticket).items()},
    )
