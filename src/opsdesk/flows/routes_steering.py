"""Runs over HTTP: paused and resumed, nodes skipped and run again."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from opsdesk import access
from opsdesk.flows import steering
from opsdesk.flows.routes_runs import NAME_CHARACTERS_MAX, REASON_CHARACTERS_MAX, RunId, Taken
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, GivenKey, Now
from opsdesk.kit.http_shapes import Body, Text, Values

steering_routes = APIRouter(prefix="/v1", tags=["runs"], route_class=StrictRoute)

_REFUSALS = (*access.guard.REFUSALS, *BODY_REFUSALS)
_Reason = Annotated[Text, Field(min_length=1, max_length=REASON_CHARACTERS_MAX)]
_Node = Annotated[Text, Field(max_length=NAME_CHARACTERS_MAX)]


class Pause(Body):
    """Why nothing new is to begin."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the partner asked us to wait"}]})

    reason: _Reason
    """For those who read the run later; it is kept in the journal."""


class Resumption(Body):
    """That the run is to go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class Skip(Body):
    """Which node is ended without its call."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"node": "assign_csm", "reason": "done by hand", "outputs": {"csm_id": "csm-7"}}]
        }
    )

    node: _Node
    """The id of the node, which has begun and not ended."""
    reason: _Reason
    """For those who read the run later; it is kept in the journal."""
    outputs: Values | None = None
    """What the node would have answered, as it declares its outputs; null or left out: it ends with none."""


class Rerun(Body):
    """From which node on the run goes its way again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"node": "kyc_identity", "reason": "the customer sent a better picture"}]}
    )

    node: _Node
    """The id of the node, to which the run has come before."""
    reason: _Reason
    """For those who read the run later; it is kept in the journal."""


@steering_routes.post(
    "/runs/{run_id}/pauses",
    status_code=202,
    summary="Pause a run",
    responses=documented(*_REFUSALS, *steering.PAUSE_REFUSALS),
)
async def pause_run(
    run_id: RunId, pause: Pause, actor: access.guard.RunWriter, key: GivenKey, conn: Conn, now: Now
) -> Taken:
    """Nothing new begins in it. Calls under way end, answers are kept; they lead on when the run is resumed."""
    await steering.pause(
        conn, run_id=run_id, reason=pause.reason, actor=actor, now=now, key=steering.key_of(actor, key)
    )
    return Taken(run=run_id)


@steering_routes.post(
    "/runs/{run_id}/resumptions",
    status_code=202,
    summary="Resume a paused run",
    responses=documented(*_REFUSALS, *steering.RESUME_REFUSALS),
)
async def resume_run(
    run_id: RunId, _: Resumption, actor: access.guard.RunWriter, key: GivenKey, conn: Conn, now: Now
) -> Taken:
    """It goes on with everything that came in; time that ran out during the pause has run out now."""
    await steering.resume(conn, run_id=run_id, actor=actor, now=now, key=steering.key_of(actor, key))
    return Taken(run=run_id)


@steering_routes.post(
    "/runs/{run_id}/skips",
    status_code=202,
    summary="Skip a node",
    responses=documented(*_REFUSALS, *steering.SKIP_REFUSALS),
)
async def skip_node(
    run_id: RunId, skip: Skip, actor: access.guard.RunWriter, key: GivenKey, conn: Conn, now: Now
) -> Taken:
    """It ends without its call, with the outputs given. A node that a person answers is never skipped."""
    await steering.skip(
        conn,
        run_id=run_id,
        node=skip.node,
        reason=skip.reason,
        outputs=skip.outputs,
        actor=actor,
        now=now,
        key=steering.key_of(actor, key),
    )
    return Taken(run=run_id, node=skip.node)


@steering_routes.post(
    "/runs/{run_id}/reruns",
    status_code=202,
    summary="Run again from a node",
    responses=documented(*_REFUSALS, *steering.RERUN_REFUSALS),
)
async def rerun_node(
    run_id: RunId, rerun: Rerun, actor: access.guard.RunWriter, key: GivenKey, conn: Conn, now: Now
) -> Taken:
    """The node and everything behind it get a new iteration; their open tickets are closed."""
    await steering.rerun(
        conn,
        run_id=run_id,
        node=rerun.node,
        reason=rerun.reason,
        actor=actor,
        now=now,
        key=steering.key_of(actor, key),
    )
    return Taken(run=run_id, node=rerun.node)
