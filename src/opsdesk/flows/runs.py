"""Runs as everybody else sees them: started, listed, read, and acted upon from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import class_row

from opsdesk import access
from opsdesk.flows.definitions import latest_definition, read_definition
from opsdesk.flows.engine import fold
from opsdesk.flows.errors import InputsInvalid, KeyReused, RunNotFound
from opsdesk.flows.facts import Fact, FactKind, start_payload
from opsdesk.flows.nodes.schemas import schema_problem
from opsdesk.flows.nodes.storable import storage_problem
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.program import part_of_run
from opsdesk.flows.renumbering import renumbered
from opsdesk.flows.state import OPEN, State
from opsdesk.flows.subjects import NAMES, subject_names, subjects_of
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
INSERT_RUN = _SQL["insert_run"]
INSERT_START = _SQL["insert_start"]
INSERT_SUBJECTS = _SQL["insert_subjects"]
FIND_START = _SQL["find_start"]
NOTIFY = _SQL["notify"]
SHOW_RUN = _SQL["show_run"]
FIND_RUNS = _SQL["find_runs"]
RUN_VERSION = _SQL["run_version"]
FIRST_FACTS = _SQL["first_facts"]
HAS_ARRIVALS = _SQL["has_arrivals"]
MIGRATIONS_AFTER = _SQL["migrations_after"]
READ_JOURNAL = _SQL["read_journal"]
STALLED_RUNS = _SQL["stalled_runs"]
COUNT_OPEN_RUNS = _SQL["count_open_runs"]
WORKERS_AND_DUE = _SQL["workers_and_due"]

SUBJECT_NAMES = NAMES
"""The names of inputs that say whom a run is about, in every procedure."""
INPUT_BYTES_MAX = 262_144
STRANGE_SHOWN = 20
"""Names that the procedure does not know and that are told one by one."""
NAME_SHOWN = 80
"""Characters."""
JOURNAL_ROWS_MAX = 1000
STALL_GRACE_S = 60.0
"""How long a wake-up may be overdue, or a dead worker's run lie, before it counts as stalled."""
STALLED_ROWS_MAX = 1000
FOUND_RUNS_MAX = 10


@dataclass(frozen=True, slots=True)
class Run:
    """The header of a run. `owned`: a worker holds it now. `wake_name` says what wakes it; of a run that is owned it
    may be of before, or None.
    """

    run_id: UUID
    procedure_id: str
    digest: str
    status: str
    actor: str
    started_at: datetime
    ended_at: datetime | None
    wake_at: datetime | None
    wake_name: str | None
    owned: bool
    outcome_node: str | None
    outcome_reason: str | None
    definition_id: int
    parent_id: UUID | None = None
    """The run that started it, as far as lists tell it."""


@dataclass(frozen=True, slots=True)
class JournalRow:
    seq: int
    fact: str
    at: datetime
    node: str
    iteration: int
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StalledRun:
    """An open run that nothing will wake, and why."""

    run_id: UUID
    procedure_id: str
    status: str
    wake_at: datetime | None
    wake_name: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Census:
    """The open runs by status, how long the most overdue wake-up waits (0: none is), and how many workers live."""

    open_runs: Mapping[str, int]
    oldest_due_s: float
    workers: int


def content_digest(content: Any) -> str:
    """SHA-256 of the content as JSON with sorted keys: equal for equal content."""
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def complete_inputs(procedure: Procedure, given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with the defaults of those that were left out.

    Raises InputsInvalid with every problem; the messages name inputs, never values.
    """
    defaults = {field.name: field.schema["default"] for field in procedure.inputs if "default" in field.schema}
    inputs = {**defaults, **given}
    problems = []
    for field in procedure.inputs:
        if field.name not in inputs:
            if field.required:
                problems.append(f"{field.name} is missing")
        elif field.schema and (problem := schema_problem(field.schema, inputs[field.name])):
            problems.append(f"{field.name}{problem}")
    known = {field.name for field in procedure.inputs}
    if known:
        strange = [name for name in inputs if name not in known]
        problems += [f"{name[:NAME_SHOWN]} is not an input of {procedure.id}" for name in strange[:STRANGE_SHOWN]]
        if len(strange) > STRANGE_SHOWN:
            problems.append(f"{len(strange) - STRANGE_SHOWN} more names are no inputs of {procedure.id}")
    problems += [f"{name}{problem}" for name, value in inputs.items() if (problem := storage_problem({name: value}))]
    if not problems and len(orjson.dumps(inputs)) > INPUT_BYTES_MAX:
        problems.append(f"the inputs have more than {INPUT_BYTES_MAX} bytes")
    if problems:
        raise InputsInvalid(procedure.id, problems)
    return inputs


async def start_run(
    conn: Connection,
    *,
    procedure_id: str,
    inputs: Mapping[str, Any],
    actor: access.Actor,
    now: datetime,
    key: str | None = None,
    definition_id: int | None = None,
) -> tuple[Run, bool]:
    """Start a run of the newest version, or of the one named; a worker executes it. True with it: it is new.

    The same `key` with the same procedure and inputs gives the first run again. Raises ProcedureNotFound,
    InputsInvalid, KeyReused.
    """
    if definition_id is None:
        definition_id, procedure = await latest_definition(conn, procedure_id)
    else:
        procedure = await read_definition(conn, definition_id)
    completed = complete_inputs(procedure, inputs)
    run_id = new_id()
    values = {
        "run_id": run_id,
        "definition_id": definition_id,
        "procedure_id": procedure_id,
        "actor": actor.id,
        "start_key": key,
        "start_digest": content_digest([procedure_id, inputs]) if key is not None else None,
        "now": now,
        "payload": orjson.dumps(start_payload(completed, actor.id)).decode(),
    }
    if await (await conn.execute(INSERT_RUN, values)).fetchone() is None:
        return await _first_start(conn, values), False
    await conn.execute(INSERT_START, values)
    started = Fact(FactKind.RUN_STARTED, now, payload={"inputs": completed})
    if subjects := subjects_of(subject_names(procedure), [started]):
        await conn.execute(INSERT_SUBJECTS, {"run_id": run_id, "subjects": subjects})
    await access.audit.record(
        conn,
        actor=actor,
        action="run.start",
        object_kind="run",
        object_id=str(run_id),
        after={"procedure": procedure_id, "digest": procedure.digest, "inputs": completed},
        now=now,
    )
    await conn.execute(NOTIFY, {"run_id": str(run_id)})
    return await show_run(conn, run_id), True


async def _first_start(conn: Connection, values: Mapping[str, Any]) -> Run:
    row = await (await conn.execute(FIND_START, values)).fetchone()
    assert row is not None, "the insert did nothing because this row is there"
    if row[1] != values["start_digest"]:
        raise KeyReused(values["start_key"])
    return await show_run(conn, row[0])


async def show_run(conn: Connection, run_id: UUID) -> Run:
    """Raises RunNotFound."""
    async with conn.cursor(row_factory=class_row(Run)) as rows:
        run = await (await rows.execute(SHOW_RUN, {"run_id": run_id})).fetchone()
    if run is None:
        raise RunNotFound(run_id)
    return run


async def run_version(conn: Connection, run_id: UUID) -> str:
    """Another text whenever anything about the run has changed; asked for by primary keys alone. Raises RunNotFound."""
    row = await (await conn.execute(RUN_VERSION, {"run_id": run_id})).fetchone()
    if row is None:
        raise RunNotFound(run_id)
    return content_digest([str(part) for part in row])[:16]


async def read_inputs(conn: Connection, run_ids: Sequence[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """What these runs were started with. Raw values: mask them before anybody sees them."""
    rows = await (await conn.execute(FIRST_FACTS, {"run_ids": list(run_ids)})).fetchall()
    return {run_id: payload["inputs"] for run_id, payload in rows}


async def has_arrivals(conn: Connection, run_id: UUID) -> bool:
    """Whether something came in for the run that nobody has taken in yet: it will go on, whatever its header says."""
    row = await (await conn.execute(HAS_ARRIVALS, {"run_id": run_id})).fetchone()
    return row is not None and bool(row[0])


async def find_runs(conn: Connection, part: str) -> list[UUID]:
    """The newest runs whose identifier begins or ends with these hexadecimal digits, FOUND_RUNS_MAX at most."""
    values = {"part": part.replace("-", "").lower(), "limit": FOUND_RUNS_MAX}
    return [run_id for (run_id,) in await (await conn.execute(FIND_RUNS, values)).fetchall()]


async def read_journal(
    conn: Connection, run_id: UUID, *, after: int = 0, limit: int = JOURNAL_ROWS_MAX
) -> list[JournalRow]:
    """The facts of a run in order. Raw values: mask them before anybody sees them. Raises RunNotFound."""
    async with conn.cursor(row_factory=class_row(JournalRow)) as rows:
        values = {"run_id": run_id, "after": after, "limit": min(limit, JOURNAL_ROWS_MAX)}
        found = await (await rows.execute(READ_JOURNAL, values)).fetchall()
    if not found:
        await show_run(conn, run_id)
    return found


async def read_state(conn: Connection, run_id: UUID) -> tuple[Procedure, State, list[Fact]]:
    """The procedure that the run is pinned to, its state now, and its facts in the words of that version.

    Raises RunNotFound.
    """
    run = await show_run(conn, run_id)
    procedure = await read_definition(conn, run.definition_id)
    facts: list[Fact] = []
    while rows := await read_journal(conn, run_id, after=len(facts)):
        facts += map(fact_of, rows)
    procedure = part_of_run(procedure, facts[0])
    facts = list(renumbered(facts))
    return procedure, fold(procedure, facts, run_id=str(run_id)), facts


async def facts_of(conn: Connection, run_id: UUID, rows: Sequence[JournalRow]) -> list[Fact]:
    """Rows of its journal as facts in the words of the version that the run is pinned to now."""
    values = {"run_id": run_id, "after": rows[-1].seq if rows else 0}
    async with conn.cursor(row_factory=class_row(JournalRow)) as found:
        later = await (await found.execute(MIGRATIONS_AFTER, values)).fetchall()
    return list(renumbered(fact_of(row) for row in (*rows, *later)))[: len(rows)]


def fact_of(row: JournalRow) -> Fact:
    return Fact(FactKind(row.fact), row.at, row.node, row.iteration, row.payload)


async def stalled_runs(conn: Connection, *, now: datetime) -> list[StalledRun]:
    """Every open run that nothing will wake; none, or something is wrong with Opsdesk."""
    values = {"overdue": now - timedelta(seconds=STALL_GRACE_S), "grace_s": STALL_GRACE_S, "limit": STALLED_ROWS_MAX}
    async with conn.cursor(row_factory=class_row(StalledRun)) as rows:
        return await (await rows.execute(STALLED_RUNS, values)).fetchall()


async def census(conn: Connection, *, now: datetime) -> Census:
    """The installation's work in numbers."""
    counted = dict(await (await conn.execute(COUNT_OPEN_RUNS)).fetchall())
    row = await (await conn.execute(WORKERS_AND_DUE, {"now": now})).fetchone()
    assert row is not None
    open_runs = {status.value: counted.get(status.value, 0) for status in OPEN}
    return Census(open_runs, max((now - row[1]).total_seconds(), 0.0) if row[1] else 0.0, row[0])
