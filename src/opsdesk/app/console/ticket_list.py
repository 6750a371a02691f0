"""The queue of tickets: filtered, in the order of what is due, and kept up to date while somebody looks at it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from opsdesk import access, review
from opsdesk.app.console.frame import fragment, page, translate
from opsdesk.app.console.role_words import ROLES
from opsdesk.app.console.ticket_lead import bar
from opsdesk.app.console.ticket_words import PATH, STATES
from opsdesk.app.console.viewer import TicketReader, TicketWatcher, Visitor
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters as they are in the address."""

    search: str
    status: str
    role: str
    mine: bool
    overdue: bool
    cursor: str
    all: bool
    """Whether all boxes are ticked."""

    @property
    def query(self) -> Mapping[str, str]:
        """The status stands there also when it is any: left out, it means open."""
        pairs = {
            "q": self.search,
            "status": self.status,
            "role": self.role,
            "mine": "1" if self.mine else "",
            "overdue": "1" if self.overdue else "",
        }
        return {name: value for name, value in pairs.items() if value or name == "status"}

    @property
    def is_plain(self) -> bool:
        """Whether nothing was chosen: what is open, of all kinds."""
        return self.query == {"status": review.TicketStatus.OPEN}

    def filters(self, actor: access.Actor, *, now: datetime) -> dict[str, Any]:
        return {
            "role": self.role or None,
            "claimed_by": actor.id if self.mine else None,
            "overdue": True if self.overdue else None,
            "search": self.search or None,
            "now": now,
        }


async def _wanted(
    search: Annotated[str, Query(alias="q")] = "",
    status: str = review.TicketStatus.OPEN,
    role: str = "",
    mine: bool = False,
    overdue: bool = False,
    cursor: str = "",
    all_: Annotated[bool, Query(alias="all")] = False,
) -> Wanted:
    return Wanted(search, status if status in STATES else "", role, mine, overdue, cursor, all_)


Filters = Annotated[Wanted, Depends(_wanted)]


@routes.get(PATH)
async def list_tickets(request: Request, visitor: TicketReader, wanted: Filters, conn: Conn, now: Now) -> Response:
    """What is due first, then what is oldest."""
    _ = translate(request, visitor)
    counts = await review.count_tickets(conn, **wanted.filters(visitor.actor, now=now))
    return page(
        request,
        visitor,
        "tickets/list.html",
        **await _rows(conn, visitor, wanted, now=now),
        status_options=_status_options(counts, _),
        role_options=_role_options(visitor.actor, _),
        may_decide=access.may(visitor.actor, access.Scope.TICKETS_DECIDE),
    )


@routes.get(f"{PATH}/live")
async def live_tickets(request: Request, visitor: TicketWatcher, wanted: Filters, conn: Conn, now: Now) -> Response:
    """The rows as they are now, for a page that is shown."""
    return fragment(request, visitor, "tickets/rows.html", **await _rows(conn, visitor, wanted, now=now))


async def _rows(conn: Connection, visitor: Visitor, wanted: Wanted, *, now: datetime) -> dict[str, Any]:
    status = review.TicketStatus(wanted.status) if wanted.status else None
    filters = wanted.filters(visitor.actor, now=now)
    found = await review.list_tickets(conn, **filters, status=status, cursor=wanted.cursor or None)
    around = {"next": found.next, "previous": found.previous, **await bar(conn, visitor)}
    return {"tickets": found.items, **around, "wanted": wanted, "states": STATES, "role_names": ROLES}


def _status_options(
    counts: Mapping[review.TicketStatus, int], translate: Callable[[str], str]
) -> Sequence[tuple[str, str]]:
    """Each status with how many there are under the other filters."""
    told = [
        (status, f"{translate(text)} ({counts[review.TicketStatus(status)]})") for status, (_, text) in STATES.items()
    ]
    return [("", translate("all")), *told]


def _role_options(actor: access.Actor, translate: Callable[[str], str]) -> Sequence[tuple[str, str]]:
    """All roles; those that this person holds first, because that is what they look for."""
    own = sorted(actor.roles)
    others = [role for role in ROLES if role not in actor.roles]
    return [("", translate("all")), *((role, translate(ROLES.get(role, role))) for role in [*own, *others])]
