"""Lists of runs: filters, orders, counts, pages."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from opsdesk.flows import arrivals
from opsdesk.flows.calls import Wait
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.run_list import RunFilter, RunOrder, WaitsFor, count_runs, list_runs
from opsdesk.flows.runs import Run
from opsdesk.flows.state import RunStatus
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.ids import new_id
from opsdesk.kit.paging import BadCursor
from tests.actors import actor
from tests.conftest import MONDAY_TEN_IN_SHANGHAI as NOW
from tests.flows.workers import CHAIN, World, ended, let_go, start, until, working

INSERT = b"""
insert into flow_run (run_id, definition_id, procedure_id, status, actor, started_at, ended_at, owner, wake_at,
    wake_name, outcome_node, outcome_reason)
select %(run_id)s, max(definition_id), %(procedure_id)s, %(status)s, 'tester', %(started_at)s, %(ended_at)s, null,
    %(wake_at)s, %(wake_name)s, %(outcome_node)s, %(outcome_reason)s
from flow_definition where procedure_id = %(procedure_id)s
"""


class Runs:
    """Headers of runs as they stand after days of work, made by hand."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.names: dict[Any, str] = {}

    async def add(self, name: str, status: str, *, hours: float, procedure: str = "test", **more: Any) -> None:
        over = status in ("completed", "stopped", "cancelled", "timed_out")
        values: Mapping[str, Any] = {
            "run_id": new_id(),
            "procedure_id": procedure,
            "status": status,
            "started_at": NOW - timedelta(hours=hours),
            "ended_at": NOW if over else None,
            "wake_at": None,
            "wake_name": None if over else "person: officer (review)",
            "outcome_node": None,
            "outcome_reason": None,
        }
        self.names[values["run_id"]] = name
        await self.conn.execute(INSERT, {**values, **more})

    async def listed(self, order: RunOrder = RunOrder.NEWEST, **only: Any) -> list[str]:
        return [
            self.name(run) for run in (await list_runs(self.conn, only=RunFilter(**only), order=order, now=NOW)).items
        ]

    def name(self, run: Run) -> str:
        return self.names[run.run_id]


@pytest.fixture
async def runs(conn: Connection) -> Runs:
    runs = Runs(conn)
    for text in (CHAIN, CHAIN.replace("id: test", "id: other")):
        await store_procedure(conn, text=text, file_name="a.osop.yaml", actor=actor(), now=NOW)
    await runs.add("reviewed", "waiting", hours=4, wake_at=NOW + timedelta(hours=2))
    await runs.add(
        "sent", "waiting", hours=3, wake_name="event: partner's answer (a)", wake_at=NOW + timedelta(hours=1)
    )
    await runs.add("late", "waiting", hours=2, wake_name="timer: attempt 2 of a", wake_at=NOW - timedelta(hours=1))
    await runs.add("broken", "blocked", hours=1, wake_name="operator: incident at a", procedure="other")
    await runs.add("rejected", "stopped", hours=5, outcome_node="review", outcome_reason="No condition held")
    await runs.add("done", "completed", hours=6, outcome_node="b", outcome_reason="ended at b", procedure="other")
    return runs


@pytest.mark.req("FLO-405")
@pytest.mark.parametrize(
    ("only", "found"),
    [
        ({}, ["broken", "late", "sent", "reviewed", "rejected", "done"]),
        ({"procedure_id": "other"}, ["broken", "done"]),
        ({"statuses": [RunStatus.BLOCKED, RunStatus.STOPPED]}, ["broken", "rejected"]),
        ({"statuses": [RunStatus.COMPLETED], "procedure_id": "test"}, []),
        ({"waiting_for": WaitsFor.PERSON}, ["reviewed"]),
        ({"waiting_for": WaitsFor.PARTNER}, ["sent"]),
        ({"waiting_for": WaitsFor.OPERATOR}, ["broken"]),
        ({"overdue": True}, ["late"]),
        ({"outcome_node": "review"}, ["rejected"]),
        ({"outcome_reason": "no condition"}, ["rejected"]),
        ({"started_from": NOW - timedelta(hours=3), "started_to": NOW - timedelta(hours=1)}, ["late", "sent"]),
        ({"subject": "nobody"}, []),
        ({"subject": " "}, []),
    ],
)
async def test_each_filter_lets_through_what_it_says(runs: Runs, only: dict[str, Any], found: list[str]) -> None:
    assert await runs.listed(**only) == found
    counts = await count_runs(runs.conn, only=RunFilter(**only), now=NOW)
    assert sum(counts[status] for status in only.get("statuses") or RunStatus) == len(found)


@pytest.mark.req("FLO-405")
async def test_runs_are_ordered_by_age_or_by_what_wakes_next(runs: Runs) -> None:
    assert await runs.listed(RunOrder.OLDEST) == ["done", "rejected", "reviewed", "sent", "late", "broken"]
    assert await runs.listed(RunOrder.NEXT_WAKE) == ["late", "sent", "reviewed"]


@pytest.mark.req("FLO-405")
@pytest.mark.parametrize("order", list(RunOrder))
async def test_pages_neither_skip_nor_repeat_a_run(runs: Runs, order: RunOrder) -> None:
    for number in range(7):
        # At one moment, so that only the identifier orders them.
        await runs.add(f"same-{number}", "waiting", hours=2, wake_at=NOW + timedelta(hours=1))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await list_runs(runs.conn, order=order, now=NOW, limit=3, cursor=cursor)
        seen += map(runs.name, page.items)
        cursor = page.next
        if cursor is None:
            break
    assert seen == await runs.listed(order)
    assert len(set(seen)) == len(seen)


async def test_a_cursor_of_another_shape_is_refused(conn: Connection) -> None:
    with pytest.raises(BadCursor):
        await list_runs(conn, cursor="WzFd")


@pytest.mark.req("FLO-405")
async def test_a_run_is_found_by_its_inputs_and_by_what_came_out_of_it(db: Database, clock: ManualClock) -> None:
    text = CHAIN.replace("outputs: [x]", "outputs: [x, customer_id]") + "x-subject: [policy]\n"
    async with working(db, World({"first": lambda _: Wait()}), clock) as runtime:
        run_id = await start(db, clock, text, {"email": "Customer@Example.com", "policy": "P-7", "note": "n-1"})
        run = await until(db, run_id, let_go)
        async with db.transaction() as conn:
            answer = {"x": 1, "customer_id": "c-4711"}
            await arrivals.signal(conn, run_id=run_id, node="first", answer=answer, actor=actor(), now=clock.now())
        await ended(db, run_id)
        begun = await runtime.begin(
            run_id=new_id(), definition_id=run.definition_id, inputs={"email": "other@example.com"}, actor="tester"
        )
        begun.cancel()
    async with db.connection() as conn:
        for value in ("customer@example.com", "p-7", "C-4711"):
            assert [each.run_id for each in (await list_runs(conn, only=RunFilter(subject=value))).items] == [run_id]
        for value in ("n-1", "customer@example", "c-471"):
            assert (await list_runs(conn, only=RunFilter(subject=value))).items == []
        assert len((await list_runs(conn, only=RunFilter(subject="other@example.com"))).items) == 1
        assert (await count_runs(conn, only=RunFilter(subject="P-7")))[RunStatus.COMPLETED] == 1
