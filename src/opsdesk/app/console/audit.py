"""The audit chain: who wrote what, when; and whether it is sealed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from opsdesk import access
from opsdesk.app.console.formats import zone_of
from opsdesk.app.console.frame import frame_of, page
from opsdesk.app.console.viewer import AuditReader, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Database
from opsdesk.kit.http_requests import Conn

PATH = "/audit"
ENTRY_MAX = 2**63 - 1
NOUNS: Mapping[str, str] = {
    "run": N_("Runs"),
    "ticket": N_("Tickets"),
    "procedure": N_("Procedures"),
    "person": N_("People"),
    "session": N_("Sessions"),
    "key": N_("API keys"),
}
"""What is written, by the noun that its actions begin with."""

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters as they are in the address."""

    actor: str
    action: str
    object: str
    request: str
    since: str
    until: str

    @property
    def query(self) -> Mapping[str, str]:
        pairs = ((name, getattr(self, name)) for name in ("actor", "action", "object", "request", "since", "until"))
        return {name: value for name, value in pairs if value}

    def filter(self, visitor: Visitor) -> access.audit.EntryFilter:
        """Days begin and end in the viewer's zone; what is no day is no filter."""
        return access.audit.EntryFilter(
            since=_day(self.since, visitor),
            until=_day(self.until, visitor, days_later=1),
            actor=self.actor or None,
            action=self.action or None,
            object_id=self.object or None,
            request_id=self.request or None,
        )


def _wanted(
    actor: str = "",
    action: str = "",
    object: str = "",  # noqa: A002  the name in the address
    request: Annotated[str, Query(alias="request")] = "",
    since: str = "",
    until: str = "",
) -> Wanted:
    texts = [text.strip() for text in (actor, action, object, request, since, until)]
    return Wanted(*texts)


Filters = Annotated[Wanted, Depends(_wanted)]


@routes.get(PATH)
async def list_entries(
    request: Request, visitor: AuditReader, wanted: Filters, conn: Conn, cursor: str = ""
) -> Response:
    """What was written, the newest first."""
    found = await access.audit.list_entries(conn, wanted.filter(visitor), cursor=cursor or None)
    return page(
        request,
        visitor,
        "audit/list.html",
        entries=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        wanted=wanted,
        query=wanted.query,
        nouns=NOUNS,
        chain=await access.audit.chain_state(conn),
    )


@routes.get(f"{PATH}/export.jsonl")
async def export(request: Request, visitor: AuditReader, wanted: Filters) -> Response:
    """The sealed entries that pass the filters, as `opsdesk audit verify` reads them."""
    headers = {**frame_of(request).headers, "Content-Disposition": 'attachment; filename="audit.jsonl"'}
    lines = _lines(request.app.state.database, wanted.filter(visitor))
    return StreamingResponse(lines, media_type="application/jsonl", headers=headers)


@routes.get(PATH + "/{entry_id}")
async def show_entry(
    request: Request, entry_id: Annotated[int, Path(ge=0, le=ENTRY_MAX)], visitor: AuditReader, conn: Conn
) -> Response:
    """One entry, with the fields that it is about."""
    entry = await access.audit.show_entry(conn, entry_id)
    return page(request, visitor, "audit/entry.html", entry=entry, fields=_fields(entry), noun=entry.object_kind)


def _fields(entry: access.audit.ListedEntry) -> Sequence[tuple[str, str, str, str]]:
    """Each field: its name, what happened to it, and the keyed hashes of its values before and after."""
    before, after = entry.before or {}, entry.after or {}
    names = dict.fromkeys([*before, *after])
    return [
        (name, _change(before.get(name), after.get(name)), before.get(name, ""), after.get(name, "")) for name in names
    ]


def _change(before: str | None, after: str | None) -> str:
    if before is None:
        return "set"
    if after is None:
        return "removed"
    return "kept" if before == after else "changed"


async def _lines(database: Database, wanted: access.audit.EntryFilter) -> AsyncIterator[bytes]:
    async with database.transaction() as conn:
        async for line in access.audit.export_lines(conn, wanted):
            yield line


def _day(text: str, visitor: Visitor, *, days_later: int = 0) -> datetime | None:
    try:
        day = date.fromisoformat(text) + timedelta(days=days_later)
        # In UTC, where the first day of all may be one before it.
        return datetime.combine(day, time(), tzinfo=zone_of(visitor.person.time_zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
