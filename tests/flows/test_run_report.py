"""The report of a run: every section of it, safe whatever is in it, and narrow enough for a terminal."""

import re
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from opsdesk.flows.calls import Done, Failed, NodeOutcome
from opsdesk.flows.engine import Execute
from opsdesk.flows.procedure import EdgeMode, RetryPolicy
from opsdesk.flows.record import osop_log
from opsdesk.flows.run_report import Report, report_of, took
from opsdesk.flows.run_report_html import POLICY, STYLE, html
from opsdesk.flows.run_report_text import text
from tests.flows.graphs import Journal, fields, node, program

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
COLOURS = {"#22c55e", "#ef4444", "#eab308", "#3b82f6", "#6b7280"}


ANSWER = Done({"score": 0.9, "note": "<b>bold</b>"})


def made(answer: NodeOutcome = ANSWER) -> Report:
    nodes = [
        node("first", outputs=fields("score", "note"), retry=RetryPolicy(1, backoff_s=5.0)),
        node("second", inputs=fields("score", "email")),
        node("third"),
    ]
    edges = [("first", "second"), ("first", "third", None, EdgeMode.FALLBACK)]
    journal = Journal(program(nodes, edges), {"email": "customer@example.com"})
    failing = Failed("PartnerFailing", "status 503", retryable=True)

    def ended(call: Execute) -> NodeOutcome:
        if call.node != "first":
            return Done({})
        return failing if call.attempt == 1 else answer

    journal.run(ended)
    journal.now = datetime.fromisoformat(journal.facts[-1].payload["retry_at"])
    journal.run(ended)
    log = osop_log(journal.program.procedure, "0190-run", journal.facts)
    return report_of(journal.program.procedure, log, now=NOW)


@pytest.mark.req("FLO-404")
def test_a_report_counts_nodes_and_keeps_the_attempts_of_each_together() -> None:
    report = made()
    assert (report.status, report.counts) == ("COMPLETED", "3 total, 2 passed, 0 failed, 1 skipped")
    assert [(entry.node, len(entry.attempts), entry.last.label) for entry in report.entries] == [
        ("first", 2, "PASS"),
        ("third", 1, "SKIP"),
        ("second", 1, "PASS"),
    ]
    assert report.entries[0].attempts[0].error == "PartnerFailing: status 503"


@pytest.mark.req("FLO-404")
def test_the_html_report_is_one_static_file_with_the_sections_of_the_specification() -> None:
    page = html(made())
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert re.findall(r'<(?:section|header|footer)(?: id="(\w+)")?', page) == ["", "summary", "timeline", ""]
    assert "<title>OSOP Report: test — 0190-run</title>" in page
    assert not re.search(r"<script|<link|<img|<svg|src=|href=|url\(|@import|style=", page)
    assert "prefers-color-scheme:dark" in STYLE
    assert set(re.findall(r"#[0-9a-f]{6}", STYLE)) >= COLOURS
    assert b64encode(sha256(STYLE.encode()).digest()).decode() in POLICY


def test_nothing_of_a_run_is_markup_in_the_report() -> None:
    page = html(made())
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "customer@example.com" not in page


def test_long_values_are_cut_at_the_limit() -> None:
    at_limit, past = made(Done({"score": "x" * 200})), made(Done({"score": "x" * 201}))
    assert at_limit.entries[0].last.outputs["score"] == "x" * 200
    assert past.entries[0].last.outputs["score"] == "x" * 199 + "…"


@pytest.mark.req("FLO-404")
def test_the_text_report_keeps_to_its_columns_and_says_status_in_words() -> None:
    told = text(made())
    assert max(map(len, told.splitlines())) <= 80
    assert "\x1b" not in told
    lines = told.splitlines()
    assert lines[:3] == ["OSOP Execution Report", "=====================", "Workflow:  test (test)"]
    assert "Nodes: 3 total, 2 passed, 0 failed, 1 skipped" in lines
    first = next(place for place, line in enumerate(lines) if line.startswith("[FAIL]  first"))
    assert lines[first].endswith("(attempt 1)")
    assert lines[first + 1] == "        PartnerFailing: status 503"
    assert any(line.startswith("  [PASS]  first") and line.endswith("(attempt 2)") for line in lines)
    assert "\x1b[32m[PASS]\x1b[0m" in text(made(), colours=True)


def test_a_run_that_failed_and_one_that_is_open_say_so() -> None:
    failed = made(Failed("PartnerFailing", "status 500"))
    assert [entry.last.label for entry in failed.entries if entry.node == "first"] == ["FAIL"]
    journal = Journal(program([node("first")], []), {})
    log = osop_log(journal.program.procedure, "0190-run", journal.facts)
    report = report_of(journal.program.procedure, log, now=NOW)
    assert (report.status, report.ended_at, report.entries[0].last.label) == ("RUNNING", "", "WAIT")
    assert "Ended:     still open" in text(report)
    assert "<dd>still open</dd>" in html(report)


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [(0, "0ms"), (999, "999ms"), (1000, "1.0s"), (59_900, "59.9s"), (60_000, "1m 00s"), (7_380_000, "2h 03m")],
)
def test_times_are_told_in_the_units_that_fit(milliseconds: int, told: str) -> None:
    assert took(milliseconds) == told
