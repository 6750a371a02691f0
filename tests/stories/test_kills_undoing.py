"""Workers that are killed with SIGKILL while a run is being undone."""

from pathlib import Path

import pytest

from tests.stories.installation import installation
from tests.stories.test_kills import held_at, someone_waits

UNDONE = """
osop_version: "2.0"
id: undone
name: Undone
inputs: [name, email, phone]
nodes:
  - {id: a, type: cli, name: A, runtime: {command: [echo, '{"x": "one"}']}, outputs: [x], x-compensate: undo}
  - {id: b, type: cli, name: B, runtime: {command: [echo, '{"x": "two"}']}, outputs: [x], x-compensate: undo}
  - {id: c, type: cli, name: C, runtime: {command: [echo, '{"ok": false}']}, outputs: [{name: ok, type: boolean}]}
  - {id: d, type: cli, name: D, runtime: {command: [echo, '{}']}}
  - {id: undo, type: cli, name: Undo, runtime: {command: [echo, '{"was": "${x}"}']}, outputs: [was]}
edges:
  - {from: a, to: b}
  - {from: b, to: c}
  - {from: c, to: d, when: ok}
"""


@pytest.mark.req("FLO-311", "FLO-315")
@pytest.mark.parametrize("committed", [False, True], ids=["before-its-commit", "after-its-commit"])
@pytest.mark.parametrize("seq", [4, 5, 6, 7])
async def test_a_worker_killed_at_any_fact_of_an_undoing_undoes_everything_once_and_in_order(
    tmp_path: Path, database_url: str, seq: int, *, committed: bool
) -> None:
    async with installation(tmp_path, database_url, works=False) as story:
        procedure = await story.add(UNDONE)
        async with held_at(database_url, seq) as conn:
            worker = await story.work()
            run_id = await story.start(procedure, "Customer Clear")
            backend = await someone_waits(conn)
            await story.kill(worker)
            if not committed:
                await conn.execute(b"select pg_terminate_backend(%s)", (backend,))
        await story.work()
        assert (await story.ended(run_id)).status == "stopped"
        facts = [fact for fact in await story.facts(run_id) if fact.fact != "lease_lost"]
        assert [(fact.fact, fact.node, fact.iteration) for fact in facts[3:]] == [
            ("node_ended", "c", 1),
            ("undo_begun", "", 1),
            ("node_ended", "undo", 1),
            ("node_ended", "undo", 2),
            ("run_ended", "", 1),
        ]
        undone = [(fact.payload["undoes"], fact.payload["outputs"]) for fact in facts if fact.node == "undo"]
        assert undone == [
            ({"node": "b", "iteration": 1}, {"was": "two"}),
            ({"node": "a", "iteration": 1}, {"was": "one"}),
        ]
