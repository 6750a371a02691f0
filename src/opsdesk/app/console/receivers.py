"""Where the results of each application go, and how the latest of them arrived."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from opsdesk import access, review
from opsdesk.app.console import applications, screening_words
from opsdesk.app.console.application_words import DELIVERIES, delivery_problem
from opsdesk.app.console.frame import done, failed, page, see_other, translate
from opsdesk.app.console.reference import PATH as REFERENCE
from opsdesk.app.console.review_words import RESULTS
from opsdesk.app.console.screening_types import may_write
from opsdesk.app.console.viewer import ApplicationReader, ScreeningWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

PATH = f"{REFERENCE}/receivers"
receivers = review.applications.receivers
errors_of = review.applications.errors

routes = APIRouter(include_in_schema=False)
Typed = Annotated[str, Form(max_length=2000)]


@routes.get(PATH)
async def list_receivers(
    request: Request,
    visitor: ApplicationReader,
    conn: Conn,
    application: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The receivers, and the latest results. With an application, its receiver is in the form to be changed."""
    found = await receivers.find_receiver(conn, application=application) if application else None
    given = {"application": application, "url": found.url, "secret": found.secret} if found else {}
    return await _shown(request, visitor, conn, given=given)


@routes.post(PATH)
async def put_receiver(
    request: Request,
    visitor: ScreeningWriter,
    conn: Conn,
    now: Now,
    application: Typed = "",
    url: Typed = "",
    secret: Typed = "",
) -> Response:
    """Send the results of an application there from now on."""
    _ = translate(request, visitor)
    given = {"application": application, "url": url, "secret": secret}
    try:
        await receivers.put_receiver(conn, **given, actor=visitor.actor, now=now)
    except errors_of.ReceiverInvalid as error:
        errors = {field: screening_words.problem_told(texts, _) for field, texts in error.problems.items()}
        return await _shown(request, visitor, conn, given=given, errors=errors)
    except review.reference.errors.ApplicationUnknown as error:
        return await _shown(request, visitor, conn, given=given, errors={"application": _(error.message)})
    words = _(N_("Results of %(application)s go there from now on, also those that are still on their way."))
    return see_other(request, PATH, done(words % {"application": application}))


@routes.post(f"{PATH}/remove")
async def remove_receiver(
    request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, application: Typed = ""
) -> Response:
    """Send the results of an application nowhere."""
    _ = translate(request, visitor)
    try:
        await receivers.remove_receiver(conn, application=application, actor=visitor.actor, now=now)
    except errors_of.ReceiverUnknown as error:
        return see_other(request, PATH, failed(_(error.message)))
    words = _(N_("Results of %(application)s are sent nowhere from now on; they stay to be asked for."))
    return see_other(request, PATH, done(words % {"application": application}))


async def _shown(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    *,
    given: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
) -> Response:
    _ = translate(request, visitor)
    results = review.applications.results
    latest = await results.latest_results(conn)
    return page(
        request,
        visitor,
        "reference/receivers.html",
        status=422 if errors else 200,
        kinds={kind: _(text) for kind, text in screening_words.REFERENCE_KINDS.items()},
        receivers=await receivers.list_receivers(conn),
        applications=await review.reference.entries.list_applications(conn),
        latest=[(each, applications.address(each.flow_no), delivery_problem(each.problem, _)) for each in latest],
        undelivered=dict(sorted((await results.count_undelivered(conn)).items())),
        deliveries=DELIVERIES,
        results=RESULTS,
        given=given,
        errors=errors or {},
        secret_default=receivers.SECRET_DEFAULT,
        url_max=receivers.URL_CHARS_MAX,
        may_write=may_write(visitor),
        may_send=access.may(visitor.actor, access.Scope.OPERATIONS_WRITE),
    )
