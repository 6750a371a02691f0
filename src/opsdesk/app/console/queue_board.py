"""The queue board: what waits, since when, what is late, and who is at it; true now, and kept so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from opsdesk import review
from opsdesk.app.console.formats import zone_of
from opsdesk.app.console.frame import fragment, page, translate
from opsdesk.app.console.viewer import TicketReader, TicketWatcher, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

PATH = "/queue"
LISTS: Mapping[str, str] = {
    "kyc": N_("kyc list (activation stage)"),
    "transaction": N_("transaction list (loan stage)"),
    "procedures": N_("tickets of procedures"),
}
_ID_DIGITS_MAX = 9

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters as they are in the address."""

    bucket: str
    application: str
    type_id: str

    @property
    def query(self) -> Mapping[str, str]:
        pairs = {"list": self.bucket, "application": self.application, "type": self.type_id}
        return {name: value for name, value in pairs.items() if value}


async def _wanted(request: Request, application: str = "") -> Wanted:
    """What is none of the choices is none chosen."""
    bucket, type_id = request.query_params.get("list", ""), request.query_params.get("type", "")
    counts = type_id.isascii() and type_id.isdecimal() and len(type_id) <= _ID_DIGITS_MAX
    return Wanted(bucket if bucket in LISTS else "", application, type_id if counts else "")


Filters = Annotated[Wanted, Depends(_wanted)]


@routes.get(PATH)
async def show_board(request: Request, visitor: TicketReader, wanted: Filters, conn: Conn, now: Now) -> Response:
    """The numbers, with the choices for the filters."""
    _ = translate(request, visitor)
    applications = await review.reference.entries.list_applications(conn)
    types = await review.screening.listing.type_names(conn)
    return page(
        request,
        visitor,
        "queue/board.html",
        **await _numbers(conn, visitor, wanted, now=now),
        list_options=[("", _("all")), *((value, _(text)) for value, text in LISTS.items())],
        application_options=[("", _("all")), *((each.application, each.name) for each in applications)],
        type_options=[("", _("all")), *((str(type_id), name) for type_id, name in types)],
    )


@routes.get(f"{PATH}/live")
async def live_board(request: Request, visitor: TicketWatcher, wanted: Filters, conn: Conn, now: Now) -> Response:
    """The numbers as they are now, for a page that is shown."""
    return fragment(request, visitor, "queue/live.html", **await _numbers(conn, visitor, wanted, now=now))


async def _numbers(conn: Connection, visitor: Visitor, wanted: Wanted, *, now: Any) -> dict[str, Any]:
    board = await review.board.queue_board(
        conn,
        now=now,
        since=review.board.day_begin(now, zone_of(visitor.person.time_zone)),
        bucket=review.board.QueueList(wanted.bucket) if wanted.bucket else None,
        application=wanted.application or None,
        type_id=int(wanted.type_id) if wanted.type_id else None,
    )
    return {"board": board, "wanted": wanted}
