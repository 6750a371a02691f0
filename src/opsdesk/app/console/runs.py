"""Runs: found, looked at while they go on, and read to the last fact."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from opsdesk import access, flows
from opsdesk.app.console import run_words
from opsdesk.app.console.formats import zone_of
from opsdesk.app.console.frame import formats_of, fragment, page, translate
from opsdesk.app.console.run_pages import journal_of, seen_run, started_about
from opsdesk.app.console.viewer import RunReader, RunWatcher, Visitor
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.paging import decode_cursor, encode_cursor

PATH = "/runs"
PAGE_ROWS = 50
JOURNAL_ROWS = 100
PROCEDURES_MAX = 100
"""That one can choose from."""

routes = APIRouter(include_in_schema=False)
Text = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address says of the list."""

    q: str = ""
    procedure: str = ""
    status: str = ""
    waits: str = ""
    overdue: str = ""
    node: str = ""
    started_from: str = ""
    started_to: str = ""
    order: str = ""
    parent: str = ""

    def query(self, **other: str) -> dict[str, str]:
        """For the address of the list with something else in it."""
        own = {name: getattr(self, name) for name in Asked.__slots__}
        return {name: value for name, value in (own | other).items() if value}

    def only(self, visitor: Visitor) -> flows.run_list.RunFilter:
        return flows.run_list.RunFilter(
            procedure_id=self.procedure or None,
            statuses=[run_words.RunStatus(self.status)] if self.status in [*run_words.STATUSES] else (),
            subject=self.q.strip() or None,
            outcome_node=self.node.strip() or None,
            waiting_for=run_words.WaitsFor(self.waits) if self.waits in [*run_words.WAITS] else None,
            overdue=bool(self.overdue),
            parent=_run_id(self.parent),
            started_from=_midnight(self.started_from, visitor),
            started_to=_midnight(self.started_to, visitor, days=1),
        )


def _run_id(given: str) -> UUID | None:
    """What is no identifier does not restrict."""
    try:
        return UUID(given)
    except ValueError:
        return None


def _midnight(given: str, visitor: Visitor, *, days: int = 0) -> datetime | None:
    """The beginning of a day in the viewer's zone; what is no day does not restrict."""
    try:
        day = date.fromisoformat(given) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(day, time(), zone_of(visitor.person.time_zone))


@routes.get(PATH)
async def list_runs(
    request: Request,
    visitor: RunReader,
    conn: Conn,
    now: Now,
    q: Text = "",
    procedure: Text = "",
    status: Text = "",
    waits: Text = "",
    overdue: Text = "",
    node: Text = "",
    started_from: Text = "",
    started_to: Text = "",
    order: Text = "",
    parent: Text = "",
    cursor: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """Those that every filter lets through, with how many there are of each status."""
    asked = Asked(q, procedure, status, waits, overdue, node, started_from, started_to, order, parent)
    ordered = run_words.RunOrder(order) if order in [*run_words.ORDERS] else run_words.RunOrder.NEWEST
    only, lists = asked.only(visitor), flows.run_list
    found = await lists.list_runs(conn, only=only, order=ordered, now=now, limit=PAGE_ROWS, cursor=cursor or None)
    counts = await lists.count_runs(conn, only=only, now=now)
    return page(
        request,
        visitor,
        "runs/list.html",
        asked=asked,
        runs=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        about=await started_about(conn, found.items, visitor),
        counts=_counts(counts),
        procedures=await _procedures(conn),
        may_start=access.may(visitor.actor, access.Scope.RUNS_WRITE),
        **_words(request, visitor),
    )


def _counts(counts: Mapping[run_words.RunStatus, int]) -> dict[str, str]:
    """As they are shown: where counting ended, that it did."""
    most = flows.run_list.COUNTED_MAX
    shown = {status.value: f"{count:,}" + ("+" if count >= most else "") for status, count in counts.items()}
    return shown | {"": f"{sum(counts.values()):,}" + ("+" if max(counts.values()) >= most else "")}


async def _procedures(conn: Connection) -> list[tuple[str, str]]:
    found = await flows.definitions.list_procedures(conn, limit=PROCEDURES_MAX)
    return [(definition.procedure_id, definition.name) for definition in found.items]


def _words(request: Request, visitor: Visitor) -> dict[str, Any]:
    _ = translate(request, visitor)
    return {
        "statuses": {status.value: _(text) for status, text in run_words.STATUSES.items()},
        "badges": {status.value: badge for status, badge in run_words.BADGES.items()},
        "waits": [(wait.value, _(text)) for wait, text in run_words.WAITS.items()],
        "orders": [(order.value, _(text)) for order, text in run_words.ORDERS.items()],
        "waited_for": lambda name: run_words.waited_for(name, _),
        "phase_badges": run_words.PHASE_BADGES,
    }


@routes.get(PATH + "/{run_id}")
async def show_run(request: Request, run_id: UUID, visitor: RunReader, conn: Conn, now: Now) -> Response:
    """One run, which is shown anew by itself while it goes on."""
    seen = await seen_run(conn, run_id, visitor, formats_of(request, visitor), now=now)
    return page(request, visitor, "runs/run.html", seen=seen, **_words(request, visitor))


@routes.get(PATH + "/{run_id}/live")
async def live_run(
    request: Request, run_id: UUID, visitor: RunWatcher, conn: Conn, now: Now, seen: Text = ""
) -> Response:
    """The part of the page that changes; 204 where nothing has, which one look at the primary keys tells."""
    if seen and seen == await flows.runs.run_version(conn, run_id):
        return Response(status_code=204)
    shown = await seen_run(conn, run_id, visitor, formats_of(request, visitor), now=now)
    return fragment(request, visitor, "runs/live.html", seen=shown, **_words(request, visitor))


@routes.get(PATH + "/{run_id}/journal")
async def show_journal(
    request: Request,
    run_id: UUID,
    visitor: RunReader,
    conn: Conn,
    now: Now,
    cursor: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """Every fact with its values, in the order in which they happened."""
    after = decode_cursor(cursor, shape=(int,))[0] if cursor else 0
    run, procedure, facts = await journal_of(
        conn, run_id, visitor, formats_of(request, visitor), now=now, after=after, limit=JOURNAL_ROWS
    )
    more = encode_cursor((facts[-1].seq,)) if len(facts) == JOURNAL_ROWS else None
    return page(
        request,
        visitor,
        "runs/journal.html",
        run=run,
        name=procedure.name,
        facts=facts,
        next=more,
        cursor=cursor,
        **_words(request, visitor),
    )
