"""Runs moved to another stored version of their procedure, where every fact of theirs still fits (`fitting`)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import orjson

from opsdesk import access
from opsdesk.flows.definitions import Definition, find_named_version, read_definition
from opsdesk.flows.engine import Sleep, decide, next_wake, status
from opsdesk.flows.errors import (
    ProcedureNotFound,
    RunDoesNotFit,
    RunFinished,
    RunHeld,
    RunNotFound,
    VersionIsTheSame,
)
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.fitting import Fit, Misfit, fit
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.program import part_of_run
from opsdesk.flows.runs import read_state
from opsdesk.flows.state import OPEN, State
from opsdesk.flows.subjects import subject_names, subjects_of
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
LOCK_RUN = _SQL["lock_run"]
WAITING_RUNS = _SQL["waiting_runs"]
COUNT_OPEN_RUNS = _SQL["count_open_runs"]
APPEND_MIGRATION = _SQL["append_migration"]
MOVE_RUN = _SQL["move_run"]
INSERT_SUBJECTS = _SQL["insert_subjects"]
NOTIFY = _SQL["notify"]

BATCH_MAX = 100
"""Runs that are looked at in one transaction."""
MIGRATE_REFUSALS = (RunNotFound, RunFinished, ProcedureNotFound, VersionIsTheSame, RunHeld, RunDoesNotFit)
BATCH_REFUSALS = (ProcedureNotFound, VersionIsTheSame)
HELD = "a worker executes it now; once it waits again it can be moved"
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Migration:
    """What became of one run: it was moved, or could be, or why not."""

    run_id: UUID
    before: str
    after: str
    """Digests."""
    moved: bool
    misfits: tuple[Misfit, ...]

    @property
    def fits(self) -> bool:
        return not self.misfits


@dataclass(frozen=True, slots=True)
class Batch:
    """Some runs of a version; `last` is where the next batch goes on, None when there are no more."""

    before: str
    after: str
    items: tuple[Migration, ...]
    last: UUID | None

    @property
    def moved(self) -> int:
        return sum(each.moved for each in self.items)

    @property
    def fitting(self) -> int:
        return sum(each.fits for each in self.items)


@dataclass(frozen=True, slots=True)
class _Locked:
    run_id: UUID
    definition_id: int
    procedure_id: str
    status: str
    held: bool


@dataclass(frozen=True, slots=True)
class _Looked:
    told: Migration
    definition_id: int
    new: Procedure
    fits: Fit
    facts: Sequence[Fact]


async def check(conn: Connection, *, run_id: UUID, to: str) -> Migration:
    """Whether the run fits a version (its digest, the beginning of it, or what the version calls itself).

    Nothing is changed; the run is locked until the transaction ends. Raises RunNotFound, RunFinished,
    ProcedureNotFound, VersionIsTheSame.
    """
    locked = await _lock(conn, run_id)
    target = await find_named_version(conn, locked.procedure_id, to)
    return (await _looked_at(conn, locked, target)).told


async def migrate(
    conn: Connection, *, run_id: UUID, to: str, reason: str, actor: access.Actor, now: datetime
) -> Migration:
    """Pin the run to this version from now on; open tickets and what came in for it stay as they are.

    Raises what MIGRATE_REFUSALS lists; then nothing has changed.
    """
    locked = await _lock(conn, run_id)
    target = await find_named_version(conn, locked.procedure_id, to)
    if locked.held:
        raise RunHeld(run_id)
    looked = await _looked_at(conn, locked, target)
    if looked.told.misfits:
        raise RunDoesNotFit(run_id, target.digest, [_as_detail(each) for each in looked.told.misfits])
    return await _move(conn, looked, reason=reason, actor=actor, now=now)


async def migrate_waiting(
    conn: Connection,
    *,
    procedure_id: str,
    before: str,
    to: str,
    reason: str,
    actor: access.Actor | None,
    now: datetime,
    after: UUID | None = None,
    limit: int = BATCH_MAX,
) -> Batch:
    """Move the open runs of one version that fit, BATCH_MAX at most at once; those that do not are told and stay.

    Without an actor they are looked at only. Raises what BATCH_REFUSALS lists.
    """
    source = await find_named_version(conn, procedure_id, before)
    target = await find_named_version(conn, procedure_id, to)
    if source.definition_id == target.definition_id:
        raise VersionIsTheSame(procedure_id, target.digest)
    size = min(limit, BATCH_MAX)
    values = {"definition_id": source.definition_id, "after": after or _NOBODY, "limit": size + 1}
    run_ids = [run_id for (run_id,) in await (await conn.execute(WAITING_RUNS, values)).fetchall()]
    items = []
    for run_id in run_ids[:size]:
        locked = await _lock_again(conn, run_id, source)
        if locked is None:
            continue
        looked = await _looked_at(conn, locked, target)
        if looked.told.fits and locked.held:
            items.append(replace(looked.told, misfits=(Misfit(HELD),)))
        elif looked.told.fits and actor is not None:
            items.append(await _move(conn, looked, reason=reason, actor=actor, now=now))
        else:
            items.append(looked.told)
    last = run_ids[size - 1] if len(run_ids) > size else None
    return Batch(source.digest, target.digest, tuple(items), last)


async def open_runs_of_versions(conn: Connection, procedure_id: str) -> dict[int, int]:
    """How many runs are open, by definition id; versions without any are left out."""
    return dict(await (await conn.execute(COUNT_OPEN_RUNS, {"procedure_id": procedure_id})).fetchall())


async def _lock(conn: Connection, run_id: UUID) -> _Locked:
    row = await (await conn.execute(LOCK_RUN, {"run_id": run_id})).fetchone()
    if row is None:
        raise RunNotFound(run_id)
    locked = _Locked(*row)
    if locked.status not in OPEN:
        raise RunFinished(run_id, locked.status)
    return locked


async def _lock_again(conn: Connection, run_id: UUID, source: Definition) -> _Locked | None:
    """None: it has ended, or was moved by another, since it was listed."""
    try:
        locked = await _lock(conn, run_id)
    except RunFinished:
        return None
    return locked if locked.definition_id == source.definition_id else None


async def _looked_at(conn: Connection, locked: _Locked, target: Definition) -> _Looked:
    """In a thread: a long journal takes longer than other requests should wait."""
    if locked.definition_id == target.definition_id:
        raise VersionIsTheSame(locked.procedure_id, target.digest)
    old, state, facts = await read_state(conn, locked.run_id)
    new = await read_definition(conn, target.definition_id)
    if (part := facts[0].payload.get("part")) is not None and part["node"] not in new.nodes:
        found = Fit((Misfit(f"{part['node']} is not there any more", node=part["node"]),), {})
    else:
        new = part_of_run(new, facts[0])
        found = await asyncio.to_thread(fit, old, new, facts, state)
    told = Migration(locked.run_id, old.digest, target.digest, False, found.misfits)
    return _Looked(told, target.definition_id, new, found, facts)


async def _move(conn: Connection, looked: _Looked, *, reason: str, actor: access.Actor, now: datetime) -> Migration:
    told, fits = looked.told, looked.fits
    assert fits.state is not None, "only what fits is moved"
    edges = {str(index): number for index, number in fits.edges.items()}
    payload = {"from": told.before, "to": told.after, "actor": actor.id, "reason": reason, "edges": edges}
    values = {"run_id": told.run_id, "definition_id": looked.definition_id, "now": now}
    values |= {"seq": len(looked.facts) + 1, "fact": FactKind.RUN_MIGRATED.value}
    await conn.execute(APPEND_MIGRATION, values | {"payload": orjson.dumps(payload).decode()})
    await conn.execute(MOVE_RUN, values | _wake(looked.new, fits.state, now))
    # By what the new version says that runs are found.
    if subjects := subjects_of(subject_names(looked.new), looked.facts):
        await conn.execute(INSERT_SUBJECTS, {"run_id": told.run_id, "subjects": subjects})
    await access.audit.record(
        conn,
        actor=actor,
        action="run.migrate",
        object_kind="run",
        object_id=str(told.run_id),
        before={"digest": told.before},
        after={"digest": told.after},
        reason=reason,
        now=now,
    )
    await conn.execute(NOTIFY, {"run_id": str(told.run_id)})
    return replace(told, moved=True)


def _wake(new: Procedure, state: State, now: datetime) -> dict[str, object]:
    """The header as the new version has it; a worker looks at once where there is something to do."""
    commands = decide(new, state, now)
    if all(isinstance(command, Sleep) for command in commands):
        wake_at, name = next_wake(commands)
    else:
        wake_at, name = now, "worker: moved to another version"
    return {"status": status(state).value, "wake_at": wake_at, "wake_name": name}


def _as_detail(misfit: Misfit) -> dict[str, object]:
    return {"fact": misfit.fact, "node": misfit.node, "edge": misfit.edge, "why": misfit.why}
