"""Runs over HTTP: started, read, drawn, and acted upon."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.flows import arrivals, draw, outage_control, record, run_list, runs, subjects
from opsdesk.flows.definitions import read_definition
from opsdesk.flows.errors import (
    InputsInvalid,
    KeyReused,
    NodeUnknown,
    NoIncident,
    ProcedureNotFound,
    RunFinished,
    RunNotFound,
)
from opsdesk.flows.procedure import Field as DeclaredField
from opsdesk.flows.record_schema import LOG_SCHEMA
from opsdesk.flows.routes_procedures import SVG_RESPONSE, Language, svg_response
from opsdesk.flows.state import RunStatus
from opsdesk.flows.views import FactView, JournalPage, RunDetail, RunPage, RunView, sight
from opsdesk.kit.http_errors import JsonResponse, documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, GivenKey, NeededKey, Now
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Moment, Text, Values, View, text_schema
from opsdesk.kit.masking import mask_secrets
from opsdesk.kit.paging import BadCursor, BadPageSize, decode_cursor, encode_cursor

NAME_CHARACTERS_MAX = 200
REASON_CHARACTERS_MAX = 2000
JOURNAL_ROWS_DEFAULT = 200
_LOCATION = {"Location": {"description": "The path of the run.", "schema": {"type": "string"}}}

run_routes = APIRouter(prefix="/v1", tags=["runs"], route_class=StrictRoute)


class RunStart(Body):
    """Which procedure to run, with what."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "procedure": "customer-onboarding",
                    "inputs": {"name": "Customer One", "email": "customer@example.com", "phone": "+8613000000000"},
                }
            ]
        },
    )

    procedure: Annotated[Text, Field(max_length=NAME_CHARACTERS_MAX)]
    """The id of the procedure; its newest version is run."""
    inputs: Values = Field(default_factory=dict)
    """By name, as the procedure declares them; those that have a default may be left out."""


class Signal(Body):
    """The answer of a node, given in its partner's place."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"node": "verify_email", "answer": {"email_verified": True}}]},
    )

    node: Annotated[Text, Field(max_length=NAME_CHARACTERS_MAX)]
    """The id of the node, which waits for its partner."""
    answer: Values
    """The outputs that the node declares, by name."""


class Cancellation(Body):
    """Why a run is ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the customer withdrew"}]})

    reason: Annotated[Text, Field(min_length=1, max_length=REASON_CHARACTERS_MAX)]
    """For those who read the run later; it is kept in the journal."""


class Retry(Body):
    """Which node with an incident is executed again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"node": "kyc_identity"}]})

    node: Annotated[Text, Field(max_length=NAME_CHARACTERS_MAX)] | None = None
    """The id of the node; if it is left out, the only one with an incident, or a run that was set aside."""
    new_key: bool = False
    """With another idempotency key, for a partner that would repeat its first answer."""


class Taken(View):
    """What was asked is kept, and done by whoever executes the run."""

    run: UUID
    """The id of the run."""
    node: str | None = None
    """The id of the node that it is about, if it is about one."""


RunId = Annotated[UUID, Path(description="The id of the run.")]


@run_routes.post(
    "/runs",
    status_code=202,
    summary="Start a run",
    response_model=RunView,
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, ProcedureNotFound, InputsInvalid, KeyReused)
    | {
        200: {"model": RunView, "description": "The run was started before with this key.", "headers": _LOCATION},
        202: {"headers": _LOCATION},
    },
)
async def start_run(start: RunStart, actor: access.guard.RunWriter, key: NeededKey, conn: Conn, now: Now) -> Response:
    """Begun when this answers, and executed by a worker. Inputs that the procedure does not take are refused."""
    run, new = await runs.start_run(
        conn,
        procedure_id=start.procedure,
        inputs=start.inputs,
        actor=actor,
        now=now,
        key=_of_actor(actor, key),
    )
    body = RunView.of(run).model_dump()
    return JsonResponse(body, status_code=202 if new else 200, headers={"Location": f"/v1/runs/{run.run_id}"})


def _run_filter(
    procedure: Annotated[
        str | SkipJsonSchema[None], Query(description="Only runs of this procedure.", json_schema_extra=text_schema())
    ] = None,
    status: Annotated[
        list[RunStatus] | SkipJsonSchema[None], Query(description="Only runs of this status, or of one of several.")
    ] = None,
    subject: Annotated[
        str | SkipJsonSchema[None],
        Query(
            description="Only runs about this customer: an e-mail address, phone number or id, whole, in any spelling.",
            max_length=subjects.VALUE_CHARACTERS_MAX,
            json_schema_extra=text_schema(),
        ),
    ] = None,
    outcome_node: Annotated[
        str | SkipJsonSchema[None], Query(description="Only runs that ended there.", json_schema_extra=text_schema())
    ] = None,
    outcome_reason: Annotated[
        str | SkipJsonSchema[None],
        Query(
            description="Only runs that ended for a reason with this in it.",
            max_length=NAME_CHARACTERS_MAX,
            json_schema_extra=text_schema(),
        ),
    ] = None,
    waiting_for: Annotated[
        run_list.WaitsFor | SkipJsonSchema[None], Query(description="Only open runs that wait for this.")
    ] = None,
    overdue: Annotated[bool, Query(description="Only open runs whose wake-up should have come.")] = False,
    parent: Annotated[UUID | SkipJsonSchema[None], Query(description="Only runs that this run has started.")] = None,
    started_from: Annotated[
        Moment | SkipJsonSchema[None], Query(description="Only runs started then or later.")
    ] = None,
    started_to: Annotated[Moment | SkipJsonSchema[None], Query(description="Only runs started before.")] = None,
) -> run_list.RunFilter:
    return run_list.RunFilter(
        procedure_id=procedure,
        statuses=tuple(status or ()),
        subject=subject,
        outcome_node=outcome_node,
        outcome_reason=outcome_reason,
        waiting_for=waiting_for,
        overdue=overdue,
        parent=parent,
        started_from=started_from,
        started_to=started_to,
    )


@run_routes.get("/runs", summary="List runs", responses=documented(*access.guard.REFUSALS, BadPageSize, BadCursor))
async def list_runs(
    _: access.guard.RunReader,
    conn: Conn,
    now: Now,
    only: Annotated[run_list.RunFilter, Depends(_run_filter)],
    order: Annotated[run_list.RunOrder, Query(description="Which come first.")] = run_list.RunOrder.NEWEST,
    limit: Limit = None,
    cursor: Cursor = None,
) -> RunPage:
    """Those that every filter lets through. `counts` is about all statuses, under the other filters."""
    page = await run_list.list_runs(conn, only=only, order=order, now=now, limit=limit, cursor=cursor)
    counts = await run_list.count_runs(conn, only=only, now=now)
    return RunPage(items=list(map(RunView.of, page.items)), next=page.next, counts=counts)


@run_routes.get("/runs/{run_id}", summary="Show a run", responses=documented(*access.guard.REFUSALS, RunNotFound))
async def show_run(run_id: RunId, actor: access.guard.RunReader, conn: Conn) -> RunDetail:
    """Its header, and of each node how far it is, for whom it waits until when, and what was wrong."""
    run = await runs.show_run(conn, run_id)
    procedure, state, _facts = await runs.read_state(conn, run_id)
    return RunDetail.whole(run, procedure, state, sight(actor, procedure))


@run_routes.get(
    "/runs/{run_id}/journal",
    summary="Read the journal of a run",
    responses=documented(*access.guard.REFUSALS, RunNotFound, BadCursor),
)
async def read_journal(
    run_id: RunId,
    actor: access.guard.RunReader,
    conn: Conn,
    limit: Annotated[
        int, Query(ge=1, le=runs.JOURNAL_ROWS_MAX, description="How many rows the page has at most.")
    ] = JOURNAL_ROWS_DEFAULT,
    cursor: Cursor = None,
) -> JournalPage:
    """Every fact, in the order in which they happened."""
    after = decode_cursor(cursor, shape=(int,))[0] if cursor else 0
    run = await runs.show_run(conn, run_id)
    procedure = await read_definition(conn, run.definition_id)
    rows = await runs.read_journal(conn, run_id, after=after, limit=limit)
    see = sight(actor, procedure)
    more = encode_cursor((rows[-1].seq,)) if len(rows) == limit else None
    return JournalPage(items=[FactView.of(row, see) for row in rows], next=more)


@run_routes.get(
    "/runs/{run_id}/diagram",
    summary="Draw where a run stands",
    response_class=Response,
    responses=documented(*access.guard.REFUSALS, RunNotFound) | SVG_RESPONSE,
)
async def draw_run(
    run_id: RunId, _: access.guard.RunReader, conn: Conn, now: Now, language: Language = "en"
) -> Response:
    """As SVG."""
    procedure, state, _facts = await runs.read_state(conn, run_id)
    outages = await outage_control.told_of(conn, state)
    return svg_response(draw.svg(procedure, state, now=now, language=language, outages=outages))


@run_routes.get(
    "/runs/{run_id}/log",
    summary="Read the OSOP log of a run",
    response_class=Response,
    responses=documented(*access.guard.REFUSALS, RunNotFound)
    | {200: {"content": {"application/yaml": {"schema": LOG_SCHEMA}}, "description": "The log."}},
)
async def read_log(
    run_id: RunId,
    actor: access.guard.RunReader,
    conn: Conn,
    tamper_evident: Annotated[bool, Query(description="Whether the records form a chain of hashes.")] = False,
) -> Response:
    """As YAML; with `tamper_evident` its records form a chain of hashes."""
    procedure, _state, facts = await runs.read_state(conn, run_id)
    reveal = unmasked if access.Scope.PERSONAL_READ in actor.scopes else record.masked
    log = record.osop_log(procedure, str(run_id), facts, tamper_evident=tamper_evident, reveal=reveal)
    return Response(record.to_yaml(log), media_type="application/yaml")


@run_routes.post(
    "/runs/{run_id}/signals",
    status_code=202,
    summary="Answer a node in its partner's place",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, *arrivals.ANSWER_REFUSALS),
)
async def signal_run(
    run_id: RunId, signal: Signal, actor: access.guard.RunWriter, key: GivenKey, conn: Conn, now: Now
) -> Taken:
    """The node ends with this answer. A human node is answered at the review desk only."""
    await arrivals.signal(
        conn,
        run_id=run_id,
        node=signal.node,
        answer=signal.answer,
        actor=actor,
        now=now,
        key=_of_actor(actor, key) if key else None,
    )
    return Taken(run=run_id, node=signal.node)


@run_routes.post(
    "/runs/{run_id}/cancellations",
    status_code=202,
    summary="Cancel a run",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, *arrivals.CANCEL_REFUSALS),
)
async def cancel_run(
    run_id: RunId, cancellation: Cancellation, actor: access.guard.RunWriter, conn: Conn, now: Now
) -> Taken:
    """It ends where it is, and its open tickets are closed. What it has done is undone first, where nodes say how."""
    await arrivals.cancel(conn, run_id=run_id, reason=cancellation.reason, actor=actor, now=now)
    return Taken(run=run_id)


@run_routes.post(
    "/runs/{run_id}/retries",
    status_code=202,
    summary="Retry a node with an incident",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, RunNotFound, NodeUnknown, RunFinished, NoIncident),
)
async def retry_run(run_id: RunId, retry: Retry, actor: access.guard.RunWriter, conn: Conn, now: Now) -> Taken:
    """Or let a run go on that was set aside."""
    node = await arrivals.retry(conn, run_id=run_id, node=retry.node, new_key=retry.new_key, actor=actor, now=now)
    return Taken(run=run_id, node=node)


def _of_actor(actor: access.Actor, key: str) -> str:
    """Keys of one client never meet those of another."""
    return f"{actor.id} {key}"


def unmasked(name: str, _declared: DeclaredField | None, value: Any) -> Any:
    return mask_secrets({name: value})[name]
