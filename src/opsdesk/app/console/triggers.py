"""Triggers: what starts runs by itself, with which version, and what came for it."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import uuid4

import orjson
from fastapi import APIRouter, Form, Query, Request, Response

from opsdesk import access, flows
from opsdesk.app.console import trigger_words
from opsdesk.app.console.frame import done, failed, page, see_other, translate
from opsdesk.app.console.procedure_words import quoted
from opsdesk.app.console.viewer import ProcedureReader, ProcedureWriter, RunWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_errors import RouteUnknown
from opsdesk.kit.http_requests import Conn, Now, SecretOf

PATH = "/triggers"
ONE = PATH + "/{procedure_id}/{trigger}"
PAGE_ROWS = 50
DELIVERIES_SHOWN = 20
FIRES_SHOWN = 5
VERSIONS_SHOWN = 50
DATA_CHARACTERS_MAX = 100_000
NOT_AN_OBJECT = N_("This is not a JSON object.")

routes = APIRouter(include_in_schema=False)
Asked = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str, Query(max_length=1000)]
Text = Annotated[str, Form(max_length=200)]


@routes.get(PATH)
async def list_triggers(
    request: Request, visitor: ProcedureReader, conn: Conn, kind: Asked = "", state: Asked = "", cursor: Cursor = ""
) -> Response:
    """Those of all procedures that are stored."""
    only = flows.triggering.TriggerFilter(
        kind=flows.triggering.TriggerKind(kind) if kind in trigger_words.KINDS else None,
        state=flows.triggering.TriggerState(state) if state in trigger_words.STATES else None,
    )
    found = await flows.triggering.list_triggers(conn, only=only, limit=PAGE_ROWS, cursor=cursor or None)
    asked = {name: value for name, value in (("kind", only.kind), ("state", only.state)) if value}
    return page(
        request,
        visitor,
        "triggers/list.html",
        triggers=found.items,
        next=found.next,
        cursor=cursor,
        asked=asked,
        **_words(request, visitor),
    )


@routes.get(ONE)
async def show_trigger(
    request: Request,
    visitor: ProcedureReader,
    procedure_id: str,
    trigger: str,
    conn: Conn,
    now: Now,
    outcome: Asked = "",
    cursor: Cursor = "",
) -> Response:
    """How it stands, when it fires next, and what came for it."""
    found = await flows.triggering.show_trigger(conn, procedure_id, trigger)
    return page(
        request,
        visitor,
        "triggers/show.html",
        found=found,
        declared=found.trigger,
        path=_path(found),
        fires=flows.triggering.next_fires(found, now=now, count=FIRES_SHOWN),
        versions=await flows.definitions.list_versions(conn, procedure_id, limit=VERSIONS_SHOWN),
        base_url=str(request.base_url).rstrip("/"),
        may_write=access.may(visitor.actor, access.Scope.PROCEDURES_WRITE),
        may_fire=access.may(visitor.actor, access.Scope.RUNS_WRITE),
        once=uuid4(),
        **await _deliveries(conn, visitor, found, outcome=outcome, cursor=cursor),
        **_words(request, visitor),
    )


async def _deliveries(
    conn: Connection, visitor: Visitor, found: "flows.triggering.Standing", *, outcome: str, cursor: str
) -> dict[str, Any]:
    if not access.may(visitor.actor, access.Scope.RUNS_READ):
        return {"deliveries": None}
    state = flows.triggering.DeliveryState(outcome) if outcome in trigger_words.OUTCOMES else None
    came = await flows.triggering.list_deliveries(
        conn, found, state=state, limit=DELIVERIES_SHOWN, cursor=cursor or None
    )
    return {
        "deliveries": await flows.triggering.all_shown(conn, list(came.items), actor=visitor.actor),
        "next": came.next,
        "cursor": cursor,
        "asked": {"outcome": state.value} if state else {},
    }


@routes.post(ONE + "/fire")
async def fire_trigger(
    request: Request,
    visitor: RunWriter,
    procedure_id: str,
    trigger: str,
    conn: Conn,
    now: Now,
    data: Annotated[str, Form(max_length=DATA_CHARACTERS_MAX)] = "{}",
    key: Text = "",
) -> Response:
    """As if what it waits for had come."""
    found = await flows.triggering.show_trigger(conn, procedure_id, trigger)
    _ = translate(request, visitor)
    content = _object(data)
    if content is None:
        return see_other(request, _path(found), failed(_(NOT_AN_OBJECT)))
    try:
        delivery = await flows.triggering.fire(
            conn, found, data=content, actor=visitor.actor, now=now, key=f"{visitor.actor.id} {key}" if key else None
        )
    except (flows.triggering.TriggerStateWrong, flows.errors.KeyReused) as error:
        return see_other(request, _path(found), failed(_(error.message)))
    return _told(request, visitor, found, delivery)


@routes.post(ONE + "/deliveries/{delivery_id}/retry")
async def retry_delivery(
    request: Request,
    visitor: RunWriter,
    procedure_id: str,
    trigger: str,
    delivery_id: int,
    conn: Conn,
    now: Now,
) -> Response:
    """Take a refused delivery again, by the version that the trigger starts now."""
    found = await flows.triggering.show_trigger(conn, procedure_id, trigger)
    try:
        delivery = await flows.triggering.deliver_again(conn, found, delivery_id, actor=visitor.actor, now=now)
    except (flows.triggering.TriggerStateWrong, flows.triggering.DeliveryNotRefused) as error:
        return see_other(request, _path(found), failed(translate(request, visitor)(error.message)))
    return _told(request, visitor, found, delivery)


@routes.post(ONE + "/{action}")
async def change_trigger(
    request: Request,
    visitor: ProcedureWriter,
    procedure_id: str,
    trigger: str,
    action: str,
    secret: SecretOf,
    conn: Conn,
    now: Now,
    digest: Text = "",
) -> Response:
    """Activate, move, pause, or put out of use."""
    _ = translate(request, visitor)
    about: dict[str, Any] = {"procedure_id": procedure_id, "name": trigger, "actor": visitor.actor, "now": now}
    with_version = about | {"digest": digest or None, "secret": secret}
    triggering = flows.triggering
    try:
        match action:
            case "activate":
                found = await triggering.activate(conn, **with_version)
            case "move":
                found = await triggering.move(conn, **with_version)
            case "pause":
                found = await triggering.pause(conn, **about)
            case "deactivate":
                found = await triggering.deactivate(conn, **about)
            case _:
                raise RouteUnknown
    except triggering.CHANGE_REFUSALS as error:
        found = await triggering.show_trigger(conn, procedure_id, trigger)
        return see_other(request, _path(found), failed(f"{_(error.message)} {_facts(error)}".strip()))
    return see_other(request, _path(found), done(_(trigger_words.SAID[action])))


def _facts(error: OpsdeskError) -> str:
    """Which trigger is in the way, or what is wrong."""
    if isinstance(error, flows.triggering.WebhookPathTaken):
        return f"({error.procedure}/{error.trigger})"
    return f"({'; '.join(error.problems)})" if isinstance(error, flows.triggering.TriggerUnfit) else ""


def _told(
    request: Request, visitor: Visitor, found: "flows.triggering.Standing", delivery: "flows.triggering.Delivery"
) -> Response:
    _ = translate(request, visitor)
    if delivery.run_id is not None:
        return see_other(request, f"/runs/{delivery.run_id}", done(_(N_("The trigger has started this run."))))
    words = _(N_("No run was started: %(reason)s")) % {"reason": delivery.reason}
    return see_other(request, _path(found), failed(words))


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text.strip() or "{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _path(found: "flows.triggering.Standing") -> str:
    return f"{PATH}/{quoted(found.procedure_id)}/{quoted(found.name)}"


def _words(request: Request, visitor: Visitor) -> dict[str, Any]:
    _ = translate(request, visitor)

    def told(words: Mapping[Any, str]) -> dict[str, str]:
        return {each.value: _(text) for each, text in words.items()}

    return {
        "kinds": told(trigger_words.KINDS),
        "states": told(trigger_words.STATES),
        "state_badges": {each.value: badge for each, badge in trigger_words.STATE_BADGES.items()},
        "outcomes": told(trigger_words.OUTCOMES),
        "outcome_badges": {each.value: badge for each, badge in trigger_words.OUTCOME_BADGES.items()},
    }
