"""What the pages of a run show: gathered from its journal, masked for who looks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from markupsafe import Markup

from opsdesk import access, flows
from opsdesk.app.console.formats import Formats
from opsdesk.app.console.run_actions import NodeActions, node_actions, run_actions
from opsdesk.app.console.viewer import Visitor
from opsdesk.kit.db import Connection
from opsdesk.kit.masking import mask_mapping, mask_secrets

TIMELINE_FACTS = 14
"""The latest that the page tells; the journal has them all."""
VALUE_CHARACTERS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, in words."""

    seq: int
    at: datetime
    words: str
    iteration: int = 1
    payload: str = ""


@dataclass(frozen=True, slots=True)
class StepRow:
    """A node of the run, how far it is, and what may be done about it."""

    id: str
    name: str
    type: str
    phase: str
    iteration: int
    does: str
    details: str
    ticket: str | None
    until: datetime | None
    is_late: bool
    outputs: Mapping[str, str]
    actions: NodeActions


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A run as somebody sees it now; `version` is another one whenever something has changed."""

    run: "flows.runs.Run"
    detail: "flows.views.RunDetail"
    name: str
    version: str
    picture: Markup
    steps: Sequence[StepRow]
    inputs: Mapping[str, str]
    moments: Sequence[Moment]
    facts: int
    actions: Sequence[str]
    is_open: bool
    children: Sequence["flows.run_list.ChildRun"]
    """The first of the runs that it has started."""
    children_counts: Mapping[str, int]
    """By status: how many those are."""
    can_move: bool
    """Whoever looks may move it to another version."""
    newer_version: bool
    """There is a newer version of the procedure than the one that the run is pinned to."""


async def seen_run(conn: Connection, run_id: UUID, visitor: Visitor, formats: Formats, *, now: datetime) -> SeenRun:
    """Raises RunNotFound."""
    # Before the rest is read: what changes meanwhile is found by the next look.
    version = await flows.runs.run_version(conn, run_id)
    run = await flows.runs.show_run(conn, run_id)
    procedure, state, facts = await flows.runs.read_state(conn, run_id)
    detail = flows.views.RunDetail.whole(run, procedure, state, flows.views.sight(visitor.actor, procedure))
    how: dict[str, Any] = {"zone": formats.zone, "now": now, "language": str(formats.locale).replace("_", "-")}
    outages = await flows.reports.outage_control.told_of(conn, state)
    (newest,) = await flows.definitions.list_versions(conn, run.procedure_id, limit=1)
    told = [
        Moment(seq, fact.at, flows.text_view.told(procedure, fact, **how)) for seq, fact in enumerate(facts, start=1)
    ]
    children = await flows.run_list.children_of(conn, run_id) if state.children else []
    counts = await flows.run_list.count_children(conn, run_id) if state.children else {}
    drawn = flows.draw.svg(procedure, state, within_page=True, outages=outages, **how)
    steps = flows.text_view.steps(procedure, state, outages=outages, **how)
    may_write = access.may(visitor.actor, access.Scope.RUNS_WRITE)
    return SeenRun(
        run=run,
        detail=detail,
        name=procedure.name,
        version=version,
        picture=Markup(drawn),  # noqa: S704  the drawing quotes
        steps=_steps(steps, detail, may_write=may_write, now=now),
        inputs=shown_values(_declared_first(detail.inputs, procedure.inputs)),
        moments=told[::-1][:TIMELINE_FACTS],
        facts=len(told),
        actions=run_actions(detail) if may_write else (),
        is_open=run.ended_at is None,
        children=children,
        children_counts=_by_status(counts),
        can_move=may_write and run.ended_at is None and state.undoing is None,
        newer_version=newest.definition_id != run.definition_id,
    )


def _by_status(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for by_status in counts.values():
        for status, count in by_status.items():
            found[status] = found.get(status, 0) + count
    return found


def _steps(
    steps: Iterable["flows.text_view.Step"], detail: "flows.views.RunDetail", *, may_write: bool, now: datetime
) -> list[StepRow]:
    rows = []
    views = {node.id: node for node in detail.nodes}
    for step in steps:
        view, wait = views[step.node.id], step.state.wait
        until = wait.until if wait else None
        rows.append(
            StepRow(
                id=view.id,
                name=view.name,
                type=view.type.value,
                phase=step.state.phase.value,
                iteration=view.iteration,
                does=step.does,
                details=step.details,
                ticket=wait.ticket if wait else None,
                until=until,
                is_late=until is not None and until < now,
                outputs=shown_values(_declared_first(view.outputs, step.node.outputs)),
                actions=node_actions(detail, view) if may_write else (),
            )
        )
    return rows


async def journal_of(
    conn: Connection, run_id: UUID, visitor: Visitor, formats: Formats, *, now: datetime, after: int, limit: int
) -> tuple["flows.runs.Run", Any, list[Moment]]:
    """The run, its procedure, and its facts after this one with their values. Raises RunNotFound."""
    run = await flows.runs.show_run(conn, run_id)
    procedure = await flows.definitions.read_definition(conn, run.definition_id)
    see = flows.views.sight(visitor.actor, procedure)
    how: dict[str, Any] = {"zone": formats.zone, "now": now, "language": str(formats.locale).replace("_", "-")}
    moments = []
    rows = await flows.runs.read_journal(conn, run_id, after=after, limit=limit)
    for row, fact in zip(rows, await flows.runs.facts_of(conn, run_id, rows), strict=True):
        words = flows.text_view.told(procedure, fact, **how)
        moments.append(
            Moment(row.seq, row.at, words, row.iteration, _as_json(flows.views.FactView.of(row, see).payload))
        )
    return run, procedure, moments


async def started_about(
    conn: Connection, runs: Sequence["flows.runs.Run"], visitor: Visitor
) -> Mapping[UUID, Sequence[str]]:
    """Whom each of these runs is about, as far as it was started with it, masked for who looks."""
    mask = mask_secrets if access.Scope.PERSONAL_READ in visitor.actor.scopes else mask_mapping
    about = {}
    for run_id, inputs in (await flows.runs.read_inputs(conn, [run.run_id for run in runs])).items():
        named = {name: value for name, value in inputs.items() if name in flows.runs.SUBJECT_NAMES}
        about[run_id] = [shown(value) for value in mask(named).values() if value is not None]
    return about


def _declared_first(values: Mapping[str, Any], declared: Sequence[Any]) -> dict[str, Any]:
    """In the order of the document; the database keeps none."""
    ordered = {field.name: values[field.name] for field in declared if field.name in values}
    return {**ordered, **values}


def shown_values(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: shown(value) for name, value in values.items()}


def shown(value: Any) -> str:
    """A value as text: what is text as it is, all else as JSON; very long ones in part."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[:VALUE_CHARACTERS_MAX] + "…"


def _as_json(payload: Mapping[str, Any]) -> str:
    return shown(orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode())
