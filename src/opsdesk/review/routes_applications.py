"""Applications over HTTP: handed in, as JSON or as protobuf, and asked for again."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_errors import JsonResponse, RequestInvalid, documented, error_response
from opsdesk.kit.http_json import BODY_REFUSALS
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Moment, Text, Values, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize
from opsdesk.review.answers import TEXT_PATTERN
from opsdesk.review.applications import listing, results
from opsdesk.review.applications.errors import (
    ApplicationFilterInvalid,
    ApplicationUndecided,
    FlowReused,
    FlowUnknown,
    IncomingInvalid,
    ScreeningAdaptMissing,
)
from opsdesk.review.applications.intake import Answered, Incoming, Outcome, take_application
from opsdesk.review.applications.listing import FILTER_CHARS_MAX, ApplicationFilter
from opsdesk.review.applications.protobuf import PROTOBUF_TYPES, ApplicationRoute
from opsdesk.review.applications.results import DeliveryState
from opsdesk.review.groups.document import Compile
from opsdesk.review.model import Verdict
from opsdesk.review.reference.errors import ProtoInvalid, SceneUnknown
from opsdesk.review.reference.fields import decode_message
from opsdesk.review.screening.errors import FlowInvalid
from opsdesk.review.screening.generation import FLOW_NO_CHARS_MAX, USER_ID_CHARS_MAX
from opsdesk.review.screening.sources import VERIFY_FIELDS, Facts
from opsdesk.review.views_applications import ApplicationLine, ApplicationPage, ApplicationView

REFUSALS = (
    *access.guard.REFUSALS,
    *BODY_REFUSALS,
    SceneUnknown,
    FlowInvalid,
    IncomingInvalid,
    ProtoInvalid,
    FlowReused,
    ApplicationUndecided,
    ScreeningAdaptMissing,
)
_MESSAGE = {
    "type": "string",
    "format": "binary",
    "description": "The message of the scene. `flow_no`, `application`, `scene` and `user_id` are in the query or in "
    "headers such as `Opsdesk-Flow-No`; `Opsdesk-Verifications` and `Opsdesk-Features` are JSON objects.",
}
_PROTOBUF = {"requestBody": {"content": {each: {"schema": _MESSAGE} for each in PROTOBUF_TYPES}}}


class Handed(Body):
    """An application, with all that is known of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "flow_no": "20260105-000017",
                    "application": "cash_loan",
                    "scene": "activation",
                    "user_id": "U-1029",
                    "request": {"customer": {"full_name": "王小明"}, "device": {"ip": "192.0.2.7"}},
                    "verifications": {"liveness_check_result": "pass"},
                    "features": {"device_score": 0.31},
                }
            ]
        },
    )

    flow_no: Annotated[Text, Field(json_schema_extra=text_schema(minLength=1, maxLength=FLOW_NO_CHARS_MAX))]
    """Names it; the same one with the same content is answered as before."""
    application: Text
    """The product that it is for, as the reference data calls it."""
    scene: Text
    """The moment at which it is looked at, as the reference data calls it."""
    user_id: Annotated[Text, Field(json_schema_extra=text_schema(minLength=1, maxLength=USER_ID_CHARS_MAX))]
    """The customer, as the platform numbers them."""
    request: Values = Field(default_factory=dict)
    """What the customer has sent: the fields of the scene, in objects within each other."""
    message: str | None = Field(None, json_schema_extra={"contentEncoding": "base64"})
    """Instead of `request`: the protobuf message of the scene, in base64."""
    verifications: Annotated[Values, Field(json_schema_extra={"propertyNames": {"enum": [*VERIFY_FIELDS]}})] = Field(
        default_factory=dict
    )
    """What the step-up verifications produced, as far as they were done."""
    features: Values = Field(default_factory=dict)
    """The features that the strategy groups of the scene read, by name."""


FlowNo = Annotated[
    str, Path(description="The number that the application came under.", json_schema_extra=text_schema(minLength=1))
]


def _filter(description: str) -> Any:
    return Query(description=description, json_schema_extra={"pattern": TEXT_PATTERN, "maxLength": FILTER_CHARS_MAX})


def application_routes(compile_condition: Compile) -> APIRouter:
    """`compile_condition` makes conditions of the texts that rules of groups are written in."""
    routes = APIRouter(prefix="/v1", tags=["applications"], route_class=ApplicationRoute)

    @routes.post(
        "/applications",
        status_code=201,
        response_model=ApplicationView,
        summary="Hand in an application",
        responses=documented(*REFUSALS),
        openapi_extra=_PROTOBUF,
    )
    async def hand_in_application(
        handed: Handed, actor: access.guard.ApplicationSender, conn: Conn, now: Now
    ) -> Response:
        """It is answered at once and once: the same flow number with the same content gets the same answer again.

        With `verify` a person decides: ask for the application again, or be told at the receiver of its product. What
        cannot be decided is refused, and is no pass.
        """
        incoming = await incoming_of(conn, handed)
        answered = await take_application(conn, incoming, actor=actor, now=now, compile_condition=compile_condition)
        if (problem := refusal_of(incoming, answered)) is not None:
            # Returned and not raised: that operators are told of it is to be kept.
            return error_response(problem)
        view = await whole_view(conn, incoming.flow_no, actor=actor, now=now)
        return JsonResponse(view.model_dump(), status_code=201)

    routes.add_api_route(
        "/applications",
        list_answered_applications,
        methods=["GET"],
        summary="List applications",
        responses=documented(*access.guard.REFUSALS, ApplicationFilterInvalid, BadPageSize, BadCursor),
    )
    routes.add_api_route(
        "/applications/{flow_no:path}",
        show_answered_application,
        methods=["GET"],
        summary="Show an application",
        responses=documented(*access.guard.REFUSALS, FlowUnknown),
    )
    return routes


def read_handed(content: Mapping[str, Any]) -> Handed:
    """An application out of JSON that did not come over HTTP. Raises RequestInvalid."""
    try:
        return Handed.model_validate(content)
    except ValidationError as error:
        problems = [{"where": ".".join(map(str, each["loc"])), "problem": each["msg"]} for each in error.errors()]
        raise RequestInvalid(problems) from None


def refusal_of(incoming: Incoming, answered: Answered) -> OpsdeskError | None:
    """What the caller is told where there is no answer; None: there is one."""
    group, rule = answered.group or "", answered.rule or ""
    if answered.outcome is Outcome.UNDECIDED:
        return ApplicationUndecided(incoming.flow_no, group, rule, answered.problem or "")
    if answered.outcome is Outcome.ADAPT_MISSING:
        return ScreeningAdaptMissing(incoming.flow_no, incoming.application, incoming.scene, group, rule)
    return None


async def list_answered_applications(
    _: access.guard.ApplicationReader,
    conn: Conn,
    now: Now,
    application: Annotated[str | SkipJsonSchema[None], _filter("Only those for this product.")] = None,
    scene: Annotated[str | SkipJsonSchema[None], _filter("Only those of this scene.")] = None,
    answer: Annotated[Outcome | SkipJsonSchema[None], Query(description="Only those answered so.")] = None,
    result: Annotated[Verdict | SkipJsonSchema[None], Query(description="Only those that people decided so.")] = None,
    delivery: Annotated[
        DeliveryState | SkipJsonSchema[None], Query(description="Only those whose results stand there.")
    ] = None,
    user_id: Annotated[str | SkipJsonSchema[None], _filter("Only those of this customer.")] = None,
    flow_no: Annotated[str | SkipJsonSchema[None], _filter("Only the one with this number.")] = None,
    since: Annotated[Moment | SkipJsonSchema[None], Query(description="Only those that came then or later.")] = None,
    until: Annotated[Moment | SkipJsonSchema[None], Query(description="Only those that came before.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> ApplicationPage:
    """The latest first."""
    only = ApplicationFilter(application, scene, answer, result, delivery, user_id, flow_no, since, until)
    page = await listing.list_applications(conn, only, now=now, limit=limit, cursor=cursor)
    return ApplicationPage(items=list(map(ApplicationLine.of, page.items)), next=page.next)


async def show_answered_application(
    flow_no: FlowNo, actor: access.guard.ApplicationReader, conn: Conn, now: Now
) -> ApplicationView:
    """How it was answered, what has become of its ticket, and what came."""
    return await whole_view(conn, flow_no, actor=actor, now=now)


async def whole_view(conn: Connection, flow_no: str, *, actor: access.Actor, now: datetime) -> ApplicationView:
    """The application with its result, as this actor may see it. Raises FlowUnknown."""
    found = await listing.show_application(conn, flow_no=flow_no, now=now)
    if found.ticket is None:
        return ApplicationView.whole(found, actor=actor)
    result = await results.find_result(conn, ticket_id=found.ticket.ticket_id)
    attempts = await results.list_attempts(conn, ticket_id=found.ticket.ticket_id)
    return ApplicationView.whole(found, actor=actor, result=result, attempts=attempts)


async def incoming_of(conn: Connection, handed: Handed) -> Incoming:
    """What was handed in, with its message decoded. Raises RequestInvalid, SceneUnknown, ProtoInvalid."""
    request: Mapping[str, Any] = handed.request
    if handed.message is not None:
        if handed.request:
            raise RequestInvalid([{"where": "body.message", "problem": "comes instead of a request, not beside it"}])
        try:
            message = b64decode(handed.message, validate=True)
        except (Base64Error, ValueError):
            raise RequestInvalid([{"where": "body.message", "problem": "is not base64"}]) from None
        at = {"application": handed.application, "scene": handed.scene}
        request = await decode_message(conn, **at, body=message)
    facts = Facts(request, handed.verifications, handed.features)
    return Incoming(handed.flow_no, handed.application, handed.scene, handed.user_id, facts)
