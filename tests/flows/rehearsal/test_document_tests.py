"""The tests of a document: each verdict is what a run would have shown."""

from textwrap import dedent, indent
from xml.etree.ElementTree import fromstring

import pytest

from opsdesk.flows.checks import CaseResult, Verdict, junit, program_of, run_tests
from opsdesk.flows.document import load
from tests.flows.documents import codes_of, document, findings_of

NODES = """
- id: check
  type: api
  name: Check
  runtime: {url: https://check.test}
  inputs: [{name: email, required: true, schema: {type: string}}]
  outputs: [{name: score, required: true, schema: {type: number}}]
  timeout_sec: 60
  retry_policy: {max_retries: 2, backoff_sec: 1}
- {id: review, type: human, name: Review, role: reviewer, timeout_sec: 60, outputs: [decision]}
- {id: open, type: api, name: Open, runtime: {url: https://open.test}}
- {id: tell, type: api, name: Tell, runtime: {url: https://tell.test}}
"""
EDGES = """
- {from: check, to: open, when: score >= 0.7}
- {from: check, to: review, when: score < 0.7}
- {from: review, to: open, when: decision == 'approved'}
- {from: check, to: tell, mode: fallback}
"""
WHOLE = "id: t, type: integration, input: {email: a}, mocks: {check: {score: 0.7}, open: {}}"


def with_tests(tests: str) -> str:
    return document(NODES, EDGES) + "tests:\n" + indent(dedent(tests).strip("\n"), "  ") + "\n"


def results_of(tests: str) -> list[CaseResult]:
    text = with_tests(tests)
    return list(run_tests(program_of(load(text, name="x.osop.yaml"), file_name="x.osop.yaml")))


def one(tests: str) -> CaseResult:
    (only,) = results_of(tests)
    return only


@pytest.mark.req("FLO-207")
@pytest.mark.parametrize(
    "expect",
    [
        "{outcome: completed, visited: [check, open], not_visited: [review, tell]}",
        "{status: completed, path: [check, open], edges: ['check -> open'], node: open}",
        "{outputs: {check: {score: 0.7}}, attempts: {check: 1, tell: 0}}",
        "{check: {score: 0.7}, outcome: completed, reason: ended at open}",
    ],
)
def test_an_integration_test_runs_the_procedure_with_its_mocks(expect: str) -> None:
    given = f"- {{{WHOLE}, expect: {expect}}}"
    assert (one(given).verdict, one(given).problems) == (Verdict.PASSED, ())


@pytest.mark.req("FLO-207")
@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ("{outcome: stopped}", "outcome: expected stopped, came completed at open: ended at open"),
        ("{visited: [review]}", "visited: review did not run"),
        ("{not_visited: [open]}", "not_visited: open ran"),
        ("{path: [check]}", 'path: expected ["check"], came ["check", "open"]'),
        ("{edges: ['check -> tell']}", "edges: check -> tell was not taken"),
        ("{node: check}", 'node: expected "check", came "open"'),
        ("{reason: rejected}", '"rejected" is not in'),
        ("{attempts: {check: 2}}", "attempts of check: expected 2, came 1"),
        ("{outputs: {check: {score: 1}}}", "check.score: expected 1, came 0.7"),
        ("{outputs: {decision: x}}", "outputs: no node gave decision"),
    ],
)
def test_each_difference_is_told(expect: str, problem: str) -> None:
    given = f"- {{{WHOLE}, expect: {expect}}}"
    assert one(given).verdict is Verdict.FAILED
    assert problem in one(given).problems[0]


def test_a_node_without_a_mock_and_an_input_that_is_missing_fail_an_integration_test() -> None:
    found = one("- {id: t, type: integration, mocks: {check: {score: 1}}, expect: {outcome: completed}}")
    assert "the run needs the input email" in found.problems
    assert "open is asked, and has no mock" in found.problems


@pytest.mark.req("FLO-207")
def test_failures_are_injected_a_number_of_times_or_always() -> None:
    mocks = "mocks: {check: {score: 1}, open: {}, tell: {}}"
    twice = "failure_injection: {check: {code: PartnerFailing, times: 2, retryable: true}}"
    always = "failure_injection: {check: PartnerFailing}"
    late = "failure_injection: {check: timeout}"
    head = "type: integration, input: {email: a}"
    verdicts = results_of(f"""
        - {{id: a, {head}, {mocks}, {twice}, expect: {{path: [check, open], attempts: {{check: 3}}}}}}
        - {{id: b, {head}, {mocks}, {always}, expect: {{path: [check, tell], outcome: completed}}}}
        - {{id: c, {head}, {mocks}, {late}, expect: {{path: [check, tell], outcome: completed}}}}
    """)
    assert [(each.verdict, each.problems) for each in verdicts] == [(Verdict.PASSED, ())] * 3


@pytest.mark.req("FLO-207")
def test_a_unit_test_is_about_one_node_and_where_it_leads() -> None:
    head = "type: unit, target_node: check, input: {email: a}"
    good, other, wrong, refused, failed, absent = results_of(f"""
        - {{id: a, {head}, mocks: {{check: {{score: 0.7}}}}, expect: {{schema_valid: true, next: [open], score: 0.7}}}}
        - {{id: b, {head}, mocks: {{check: {{score: 0}}}}, expect: {{outputs: {{score: 0}}, edges: check -> review}}}}
        - {{id: c, {head}, mocks: {{check: {{score: 1}}}}, expect: {{next: [review]}}}}
        - {{id: d, {head}, mocks: {{check: {{score: many}}}}, expect: {{schema_valid: false}}}}
        - {{id: e, {head}, failure_injection: {{check: Refused4xx}}, expect: {{error: Refused4xx, next: [tell]}}}}
        - {{id: f, {head}, expect: {{schema_valid: true}}}}
    """)
    assert [each.verdict for each in (good, other, refused, failed)] == [Verdict.PASSED] * 4
    assert wrong.problems == ('next: expected ["review"], came ["open"]',)
    assert (absent.verdict, absent.problems) == (
        Verdict.LEFT_OUT,
        ("it has no mock of check, and needs the world for it",),
    )


@pytest.mark.req("FLO-207")
def test_a_data_node_is_computed_in_a_unit_test() -> None:
    nodes = """
    - id: sum
      type: data
      name: Sum
      inputs: [amount]
      runtime: {transform: {double: "amount * 2"}}
      outputs: [double]
    """
    case = "tests:\n  - {id: t, type: unit, target_node: sum, input: {amount: 4}, expect: {double: 8}}\n"
    loaded = load(document(nodes, "") + case, name="x.osop.yaml")
    (found,) = run_tests(program_of(loaded, file_name="x"))
    assert (found.verdict, found.problems) == (Verdict.PASSED, ())


@pytest.mark.req("FLO-207")
def test_a_simulation_is_about_every_path_that_is_left_open() -> None:
    good, bad = results_of("""
        - id: a
          type: simulation
          mocks: {check: {score: 1}}
          expect: {outcomes: [completed], never: [review], always: [open], paths: 1}
        - {id: b, type: simulation, expect: {outcomes: completed, always: [open], never: [tell], paths: 1}}
    """)
    assert (good.verdict, good.problems) == (Verdict.PASSED, ())
    assert [problem.partition(":")[0] for problem in bad.problems] == [
        "outcomes",
        "outcomes",
        "always",
        "never",
        "paths",
    ]


def test_a_test_in_the_world_is_left_out() -> None:
    assert one("- {id: t, type: e2e, run: full_workflow}").verdict is Verdict.LEFT_OUT


@pytest.mark.parametrize(
    ("test", "code"),
    [
        ("{id: t, type: unit, expect: {}}", "OSOP111"),
        ("{id: t, type: integration}", "OSOP111"),
        ("{type: integration, expect: {}}", "OSOP111"),
        ("{id: t, type: smoke, expect: {}}", "OSOP112"),
        ("{id: t, type: unit, target_node: chek, expect: {}}", "OSOP201"),
        ("{id: t, type: integration, mocks: {none: {}}, expect: {}}", "OSOP201"),
        ("{id: t, type: integration, mocks: {check: 1}, expect: {}}", "OSOP112"),
        ("{id: t, type: integration, failure_injection: {none: x}, expect: {}}", "OSOP201"),
        ("{id: t, type: integration, failure_injection: {check: {times: 0}}, expect: {}}", "OSOP112"),
        ("{id: t, type: integration, run: some, expect: {}}", "OSOP112"),
        ("{id: t, type: integration, expect: {outcom: completed}}", "OSOP120"),
        ("{id: t, type: integration, exspect: {}}", "OSOP110"),
    ],
)
def test_a_test_that_could_not_fail_or_run_is_a_finding(test: str, code: str) -> None:
    assert code in codes_of(with_tests(f"- {test}"))


def test_two_tests_of_one_id_are_an_error() -> None:
    text = with_tests("- {id: t, type: e2e}\n- {id: t, type: e2e}")
    assert [finding.position.line for finding in findings_of(text) if finding.code == "OSOP114"] == [
        len(text.splitlines())
    ]


@pytest.mark.req("FLO-207")
def test_verdicts_are_written_as_junit_xml() -> None:
    results = results_of("""
        - {id: a, type: e2e}
        - {id: b, type: simulation, expect: {paths: 99}}
        - {id: c, type: simulation, mocks: {check: {score: 1}}, expect: {paths: 1}}
    """)
    root = fromstring(junit({"small": results}))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("3", "1", "1")
    cases = root.findall("testsuite/testcase")
    assert (cases[0].get("classname"), cases[0].get("name")) == ("small.e2e", "a")
    assert [[inner.tag for inner in case] for case in cases] == [["skipped"], ["failure"], []]


PARCEL_NODES = """
- {id: label, type: human, name: Label, role: agent}
- {id: wait, type: system, subtype: timer, name: Wait, runtime: {duration: 14d}}
- {id: arrived, type: human, name: Arrived, role: agent}
- {id: look, type: human, name: Look, role: agent}
"""
PARCEL_EDGES = """
- {from: label, to: arrived, mode: event, when: event.name == 'arrived' && event.data.parcels > 1}
- {from: label, to: wait}
- {from: arrived, to: look, join_mode: wait_any}
- {from: wait, to: look}
"""


def told(events: str, path: str) -> CaseResult:
    mocks = "{label: {}, wait: {}, arrived: {}, look: {}}"
    case = f"- {{id: t, type: integration, mocks: {mocks}, x-events: {events}, expect: {{path: {path}}}}}"
    text = document(PARCEL_NODES, PARCEL_EDGES, f"tests:\n{indent(case, '  ')}")
    [result] = run_tests(program_of(load(text, name="small.osop.yaml"), file_name="small.osop.yaml"))
    return result


@pytest.mark.req("FLO-207")
def test_events_of_a_test_are_told_to_the_run_that_waits_for_them() -> None:
    assert told("[{name: arrived, data: {parcels: 2}}]", "[label, arrived, look]").problems == ()
    assert told("[]", "[label, wait, look]").problems == ()


@pytest.mark.req("FLO-207")
@pytest.mark.parametrize("event", ["{name: arrived, data: {parcels: 1}}", "{name: lost}", "{name: arrived}"])
def test_an_event_of_a_test_that_nothing_waits_for_fails_it(event: str) -> None:
    name = "lost" if "lost" in event else "arrived"
    assert told(f"[{event}]", "[label, wait, look]").problems == (f"nothing waits for the event {name}",)
    first = "{name: arrived, data: {parcels: 2}}"
    assert told(f"[{first}, {event}]", "[label, arrived, look]").problems == (f"nothing waits for the event {name}",)


@pytest.mark.parametrize(
    ("test", "code"),
    [
        ("{id: t, type: simulation, x-events: [{name: a}], expect: {paths: 1}}", "OSOP120"),
        ("{id: t, type: integration, x-events: [{data: {}}], expect: {}}", "OSOP111"),
        ("{id: t, type: integration, x-events: [{name: a, date: {}}], expect: {}}", "OSOP110"),
        ("{id: t, type: integration, x-events: [a], expect: {}}", "OSOP112"),
    ],
)
def test_events_that_no_test_could_tell_are_findings(test: str, code: str) -> None:
    assert code in codes_of(with_tests(f"- {test}"))
