"""What an operator may do to a run where it stands, and the pages on which they say so."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response

from opsdesk import flows, review
from opsdesk.app import desk
from opsdesk.app.console import forms
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.viewer import RunWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_errors import RouteUnknown
from opsdesk.kit.http_requests import Conn, Now

if TYPE_CHECKING:
    from datetime import datetime

NodeActions = Sequence[str]
REASON_CHARACTERS_MAX = 2000
_ALL_OPTIONAL = frozenset({"skip", "correct"})
"""Forms in which whatever is left empty is left out."""

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: how it is called, what it means, what is said when it is asked for."""

    label: str
    explanation: str
    said: str
    needs_node: bool = False
    needs_reason: bool = False
    is_final: bool = False
    """It cannot be taken back."""


ACTIONS: Mapping[str, Action] = {
    "pause": Action(
        N_("Pause"),
        N_("Nothing new begins. Calls under way end, answers are kept; they lead on when the run is resumed."),
        N_("The run is being paused."),
        needs_reason=True,
    ),
    "resume": Action(
        N_("Resume"),
        N_("The run goes on with everything that came in; time that ran out meanwhile has run out now."),
        N_("The run is being resumed."),
    ),
    "cancel": Action(
        N_("Cancel the run"),
        N_(
            "The run ends where it is, and its open tickets are closed. What it has done is undone first, where its "
            "procedure says how. It cannot be opened again."
        ),
        N_("The run is being cancelled."),
        needs_reason=True,
        is_final=True,
    ),
    "retry": Action(
        N_("Retry"),
        N_("The node is executed again, or a run that was set aside goes on."),
        N_("The node is being executed again."),
    ),
    "signal": Action(
        N_("Answer in the partner's place"),
        N_("The node ends with this answer, as if the partner had given it."),
        N_("The answer is kept."),
        needs_node=True,
    ),
    "skip": Action(
        N_("Skip"),
        N_(
            "The node ends without its call, with the outputs given here. A condition that needs one which is missing "
            "blocks the run."
        ),
        N_("The node is being skipped."),
        needs_node=True,
        needs_reason=True,
    ),
    "correct": Action(
        N_("Correct inputs"),
        N_(
            "What comes after sees the corrected inputs; what is left empty stays. Open tickets that show them are "
            "amended, and whoever answered there is asked again."
        ),
        N_("The inputs are being corrected."),
        needs_reason=True,
    ),
    "rerun": Action(
        N_("Run again from here"),
        N_("This node and everything behind it are run again; their open tickets are closed."),
        N_("The run goes its way again from this node."),
        needs_node=True,
        needs_reason=True,
    ),
}


def run_actions(detail: "flows.views.RunDetail") -> Sequence[str]:
    """What makes sense for the run as a whole."""
    if detail.ended_at is not None:
        return ()
    first = ["retry"] if detail.set_aside else []
    last = [] if detail.undoing else ["cancel"]
    return [*first, "resume" if detail.pause else "pause", "correct", *last]


def node_actions(detail: "flows.views.RunDetail", node: "flows.views.NodeStateView") -> NodeActions:
    """What makes sense for a node where it stands."""
    phase, is_person = node.phase.value, node.type.value == "human"
    if detail.ended_at is not None or phase in ("pending", "skipped"):
        return ()
    actions = []
    if phase == "blocked":
        actions.append("retry")
    if not is_person and (phase == "retrying" or (node.wait is not None and node.wait.reason == "partner")):
        actions.append("signal")
    if (not is_person or node.undoes) and phase in ("active", "retrying", "waiting", "blocked"):
        actions.append("skip")
    return actions if detail.undoing else [*actions, "rerun"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for, with what was typed."""

    name: str
    run_id: UUID
    node: str
    typed: Mapping[str, str]

    @property
    def action(self) -> Action:
        return ACTIONS[self.name]

    @property
    def reason(self) -> str:
        return self.typed.get("reason", "").strip()


@routes.get("/runs/{run_id}/{name}")
async def ask(
    request: Request,
    run_id: UUID,
    name: str,
    visitor: RunWriter,
    conn: Conn,
    node: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The form on which something is done to a run."""
    if name not in ACTIONS or (ACTIONS[name].needs_node and not node):
        raise RouteUnknown
    return await _form(request, visitor, conn, Wanted(name, run_id, node, {"key": uuid4().hex}), errors={})


@routes.post("/runs/{run_id}/{name}")
async def act(request: Request, run_id: UUID, name: str, visitor: RunWriter, conn: Conn, now: Now) -> Response:
    """Do it, and show the run."""
    if name not in ACTIONS:
        raise RouteUnknown
    typed = {field: value for field, value in (await request.form()).items() if isinstance(value, str)}
    wanted = Wanted(name, run_id, typed.get("node", ""), typed)
    _ = translate(request, visitor)
    fields = await _fields(conn, wanted)
    values, errors = forms.read_values(fields, typed, _, all_optional=name in _ALL_OPTIONAL)
    if wanted.action.needs_reason and not 1 <= len(wanted.reason) <= REASON_CHARACTERS_MAX:
        errors["reason"] = _(N_("A reason of at most 2,000 characters is needed."))
    if not errors:
        try:
            await _DOES[name](conn, wanted, values, visitor, now)
        except (flows.errors.AnswerInvalid, flows.errors.NoIncident) as error:
            errors["answer"] = f"{_(error.message)} {error.detail.get('problem', '')}".strip()
        except (flows.errors.DecidedUpon, review.errors.TicketNotOpen) as error:
            errors["answer"] = _(error.message)
        except flows.errors.InputsInvalid as error:
            errors["answer"] = f"{_(error.message)} {'; '.join(error.problems)}"
    if errors:
        return await _form(request, visitor, conn, wanted, errors=errors)
    return see_other(request, f"/runs/{run_id}", done(_(wanted.action.said)))


async def _fields(conn: Connection, wanted: Wanted) -> Sequence[Any]:
    """The outputs that an answer in the node's place has, or the inputs that can be corrected.

    Raises RunNotFound, NodeUnknown.
    """
    if not wanted.node and wanted.name != "correct":
        return ()
    run = await flows.runs.show_run(conn, wanted.run_id)
    procedure = await flows.definitions.read_definition(conn, run.definition_id)
    if wanted.name == "correct":
        return [
            replace(field, schema={name: each for name, each in field.schema.items() if name != "default"})
            for field in procedure.inputs
        ]
    if wanted.node not in procedure.nodes:
        raise flows.errors.NodeUnknown(wanted.run_id, wanted.node)
    return procedure.nodes[wanted.node].outputs if wanted.name in ("signal", "skip") else ()


async def _form(
    request: Request, visitor: Visitor, conn: Connection, wanted: Wanted, *, errors: Mapping[str, str]
) -> Response:
    run = await flows.runs.show_run(conn, wanted.run_id)
    procedure = await flows.definitions.read_definition(conn, run.definition_id)
    fields = await _fields(conn, wanted)
    _ = translate(request, visitor)
    return page(
        request,
        visitor,
        "runs/action.html",
        status=422 if errors else 200,
        run=run,
        procedure=procedure,
        wanted=wanted,
        action=wanted.action,
        controls=forms.controls(fields, wanted.typed, _, all_optional=wanted.name in _ALL_OPTIONAL),
        again=flows.arrivals.behind(procedure, wanted.node) if wanted.name == "rerun" else (),
        errors=errors,
    )


Act = Callable[[Connection, Wanted, Mapping[str, Any], Visitor, "datetime"], Awaitable[Any]]


async def _pause(conn: Connection, wanted: Wanted, _: Mapping[str, Any], visitor: Visitor, now: "datetime") -> None:
    key = flows.arrivals.key_of(visitor.actor, wanted.typed.get("key"))
    await flows.arrivals.pause(conn, run_id=wanted.run_id, reason=wanted.reason, actor=visitor.actor, now=now, key=key)


async def _resume(conn: Connection, wanted: Wanted, _: Mapping[str, Any], visitor: Visitor, now: "datetime") -> None:
    key = flows.arrivals.key_of(visitor.actor, wanted.typed.get("key"))
    await flows.arrivals.resume(conn, run_id=wanted.run_id, actor=visitor.actor, now=now, key=key)


async def _cancel(conn: Connection, wanted: Wanted, _: Mapping[str, Any], visitor: Visitor, now: "datetime") -> None:
    await flows.arrivals.cancel(conn, run_id=wanted.run_id, reason=wanted.reason, actor=visitor.actor, now=now)


async def _retry(conn: Connection, wanted: Wanted, _: Mapping[str, Any], visitor: Visitor, now: "datetime") -> None:
    await flows.arrivals.retry(
        conn,
        run_id=wanted.run_id,
        node=wanted.node or None,
        new_key=bool(wanted.typed.get("new_key")),
        actor=visitor.actor,
        now=now,
    )


async def _signal(
    conn: Connection, wanted: Wanted, values: Mapping[str, Any], visitor: Visitor, now: "datetime"
) -> None:
    key = flows.arrivals.key_of(visitor.actor, wanted.typed.get("key"))
    await flows.arrivals.signal(
        conn, run_id=wanted.run_id, node=wanted.node, answer=values, actor=visitor.actor, now=now, key=key
    )


async def _skip(conn: Connection, wanted: Wanted, values: Mapping[str, Any], visitor: Visitor, now: "datetime") -> None:
    await flows.arrivals.skip(
        conn,
        run_id=wanted.run_id,
        node=wanted.node,
        reason=wanted.reason,
        outputs=values or None,
        actor=visitor.actor,
        now=now,
        key=flows.arrivals.key_of(visitor.actor, wanted.typed.get("key")),
    )


async def _rerun(conn: Connection, wanted: Wanted, _: Mapping[str, Any], visitor: Visitor, now: "datetime") -> None:
    await flows.arrivals.rerun(
        conn,
        run_id=wanted.run_id,
        node=wanted.node,
        reason=wanted.reason,
        actor=visitor.actor,
        now=now,
        key=flows.arrivals.key_of(visitor.actor, wanted.typed.get("key")),
    )


async def _correct(
    conn: Connection, wanted: Wanted, values: Mapping[str, Any], visitor: Visitor, now: "datetime"
) -> None:
    await desk.correct_inputs(
        conn,
        run_id=wanted.run_id,
        values=values,
        reason=wanted.reason,
        actor=visitor.actor,
        now=now,
        key=flows.arrivals.key_of(visitor.actor, wanted.typed.get("key")),
    )


_DOES: Mapping[str, Act] = {
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "retry": _retry,
    "signal": _signal,
    "skip": _skip,
    "rerun": _rerun,
    "correct": _correct,
}
