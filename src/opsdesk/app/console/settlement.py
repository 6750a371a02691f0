"""Settlement with providers: months, their files, who fetched them, and whether they still are what they were."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from opsdesk import benefits
from opsdesk.app.console.frame import page, translate
from opsdesk.app.console.settlement_chart import MONTHS_MAX, PROVIDERS_MAX, chart_of
from opsdesk.app.console.viewer import BenefitReader, language_of
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn, Now

PATH = "/settlement"
PERIODS_SHOWN = 12
FILES_SHOWN = 50
ACCESSES_SHOWN = 50
CURSOR_CHARS_MAX = 1000
FLAWS: Mapping[str, str] = {
    "missing": N_("The file is not where it was put."),
    "changed": N_("The file is not the one that was issued."),
    "manifest_changed": N_("The manifest beside it is not the one that was issued."),
    "not_signed": N_("The manifest does not carry the bank's signature, by the key of today."),
    "unreadable": N_("The file cannot be read, or its head and its end disagree with its lines."),
    "other_orders": N_("Its number of lines or its total is not that of the orders."),
}
KINDS: Mapping[str, str] = {"address": N_("address given out"), "fetch": N_("fetched")}

Word = Annotated[str, Query(max_length=CURSOR_CHARS_MAX)]
settling = benefits.settlement
Settlement = settling.issuing.Settlement

routes = APIRouter(include_in_schema=False)


@routes.get(PATH)
async def overview(
    request: Request, visitor: BenefitReader, conn: Conn, now: Now, month: Word = "", cursor: Word = ""
) -> Response:
    """Months with what came of them, the files, and what is missing."""
    settlement: Settlement = request.app.state.settlement
    only = _month(month)
    found = await settling.files.list_files(
        conn, size=FILES_SHOWN, month=only, after=settling.routes.after(cursor or None)
    )
    totals = await settling.files.totals_by_provider(conn, months=MONTHS_MAX, providers=PROVIDERS_MAX)
    periods = await settling.periods.list_periods(conn, size=PERIODS_SHOWN)
    last_due = settlement.calendar.last_due(now)
    return page(
        request,
        visitor,
        "settlement/overview.html",
        path=PATH,
        chart=chart_of(totals, language=language_of(request, visitor)),
        periods=periods.items,
        files=found.items,
        next=found.next,
        cursor=cursor,
        month=settling.months.write_month(only) if only else "",
        missing=await settling.periods.missing_files(conn, calendar=settlement.calendar, now=now),
        closes_at=settlement.calendar.closes_at(settling.months.next_month(last_due)),
        month_of=settling.months.write_month,
    )


@routes.get(PATH + "/{file_name}")
async def show_file(
    request: Request, file_name: str, visitor: BenefitReader, conn: Conn, verify: Word = ""
) -> Response:
    """A file, with who fetched it. `verify`: it is looked at again."""
    _ = translate(request, visitor)
    settlement: Settlement = request.app.state.settlement
    file = await settling.files.find_file(conn, file_name)
    return page(
        request,
        visitor,
        "settlement/file.html",
        path=PATH,
        file=file,
        manifest=settling.manifest.read_manifest(file.manifest),
        accesses=await settling.files.list_accesses(conn, file_name, limit=ACCESSES_SHOWN),
        found=await settling.verifying.verify(conn, settlement, file_name) if verify else None,
        flaws={flaw: _(text) for flaw, text in FLAWS.items()},
        kinds={kind: _(text) for kind, text in KINDS.items()},
        month_of=settling.months.write_month,
    )


def _month(text: str) -> date | None:
    """What is no month is none chosen."""
    try:
        return settling.months.read_month(text) if text else None
    except settling.errors.MonthInvalid:
        return None
