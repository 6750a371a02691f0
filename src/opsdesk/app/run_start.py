"""Starts a run from the command line, and executes it there for as long as somebody watches."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk import flows
from opsdesk.access import Actor
from opsdesk.app.chosen import short
from opsdesk.app.output import print_data, print_json, say
from opsdesk.app.run_sight import Seen
from opsdesk.app.watching import display, follow
from opsdesk.app.wiring import Opsdesk
from opsdesk.kit.db import Connection


async def begin(
    conn: Connection,
    *,
    procedure_id: str,
    inputs: Mapping[str, Any],
    key: str | None,
    actor: Actor,
    now: datetime,
    definition_id: int | None = None,
) -> "flows.runs.Run":
    """Start a run, and say so if it was started before. Raises what `start_run` raises."""
    run, new = await flows.runs.start_run(
        conn,
        procedure_id=procedure_id,
        definition_id=definition_id,
        inputs=inputs,
        actor=actor,
        now=now,
        key=None if key is None else f"{actor.id} {key}",
    )
    if not new:
        say(f"started before with this key: {run.run_id}")
    return run


def tell_started(run: "flows.runs.Run", *, as_json: bool) -> None:
    """The identifier of a run that a worker will execute."""
    if as_json:
        print_json(flows.views.RunView.of(run))
        return
    print_data(str(run.run_id))
    say(f"a worker executes it (opsdesk worker); follow it with: opsdesk run watch {short(run.run_id)}")


async def execute_here(opsdesk: Opsdesk, run_id: UUID, *, plain: bool, reader: Actor, as_json: bool) -> int:
    """Be a worker, beside any others, until the run rests; returns the exit code."""
    runtime = opsdesk.runtime()
    await runtime.start()
    try:
        on = display(plain=plain, as_json=as_json)
        seen = await follow(opsdesk, run_id, on=on, reader=reader, until=lambda seen: seen.resting)
    finally:
        await runtime.stop()
    return tell_end(seen, as_json=as_json)


def tell_end(seen: Seen, *, as_json: bool) -> int:
    """What is left to be said when somebody stops watching: how to go on. Returns the exit code."""
    if as_json:
        print_json(seen.detail)
    else:
        for line in next_steps(seen):
            say(line)
    return int(seen.went_wrong)


def next_steps(seen: Seen) -> list[str]:
    """The commands that move a resting run on; none for one that has ended."""
    if seen.ended:
        return []
    steps = []
    run = short(seen.detail.id)
    if seen.detail.pause:
        steps.append(f"Next: opsdesk run resume {run}")
    for node in seen.detail.nodes:
        if node.wait and node.wait.ticket:
            role = f" --role {node.wait.role}" if node.wait.role else ""
            ticket = short(node.wait.ticket)
            steps.append(f"Next: opsdesk ticket show {ticket}, then opsdesk ticket decide {ticket}{role} --as NAME")
        elif node.wait and node.wait.reason == "partner":
            steps.append(f"Next: opsdesk run watch {run} ({node.id} waits for the partner)")
        elif node.phase.value == "blocked":
            steps.append(f"Next: opsdesk run retry {run} --node {node.id}, or opsdesk run cancel {run} --reason …")
    if seen.detail.set_aside:
        steps.append(f"Next: opsdesk run retry {run}, or opsdesk run cancel {run} --reason …")
    return steps
