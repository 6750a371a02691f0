"""The audit chain over HTTP: listed, shown, and exported as it is sealed."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import ConfigDict
from pydantic.json_schema import SkipJsonSchema

from opsdesk.access.audit.errors import EntryUnknown, FilterInvalid
from opsdesk.access.audit.export import export_lines
from opsdesk.access.audit.listing import FILTER_CHARS_MAX, EntryFilter, list_entries, show_entry
from opsdesk.access.guard import REFUSALS, AuditReader, Db
from opsdesk.kit.db import Database
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import StrictRoute
from opsdesk.kit.http_requests import Conn
from opsdesk.kit.http_shapes import NO_NUL, Cursor, Limit, Moment, Next, Sha256, View
from opsdesk.kit.paging import BadCursor, BadPageSize

audit_routes = APIRouter(prefix="/v1", tags=["audit"], route_class=StrictRoute)


class EntryView(View):
    """What somebody did, and its place in the chain."""

    model_config = ConfigDict(from_attributes=True)

    entry_id: int
    """The number of the entry; not its place in the chain."""
    at: datetime
    """When it was done."""
    actor: str
    """Who did it, such as `person:officer@example.com`."""
    roles: list[str]
    """In which roles."""
    action: str
    """What was done, such as `run.start`."""
    object_kind: str
    """What it was done to."""
    object_id: str
    """The id of that."""
    before: Mapping[str, Sha256] | None
    """Of each field a keyed hash of its value before; null: there was nothing."""
    after: Mapping[str, Sha256] | None
    """Of each field a keyed hash of its value after; equal hashes of one object are equal values."""
    key_id: int
    """Which key the hashes were made with."""
    reason: str | None
    """The reason that was given, masked."""
    request_id: str
    """The request, command or job that did it."""
    seq: int | None
    """The place in the chain; null: it is still to be sealed."""
    hash: Sha256 | None
    """The hash of the place."""


class EntryPage(View):
    """Entries, the newest first."""

    items: list[EntryView]
    """Also those that are still to be sealed."""
    next: Next


def _given(description: str) -> Any:
    return Query(description=description, json_schema_extra={"pattern": NO_NUL, "maxLength": FILTER_CHARS_MAX})


async def _filter(
    since: Annotated[Moment | SkipJsonSchema[None], Query(description="From this time on.")] = None,
    until: Annotated[Moment | SkipJsonSchema[None], Query(description="Before this time.")] = None,
    actor: Annotated[str | SkipJsonSchema[None], _given("What this actor did, such as `key:portal`.")] = None,
    action: Annotated[
        str | SkipJsonSchema[None], _given("This action, such as `run.start`; a noun such as `run` for all of its own.")
    ] = None,
    object_kind: Annotated[str | SkipJsonSchema[None], _given("What was done to this kind of object.")] = None,
    object_id: Annotated[str | SkipJsonSchema[None], _given("What was done to the object with this id.")] = None,
    request_id: Annotated[str | SkipJsonSchema[None], _given("What was done at this request.")] = None,
) -> EntryFilter:
    return EntryFilter(
        since=since,
        until=until,
        actor=actor,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        request_id=request_id,
    )


Wanted = Annotated[EntryFilter, Depends(_filter)]


@audit_routes.get(
    "/audit",
    name="list_audit_entries",
    summary="List who wrote what",
    responses=documented(*REFUSALS, FilterInvalid, BadPageSize, BadCursor),
)
async def list_audit_entries(
    _: AuditReader, conn: Conn, wanted: Wanted, limit: Limit = None, cursor: Cursor = None
) -> EntryPage:
    """The newest first. Values are told by keyed hashes only."""
    page = await list_entries(conn, wanted, limit=limit, cursor=cursor)
    return EntryPage(items=[EntryView.model_validate(entry) for entry in page.items], next=page.next)


@audit_routes.get(
    "/audit/export",
    name="export_audit",
    summary="Export the audit chain",
    response_class=Response,
    responses=documented(*REFUSALS, FilterInvalid)
    | {200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}, "description": "One place a line."}},
)
async def export_audit(_: AuditReader, database: Db, wanted: Wanted) -> StreamingResponse:
    """What is sealed, in the order of the chain. Each line is RFC 8785 JSON: without its `hash`, its SHA-256 is that
    hash.

    `opsdesk audit verify --file` proves it. A line without its end says that the export was cut off.
    """
    return StreamingResponse(_lines(database, wanted), media_type="application/x-ndjson")


async def _lines(database: Database, wanted: EntryFilter) -> AsyncIterator[bytes]:
    # On a connection of its own: whoever reads slowly keeps nobody from the pool.
    async with database.dedicated() as conn, conn.transaction():
        async for line in export_lines(conn, wanted):
            yield line


@audit_routes.get(
    "/audit/{entry_id}",
    name="show_audit_entry",
    summary="Show an entry of the audit chain",
    responses=documented(*REFUSALS, EntryUnknown),
)
async def show_audit_entry(
    entry_id: Annotated[int, Path(description="The number of the entry.", ge=1, lt=2**63)], _: AuditReader, conn: Conn
) -> EntryView:
    """With its place in the chain, as soon as it has one."""
    return EntryView.model_validate(await show_entry(conn, entry_id))
