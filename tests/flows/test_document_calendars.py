"""Calendars, escalations and waits for the customer as documents declare them."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from opsdesk.flows.approval import Escalation
from opsdesk.flows.lint_codes import Code
from tests.flows.documents import document, findings_of, read

OFFICE = '{time_zone: Asia/Shanghai, hours: {mon-thu: "09:00-12:00, 13:00-18:00", fri: ["09:00-15:00"]}}'


def reviewed(more: str = "", *, head: str = "", gate: str = "{timeout_hours: 4}") -> str:
    node = f"- {{id: look, type: human, name: Look, role: officer, outputs: [d], approval_gate: {gate}{more}}}"
    return document(node, "", head)


@pytest.mark.req("FLO-313")
def test_a_calendar_has_hours_by_weekday_holidays_and_days_of_their_own() -> None:
    calendar = OFFICE[:-1] + ", holidays: ['2026-10-01/2026-10-03', 2026-01-01], workdays: {2026-10-10: '10:00-24:00'}}"
    found = read(reviewed(f", x-calendar: {calendar}")).nodes["look"].approval.calendar
    assert found is not None
    assert found.zone == ZoneInfo("Asia/Shanghai")
    assert found.hours == (((540, 720), (780, 1080)),) * 4 + (((540, 900),), (), ())
    assert found.holidays == {date(2026, 1, 1), date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 3)}
    assert found.days == {date(2026, 10, 10): ((600, 1440),)}


@pytest.mark.req("FLO-313")
def test_a_node_has_its_own_calendar_or_that_of_the_document_or_none() -> None:
    head = f"x-calendars: {{office: {OFFICE}}}\nx-calendar: office"
    procedure = read(reviewed(head=head))
    assert procedure.nodes["look"].approval.calendar == procedure.calendar is not None
    assert read(reviewed(", x-calendar: none", head=head)).nodes["look"].approval.calendar is None
    assert read(reviewed()).nodes["look"].approval.calendar is None


@pytest.mark.req("FLO-313")
@pytest.mark.parametrize(
    "calendar",
    [
        "holidays",
        "{hours: {mon: '09:00-18:00'}}",
        "{time_zone: Asia/Shanghai}",
        "{time_zone: Mars/Base, hours: {mon: '09:00-18:00'}}",
        "{time_zone: ../../etc/passwd, hours: {mon: '09:00-18:00'}}",
        "{time_zone: UTC, hours: {someday: '09:00-18:00'}}",
        "{time_zone: UTC, hours: {mon: '18:00-09:00'}}",
        "{time_zone: UTC, hours: {mon: '09:00-25:00'}}",
        "{time_zone: UTC, hours: {mon: '09:00-12:00, 11:00-13:00'}}",
        "{time_zone: UTC, hours: {mon: 9}}",
        "{time_zone: UTC, hours: {mon: '09:00-18:00'}, holidays: [soon]}",
        "{time_zone: UTC, hours: {mon: '09:00-18:00'}, holidays: ['2026-10-07/2026-10-01']}",
        "{time_zone: UTC, hours: {mon: '09:00-18:00'}, holidays: ['2026-01-01/2036-01-01']}",
        "{time_zone: UTC, hours: {mon: '09:00-18:00'}, workdays: {soon: '09:00-18:00'}}",
        "{time_zone: UTC, hours: {mon: '09:00-18:00'}, lunch: true}",
        "{time_zone: UTC, hours: {}}",
    ],
)
def test_a_calendar_that_makes_no_sense_is_an_error(calendar: str) -> None:
    findings = findings_of(reviewed(f", x-calendar: {calendar}"))
    assert {finding.severity for finding in findings if finding.code in (Code.WRONG_VALUE, Code.MISSING_FIELD)} == {
        "error"
    }


@pytest.mark.req("FLO-313")
def test_escalations_are_read_in_the_order_in_which_they_come() -> None:
    steps = "[{before: 30m, priority: 5}, {at: 50%, to: lead}, {at: 75%, event: late}]"
    assert read(reviewed(f", x-escalate: {steps}")).nodes["look"].approval.escalations == (
        Escalation(7200, "lead", None, None),
        Escalation(3600, None, None, "late"),
        Escalation(1800, None, 5, None),
    )


@pytest.mark.req("FLO-313")
@pytest.mark.parametrize(
    "steps",
    [
        "late",
        "[{to: lead}]",
        "[{at: 50%}]",
        "[{at: 100%, to: lead}]",
        "[{at: 0%, to: lead}]",
        "[{at: half, to: lead}]",
        "[{at: 50%, before: 1h, to: lead}]",
        "[{before: 4h, to: lead}]",
        "[{at: 50%, priority: 10}]",
        "[{at: 50%, to: lead, mail: x}]",
        "[" + "{at: 50%, to: lead}, " * 11 + "]",
    ],
)
def test_an_escalation_that_makes_no_sense_is_an_error(steps: str) -> None:
    assert [finding for finding in findings_of(reviewed(f", x-escalate: {steps}")) if finding.severity == "error"]


@pytest.mark.req("FLO-313")
def test_an_escalation_without_a_time_limit_is_an_error() -> None:
    found = findings_of(reviewed(", x-escalate: [{at: 50%, to: lead}]", gate="{required_approvers: 1}"))
    assert Code.MISSING_FIELD in {finding.code for finding in found}


@pytest.mark.req("FLO-313")
@pytest.mark.parametrize(
    ("node", "code"),
    [
        ("{id: a, type: api, name: A, runtime: {url: 'https://a.test'}, x-waits-for: partner}", Code.WRONG_VALUE),
        ("{id: a, type: cli, name: A, runtime: {command: ls}, x-waits-for: customer}", Code.NOT_HONOURED),
        ("{id: a, type: cli, name: A, runtime: {command: ls}, x-calendar: none}", Code.NOT_HONOURED),
        ("{id: a, type: cli, name: A, runtime: {command: ls}, x-escalate: []}", Code.NOT_HONOURED),
    ],
)
def test_what_is_declared_where_it_means_nothing_is_named(node: str, code: Code) -> None:
    assert code in {finding.code for finding in findings_of(document(f"- {node}", ""))}


@pytest.mark.req("FLO-313")
def test_an_edge_that_waits_for_no_event_waits_for_no_customer() -> None:
    edge = "- {from: first, to: second, x-waits-for: customer}"
    assert Code.NOT_HONOURED in {finding.code for finding in findings_of(document(edges=edge))}
