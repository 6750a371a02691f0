"""`opsdesk flow`: files are checked, drawn, read, stored."""

import json
import subprocess
import sys

import pytest

from tests.app.shell import BROKEN, REVIEWED, Shell

WITHOUT_NAME = REVIEWED.replace("name: 信件 / Letter\n", "")


@pytest.mark.req("FLO-107")
def test_findings_are_lines_on_stdout_and_the_summary_is_words_on_stderr(shell: Shell) -> None:
    said = shell("flow", "lint", shell.file(WITHOUT_NAME))
    assert said.code == 1
    errors = [line for line in said.out.splitlines() if ": error " in line]
    assert len(errors) == 1
    assert errors[0].startswith("a.osop.yaml:1:1: error OSOP")
    assert "a.osop.yaml: 1 error, " in said.err
    assert "conformance level " in said.err
    assert said.err.endswith("cannot run\n")


@pytest.mark.req("FLO-107")
def test_several_files_are_checked_and_one_with_errors_is_enough_to_fail(shell: Shell) -> None:
    good, bad = shell.file(REVIEWED), shell.file(WITHOUT_NAME, "b.osop.yaml")
    assert shell("flow", "lint", good).code == 0
    said = shell("flow", "lint", good, bad, "away.osop.yaml")
    assert said.code == 1
    assert [line.split(":")[0] for line in said.err.splitlines()] == [good, bad, "away.osop.yaml"]
    assert "away.osop.yaml:1:1: error OSOP100 the file cannot be read: No such file or directory" in said.out


@pytest.mark.req("FLO-107")
def test_findings_come_as_json_with_what_the_http_api_says(shell: Shell) -> None:
    said = shell("flow", "lint", shell.file(WITHOUT_NAME), shell.file(REVIEWED, "b.osop.yaml"), "--json")
    first, second = said.json["files"]
    assert (first["file"], first["runnable"], second["runnable"]) == ("a.osop.yaml", False, True)
    assert {"code", "severity", "message", "hint", "line", "column", "where"} == set(first["findings"][0])


@pytest.mark.req("FLO-107")
def test_findings_are_written_as_sarif_for_code_hosts(shell: Shell) -> None:
    shell("flow", "lint", shell.file(WITHOUT_NAME), "--sarif", "found.sarif")
    written = json.loads((shell.folder / "found.sarif").read_text(encoding="utf-8"))
    results = written["runs"][0]["results"]
    assert [result["level"] for result in results].count("error") == 1


def test_a_document_on_standard_input_is_yaml_or_json(shell: Shell) -> None:
    assert shell("flow", "lint", "-", given=REVIEWED).code == 0
    said = shell("flow", "lint", "-", given='{"osop_version": "2.0",}')
    assert said.code == 1
    assert said.out.startswith("<stdin>:1:24: error OSOP102 this is not JSON")


def test_a_linter_does_not_wait_for_what_only_a_server_needs() -> None:
    program = """
import sys
from opsdesk.app.cli import app
app(["flow", "lint", "-"], standalone_mode=False)
slow = {"psycopg", "fastapi", "aiohttp", "rich.live", "uvloop", "pgqueuer", "cryptography"}
sys.exit(", ".join(sorted(slow & set(sys.modules))) or 0)
"""
    done = subprocess.run([sys.executable, "-c", program], input=REVIEWED, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[1:]) == (0, [])


def test_a_procedure_is_drawn_to_stdout_or_to_a_file(shell: Shell) -> None:
    file = shell.file(REVIEWED)
    assert shell("flow", "draw", file).out.startswith("<svg ")
    assert 'lang="zh-CN"' in shell("flow", "draw", file, "--language", "zh").out
    assert shell("flow", "draw", file, "--mermaid").out.startswith("---\ntitle:")
    said = shell("flow", "draw", file, "--out", "a.svg")
    assert (said.code, said.out) == (0, "")
    assert (shell.folder / "a.svg").read_text(encoding="utf-8").endswith("</svg>\n")


def test_a_language_that_is_not_spoken_is_misuse(shell: Shell) -> None:
    said = shell("flow", "draw", shell.file(REVIEWED), "--language", "fr")
    assert said.code == 2
    assert "--language" in said.err


def test_a_file_that_cannot_be_written_is_refused_in_words(shell: Shell) -> None:
    said = shell("flow", "draw", shell.file(REVIEWED), "--out", "away/a.svg")
    assert said.code == 1
    assert said.err.splitlines() == [
        "SystemRefused: The operating system does not allow it.",
        "  reason: No such file or directory",
        "  file: away/a.svg",
    ]


def test_a_document_that_is_no_procedure_is_not_drawn_and_every_reason_is_told(shell: Shell) -> None:
    said = shell("flow", "draw", shell.file("nodes: 3"), "--json")
    assert said.code == 1
    assert said.error["code"] == "DocumentUnreadable"
    assert len(said.error["detail"]["findings"]) > 1
    words = shell("flow", "draw", "a.osop.yaml").err
    assert "  - 1:8: error OSOP" in words
    assert "Next: opsdesk flow lint shows everything that is to be said about a.osop.yaml" in words


def test_a_procedure_is_read_as_text_and_as_json(shell: Shell) -> None:
    file = shell.file(REVIEWED)
    assert "  2. 审核 / Review (review) — Person" in shell("flow", "show", file).out
    shown = shell("flow", "show", file, "--json").json
    assert [node["id"] for node in shown["nodes"]] == ["write", "review"]
    assert shown["inputs"][1] == {"name": "copies", "required": True, "json_schema": {"type": "integer"}}


def test_a_version_is_stored_once_and_listed(shell: Shell) -> None:
    file = shell.file(REVIEWED)
    first, again = shell("flow", "add", file, "--json").json, shell("flow", "add", file, "--json").json
    assert (first["new"], again["new"]) == (True, False)
    assert first["digest"] == again["digest"]
    listed = shell("flow", "list")
    assert listed.out.splitlines()[1].startswith("letter     信件 / Letter")
    assert shell("flow", "list", "--json").json["items"][0]["file"] == "a.osop.yaml"


def test_a_document_with_errors_is_not_stored_and_every_error_is_told(shell: Shell) -> None:
    broken = shell.file(BROKEN.replace("to: after", "to: nowhere").replace("type: human", "type: robot"))
    said = shell("flow", "add", broken, "--json")
    assert said.code == 1
    assert said.error["code"] == "ProcedureRefused"
    assert len(said.error["detail"]["findings"]) >= 2
    assert shell("flow", "list", "--json").json["items"] == []


def test_columns_stand_below_each_other_with_chinese_names(shell: Shell) -> None:
    versioned = REVIEWED.replace("name: 信件", 'version: "1.0"\nname: 信件')
    shell("flow", "add", shell.file(versioned))
    shell("flow", "add", shell.file(versioned.replace("id: letter", "id: post").replace("信件 / Letter", "Post")))
    head, letter, post = shell("flow", "list").out.splitlines()
    # Each of the two Chinese characters takes two columns.
    assert head.index("VERSION") == post.index("1.0") == letter.index("1.0") + 2
