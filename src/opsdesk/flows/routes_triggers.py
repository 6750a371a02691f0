"""Triggers over HTTP: listed, put in use, moved to another version, fired by hand, and what came for them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.flows.errors import KeyReused, ProcedureNotFound
from opsdesk.flows.trigger import TriggerKind
from opsdesk.flows.triggers import deliveries, firing, standing
from opsdesk.flows.triggers.deliveries import DeliveryState
from opsdesk.flows.triggers.errors import (
    DeliveryNotFound,
    DeliveryNotRefused,
    TriggerNotDeclared,
    TriggerNotFound,
    TriggerStateWrong,
    TriggerUnfit,
    WebhookPathTaken,
)
from opsdesk.flows.triggers.schedule import UPCOMING_MAX
from opsdesk.flows.triggers.standing import TriggerFilter, TriggerState
from opsdesk.flows.views_triggers import (
    DeliveryPage,
    DeliveryView,
    FiresView,
    TriggerPage,
    TriggerView,
    all_shown,
    shown,
)
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, GivenKey, Now, SecretOf
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Values, named, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize

trigger_routes = APIRouter(prefix="/v1", tags=["triggers"], route_class=StrictRoute)

NAME_CHARACTERS_MAX = 200
FIRES_DEFAULT = 5
_ONE = "/triggers/{procedure_id}/{trigger}"
_REFUSALS = (*access.guard.REFUSALS, TriggerNotFound)
_PUT_REFUSALS = (
    *_REFUSALS,
    *BODY_REFUSALS,
    ProcedureNotFound,
    TriggerNotDeclared,
    TriggerUnfit,
    TriggerStateWrong,
    WebhookPathTaken,
)

ProcedureId = Annotated[str, named("The id of the procedure, as its document has it.")]
TriggerName = Annotated[str, named("What the trigger is called within the procedure.")]
DeliveryId = Annotated[int, Path(description="What names it among the deliveries of the trigger.", ge=1, lt=2**63)]
_OfProcedure = Annotated[
    str | SkipJsonSchema[None],
    Query(
        description="Only triggers of this procedure.",
        max_length=NAME_CHARACTERS_MAX,
        json_schema_extra=text_schema(),
    ),
]


class Version(Body):
    """Which version the trigger starts from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    digest: Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")] | None = None
    """Its digest, or a beginning of it. Left out: the one that it was paused with, else the newest."""


class Pausing(Body):
    """That nothing is to come of the trigger until it is activated again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class Firing(Body):
    """What the trigger is to be fired with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": {"amount": 1200}}]})

    data: Values = Field(default_factory=dict)
    """What a webhook's body or an event's data would hold; nothing for a trigger by the clock."""


class Retrial(Body):
    """That a delivery is to be taken again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


@trigger_routes.get(
    "/triggers", summary="List the triggers", responses=documented(*_REFUSALS[:3], BadCursor, BadPageSize)
)
async def list_triggers(
    _: access.guard.ProcedureReader,
    conn: Conn,
    procedure: _OfProcedure = None,
    kind: Annotated[TriggerKind | SkipJsonSchema[None], Query(description="Only triggers of this kind.")] = None,
    state: Annotated[TriggerState | SkipJsonSchema[None], Query(description="Only triggers in this state.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> TriggerPage:
    """By procedure and name, with the version that each starts and what last came for it."""
    only = TriggerFilter(procedure_id=procedure, kind=kind, state=state)
    page = await standing.list_triggers(conn, only=only, limit=limit, cursor=cursor)
    return TriggerPage(items=list(map(TriggerView.of, page.items)), next=page.next)


@trigger_routes.get(_ONE, summary="Show a trigger", responses=documented(*_REFUSALS))
async def show_trigger(
    _: access.guard.ProcedureReader, procedure_id: ProcedureId, trigger: TriggerName, conn: Conn
) -> TriggerView:
    """How it stands now."""
    return TriggerView.of(await standing.show_trigger(conn, procedure_id, trigger))


@trigger_routes.get(f"{_ONE}/fires", summary="Tell when a trigger fires next", responses=documented(*_REFUSALS))
async def list_fires(
    _: access.guard.ProcedureReader,
    procedure_id: ProcedureId,
    trigger: TriggerName,
    conn: Conn,
    now: Now,
    count: Annotated[int, Query(description="How many times.", ge=1, le=UPCOMING_MAX)] = FIRES_DEFAULT,
) -> FiresView:
    """Also of one that is not active: when it would."""
    found = await standing.show_trigger(conn, procedure_id, trigger)
    return FiresView(items=standing.next_fires(found, now=now, count=count))


@trigger_routes.post(
    f"{_ONE}/activations", status_code=201, summary="Activate a trigger", responses=documented(*_PUT_REFUSALS)
)
async def activate_trigger(
    version: Version,
    actor: access.guard.ProcedureWriter,
    procedure_id: ProcedureId,
    trigger: TriggerName,
    secret: SecretOf,
    conn: Conn,
    now: Now,
) -> TriggerView:
    """The version is linted once more. Storing another one later changes nothing about the trigger: move it."""
    return TriggerView.of(
        await standing.activate(
            conn,
            procedure_id=procedure_id,
            name=trigger,
            digest=version.digest,
            secret=secret,
            actor=actor,
            now=now,
        )
    )


@trigger_routes.delete(
    f"{_ONE}/activations", summary="Put a trigger out of use", responses=documented(*_REFUSALS, TriggerStateWrong)
)
async def deactivate_trigger(
    actor: access.guard.ProcedureWriter, procedure_id: ProcedureId, trigger: TriggerName, conn: Conn, now: Now
) -> TriggerView:
    """Its path is free for another then. What came for it stays listed."""
    return TriggerView.of(
        await standing.deactivate(conn, procedure_id=procedure_id, name=trigger, actor=actor, now=now)
    )


@trigger_routes.post(
    f"{_ONE}/moves",
    status_code=201,
    summary="Have a trigger start another version",
    responses=documented(*_PUT_REFUSALS),
)
async def move_trigger(
    version: Version,
    actor: access.guard.ProcedureWriter,
    procedure_id: ProcedureId,
    trigger: TriggerName,
    secret: SecretOf,
    conn: Conn,
    now: Now,
) -> TriggerView:
    """The newest, unless one is named. Runs that were started before go on with theirs."""
    return TriggerView.of(
        await standing.move(
            conn,
            procedure_id=procedure_id,
            name=trigger,
            digest=version.digest,
            secret=secret,
            actor=actor,
            now=now,
        )
    )


@trigger_routes.post(
    f"{_ONE}/pauses",
    status_code=201,
    summary="Pause a trigger",
    responses=documented(*_REFUSALS, *BODY_REFUSALS, TriggerStateWrong),
)
async def pause_trigger(
    _pausing: Pausing,
    actor: access.guard.ProcedureWriter,
    procedure_id: ProcedureId,
    trigger: TriggerName,
    conn: Conn,
    now: Now,
) -> TriggerView:
    """Senders of its webhook are asked to come again. Times that go by meanwhile are not made up for."""
    return TriggerView.of(await standing.pause(conn, procedure_id=procedure_id, name=trigger, actor=actor, now=now))


@trigger_routes.post(
    f"{_ONE}/firings",
    status_code=201,
    summary="Fire a trigger by hand",
    responses=documented(*_REFUSALS, *BODY_REFUSALS, TriggerStateWrong, KeyReused),
)
async def fire_trigger(
    firing_: Firing,
    actor: access.guard.RunWriter,
    procedure_id: ProcedureId,
    trigger: TriggerName,
    key: GivenKey,
    conn: Conn,
    now: Now,
) -> DeliveryView:
    """As if what it waits for had come. What no run can be made of is kept, with its reason."""
    found = await standing.show_trigger(conn, procedure_id, trigger)
    once = f"{actor.id} {key}" if key else None
    delivery = await firing.fire(conn, found, data=firing_.data, actor=actor, now=now, key=once)
    return await shown(conn, delivery, actor=actor)


@trigger_routes.get(
    f"{_ONE}/deliveries",
    summary="List what came for a trigger",
    responses=documented(*_REFUSALS, BadCursor, BadPageSize),
)
async def list_deliveries(
    actor: access.guard.RunReader,
    procedure_id: ProcedureId,
    trigger: TriggerName,
    conn: Conn,
    state: Annotated[DeliveryState | SkipJsonSchema[None], Query(description="Only those of which this came.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> DeliveryPage:
    """The latest first. Personal values are masked unless the reader may see them."""
    found = await standing.show_trigger(conn, procedure_id, trigger)
    page = await deliveries.list_deliveries(conn, found, state=state, limit=limit, cursor=cursor)
    return DeliveryPage(items=await all_shown(conn, list(page.items), actor=actor), next=page.next)


@trigger_routes.post(
    f"{_ONE}/deliveries/{{delivery_id}}/retries",
    status_code=201,
    summary="Take a refused delivery again",
    responses=documented(*_REFUSALS, *BODY_REFUSALS, DeliveryNotFound, DeliveryNotRefused, TriggerStateWrong),
)
async def retry_delivery(
    _retrial: Retrial,
    actor: access.guard.RunWriter,
    procedure_id: ProcedureId,
    trigger: TriggerName,
    delivery_id: DeliveryId,
    conn: Conn,
    now: Now,
) -> DeliveryView:
    """By the version that the trigger starts now."""
    found = await standing.show_trigger(conn, procedure_id, trigger)
    delivery = await deliveries.deliver_again(conn, found, delivery_id, actor=actor, now=now)
    return await shown(conn, delivery, actor=actor)
