from hashlib import sha256
from pathlib import Path

import pytest

from opsdesk.flows.approval import Approval
from opsdesk.flows.document import FINDINGS_MAX, executable, load, load_file
from opsdesk.flows.document_edges import EDGES_MAX
from opsdesk.flows.document_nodes import NODES_MAX
from opsdesk.flows.findings import Severity
from opsdesk.flows.procedure import (
    Backoff,
    EdgeMode,
    Field,
    RateLimit,
    RetryPolicy,
)
from tests.flows.documents import SEED, document, error_in, findings_of, node, only, read


@pytest.mark.req("FLO-001")
@pytest.mark.skipif(not SEED.exists(), reason="the reference procedure is not beside this repository")
def test_the_reference_procedure_loads_as_it_is() -> None:
    loaded = load_file(SEED)
    assert loaded.findings == []
    procedure = loaded.procedure
    assert procedure is not None
    assert (procedure.id, procedure.name, len(procedure.nodes), len(procedure.edges)) == (
        "customer-onboarding",
        "客戶入門工作流程",
        7,
        7,
    )
    assert procedure.digest == sha256(SEED.read_bytes()).hexdigest()
    assert [edge.mode for edge in procedure.edges][-2:] == [EdgeMode.PARALLEL, EdgeMode.PARALLEL]
    assert procedure.edges[2].condition == "kyc_score >= 0.7 && watchlist_match == false"
    assert procedure.nodes["register"].security.rate_limit == RateLimit(10, 60)
    assert procedure.nodes["compliance_review"].approval == Approval("compliance_officer", 1, 86_400)
    assert procedure.nodes["verify_email"].retry == RetryPolicy(2, Backoff.FIXED, 3_600)
    assert procedure.nodes["setup_account"].security.credentials == ("STRIPE_SECRET_KEY", "DATABASE_URL")
    assert executable(procedure) == []


@pytest.mark.req("FLO-102")
@pytest.mark.parametrize("version", ['"1.0"', '"1.1"', '"2.0"', '"2.0.1"', "1.0"])
def test_every_version_of_the_format_is_read(version: str) -> None:
    read(document().replace('"2.0"', version))


@pytest.mark.req("FLO-102")
@pytest.mark.parametrize("version", ['"3.0"', '"2"', "2", "[]", '"two"'])
def test_an_unknown_version_is_an_error(version: str) -> None:
    assert error_in(document().replace('"2.0"', version))[0] == "OSOP115"


@pytest.mark.req("FLO-103")
@pytest.mark.parametrize(
    ("text", "suggested"),
    [
        (document(head="desciption: a"), "description"),
        (document(nodes=node(timeout_secs="5"), edges=""), "timeout_sec"),
        (document(nodes=node(runtime="{url: 'https://a.test', metod: GET}"), edges=""), "method"),
        (document(nodes=node(retry_policy="{max_retry: 5}"), edges=""), "max_retries"),
        (document(nodes=node(retry="{backoff: {initial: 5s}}"), edges=""), "initial_delay"),
        (document(nodes=node(security="{require_tls: true}"), edges=""), "require_ssl"),
        (document(nodes=node(outputs="[{name: a, requird: true}]"), edges=""), "required"),
        (document(nodes=node(explain="{whay: a}"), edges=""), "why"),
        (document(edges="- {from: first, to: second, conditon: a}"), "condition"),
        (document(nodes="- {id: a, type: human, name: A, approval_gate: {timeout_mins: 5}}", edges=""), "timeout_min"),
    ],
)
def test_an_unknown_field_is_an_error_with_the_nearest_known_one(text: str, suggested: str) -> None:
    finding = only(text, "OSOP110")
    assert finding.severity is Severity.ERROR
    assert finding.hint == f"did you mean {suggested}?"


@pytest.mark.req("FLO-103")
def test_fields_that_begin_with_x_are_kept_and_ignored() -> None:
    procedure = read(
        document(nodes=node(**{"x-team": "a", "security": "{x-b: 1}"}), edges="", head="x-owner: {deep: [1]}")
    )
    assert procedure.raw["x-owner"] == {"deep": [1]}
    assert procedure.raw["nodes"][0]["x-team"] == "a"


def test_a_merge_key_is_no_field() -> None:
    assert "merge keys" in only(document(head="<<: {a: 1}"), "OSOP110").hint


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (document(head="triggers: [{type: git_push}]"), "triggers.0.type"),
        (
            document(head="triggers: [{type: manual, config: {required_inputs: [a]}}]"),
            "triggers.0.config.required_inputs",
        ),
        (document(head="observability: {tracing: true}"), "observability"),
        (document(nodes=node(success_criteria="[a]"), edges=""), "nodes.first.success_criteria"),
        (document(nodes=node(security="{permissions: [a]}"), edges=""), "nodes.first.security.permissions"),
        (document(nodes=node(runtime="{url: 'https://a.test', os: linux}"), edges=""), "nodes.first.runtime.os"),
        (document(nodes=node(type="cli", runtime="{command: ls, env: {}}"), edges=""), "nodes.first.runtime.env"),
        (document(edges="- {from: first, to: second, contract: c}"), "edges.0.contract"),
        (document(edges="- {from: first, to: second, mode: fallback, when: score > 1}"), "edges.0.when"),
        (document(edges="- {from: first, to: second, spawn_count: 2}"), "edges.0.spawn_count"),
        (document(edges="- {from: first, to: second, join_count: 2}"), "edges.0.join_count"),
        (document(edges="- {from: first, to: second, default_to: second}"), "edges.0.default_to"),
        (
            document(nodes="- {id: a, type: human, name: A, approval_gate: {bypass_allowed: true}}", edges=""),
            "nodes.a.approval_gate.bypass_allowed",
        ),
        (
            document(nodes="- {id: a, type: human, name: A, role: r, approval_gate: {approvers: [b, c]}}", edges=""),
            "nodes.a.approval_gate.approvers",
        ),
        (document(nodes=node(retry="{retryable_errors: [A]}"), edges=""), "nodes.first.retry.retryable_errors"),
    ],
)
def test_a_known_field_that_is_not_honoured_is_named(text: str, where: str) -> None:
    found = [finding for finding in findings_of(text) if finding.code == "OSOP120"]
    assert [(finding.severity, finding.where) for finding in found] == [(Severity.WARNING, where)]
    assert where in found[0].message


@pytest.mark.parametrize(
    "text",
    [
        document(edges="- {from: first, to: second, join_mode: wait_all}"),
        document(nodes="- {id: a, type: human, name: A, approval_gate: {bypass_allowed: false}}", edges=""),
        document(nodes="- {id: a, type: human, name: A, approval_gate: true}", edges=""),
    ],
)
def test_a_field_that_says_what_happens_anyway_is_not_named(text: str) -> None:
    assert not [finding for finding in findings_of(text) if finding.code == "OSOP120"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (document(nodes="- {id: a, type: data, name: A}", edges=""), "OSOP123"),
        (document(head="extends: base"), "OSOP123"),
        (document(nodes=node(workflow_ref="./other.osop.yaml", runtime="null"), edges=""), "OSOP123"),
        (document(nodes=node(security="{auth: oauth2}"), edges=""), "OSOP123"),
        (document(nodes=node(retry="{backoff: linear}"), edges=""), "OSOP123"),
        (document(nodes=node(approval_gate="{required: true}"), edges=""), "OSOP123"),
        (document(nodes="- {id: a, type: api, name: A}", edges=""), "OSOP123"),
        (document(nodes="- {id: a, type: cli, name: A, runtime: {}}", edges=""), "OSOP123"),
        (document(nodes=node(runtime="{url: /orders}"), edges=""), "OSOP123"),
    ],
)
def test_what_cannot_be_run_yet_is_warned_of_and_refused_as_a_run(text: str, code: str) -> None:
    procedure = read(text)
    assert [finding.code for finding in executable(procedure)] == [code]
    assert executable(procedure)[0].severity is Severity.WARNING


def test_a_json_document_that_cannot_be_run_says_so_too() -> None:
    data = '{"id": "b", "type": "data", "name": "\\ud83d\\ude00"}'
    text = f'{{"osop_version": "2.0", "id": "a", "name": "A", "nodes": [{data}]}}'
    assert [finding.code for finding in executable(read(text, name="a.json"))] == ["OSOP123"]


API = "url: 'https://a.test'"


@pytest.mark.req("FLO-101")
@pytest.mark.parametrize(
    ("marked", "code"),
    [
        ("§[]", "OSOP112"),
        ("§", "OSOP111"),
        ("§" + document().replace("id: small\n", ""), "OSOP111"),
        ("§" + document().replace("name: Small\n", ""), "OSOP111"),
        ("§" + document(edges=""), "OSOP111"),
        (document(nodes="- §{type: human, name: A}", edges=""), "OSOP111"),
        (document(nodes="- §{id: a, name: A}", edges=""), "OSOP111"),
        (document(nodes="- §{id: a, type: human}", edges=""), "OSOP111"),
        (document(nodes="- {id: a, type: §humna, name: A}", edges=""), "OSOP112"),
        (document(nodes="- {id: §a.b, type: human, name: A}", edges=""), "OSOP112"),
        (document(nodes="- {id: a, type: human, name: §[A]}", edges=""), "OSOP112"),
        (document(nodes="- §a", edges=""), "OSOP112"),
        (document(nodes=node(retry="{max_retries: §1.5}"), edges=""), "OSOP112"),
        (document(nodes=node(security="{require_ssl: §'yes'}"), edges=""), "OSOP112"),
        (document(nodes=node(runtime=f"{{{API}, method: §FETCH}}"), edges=""), "OSOP112"),
        (document(nodes=node(runtime=f"{{{API}, expected_status: [200, §2]}}"), edges=""), "OSOP112"),
        (document(nodes=node(runtime=f"{{{API}, response_mapping: {{a: §b}}}}"), edges=""), "OSOP112"),
        (document(nodes=node(type="cli", runtime="{command: §[]}"), edges=""), "OSOP112"),
        (document(nodes=node(outputs="[§{a: data.id}]"), edges=""), "OSOP112"),
        (document(nodes=node(outputs="[a, §a]"), edges=""), "OSOP114"),
        (document(nodes=node() + "\n" + node(id="§first"), edges=""), "OSOP114"),
        (document(nodes=node(id="a-b") + "\n" + node(id="§a_b"), edges=""), "OSOP114"),
        (document(edges="- §{from: first}"), "OSOP111"),
        (document(edges="- {from: first, to: second, mode: §sometimes}"), "OSOP112"),
        (document(edges="- §{from: first, to: second, mode: conditional}"), "OSOP118"),
        (document(edges="- §{from: first, to: second, mode: conditional, when: ' '}"), "OSOP118"),
        (document(edges="- {from: first, to: §secnd}"), "OSOP201"),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(marked: str, code: str) -> None:
    before = marked[: marked.index("§")]
    place = (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    assert error_in(marked.replace("§", "")) == (code, *place)


def test_an_edge_with_a_mode_that_ignores_conditions_is_told() -> None:
    text = document(edges="- {from: first, to: second, mode: sequential, when: score > 1}")
    assert only(text, "OSOP119").severity is Severity.WARNING
    assert read(text).edges[0].mode is EdgeMode.CONDITIONAL


def test_all_errors_are_told_at_once() -> None:
    text = document(
        nodes="- {id: a, type: humna, nme: A}\n- {id: b, type: api, name: B, timeout: soon}",
        edges="- {from: a, to: c, mode: never}",
        head="versoin: 1",
    )
    codes = [str(finding.code) for finding in load(text, name="x.osop").errors]
    assert sorted(codes) == ["OSOP110", "OSOP110", "OSOP112", "OSOP112", "OSOP116", "OSOP201", "OSOP201"]


def test_findings_come_in_the_order_of_the_document() -> None:
    places = [finding.position for finding in findings_of(document(head="versoin: 1", edges="- {from: x, to: y}"))]
    assert places == sorted(places, key=lambda place: (place.line, place.column))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("a", Field("a")),
        ("{name: a, schema: text}", Field("a", {"type": "string"})),
        ("{name: a, schema: money}", Field("a", {"type": "integer", "minimum": 0})),
        ("{name: a, schema: '#/schemas/money'}", Field("a", {"type": "integer", "minimum": 0})),
        ("{name: a, schema: {type: array, items: {$ref: '#/schemas/money'}}}", None),
        ("{name: a, type: string, enum: [x, y]}", Field("a", {"type": "string", "enum": ["x", "y"]})),
        ("{name: a, required: false}", Field("a", {}, required=False)),
        ("{name: a, schema: {default: 5}}", Field("a", {"default": 5}, required=False)),
        ("{name: a, description: D, x-personal: true}", Field("a", {}, True, "D", True)),
    ],
)
def test_a_field_is_a_name_a_schema_or_a_reference_to_one(spec: str, field: Field | None) -> None:
    text = document(nodes=node(outputs=f"[{spec}]"), edges="", head="schemas: {money: {type: integer, minimum: 0}}")
    found = read(text).nodes["first"].outputs[0]
    expected = field or Field("a", {"type": "array", "items": {"type": "integer", "minimum": 0}})
    assert Field(found.name, found.schema, found.required, found.description, found.personal) == expected


@pytest.mark.parametrize(
    ("spec", "schemas"),
    [
        ("{name: a, schema: strng}", "{}"),
        ("{name: a, schema: {type: strng}}", "{}"),
        ("{name: a, schema: {pattern: '('}}", "{}"),
        ("{name: a, schema: {$ref: 'https://schemas.test/a.json'}}", "{}"),
        ("{name: a, schema: {$dynamicRef: '#a'}}", "{}"),
        ("{name: a, schema: loop}", "{loop: {items: {$ref: '#/schemas/loop'}}}"),
        ("{name: a, schema: '#/schemas/string'}", "{}"),
    ],
)
def test_a_schema_that_cannot_be_used_is_an_error(spec: str, schemas: str) -> None:
    assert error_in(document(nodes=node(outputs=f"[{spec}]"), edges="", head=f"schemas: {schemas}"))[0] == "OSOP124"


def test_schemas_that_unfold_without_end_are_refused() -> None:
    references = ", ".join("{$ref: '#/schemas/s%d'}" for _ in range(10))
    schemas = ", ".join(f"s{level}: {{anyOf: [{references.replace('%d', str(level + 1))}]}}" for level in range(9))
    text = document(nodes=node(outputs="[{name: a, schema: s0}]"), edges="", head=f"schemas: {{{schemas}, s9: {{}}}}")
    assert error_in(text)[0] == "OSOP124"


def test_a_run_is_started_with_the_inputs_of_document_and_first_nodes() -> None:
    nodes = node(inputs="[a, {name: b, required: false}]", outputs="[c]") + "\n" + node(id="second", inputs="[c, d]")
    procedure = read(document(nodes=nodes, head="inputs: {a: {type: string}, e: {type: number, default: 1}}"))
    assert [(entry.name, entry.required) for entry in procedure.inputs] == [("a", True), ("e", False), ("b", False)]
    assert procedure.inputs[0].schema == {"type": "string"}


def test_the_default_retry_holds_for_nodes_without_their_own() -> None:
    nodes = node() + "\n" + node(id="second", retry="{max_retries: 0}")
    procedure = read(document(nodes=nodes, head="retry: {max_attempts: 3, backoff: {initial_delay: 2s}}"))
    assert procedure.nodes["first"].retry == RetryPolicy(2, Backoff.FIXED, 2)
    assert procedure.nodes["second"].retry == RetryPolicy(0)


def test_the_limits_of_nodes_and_edges_hold() -> None:
    at_limit = "\n".join(node(id=f"n{index}") for index in range(NODES_MAX))
    chain = "\n".join(f"- {{from: n{index}, to: n{index + 1}}}" for index in range(NODES_MAX - 1))
    assert len(read(document(nodes=at_limit, edges=chain)).nodes) == NODES_MAX
    assert error_in(document(nodes=f"{at_limit}\n{node(id='more')}", edges=chain))[0] == "OSOP103"
    many = "\n".join(["- {from: first, to: second}"] * (EDGES_MAX + 1))
    assert error_in(document(edges=many))[0] == "OSOP103"


def test_no_more_findings_than_the_limit_are_listed() -> None:
    assert (
        len(load("a:\n" + "".join(f"- {{b: {index}, b: 2}}\n" for index in range(600)), name="x").findings)
        == FINDINGS_MAX
    )


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a.osop.json"
    path.write_text(
        '{"osop_version": "2.0", "id": "a", "name": "A", "nodes": [{"id": "b", "type": "human", "name": "B"}]}'
    )
    assert load_file(path).errors == []
    assert [finding.code for finding in load_file(tmp_path / "missing.osop").findings] == ["OSOP100"]


def test_an_edge_that_leads_nowhere_still_has_its_condition_checked() -> None:
    text = document(edges='- {from: first, to: nobody, mode: conditional, when: "score.length > 1 && flag === true"}')
    assert [finding.code for finding in findings_of(text) if finding.severity is Severity.ERROR] == [
        "OSOP201",
        "OSOP304",
        "OSOP304",
    ]
