"""Settlement over HTTP: months that are closed, files that came of it, and the files themselves."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import ConfigDict
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.benefits.settlement import downloads, files, issuing, periods, verifying
from opsdesk.benefits.settlement.errors import (
    AddressRefused,
    MonthInvalid,
    PeriodOpen,
    RangeUnsatisfiable,
    SettlementFileUnknown,
    StoredFileDiffers,
    StoredFileMissing,
    StoreUnavailable,
)
from opsdesk.benefits.settlement.manifest import read_manifest
from opsdesk.benefits.settlement.months import read_month
from opsdesk.benefits.settlement.views import (
    MONTH_PATTERN,
    ManifestView,
    Month,
    PeriodPage,
    PeriodView,
    SettledView,
    SettlementFilePage,
    SettlementFileView,
    VerificationView,
)
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Cursor, Limit, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize, decode_cursor, page_rows

FileName = Annotated[
    str,
    Path(
        description="The name of the file.",
        json_schema_extra=text_schema(minLength=1, maxLength=100),
    ),
]
OfProvider = Annotated[
    str | SkipJsonSchema[None], Query(description="Only those of this provider.", json_schema_extra=text_schema())
]
OfMonth = Annotated[
    str | SkipJsonSchema[None],
    Query(description="Only those of this month, such as 2025-12.", json_schema_extra={"pattern": MONTH_PATTERN}),
]
CONTENT: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/gzip": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The file.",
    },
    206: {
        "content": {"application/gzip": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The part of the file that `Range` asks for.",
    },
}


class Closing(Body):
    """Which month is to be closed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"month": "2025-12"}]})

    month: Month | None = None
    """Left out: the last one that is due."""


def settlement_routes(settlement: issuing.Settlement) -> APIRouter:
    """For those who keep benefits."""
    routes = APIRouter(prefix="/v1", tags=["settlement"], route_class=StrictRoute)

    @routes.post(
        "/settlement-periods",
        status_code=201,
        summary="Close a month, and issue its settlement files",
        responses=documented(
            *access.guard.REFUSALS, *BODY_REFUSALS, MonthInvalid, PeriodOpen, StoredFileDiffers, StoreUnavailable
        ),
    )
    async def close_settlement_period(
        wanted: Closing, actor: access.guard.BenefitSettler, request: Request, now: Now
    ) -> SettledView:
        """Months before it that are still open are closed with it. Twice is the same as once."""
        month = read_month(wanted.month) if wanted.month is not None else None
        database = request.app.state.database
        return SettledView.of(await issuing.settle(database, settlement, month=month, actor=actor, now=now))

    @routes.get(
        "/settlement-files/{name}/verification",
        summary="Look at a settlement file again",
        responses=documented(*access.guard.REFUSALS, SettlementFileUnknown, StoreUnavailable),
    )
    async def verify_settlement_file(name: FileName, _: access.guard.BenefitReader, conn: Conn) -> VerificationView:
        """It is hashed and added up anew, and compared with its manifest, its signature and the orders."""
        return VerificationView.of(await verifying.verify(conn, settlement, name))

    return routes


reading_routes = APIRouter(prefix="/v1", tags=["settlement"], route_class=StrictRoute)


@reading_routes.get(
    "/settlement-periods",
    summary="List the months of settlement",
    responses=documented(*access.guard.REFUSALS, BadPageSize, BadCursor),
)
async def list_settlement_periods(
    _: access.guard.BenefitReader, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> PeriodPage:
    """Those that are closed, and open ones that have something in them."""
    before = _day(decode_cursor(cursor, shape=[str])[0]) if cursor else None
    page = await periods.list_periods(conn, size=page_rows(limit), before=before)
    return PeriodPage(items=list(map(PeriodView.of, page.items)), next=page.next)


@reading_routes.get(
    "/settlement-files",
    summary="List settlement files",
    responses=documented(*access.guard.REFUSALS, MonthInvalid, BadPageSize, BadCursor),
)
async def list_settlement_files(
    _: access.guard.BenefitReader,
    conn: Conn,
    provider: OfProvider = None,
    month: OfMonth = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> SettlementFilePage:
    """Those that were issued."""
    page = await files.list_files(
        conn,
        size=page_rows(limit),
        provider=provider,
        month=read_month(month) if month is not None else None,
        after=after(cursor),
    )
    return SettlementFilePage(items=list(map(SettlementFileView.of, page.items)), next=page.next)


@reading_routes.get(
    "/settlement-files/{name}",
    summary="Show a settlement file",
    responses=documented(*access.guard.REFUSALS, SettlementFileUnknown),
)
async def show_settlement_file(name: FileName, _: access.guard.BenefitReader, conn: Conn) -> SettlementFileView:
    """What it is, and whether its provider knows of it."""
    return SettlementFileView.of(await files.find_file(conn, name))


@reading_routes.get(
    "/settlement-files/{name}/manifest",
    summary="Show the manifest of a settlement file",
    responses=documented(*access.guard.REFUSALS, SettlementFileUnknown),
)
async def show_settlement_manifest(name: FileName, _: access.guard.BenefitReader, conn: Conn) -> ManifestView:
    """As it lies beside the file, with the bank's signature."""
    return ManifestView(**read_manifest((await files.find_file(conn, name)).manifest))


def content_routes(settlement: issuing.Settlement) -> APIRouter:
    """For whoever has an address that was given out: it says itself whether it is good."""
    routes = APIRouter(prefix="/open/v1", tags=["open platform"])

    @routes.get(
        "/files/{name}/content",
        summary="Fetch a settlement file",
        response_class=Response,
        responses=documented(
            AddressRefused, SettlementFileUnknown, RangeUnsatisfiable, StoredFileMissing, StoreUnavailable
        )
        | CONTENT,
    )
    async def fetch_settlement_file(
        name: FileName,
        conn: Conn,
        now: Now,
        request: Request,
        expires: Annotated[int, Query(description="Until when the address is good, in Unix seconds.", ge=0, le=2**53)],
        signature: Annotated[
            str, Query(description="That the address was given out here.", json_schema_extra=text_schema(maxLength=64))
        ],
        wanted: Annotated[
            str | SkipJsonSchema[None],
            Header(
                alias="Range",
                description="The part that is wanted.",
                json_schema_extra=text_schema(),
            ),
        ] = None,
        unchanged: Annotated[
            str | SkipJsonSchema[None],
            Header(
                alias="If-Range",
                description="The `ETag` that the file has to have; else it comes whole.",
                json_schema_extra=text_schema(),
            ),
        ] = None,
    ) -> Response:
        """Whole, or the range that is asked for."""
        part = await downloads.fetch(
            conn,
            settlement,
            name,
            expires=expires,
            signature=signature,
            wanted=wanted,
            unchanged=unchanged,
            client=request.client.host if request.client else "",
            now=now,
        )
        await downloads.is_there(settlement, part)
        return _sent(part, downloads.content(settlement, part))

    return routes


def after(cursor: str | None) -> tuple[date, str] | None:
    """Where a list of files goes on. Raises BadCursor."""
    if not cursor:
        return None
    month, provider = decode_cursor(cursor, shape=[str, str])
    return _day(month), provider


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadCursor from None


def _sent(part: downloads.Part, content: AsyncIterator[bytes]) -> Response:
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="{part.file.name}"',
        "Content-Length": str(part.end - part.begin),
        "ETag": downloads.etag(part.file),
    }
    if not part.is_whole:
        headers["Content-Range"] = f"bytes {part.begin}-{part.end - 1}/{part.file.bytes}"
    return StreamingResponse(
        content, status_code=200 if part.is_whole else 206, headers=headers, media_type="application/gzip"
    )
