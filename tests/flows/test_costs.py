"""What models cost: in the journal, in the log and in the report."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from opsdesk.flows.calls import Done, Failed, NodeOutcome
from opsdesk.flows.engine import Execute
from opsdesk.flows.procedure import RetryPolicy
from opsdesk.flows.record import osop_log
from opsdesk.flows.record_costs import cost_of
from opsdesk.flows.run_report import Report, report_of
from opsdesk.flows.run_report_html import html
from opsdesk.flows.run_report_text import text
from tests.flows.graphs import Journal, fields, node, program
from tests.flows.test_record import DEMANDS

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def used(read: int, written: int, **more: Any) -> dict[str, Any]:
    return {"model": "small", "prompt_tokens": read, "completion_tokens": written, **more}


def dollars(cost: float) -> dict[str, Any]:
    return {"cost": cost, "currency": "USD"}


def ran(outcomes: Mapping[str, list[NodeOutcome]]) -> Journal:
    """Two nodes one after the other, of which the first is tried twice."""
    nodes = [node("draft", outputs=fields("text"), retry=RetryPolicy(1, backoff_s=5.0)), node("check")]
    journal = Journal(program(nodes, [("draft", "check")]), {})
    rest = {name: list(each) for name, each in outcomes.items()}

    def answer(call: Execute) -> NodeOutcome:
        return rest[call.node].pop(0)

    journal.run(answer)
    if "retry_at" in journal.facts[-1].payload:
        journal.now = datetime.fromisoformat(journal.facts[-1].payload["retry_at"])
        journal.run(answer)
    return journal


def told(journal: Journal) -> tuple[dict[str, Any], Report]:
    log = osop_log(journal.program.procedure, "0190-run", journal.facts)
    jsonschema.Draft202012Validator(DEMANDS).validate(log)
    return log, report_of(journal.program.procedure, log, now=NOW)


PAID: Mapping[str, list[NodeOutcome]] = {
    "draft": [
        Failed("AgentCutOff", "cut off", retryable=True, usage=used(1000, 200, **dollars(0.02))),
        Done({"text": "x"}, usage=used(1000, 300, **dollars(0.062))),
    ],
    "check": [Done({}, usage=used(500, 10, **dollars(0.058)))],
}


@pytest.mark.req("FLO-404", "FLO-401")
def test_the_log_tells_what_every_attempt_used_and_what_the_run_cost() -> None:
    log, _ = told(ran(PAID))
    assert [record["ai_metadata"]["prompt_tokens"] for record in log["node_records"]] == [1000, 1000, 500]
    assert log["cost"] == {
        "total_usd": 0.14,
        "breakdown": [{"node_id": "draft", "cost_usd": 0.082}, {"node_id": "check", "cost_usd": 0.058}],
    }


@pytest.mark.req("FLO-404")
def test_the_report_has_a_section_of_costs_with_the_most_expensive_node_first() -> None:
    _, report = told(ran(PAID))
    page = html(report)
    assert re.findall(r'<section id="(\w+)"', page) == ["summary", "timeline", "cost"]
    assert "<p>Cost: $0.140</p>" in page
    assert "<td>draft</td><td>small</td><td>2000</td><td>500</td><td>$0.082</td>" in page
    lines = text(report).splitlines()
    cost = lines.index("Cost")
    assert lines[cost + 2 : cost + 5] == [
        "Total: $0.140",
        "  draft $0.082 2000 + 500 tokens, small",
        "  check $0.058 500 + 10 tokens, small",
    ]
    assert "Cost: $0.140" in lines


def test_a_run_without_models_has_no_section_of_costs() -> None:
    log, report = told(ran({"draft": [Done({"text": "x"})], "check": [Done({})]}))
    assert "cost" not in log
    assert 'id="cost"' not in html(report)
    assert "Cost" not in text(report)


def test_tokens_without_prices_are_told_without_a_sum() -> None:
    log, report = told(ran({"draft": [Done({"text": "x"}, usage=used(10, 2))], "check": [Done({})]}))
    assert "cost" not in log
    assert "no prices are declared" in text(report)
    assert "<td>10</td><td>2</td><td>–</td>" in html(report)


def test_costs_in_other_currencies_are_never_added_to_dollars() -> None:
    yuan = {"cost": 1.2, "currency": "CNY"}
    log, report = told(
        ran(
            {
                "draft": [Done({"text": "x"}, usage=used(1, 1, **yuan))],
                "check": [Done({}, usage=used(1, 1, **dollars(0.1)))],
            }
        )
    )
    assert log["cost"]["total_usd"] == 0.1
    assert log["cost"]["other"] == [{"node_id": "draft", "currency": "CNY", "cost": 1.2}]
    assert report.cost == "CNY 1.200 + $0.100"
    assert cost_of([{"node_id": "a", "ai_metadata": used(1, 1, **yuan)}]) == {
        "other": [{"node_id": "a", "currency": "CNY", "cost": 1.2}]
    }
