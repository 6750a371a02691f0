"""What a `system` node does: by workers and a database that are real, with time that the tests move."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from opsdesk.app.run_signals import signals
from opsdesk.flows import runs
from opsdesk.flows.calls import Done, Failed, NodeCall, Timer, Wait
from opsdesk.flows.document import load
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.nodes.system import system_node
from opsdesk.flows.ports import Ports
from opsdesk.flows.procedure import NodeType
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.flows.nodes.conftest import make_call, make_node, secrets
from tests.flows.workers import HEAD, World, ended, facts_of, let_go, start, until, working

PERSONAL = "zhang.wei@example.cn"
TIMER = f"""{HEAD}
inputs: [duration]
nodes:
  - {{id: wait, type: system, subtype: timer, purpose: p, runtime: {{duration: "${{inputs.duration}}"}}}}
  - {{id: after, type: api, purpose: p, runtime: {{url: "https://a.test"}}}}
edges:
  - {{from: wait, to: after}}
"""
SIGNAL = f"""{HEAD}
inputs: [other, answer]
nodes:
  - id: tell
    type: system
    purpose: p
    runtime: {{operation: signal, run: "${{other}}", node: only, answer: {{x: "${{answer}}"}}}}
    retry_policy: {{max_retries: 1, backoff_sec: 60}}
edges: []
"""
LISTENER = """
osop_version: "2.0"
id: test
name: Test
nodes:
  - {id: only, type: api, purpose: p, runtime: {url: "https://a.test"}, outputs: {x: {type: integer}}}
edges: []
"""


@dataclass
class Desk(World):
    """Workers that run `system` nodes beside those of a partner."""

    db: Database = field(kw_only=True)

    def ports(self, clock: ManualClock) -> Ports:
        ports = super().ports(clock)
        system = system_node(secrets, signals(self.db, clock))
        return replace(ports, nodes={**ports.nodes, NodeType.SYSTEM: system})


@pytest.mark.req("FLO-302")
async def test_a_timer_waits_without_a_worker_and_goes_on_at_its_time(db: Database, clock: ManualClock) -> None:
    desk = Desk(db=db)
    async with working(db, desk, clock):
        run_id = await start(db, clock, TIMER, {"duration": "2h"})
        run = await until(db, run_id, let_go)
        assert (run.status, run.wake_name) == ("waiting", "timer: wait")
        clock.advance(seconds=7199)
    async with working(db, desk, clock):
        assert desk.calls == []
        clock.advance(seconds=1)
        assert (await ended(db, run_id)).status == "completed"
    assert [fact for fact, node in await facts_of(db, run_id) if node == "wait"] == ["node_waiting", "node_ended"]


async def test_a_timer_may_name_its_moment_and_one_in_the_past_ends_at_once(db: Database, clock: ManualClock) -> None:
    text = TIMER.replace("duration: ", "until: ").replace("inputs.until", "inputs.duration")
    async with working(db, Desk(db=db), clock):
        run_id = await start(db, clock, text, {"duration": "2020-01-31T09:00:00+08:00"})
        assert (await ended(db, run_id)).status == "completed"


@pytest.mark.req("FLO-302")
async def test_a_signal_answers_a_node_of_another_run_once(db: Database, clock: ManualClock) -> None:
    desk = Desk(db=db, answers={"only": lambda _: Wait()})
    async with working(db, desk, clock):
        other = await start(db, clock, LISTENER)
        await until(db, other, let_go)
        run_id = await start(db, clock, SIGNAL, {"other": str(other), "answer": 7})
        assert (await ended(db, run_id)).status == "completed"
        assert (await ended(db, other)).status == "completed"
        call = make_call(make_node(NodeType.SYSTEM))
        again = replace(call, run_id=run_id, idempotency_key=f"{run_id}:tell:1")
        await signals(db, clock)(again, other, "only", {"x": 7})
    async with db.connection() as conn:
        journal = await runs.read_journal(conn, other)
    answered = [row.payload for row in journal if row.fact == "node_ended"]
    assert [(row["outputs"], row["actor"]) for row in answered] == [({"x": 7}, f"system:run:{run_id}")]


async def test_a_signal_that_comes_too_early_is_tried_again(db: Database, clock: ManualClock) -> None:
    desk = Desk(db=db, answers={"only": lambda _: Failed("PartnerFailing", "no", retryable=False)})
    async with working(db, desk, clock):
        other = await start(db, clock, LISTENER)
        await until(db, other, let_go)
        run_id = await start(db, clock, SIGNAL, {"other": str(other), "answer": 7})
        run = await until(db, run_id, let_go)
        assert run.wake_name == "timer: attempt 2 of tell"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("seven", "the other run does not take the answer: output x is not of type integer"),
        (7, "there is no run with this identifier"),
    ],
)
async def test_a_signal_that_nobody_takes_is_told_without_a_value(
    db: Database, clock: ManualClock, answer: Any, message: str
) -> None:
    desk = Desk(db=db, answers={"only": lambda _: Wait()})
    async with working(db, desk, clock):
        other = await start(db, clock, LISTENER)
        await until(db, other, let_go)
        target = other if isinstance(answer, str) else UUID(int=7)
        run_id = await start(db, clock, SIGNAL, {"other": str(target), "answer": answer})
        await until(db, run_id, let_go)
    async with db.connection() as conn:
        failed = next(row for row in await runs.read_journal(conn, run_id) if row.fact == "node_failed")
    assert (failed.payload["code"], failed.payload["message"]) == ("SignalRefused", message)


async def nobody(_: NodeCall, _run: UUID, _node: str, _answer: Mapping[str, Any]) -> None:
    raise AssertionError


Run = Callable[..., Any]


@pytest.fixture
def run() -> Run:
    async def run(scope: Mapping[str, Any] | None = None, **runtime: Any) -> Any:
        node = make_node(NodeType.SYSTEM, runtime=runtime)
        return await system_node(secrets, nobody)(make_call(node, **(scope or {})))

    return run


@pytest.mark.req("FLO-302", "FLO-009")
async def test_a_line_in_the_log_names_the_run_and_no_value_of_a_customer(run: Run) -> None:
    with capture_logs() as lines:
        outcome = await run(operation="log", message="attempt ${metadata.attempt}", level="warning")
        refused = await run({"email": PERSONAL}, operation="log", message="for ${email}")
    assert outcome == Done({})
    assert [(line["message"], line["log_level"], line["node"]) for line in lines] == [("attempt 1", "warning", "kyc")]
    message = "a log node whose message refers to anything but ${metadata.…} cannot be run"
    assert refused == Failed(Failure.BAD_NODE, message)


async def test_a_duration_comes_as_a_number_or_a_text(run: Run) -> None:
    assert await run(operation="timer", duration=90) == Timer(after_s=90)
    assert await run({"wait": "1h30m"}, operation="timer", duration="${wait}") == Timer(after_s=5400)


@pytest.mark.parametrize("value", ["soon", -1, "11000d", None, {"s": 1}])
async def test_a_value_that_is_no_duration_fails_the_node(run: Run, value: Any) -> None:
    outcome = await run({"wait": value}, operation="timer", duration="${wait}")
    assert outcome == Failed(Failure.BAD_NODE, "runtime.duration is no time of at most ten years")


@pytest.mark.parametrize("value", ["tomorrow", "2026-01-31", "2026-01-31T09:00:00", 7, "0001-01-01T00:00:00+14:00"])
async def test_a_value_that_is_no_moment_fails_the_node(run: Run, value: Any) -> None:
    outcome = await run({"at": value}, operation="timer", until="${at}")
    assert outcome.code == Failure.BAD_NODE


@pytest.mark.parametrize("operation", ["file", "network", "process", "cron", "sub-procedure"])
def test_operations_that_are_not_run_are_refused_by_name(operation: str) -> None:
    text = LISTENER.replace("type: api", "type: system").replace(
        'runtime: {url: "https://a.test"}', f"subtype: {operation}"
    )
    findings = load(text, name="a.yaml").findings
    assert [finding.message for finding in findings] == [
        f"nodes.only: a system node that does {operation} (known: log, signal, timer) cannot be run"
    ]
