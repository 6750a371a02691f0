"""The day's list of customers on a page: loaded from a file, and which there were."""

from datetime import date
from io import StringIO
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import UploadFile

from opsdesk import access, benefits
from opsdesk.app.console.benefit_catalogue import may_write
from opsdesk.app.console.frame import done, formats_of, page, see_other, translate
from opsdesk.app.console.problems import said
from opsdesk.app.console.row_forms import posted_text
from opsdesk.app.console.viewer import BenefitKeeper, BenefitReader, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

PATH = "/benefits/customers"
errors_of = benefits.errors

routes = APIRouter(include_in_schema=False)


@routes.get(PATH)
async def list_lists(
    request: Request, visitor: BenefitReader, conn: Conn, now: Now, cursor: Annotated[str, Query(max_length=1000)] = ""
) -> Response:
    """The newest day first."""
    today = benefits.rules.business_day(now)
    return await _shown(request, visitor, conn, today=today, cursor=cursor)


@routes.post(PATH)
async def load_list(request: Request, visitor: BenefitKeeper, conn: Conn, now: Now) -> Response:
    """Take the file as the list of the day, wholly or not at all."""
    _, today = translate(request, visitor), benefits.rules.business_day(now)
    posted = await request.form(max_fields=access.guard.FORM_FIELDS_MAX)
    day, given = posted_text(posted, "day"), posted.get("file")
    content = await given.read() if isinstance(given, UploadFile) and given.filename else None
    await posted.close()
    try:
        of_day = date.fromisoformat(day)
    except ValueError:
        return await _shown(request, visitor, conn, today=today, day=day, problem=_(N_("This is no day.")))
    if content is None:
        return await _shown(request, visitor, conn, today=today, day=day, problem=_(N_("Choose a file.")))
    try:
        lines = benefits.customers.read_csv(_lines(content))
        async with conn.transaction():
            count = await benefits.customers.load_list(conn, of_day, lines, actor=visitor.actor, now=now)
    except errors_of.CustomerListInvalid as error:
        where = _(N_("Line %(line)s: %(problem)s")) if error.line else "%(problem)s"
        problem = where % {"line": error.line, "problem": said(error.problem, _)}
        return await _shown(request, visitor, conn, today=today, day=day, problem=problem)
    except errors_of.CustomerListNotNewer as error:
        words = _(N_("There is a list of %(day)s already: a list has to be newer than that."))
        return await _shown(request, visitor, conn, today=today, day=day, problem=words % {"day": error.newest})
    words = _(N_("%(customers)s customers of %(day)s are loaded; only they can redeem now."))
    number = formats_of(request, visitor).number(count)
    return see_other(request, PATH, done(words % {"customers": number, "day": of_day}))


def _lines(content: bytes) -> StringIO:
    """Raises CustomerListInvalid for what is no text."""
    try:
        return StringIO(content.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError:
        raise errors_of.CustomerListInvalid(0, "is not UTF-8") from None


async def _shown(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    *,
    today: date,
    day: str = "",
    problem: str = "",
    cursor: str = "",
) -> Response:
    found = await benefits.lists.page_customer_lists(conn, cursor=cursor or None)
    newest = await benefits.customers.newest_list(conn)
    return page(
        request,
        visitor,
        "benefits/customers.html",
        status=422 if problem else 200,
        lists=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        day=day or today.isoformat(),
        newest=newest,
        age_days=(today - newest).days if newest else None,
        age_days_max=request.app.state.benefit_rules.list_age_days_max,
        columns=",".join(benefits.customers.COLUMNS),
        problem=problem,
        may_write=may_write(visitor),
    )
