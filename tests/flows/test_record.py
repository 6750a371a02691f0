"""The OSOP log of a run: valid, complete, masked, and chained."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Field, NodeType
from opsdesk.flows.record import masked, osop_log, to_yaml, verify
from tests.flows.pictured import EMAIL, RUN, automatic, ended, fact, onboarding, run_ended, started, until_review

TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
COUNT = {"type": "integer", "minimum": 0}
NAME = {"type": "string", "minLength": 1}
NODE_STATUSES = ["COMPLETED", "FAILED", "SKIPPED", "DRY_RUN", "TIMEOUT", "ERROR", "BLOCKED", "RUNNING"]
# What the public format demands of a log, in the words of this project; see the OSOP specification, execution logs.
DEMANDS = {
    "type": "object",
    "required": ["osoplog_version", "run_id", "workflow_id", "status", "started_at", "ended_at", "duration_ms"],
    "properties": {
        "osoplog_version": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+(\.[0-9]+)?$"},
        "run_id": NAME,
        "workflow_id": NAME,
        "mode": {"enum": ["live", "dry_run"]},
        "status": {"enum": ["COMPLETED", "FAILED", "TIMEOUT", "COST_LIMIT", "BLOCKED", "DRY_RUN"]},
        "trigger": {
            "type": "object",
            "properties": {
                "type": {"enum": ["manual", "cron", "webhook", "git_push", "event", "api"]},
                "actor": {"type": "string"},
                "timestamp": TIME,
            },
        },
        "started_at": TIME,
        "ended_at": TIME,
        "duration_ms": COUNT,
        "runtime": {"type": "object", "additionalProperties": {"type": "string"}},
        "result_summary": {"type": "string"},
        "cost": {
            "type": "object",
            "properties": {
                "total_usd": {"type": "number", "minimum": 0},
                "breakdown": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["node_id", "cost_usd"],
                        "properties": {"node_id": NAME, "cost_usd": {"type": "number", "minimum": 0}},
                    },
                },
            },
        },
        "node_records": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["node_id"],
                "properties": {
                    "node_id": NAME,
                    "node_type": {"enum": [kind.value for kind in NodeType]},
                    "attempt": {"type": "integer", "minimum": 1},
                    "status": {"enum": NODE_STATUSES},
                    "started_at": TIME,
                    "ended_at": TIME,
                    "duration_ms": COUNT,
                    "inputs": {"type": "object"},
                    "outputs": {"type": "object"},
                    "ai_metadata": {
                        "type": "object",
                        "properties": {
                            "model": {"type": "string"},
                            "prompt_tokens": COUNT,
                            "completion_tokens": COUNT,
                        },
                    },
                    "error": {"type": "string"},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}

STOPPED = [
    *until_review(),
    ended("compliance_review", 60, [], decision="rejected"),
    run_ended(60, outcome="stopped", node="compliance_review", reason="no condition held after compliance_review"),
]
TIMED_OUT = [
    *until_review(),
    fact(
        FactKind.NODE_FAILED,
        90,
        "compliance_review",
        code="TimedOut",
        message="late",
        attempt=1,
        timeout=True,
        taken=[],
    ),
    run_ended(90, outcome="timed_out", node="compliance_review", reason="late"),
]
CANCELLED = [*until_review(), run_ended(60, outcome="cancelled", reason="the customer withdrew", actor="ops")]
INCIDENT = [
    *until_review()[:3],
    fact(FactKind.NODE_FAILED, 20, "kyc_identity", code="Answered400", message="no", attempt=2, taken=[]),
]
UNDECIDED = [
    *until_review()[:3],
    fact(
        FactKind.NODE_BLOCKED,
        20,
        "kyc_identity",
        outputs={"kyc_score": "x"},
        expression="kyc_score < 0.7",
        message="not a number",
    ),
]
RUNS = {
    "automatic": automatic(),
    "open": until_review(),
    "stopped": STOPPED,
    "timed_out": TIMED_OUT,
    "cancelled": CANCELLED,
    "incident": INCIDENT,
    "undecided": UNDECIDED,
    "begun": [started(email=EMAIL)],
}


def log_of(facts: list[Fact], **more: Any) -> dict[str, Any]:
    return osop_log(onboarding(), RUN, facts, **more)


def brief(log: Mapping[str, Any]) -> list[tuple[str, int | None, str]]:
    return [(record["node_id"], record.get("attempt"), record["status"]) for record in log["node_records"]]


@pytest.mark.req("FLO-401")
@pytest.mark.parametrize("facts", RUNS.values(), ids=RUNS.keys())
@pytest.mark.parametrize("tamper_evident", [False, True])
def test_the_log_of_any_run_is_valid_also_after_it_went_through_yaml(facts: list[Fact], tamper_evident: bool) -> None:
    log = log_of(facts, tamper_evident=tamper_evident)
    read = yaml.safe_load(to_yaml(log))
    assert read == log
    jsonschema.Draft202012Validator(DEMANDS).validate(read)


@pytest.mark.req("FLO-401")
def test_there_is_a_record_for_every_attempt_and_for_skipped_nodes() -> None:
    assert brief(log_of(automatic())) == [
        ("register", 1, "COMPLETED"),
        ("kyc_identity", 1, "COMPLETED"),
        ("compliance_review", None, "SKIPPED"),
        ("setup_account", 1, "COMPLETED"),
        ("assign_csm", 1, "COMPLETED"),
        ("send_welcome", 1, "COMPLETED"),
    ]


@pytest.mark.req("FLO-401")
def test_an_attempt_that_failed_says_when_it_began_why_it_failed_and_when_it_is_tried_again() -> None:
    first, second = (record for record in log_of(until_review())["node_records"] if record["node_id"] == "kyc_identity")
    assert first == {
        "node_id": "kyc_identity",
        "node_type": "api",
        "attempt": 1,
        "status": "FAILED",
        "started_at": "2026-01-05T02:00:00.400Z",
        "inputs": {"customer_id": "c-1"},
        "ended_at": "2026-01-05T02:00:02.000Z",
        "duration_ms": 1600,
        "error": "Answered503: the partner does not know w***@e***.com",
        "reason": "tried again at 2026-01-05T02:00:12.000Z",
    }
    assert (second["attempt"], second["status"], second["duration_ms"]) == (2, "COMPLETED", 2500)
    assert second["outputs"] == {"kyc_score": 0.4}


@pytest.mark.req("FLO-401")
@pytest.mark.parametrize(
    ("run", "status", "outcome", "summary"),
    [
        ("automatic", "COMPLETED", "completed", "Completed: ended at send_welcome, assign_csm"),
        ("timed_out", "TIMEOUT", "timed_out", "Timed out at compliance_review: late"),
        ("stopped", "BLOCKED", "stopped", "Stopped at compliance_review: no condition held after compliance_review"),
        ("cancelled", "FAILED", "cancelled", "Cancelled: the customer withdrew"),
        (
            "open",
            "BLOCKED",
            "waiting",
            "Waiting. compliance_review: Waiting for compliance_officer until 2026-01-06 02:00 UTC",
        ),
        (
            "incident",
            "BLOCKED",
            "blocked",
            "Blocked: a person has to look at it. kyc_identity: Answered400: no",
        ),
        ("begun", "BLOCKED", "running", "Running. register: running"),
    ],
)
def test_the_outcome_of_a_run_maps_to_a_status_of_the_format(run: str, status: str, outcome: str, summary: str) -> None:
    log = log_of(RUNS[run])
    assert (log["status"], log["outcome"], log["result_summary"]) == (status, outcome, summary)


def test_an_open_run_ends_in_the_log_with_its_last_fact() -> None:
    log = log_of(until_review())
    assert (log["ended_at"], log["duration_ms"]) == ("2026-01-05T02:00:15.000Z", 15000)
    assert log["node_records"][-1]["status"] == "RUNNING"
    assert "ended_at" not in log["node_records"][-1]


def test_a_node_that_ran_out_of_time_is_a_timeout_and_one_that_could_not_decide_an_error() -> None:
    assert ("compliance_review", 1, "TIMEOUT") in brief(log_of(TIMED_OUT))
    record = log_of(UNDECIDED)["node_records"][-1]
    assert (record["status"], record["outputs"], record["error"]) == ("ERROR", {"kyc_score": "x"}, "not a number")
    assert record["reason"] == "where to go on could not be decided: kyc_score < 0.7"


def test_what_a_cancelled_run_left_undone_is_in_the_record() -> None:
    assert brief(log_of(CANCELLED))[-4:] == [
        ("compliance_review", 1, "FAILED"),
        ("setup_account", None, "BLOCKED"),
        ("send_welcome", None, "BLOCKED"),
        ("assign_csm", None, "BLOCKED"),
    ]


def test_a_retry_by_a_person_is_another_attempt_that_names_the_person() -> None:
    facts = [*INCIDENT, fact(FactKind.NODE_RETRIED, 100, "kyc_identity", actor="ops", new_key=True)]
    record = log_of([*facts, ended("kyc_identity", 103, [1], kyc_score=1)])["node_records"]
    last = [item for item in record if item["node_id"] == "kyc_identity"][-1]
    assert (last["attempt"], last["retried_by"], last["duration_ms"]) == (3, "ops", 3000)


def test_requests_that_were_sent_again_while_the_answer_was_awaited_are_one_attempt() -> None:
    waits = [
        fact(FactKind.NODE_WAITING, 1 + number, "register", reason="callback", attempt=number, sends=number)
        for number in (1, 2, 3)
    ]
    record = log_of([started(), *waits, ended("register", 9, [0])])["node_records"][0]
    assert (record["attempt"], record["sends"], record["duration_ms"]) == (1, 3, 9000)


def test_whoever_answered_is_named_in_the_record() -> None:
    answer = Fact(
        FactKind.NODE_ENDED, CANCELLED[-1].at, "compliance_review", payload={"outputs": {}, "taken": [], "actor": "li"}
    )
    named = {record["node_id"]: record.get("actor") for record in log_of([*until_review(), answer])["node_records"]}
    assert named["compliance_review"] == "li"


@pytest.mark.parametrize("facts", RUNS.values(), ids=RUNS.keys())
def test_personal_values_are_masked_unless_the_caller_reveals_them(facts: list[Fact]) -> None:
    assert EMAIL not in to_yaml(log_of(facts, tamper_evident=True))


def test_the_caller_decides_about_each_value_with_its_declaration() -> None:
    seen = []

    def reveal(name: str, declared: Field | None, value: object) -> object:
        seen.append((name, declared.name if declared else None))
        return value

    log = log_of([started(extra=1), ended("register", 1, [0], email=EMAIL)], reveal=reveal)
    assert log["node_records"][0]["outputs"] == {"email": EMAIL}
    assert seen[:2] == [("email", "email"), ("extra", None)]


def test_a_field_that_is_declared_personal_is_masked_whatever_it_is_called() -> None:
    assert masked("colour", Field("colour", personal=True), "blue") != "blue"
    assert masked("colour", Field("colour"), "blue") == "blue"


def rewritten(log: Mapping[str, Any], number: int, **changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(dict(log))
    changed["node_records"][number].update(changes)
    return changed


@pytest.mark.req("FLO-401")
def test_a_chained_log_fits_and_names_the_first_record_that_was_changed() -> None:
    log = log_of(until_review(), tamper_evident=True)
    assert verify(log) is None
    assert verify(rewritten(log, 2, outputs={"kyc_score": 0.9})) == "node record 3 (kyc_identity)"
    assert verify(rewritten(log, 1, actor="somebody")) == "node record 2 (kyc_identity)"
    assert verify(rewritten(log, 0, hash="0" * 64)) == "node record 1 (register)"


@pytest.mark.req("FLO-401")
def test_records_cannot_be_left_out_added_swapped_or_moved_to_another_run() -> None:
    log = log_of(automatic(), tamper_evident=True)
    records = log["node_records"]
    assert verify({**log, "node_records": records[:-1]}) == "the head of the log, or its last records"
    assert verify({**log, "node_records": [*records, records[-1]]}) == "node record 7 (send_welcome)"
    assert verify({**log, "node_records": [records[1], records[0], *records[2:]]}) is not None
    assert verify({**log, "run_id": "another"}) == "node record 1 (register)"
    assert verify({**log, "status": "FAILED"}) == "the head of the log, or its last records"
    assert verify(log_of(automatic())) is not None


def test_values_that_occur_twice_are_written_out_twice() -> None:
    twice = {"a": [1, 2]}
    log = log_of(
        [started(), ended("register", 1, [0], one=twice, other=twice)], reveal=lambda _name, _field, value: value
    )
    assert "&" not in to_yaml(log)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(min_size=1), JSON, max_size=3))
@settings(max_examples=150, deadline=None)
def test_a_chain_still_fits_after_any_values_went_through_yaml(outputs: dict[str, Any]) -> None:
    facts = [started(), replace(ended("register", 1, [0]), payload={"outputs": outputs, "taken": [0]})]
    log = log_of(facts, tamper_evident=True, reveal=lambda _name, _declared, value: value)
    assert verify(yaml.safe_load(to_yaml(log))) is None


@pytest.mark.req("FLO-401")
@pytest.mark.parametrize(
    ("actor", "kind"),
    [
        ("person:agent@example.com", "manual"),
        ("cli:deploy", "manual"),
        ("key:shop", "api"),
        ("trigger:cron:nightly", "cron"),
        ("trigger:webhook:orders", "webhook"),
        ("trigger:event:paid", "event"),
        ("system:sandbox", None),
    ],
)
def test_a_log_says_in_the_words_of_the_specification_how_the_run_was_started(actor: str, kind: str | None) -> None:
    [fact, *others] = RUNS["begun"]
    log = log_of([replace(fact, payload={**fact.payload, "actor": actor}), *others])
    assert (log["trigger"]["actor"], log["trigger"].get("type")) == (actor, kind)
    jsonschema.Draft202012Validator(DEMANDS).validate(log)
