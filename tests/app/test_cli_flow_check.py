"""`opsdesk flow simulate`, `flow test`: what is found without running anything."""

import json

import pytest

from tests.app.shell import REVIEWED, Shell


@pytest.mark.req("FLO-206")
def test_paths_are_told_on_stdout_and_as_json(shell: Shell) -> None:
    file = shell.file(REVIEWED)
    said = shell("flow", "simulate", file)
    assert said.code == 0
    assert said.out.startswith("信件 / Letter (letter)\n2 paths: 1 completed, 1 timed out.")
    shown = shell("flow", "simulate", file, "--json").json
    assert (shown["procedure"], shown["complete"], shown["nodes_never_run"]) == ("letter", True, [])
    assert [path["outcome"] for path in shown["paths"]] == ["completed", "timed_out"]


@pytest.mark.req("FLO-206")
def test_answers_are_given_by_options_and_by_a_file(shell: Shell) -> None:
    file = shell.file(REVIEWED)
    given = {"inputs": {"copies": 1}, "answers": {"review": {"stamps": 2}}, "failures": {}, "silent": ["review"]}
    shell.file(json.dumps(given), "given.json")
    shown = shell("flow", "simulate", file, "--given", "given.json", "--json").json
    assert [path["outcome"] for path in shown["paths"]] == ["timed_out"]
    failed = shell("flow", "simulate", file, "--fail", "write=Broken", "--json").json
    assert [(path["outcome"], path["node"]) for path in failed["paths"]] == [("blocked", "write")]
    options = ("--input", "copies=3", "--answer", "review.decision=send", "--walks", "1")
    assert shell("flow", "simulate", file, *options, "--json").json["walks"] == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--answer", "review=1"), "review is not written node.output=value"),
        (("--answer", "review.stamps=many"), "review: output stamps is not of type integer"),
        (("--silent", "nobody"), "there is no node nobody"),
        (("--input", "copies=many"), "input copies is not of type integer"),
    ],
)
def test_what_cannot_be_given_is_refused(shell: Shell, words: tuple[str, ...], problem: str) -> None:
    more = ("--answer", "review.decision=send") if "stamps" in words[1] else ()
    said = shell("flow", "simulate", shell.file(REVIEWED), *words, *more, "--json")
    assert (said.code, said.error["detail"]["problems"]) == (1, [problem])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ({"answer": {}}, "given.json has no field answer; known are inputs, answers, failures, silent"),
        ({"inputs": []}, "inputs in given.json is not an object"),
        ({"answers": {"review": 1}}, "answers in given.json are not objects by node"),
        ({"failures": {"write": 1}}, "failures in given.json are not codes by node"),
        ({"silent": "write"}, "silent in given.json is not a list of nodes"),
    ],
)
def test_a_file_of_answers_is_read_strictly(shell: Shell, text: object, problem: str) -> None:
    shell.file(json.dumps(text), "given.json")
    said = shell("flow", "simulate", shell.file(REVIEWED), "--given", "given.json", "--json")
    assert (said.code, said.error["detail"]["problems"]) == (1, [problem])


def test_a_document_with_errors_is_refused_with_its_findings(shell: Shell) -> None:
    said = shell("flow", "simulate", shell.file(REVIEWED.replace("to: review", "to: nowhere")), "--json")
    assert (said.code, said.error["code"]) == (1, "ProcedureRefused")


TESTED = (
    REVIEWED
    + """\
tests:
  - id: sent
    type: integration
    input: {email: a@example.com, copies: 1}
    mocks: {write: {pages: 3}, review: {decision: send, stamps: 1}}
    expect: {outcome: completed}
  - {id: late, type: simulation, failure_injection: {review: timeout}, expect: {outcomes: [completed]}}
"""
)


@pytest.mark.req("FLO-207")
def test_tests_of_a_document_are_run_and_told(shell: Shell) -> None:
    file = shell.file(TESTED)
    said = shell("flow", "test", file)
    assert said.code == 1
    lines = said.out.splitlines()
    assert lines[0] == "[PASS] a.osop.yaml:30 sent (integration)"
    assert lines[1] == "[FAIL] a.osop.yaml:35 late (simulation)"
    assert said.err.strip() == "a.osop.yaml: 1 passed, 1 failed"
    good = shell("flow", "test", file, "--only", "sent", "--junit", "tests.xml", "--json")
    assert (good.code, good.json["files"][0]["passed"]) == (0, True)
    assert '<testcase classname="letter.integration" name="sent" />' in (shell.folder / "tests.xml").read_text()
    unknown = shell("flow", "test", file, "--only", "none", "--json")
    assert unknown.error["detail"]["problems"] == ["a.osop.yaml has no test none"]
