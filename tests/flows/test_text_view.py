"""A procedure and a run as plain text."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from opsdesk.flows.engine import fold
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.text_view import describe, timeline
from tests.flows.pictured import (
    BEGIN,
    EMAIL,
    RUN,
    WHOLE_CONDITION,
    at,
    automatic,
    onboarding,
    run_ended,
    started,
    state_after,
    until_review,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def told(facts: list[Fact]) -> list[str]:
    return timeline(onboarding(), state_after(facts), facts, zone=SHANGHAI, now=at(3600)).splitlines()


def test_a_procedure_is_described_step_by_step_with_where_each_leads() -> None:
    text = describe(onboarding())
    assert text.startswith("客户入门 (onboarding 1.2)\n")
    assert "  1. register — API call\n     Accept the customer\n     ≤ 10 s\n" in text
    assert "     compliance_officer · 2 approvers · ≤ 1 d\n" in text
    assert f"     → compliance_review if {WHOLE_CONDITION}\n" in text


@pytest.mark.req("FLO-402")
def test_a_run_is_told_with_marks_durations_and_who_is_waited_for_in_the_viewers_zone() -> None:
    lines = told(until_review())
    assert lines[0] == f"客户入门 (onboarding 1.2) {RUN}"
    assert "  ✓ register           Done · 400 ms · 10:00" in lines
    assert "  … compliance_review  Waiting for compliance_officer · until 2026-01-06 10:00 · in 23 h" in lines
    assert "  · setup_account      Not reached yet" in lines


@pytest.mark.req("FLO-402")
def test_every_fact_of_the_run_is_told_in_its_order() -> None:
    lines = told(until_review())[-5:]
    assert [line.split("  ")[2].split(" · ")[0] for line in lines] == [
        "run started",
        "register: done",
        "kyc_identity: attempt failed",
        "kyc_identity: done",
        "compliance_review: Waiting for compliance_officer",
    ]
    assert lines[2].endswith(" · Answered503: the partner does not know w***@e***.com · attempt 2 at 10:00")


@pytest.mark.parametrize("kind", list(FactKind))
def test_every_kind_of_fact_can_be_told_in_both_languages(kind: FactKind) -> None:
    payload = {
        "reason": "person",
        "code": "Broken",
        "message": "broken",
        "attempt": 1,
        "retry_at": at(5).isoformat(),
        "outputs": {},
        "taken": [],
        "inputs": {},
        "actor": "ops",
        "outcome": "completed",
        "new_key": False,
        "expression": "x",
    }
    payload |= {"run": "r-1", "index": 0} if kind is FactKind.CHILD_ENDED else {}
    payload |= {"values": {}, "again": [], "finishing": [], "edges": {}, "from": "a", "to": "b", "canary": False}
    node = "register" if kind.value.startswith(("node", "attempt", "child")) else ""
    # Only what an outage has parked is released.
    parked = Fact(FactKind.NODE_WAITING, at(1), node, payload=payload | {"reason": "outage"})
    before = [parked] if kind is FactKind.NODE_RELEASED else []
    facts = [started(), *before, Fact(kind, at(1), node, payload=payload)]
    for language in ("en", "zh-CN"):
        assert len(timeline(onboarding(), state_after(facts), facts, language=language).splitlines()[-1]) > 25


def test_values_and_personal_text_never_appear() -> None:
    facts = [
        *until_review(),
        Fact(
            FactKind.IGNORED,
            at(20),
            payload={"kind": "callback", "reason": f"sent for {EMAIL}", "payload": {"x": EMAIL}},
        ),
        run_ended(30, outcome="cancelled", reason=f"{EMAIL} called 13812345678", actor="ops"),
    ]
    text = "\n".join(told(facts))
    assert EMAIL not in text
    assert "13812345678" not in text
    assert "c-1" not in text
    assert "run ended · cancelled" in text


def test_nothing_in_a_name_can_steer_the_terminal() -> None:
    hostile = replace(onboarding(), name="a\x1b[2Jb\r\nc\x07")
    facts = automatic()
    text = describe(hostile) + timeline(hostile, state_after(facts), facts)
    assert text.replace("\n", "").isprintable()
    assert text.startswith("a\ufffd[2Jb c\ufffd (onboarding 1.2)\n")


def test_the_outcome_and_its_reason_stand_at_the_top() -> None:
    facts = [*until_review(), run_ended(60, outcome="stopped", node="compliance_review", reason="rejected")]
    assert told(facts)[1] == "Stopped at compliance_review: rejected"


def test_a_wait_that_is_over_its_time_is_called_overdue() -> None:
    facts = until_review()
    text = timeline(onboarding(), state_after(facts), facts, now=BEGIN + timedelta(days=3))
    assert "overdue since 2026-01-06 02:00" in text


def test_chinese_columns_are_as_wide_as_latin_ones() -> None:
    nodes = {key: replace(onboarding().nodes["assign_csm"], id=key) for key in ("身份", "assign_csm")}
    procedure = replace(onboarding(), nodes=nodes, edges=())
    facts = [started()]
    lines = timeline(procedure, fold(procedure, facts), facts).splitlines()
    row = next(line for line in lines if "身份" in line)
    other = next(line for line in lines if "assign_csm" in line)
    assert row.index("Running") + 2 == other.index("Running")
