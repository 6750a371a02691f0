"""The versions of the format spell things differently, and mean the same."""

from dataclasses import replace

import pytest

from opsdesk.flows.approval import Approval
from opsdesk.flows.procedure import EdgeMode, Field, Node, Position, RateLimit
from tests.flows.documents import code_of, document, first, read


@pytest.mark.req("FLO-102")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("purpose: Say", "description: Say"),
        ("timeout_sec: 600", "timeout: 10m"),
        ("retry: {max_retries: 2, backoff_sec: 5}", "retry_policy: {max_retries: 2, backoff_sec: 5}"),
        ("retry: {max_retries: 2}", "retry_policy: {max_attempts: 3}"),
        ("retry: {strategy: exponential_backoff, backoff_sec: 2}", "retry: {backoff: exponential, backoff_sec: 2}"),
        ("retry: {backoff_sec: 90}", "retry: {backoff: 1m30s}"),
        (
            "retry: {max_retries: 1, strategy: exponential_backoff, backoff_sec: 2}",
            "retry: {max_attempts: 2, backoff: {type: exponential, initial_delay: 2s, multiplier: 2.0}}",
        ),
        ("security: {secrets: [A]}", "security: {credentials: [A]}"),
        ("outputs: [a]", "outputs: [{name: a}]"),
        ("outputs: [a]", "outputs: {a: }"),
        ("outputs: {a: string}", "outputs: [{name: a, schema: string}]"),
        (
            "outputs: {a: {type: string, description: D}}",
            "outputs: [{name: a, schema: {type: string}, description: D}]",
        ),
    ],
)
def test_both_spellings_mean_the_same(one: str, other: str) -> None:
    def normal(spelling: str) -> Node:
        name, _, value = spelling.partition(": ")
        found = first(**{name: value})
        outputs = tuple(map(without_position, found.outputs))
        return replace(found, position=Position(), inputs=(), outputs=outputs)

    def without_position(entry: Field) -> Field:
        return Field(entry.name, entry.schema, entry.required, entry.description, entry.personal)

    assert normal(one) == normal(other)


@pytest.mark.req("FLO-102")
@pytest.mark.parametrize(
    "nodes",
    [
        "- {id: a, type: human, name: A, role: r, approval_gate: {required_approvers: 2, timeout_min: 120}}",
        "- {id: a, type: human, name: A, approval_gate: {approvers: 2, timeout_hours: 2, role: r}}",
        "- {id: a, type: human, name: A, approval_gate: {approver_role: r, approvers: 2}, timeout_sec: 7200}",
        "- {id: a, type: human, name: A, runtime: {approvers: [r], min_approvals: 2, timeout: 2h}}",
    ],
)
def test_every_spelling_of_an_approval_is_understood(nodes: str) -> None:
    assert read(document(nodes=nodes, edges="")).nodes["a"].approval == Approval("r", 2, 7_200)


@pytest.mark.parametrize("spelling", ["when", "condition"])
def test_a_condition_may_be_spelt_both_ways(spelling: str) -> None:
    edges = f"- {{from: first, to: second, mode: conditional, {spelling}: score > 1}}"
    edge = read(document(edges=edges)).edges[0]
    assert (edge.mode, edge.condition) == (EdgeMode.CONDITIONAL, "score > 1")


def test_a_condition_without_a_mode_makes_the_edge_conditional() -> None:
    assert read(document(edges="- {from: first, to: second, when: score > 1}")).edges[0].mode is EdgeMode.CONDITIONAL


@pytest.mark.req("FLO-102")
@pytest.mark.parametrize(
    "fields",
    [
        {"timeout_sec": "60", "timeout": "2m"},
        {"retry": "{max_retries: 1}", "retry_policy": "{max_retries: 2}"},
        {"retry": "{max_retries: 3, max_attempts: 3}"},
        {"retry": "{backoff_sec: 1, backoff: {initial_delay: 2s}}"},
        {"retry": "{strategy: fixed, backoff: exponential}"},
        {"runtime": "{url: 'https://a.test', body: a, body_template: b}"},
        {"runtime": "{url: 'https://a.test', auth: {secret_ref: A}}", "security": "{secret_ref: B}"},
        {"type": "human", "runtime": "{timeout: 1h}", "approval_gate": "{timeout_min: 30}"},
        {"type": "human", "runtime": "{min_approvals: 1}", "approval_gate": "{required_approvers: 2}"},
        {"type": "human", "approval_gate": "{required_approvers: 2, approvers: 3}"},
        {"type": "human", "approval_gate": "{role: a, approver_role: b}"},
    ],
)
def test_two_spellings_with_different_values_are_an_error(fields: dict[str, str]) -> None:
    assert code_of(**fields) == "OSOP113"


def test_two_spellings_with_the_same_value_are_none() -> None:
    assert first(timeout_sec="60", timeout="60").timeout_s == 60


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("0.5", 0.5), ("90s", 90), ("10m", 600), ("1h30m", 5_400), ("24h", 86_400), ("7d", 604_800)],
)
def test_durations_are_numbers_of_seconds_or_with_units(text: str, seconds: float) -> None:
    assert first(timeout=text).timeout_s == seconds


@pytest.mark.parametrize("text", ["soon", "10 minutes", "''", "-5", "0", "1e9", "[]", "PT5M", "true"])
def test_other_durations_are_an_error_with_the_forms(text: str) -> None:
    assert code_of(timeout=text) == "OSOP116"


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("10/second", RateLimit(10, 1)),
        ("10/minute", RateLimit(10, 60)),
        ("10 per minute", RateLimit(10, 60)),
        ("100/hours", RateLimit(100, 3_600)),
        ("5/d", RateLimit(5, 86_400)),
        ("10/m", RateLimit(10, 60)),
        ("10/30s", RateLimit(10, 30)),
        ("1 / 5 Minutes", RateLimit(1, 300)),
    ],
)
def test_rate_limits_are_calls_in_a_time(text: str, limit: RateLimit) -> None:
    assert first(security=f'{{rate_limit: "{text}"}}').security.rate_limit == limit


@pytest.mark.parametrize(
    "text", ["10", "'10'", "many/minute", "0/minute", "10/0s", "10/fortnight", "[]", "10/", "-1/s"]
)
def test_other_rate_limits_are_an_error_with_the_forms(text: str) -> None:
    assert code_of(security=f"{{rate_limit: {text}}}") == "OSOP117"
