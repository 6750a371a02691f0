"""The live picture of a run: what it shows at which width, and how it ends."""

from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from opsdesk.app.live_view import picture
from opsdesk.flows.views import NodeStateView, RunDetail, WaitView
from tests.conftest import MONDAY_TEN_IN_SHANGHAI as START

NOW = START + timedelta(seconds=90)
WIDTH = 80


def node(name: str, phase: str, **more: object) -> NodeStateView:
    facts: dict[str, object] = {
        "id": name,
        "name": "核验身份 / Prove the identity of the customer",
        "type": "api",
        "phase": phase,
        "iteration": 1,
        "attempt": 1,
        "released_at": None if phase in ("pending", "skipped") else START,
        "ended_at": START + timedelta(seconds=2) if phase == "done" else None,
        "retry_at": None,
        "wait": None,
        "error": None,
        "skipped_because": None,
        "undoes": None,
        "outputs": {},
    }
    return NodeStateView.model_validate(facts | more)


def detail(*nodes: NodeStateView, status: str = "running", **more: object) -> RunDetail:
    facts: dict[str, object] = {
        "id": "01a1fc4b-2851-75ee-8e03-9e2a1377084e",
        "procedure": "onboarding",
        "digest": "d",
        "status": status,
        "started_by": "cli:operator",
        "started_at": START,
        "ended_at": None,
        "wake": None,
        "outcome": None,
        "inputs": {},
        "deadline_at": None,
        "set_aside": None,
        "pause": None,
        "undoing": None,
        "parent": None,
        "nodes": [each.model_dump() for each in nodes],
    }
    return RunDetail.model_validate(facts | more)


def drawn(run: RunDetail, *, rows_max: int = 100) -> list[str]:
    console = Console(file=StringIO(), width=WIDTH, force_terminal=True, color_system=None)
    console.print(picture(run, name="客户开户 / Customer onboarding", now=NOW, rows_max=rows_max))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def waiting(**more: object) -> WaitView:
    none = dict.fromkeys(("ticket", "until", "resend_at", "outage", "since"))
    return WaitView.model_validate(none | {"reason": "person", "role": "officer", "stands": False} | more)


def test_each_step_is_one_line_with_its_mark_type_and_time() -> None:
    lines = drawn(
        detail(node("register", "done"), node("kyc", "active"), node("later", "pending"), node("no", "skipped"))
    )
    assert lines[0].startswith("客户开户 / Customer onboarding")
    assert lines[0].rstrip().endswith("run 9e2a1377084e")
    assert [line.split()[0] for line in lines[1:5]] == ["✓", "▶", "·", "»"]
    assert lines[1].rstrip().endswith("api         2.0 s")
    assert lines[2].rstrip().endswith("1 min 30 s")
    assert lines[-1].strip() == "▶ running · 1 min 30 s"


def test_no_line_is_wider_than_the_terminal_with_chinese_names() -> None:
    from rich.cells import cell_len

    run = detail(node("tell_address_not_verified_at_all", "done"), node("kyc", "active"))
    assert max(cell_len(line.rstrip()) for line in drawn(run)) <= WIDTH


@pytest.mark.parametrize(
    ("wait", "says"),
    [
        (waiting(until=NOW + timedelta(hours=23)), "waits for officer · 23 h left"),
        (waiting(ticket="01a1fc4b-288c-772b-a8a0-f0d068e1090e"), "waits for officer, ticket f0d068e1090e"),
        (waiting(role=None), "waits for a person"),
        (waiting(reason="partner", until=NOW + timedelta(seconds=30)), "waits for the partner's answer · 30 s left"),
        (waiting(reason="rate_limit"), "waits for its turn"),
        (
            waiting(reason="outage", outage="https://a.test:443", since=NOW - timedelta(days=30)),
            "waits: https://a.test:443 does not answer · since 2025-12-06 02:01",
        ),
    ],
)
def test_what_is_waited_for_stands_below_the_step(wait: WaitView, says: str) -> None:
    lines = drawn(detail(node("review", "waiting", wait=wait), status="waiting"))
    assert lines[2].strip() == says


def test_a_wait_whose_time_is_up_is_called_overdue() -> None:
    wait = waiting(until=NOW - timedelta(seconds=1))
    assert "overdue since " in drawn(detail(node("review", "waiting", wait=wait), status="waiting"))[2]


def test_an_error_stands_below_the_step_in_words_with_the_next_attempt() -> None:
    error = {"code": "Answered503", "message": "kyc.test answered 503"}
    retrying = node("kyc", "retrying", error=error, attempt=2, retry_at=NOW + timedelta(seconds=8))
    lines = drawn(detail(retrying))
    assert lines[2].strip() == "Answered503: kyc.test answered 503 · attempt 2 in 8.0 s"
    lines = drawn(detail(node("kyc", "blocked", error=error), status="blocked"))
    assert lines[2].strip() == "Answered503: kyc.test answered 503"
    assert lines[-1].strip() == "! blocked, an operator has to retry or cancel · 1 min 30 s"


@pytest.mark.parametrize(
    ("status", "outcome", "says"),
    [
        ("completed", {"node": "last", "reason": "ended at last"}, "✓ completed · 1.0 s"),
        ("stopped", {"node": "kyc", "reason": "no edge fits"}, "✗ stopped at kyc: no edge fits · 1.0 s"),
        ("timed_out", {"node": None, "reason": "its time is up"}, "✗ timed out: its time is up · 1.0 s"),
        ("cancelled", {"node": None, "reason": ""}, "✗ cancelled · 1.0 s"),
    ],
)
def test_the_outcome_stands_at_the_end(status: str, outcome: dict[str, object], says: str) -> None:
    run = detail(node("a", "done"), status=status, outcome=outcome, ended_at=START + timedelta(seconds=1))
    assert drawn(run)[-1].strip() == says


def test_a_run_that_is_being_undone_says_how_far_it_is_and_how_it_ends_then() -> None:
    undoing = {"outcome": "timed_out", "node": None, "reason": "its time is up", "actor": None, "at": START}
    run = detail(node("a", "done"), status="compensating", undoing={**undoing, "undone": 1, "left": 2})
    assert drawn(run)[-1].strip() == "↶ being undone: 1 of 3; then timed out: its time is up · 1 min 30 s"


def test_where_there_is_little_room_the_quiet_steps_are_left_out_first() -> None:
    nodes = [*(node(f"done{number}", "done") for number in range(9)), node("now", "active"), node("later", "pending")]
    lines = drawn(detail(*nodes), rows_max=4)
    assert [line.split()[1] for line in lines[1:5]] == ["done0", "done1", "done2", "now"]
    assert lines[5].strip() == "and 7 more steps"


def test_everything_fits_where_there_is_just_room_enough() -> None:
    nodes = [node(f"done{number}", "done") for number in range(4)]
    assert "more step" not in "\n".join(drawn(detail(*nodes), rows_max=4))
    assert "and 1 more step" in "\n".join(line.rstrip() for line in drawn(detail(*nodes), rows_max=3))
