"""`opsdesk flow run` and `opsdesk flow log`: a procedure run from its file, live or in lines, and its record."""

import json

import pytest
import yaml

from opsdesk.flows.record import verify
from tests.app.shell import BROKEN, INPUTS, LETTER, REVIEWED, Shell


def test_a_run_is_told_line_by_line_until_it_waits_for_a_person(shell: Shell) -> None:
    said = shell("flow", "run", shell.file(REVIEWED), *INPUTS)
    assert said.code == 0
    started, written, waits = said.out.splitlines()
    assert started[9:].startswith("run ")
    assert " of letter started by cli:" in started
    assert written[9:].startswith("write done ")
    assert written.endswith(" s")
    assert waits[9:].startswith("review waits for editor until ")
    assert said.err.startswith("Next: opsdesk ticket show ")


def test_a_run_that_completes_ends_with_exit_code_zero(shell: Shell) -> None:
    said = shell("flow", "run", shell.file(LETTER), *INPUTS)
    assert (said.code, said.out.splitlines()[-1][9:], said.err) == (0, "run completed", "")


def test_an_incident_ends_with_exit_code_one_and_says_how_to_go_on(shell: Shell) -> None:
    said = shell("flow", "run", shell.file(BROKEN))
    assert said.code == 1
    assert said.out.splitlines()[-1].endswith("; waits for an operator")
    assert " break failed, " in said.out
    assert "--node break, or opsdesk run cancel " in said.err


def test_what_machines_get_is_the_run_at_its_end_and_nothing_else(shell: Shell) -> None:
    said = shell("flow", "run", shell.file(REVIEWED), *INPUTS, "--json")
    assert (said.code, said.err) == (0, "")
    assert said.json["status"] == "waiting"
    assert [node["phase"] for node in said.json["nodes"]] == ["done", "waiting"]


@pytest.mark.req("FLO-009")
def test_personal_values_are_masked_unless_they_are_asked_for(shell: Shell) -> None:
    masked = shell("flow", "run", shell.file(REVIEWED), *INPUTS, "--json")
    assert "anna@example.com" not in masked.out
    assert masked.json["inputs"] == {"email": "a***@e***.com", "copies": 2}
    run = masked.json["id"]
    for command in (["run", "show", run], ["run", "journal", run], ["flow", "log", run]):
        assert "anna@example.com" not in shell(*command).out, command
        assert "anna@example.com" not in shell(*command, "--json").out, command
        assert "anna@example.com" in shell(*command, "--json", "--reveal").out, command


def test_inputs_are_typed_as_the_procedure_declares_them(shell: Shell) -> None:
    more = ["--input", "weight=1.5", "--input", "urgent=true", "--input", 'tags:=["a", 1]', "--reveal"]
    inputs = shell.run(REVIEWED, *INPUTS, *more)["inputs"]
    assert inputs == {
        "email": "anna@example.com",
        "copies": 2,
        "weight": 1.5,
        "urgent": True,
        "tags": ["a", 1],
    }


def test_inputs_come_from_a_file_and_those_beside_it_count_more(shell: Shell) -> None:
    shell.file(json.dumps({"email": "file@example.com", "copies": 7}), "inputs.json")
    inputs = shell.run(REVIEWED, "--inputs", "inputs.json", "--input", "copies=8", "--reveal")["inputs"]
    assert inputs == {"email": "file@example.com", "copies": 8}


def test_wrong_inputs_are_refused_by_name_before_anything_happens(shell: Shell) -> None:
    said = shell("flow", "run", shell.file(REVIEWED), "--input", "copies=two", "--input", "colour=red", "--json")
    assert said.code == 1
    assert said.error["code"] == "InputsInvalid"
    assert said.error["detail"]["problems"] == [
        "email is missing",
        "copies is not of type integer",
        "colour is not an input of letter",
    ]
    assert shell("run", "list", "--json").json["items"] == []
    assert shell("flow", "list", "--json").json["items"] == []


def test_inputs_that_cannot_be_read_are_told_all_at_once_without_their_values(shell: Shell) -> None:
    inputs = ["--input", "secret-word", "--input", "tags:=[secret", "--input", "copies=1", "--input", "copies=2"]
    said = shell("flow", "run", shell.file(REVIEWED), *inputs)
    assert said.code == 1
    assert said.err.splitlines()[1:5] == [
        "  problems:",
        "    - value 1 is not written name=value",
        "    - tags is not JSON at line 1, column 2",
        "    - copies is given twice",
    ]
    assert "secret" not in said.err


def test_the_same_key_starts_one_run_only(shell: Shell) -> None:
    file = shell.file(REVIEWED)
    first = shell("flow", "run", file, *INPUTS, "--key", "k1", "--no-watch")
    again = shell("flow", "run", file, *INPUTS, "--key", "k1", "--no-watch")
    other = shell("flow", "run", file, *INPUTS, "--input", "weight=2", "--key", "k1", "--no-watch", "--json")
    assert first.out == again.out
    assert again.err.startswith("started before with this key: ")
    assert (other.code, other.error["code"]) == (1, "KeyReused")


def test_a_run_that_is_not_watched_is_left_to_a_worker(shell: Shell) -> None:
    said = shell("flow", "run", shell.file(REVIEWED), *INPUTS, "--no-watch")
    assert said.code == 0
    assert shell("run", "show", said.out.strip(), "--json").json["wake"]["name"] == "worker: start"


def test_the_file_that_is_named_is_what_runs_also_when_a_newer_version_is_stored(shell: Shell) -> None:
    shell.file(REVIEWED, "old.osop.yaml")
    old = shell("flow", "add", "old.osop.yaml", "--json").json["digest"]
    shell("flow", "add", shell.file(REVIEWED.replace("书写", "抄写"), "new.osop.yaml"))
    run = shell("flow", "run", "old.osop.yaml", *INPUTS, "--no-watch", "--json").json
    assert run["digest"] == old


def test_a_procedure_comes_from_standard_input(shell: Shell) -> None:
    said = shell("flow", "run", "-", *INPUTS, "--no-watch", "--json", given=REVIEWED)
    assert said.json["procedure"] == "letter"


def test_a_procedure_that_cannot_be_run_is_refused_with_every_error(shell: Shell) -> None:
    said = shell("flow", "run", shell.file(LETTER.replace("command:", "orders:")), *INPUTS, "--json")
    assert (said.code, said.error["code"]) == (1, "ProcedureRefused")


def test_a_file_that_is_not_there_is_refused_in_words(shell: Shell) -> None:
    said = shell("flow", "run", "away.osop.yaml")
    assert (said.code, said.err.splitlines()[0]) == (1, "SystemRefused: The operating system does not allow it.")
    assert "Traceback" not in said.err


@pytest.mark.req("FLO-401")
def test_the_log_of_a_run_is_written_and_its_chain_holds(shell: Shell) -> None:
    run = shell.reviewed()["id"]
    printed = yaml.safe_load(shell("flow", "log", run).out)
    assert [record["node_id"] for record in printed["node_records"]] == ["write", "review"]
    said = shell("flow", "log", run, "--tamper-evident", "--out", "run.osoplog.yaml")
    assert (said.code, said.out) == (0, "")
    written = yaml.safe_load((shell.folder / "run.osoplog.yaml").read_text(encoding="utf-8"))
    assert verify(written) is None
    written["node_records"][0]["node_id"] = "other"
    assert verify(written) is not None
