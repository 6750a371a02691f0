import re
from pathlib import Path

import pytest

from opsdesk.flows.document import load
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint import format_finding, has_errors, lint
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Position
from tests.flows.documents import ONE_EDGE, TWO_NODES, codes_of, document, findings_of, only

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "lint.md"
SECTION = re.compile(r"^### (OSOP\d{3}) (.+)\n((?:(?!^#).*\n)*)", re.MULTILINE)
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITHOUT_EXAMPLE = {
    Code.UNREADABLE,
    Code.ENCODING,
    Code.REFERENCE_ENVIRONMENT,
    Code.FILE_REFERENCE,
    Code.IMPORT_CYCLE,
}
ALWAYS = {Code.CONFORMANCE}


def sections() -> dict[str, tuple[str, list[str]]]:
    """By code: the title and the examples."""
    return {code: (title, BLOCK.findall(body)) for code, title, body in SECTION.findall(REFERENCE.read_text())}


def completed(example: str) -> str:
    """The example with what the reference says that it leaves out."""
    given = set(re.findall(r"^(\w+):", example, re.MULTILINE))
    missing = {"osop_version": '"2.0"', "id": "small", "name": "Small"}
    text = "".join(f"{name}: {value}\n" for name, value in missing.items() if name not in given)
    if "nodes" not in given:
        indented = TWO_NODES.strip().replace("\n", "\n  ")
        text += f"nodes:\n  {indented}\n"
        text += "" if "edges" in given else f"edges:\n  {ONE_EDGE}\n"
    return text + example


def test_every_code_is_documented_under_its_name() -> None:
    titles = {code: title.lower() for code, (title, _) in sections().items()}
    assert titles == {code.value: code.name.lower().replace("_", " ") for code in Code}


def test_every_code_has_an_example_and_a_mended_one() -> None:
    counts = {code: len(examples) for code, (_, examples) in sections().items()}
    expected = {code.value: 0 if code in WITHOUT_EXAMPLE else 1 if code in ALWAYS else 2 for code in Code}
    assert counts == expected


@pytest.mark.req("FLO-107", "FLO-201", "FLO-202")
@pytest.mark.parametrize("code", [code for code in Code if code not in WITHOUT_EXAMPLE])
def test_the_example_of_a_code_gives_it(code: Code) -> None:
    example = sections()[code][1][0]
    assert code in codes_of(completed(example))


@pytest.mark.parametrize("code", [code for code in Code if code not in WITHOUT_EXAMPLE | ALWAYS])
def test_the_mended_example_does_not_give_the_code(code: Code) -> None:
    example = sections()[code][1][1]
    assert code not in codes_of(completed(example))


@pytest.mark.req("FLO-107")
def test_a_finding_is_one_line_with_its_place_code_and_hint() -> None:
    finding = Finding(Code.GAP, Severity.WARNING, "nothing happens", "add an edge", Position(3, 7))
    assert format_finding(finding, file="a.osop") == "a.osop:3:7: warning OSOP401 nothing happens (add an edge)"
    bare = Finding(Code.GAP, Severity.ERROR, "nothing happens")
    assert format_finding(bare, file="a.osop") == "a.osop:1:1: error OSOP401 nothing happens"


def test_findings_of_load_and_lint_come_sorted_and_once() -> None:
    loaded = load(document(edges="- {from: first, to: second, when: scor > 1}", head="views: []"), name="x.osop")
    found = lint(loaded.procedure, [*loaded.findings, *loaded.findings])
    assert [finding.code for finding in found] == ["OSOP901", "OSOP120", "OSOP601", "OSOP302"]
    assert has_errors(found)


def test_what_cannot_be_read_has_the_findings_of_load() -> None:
    loaded = load("a: [", name="x.osop")
    assert lint(loaded.procedure, loaded.findings) == loaded.findings


@pytest.mark.req("FLO-009")
@pytest.mark.parametrize(
    "secret",
    [
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "AKIAIOSFODNN7EXAMPLE",
        "https://admin:hunter2@partner.test",
        "Bearer abcdef0123456789",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_the_text_of_a_secret_is_an_error_that_does_not_repeat_it(secret: str) -> None:
    finding = only(document(head=f"metadata: {{note: '{secret}'}}"), "OSOP501")
    assert finding.severity is Severity.ERROR
    assert finding.where == "metadata.note"
    assert secret not in format_finding(finding, file="x")


@pytest.mark.parametrize("value", ["STRIPE_KEY", "${secrets.KEY}", "$.data.token", "ask the team lead", "short", "5"])
def test_what_only_names_a_secret_is_none(value: str) -> None:
    assert "OSOP501" not in codes_of(document(head=f"x-a: {{token: '{value}', max_tokens: 40960000}}"))


@pytest.mark.parametrize(
    ("command", "exposed"),
    [
        ("run ${a} --flag", False),
        ('run "${a}"', False),
        ("run --to=${a}", False),
        ("run ${a} | tee log", False),
        ("run \\\n  ${a}\n", False),
        ("[run, '${a} | x']", False),
        ('run "${a}" | tee', True),
        ("run ${a}; ls", True),
        ("run >${a} && x", True),
        ("echo `x ${a}`", True),
        ("echo $(x ${a})", True),
        ("sh -c 'x ${a}'", True),
        ("[bash, -c, 'x ${a}']", True),
    ],
)
def test_a_value_that_a_shell_would_read_is_told(command: str, exposed: bool) -> None:
    quoted = (
        command if command.startswith("[") else f'"{command}"'.replace('"' + command, '"' + command.replace('"', '\\"'))
    )
    quoted = quoted.replace("\\\n", "\\\\\\n").replace("\n", "\\n")
    text = document(nodes=f"- {{id: a, type: cli, name: A, inputs: [a], runtime: {{command: {quoted}}}}}", edges="")
    assert ("OSOP502" in codes_of(text)) is exposed


@pytest.mark.req("FLO-007")
@pytest.mark.parametrize(
    ("command", "refused"),
    [
        ('"run ${a} | tee log"', False),
        ("[run, '${a} | x']", False),
        ('"echo `x ${a}`"', True),
        ("\"sh -c 'x ${a}'\"", True),
        ("[bash, -c, 'x ${a}']", True),
        ('"${a} --flag"', True),
        ("[]", True),
    ],
)
def test_a_command_that_the_worker_would_refuse_is_an_error_before_any_run(command: str, refused: bool) -> None:
    item = f"- {{id: a, type: cli, name: A, inputs: [a], runtime: {{command: {command}}}}}"
    found = findings_of(document(nodes=item, edges=""))
    assert ("OSOP506" in [finding.code for finding in found]) is refused
    assert has_errors(found) is refused


@pytest.mark.parametrize(
    ("runtime", "security", "codes"),
    [
        ("url: 'http://a.test'", "", set()),
        ("url: 'http://localhost:1'", "secret_ref: A", set()),
        ("url: 'http://a.test', headers: {authorization: x}", "", {"OSOP503"}),
        ("url: 'http://a.test', body: {a: ['${secrets.B}']}", "", {"OSOP503"}),
        ("url: 'HTTP://a.test'", "require_ssl: true", {"OSOP504"}),
        ("endpoint: 'http://a.test'", "require_ssl: true", {"OSOP504"}),
        ("url: 'https://a.test'", "require_ssl: true, secret_ref: A", set()),
    ],
)
def test_plain_http_is_told_where_it_carries_secrets(runtime: str, security: str, codes: set[str]) -> None:
    nodes = f"- {{id: a, type: api, name: A, runtime: {{{runtime}}}, security: {{{security}}}}}"
    assert codes_of(document(nodes=nodes, edges="")) & {"OSOP503", "OSOP504"} == codes


@pytest.mark.parametrize("node_type", ["api", "agent", "mcp"])
def test_whatever_calls_by_url_is_looked_at_for_open_ways_and_addresses_inside(node_type: str) -> None:
    runtime = "{url: 'http://127.0.0.2/v1', model: m, prompt: p, tool_name: t}"
    nodes = f"- {{id: a, type: {node_type}, name: A, outputs: [x], runtime: {runtime}, security: {{secret_ref: KEY}}}}"
    assert codes_of(document(nodes=nodes, edges="")) >= {"OSOP503", "OSOP507"}
