"""`opsdesk run`: runs are found by a part of their identifier, shown, followed and acted upon."""

import pytest

from tests.app.shell import BROKEN, INPUTS, PARTNERED, REVIEWED, Shell


def test_runs_are_listed_newest_first_with_what_they_wait_for(shell: Shell) -> None:
    first, second = shell.reviewed()["id"], shell.run(BROKEN)["id"]
    head, newest, oldest = shell("run", "list").out.splitlines()
    assert head.split()[:4] == ["RUN", "PROCEDURE", "STATUS", "STARTED"]
    assert newest.startswith(f"{second[-12:]}  broken     blocked")
    assert oldest.startswith(f"{first[-12:]}  letter     waiting")
    assert oldest.endswith("person: editor (review)")
    assert shell("run", "list").err == "1 waiting, 1 blocked\n"


def test_runs_are_filtered_counted_and_paged(shell: Shell) -> None:
    first, second, third = (shell.reviewed()["id"], shell.run(BROKEN)["id"], shell.reviewed()["id"])
    page = shell("run", "list", "--status", "waiting", "--limit", "1", "--json").json
    assert [run["id"] for run in page["items"]] == [third]
    assert page["counts"]["blocked"] == 1
    rest = shell("run", "list", "--status", "waiting", "--cursor", page["next"], "--json").json
    assert ([run["id"] for run in rest["items"]], rest["next"]) == ([first], None)
    assert [run["id"] for run in shell("run", "list", "--procedure", "broken", "--json").json["items"]] == [second]


def test_a_status_that_there_is_not_is_misuse(shell: Shell) -> None:
    said = shell("run", "list", "--status", "done")
    assert said.code == 2
    assert "is none of running, waiting, blocked" in said.err


def test_a_run_is_found_by_the_beginning_or_the_end_of_its_identifier(shell: Shell) -> None:
    run = shell.reviewed()["id"]
    for part in (run, run.replace("-", ""), run.upper(), run[-12:], run[-8:], run[:13]):
        assert shell("run", "show", part, "--json").json["id"] == run


@pytest.mark.parametrize("part", ["1234567", "xyzxyzxyz", "", "%%%%%%%%", "0" * 33])
def test_what_is_no_part_of_an_identifier_finds_no_run(shell: Shell, part: str) -> None:
    shell.reviewed()
    said = shell("run", "show", part, "--json")
    assert (said.code, said.error["code"]) == (1, "IdUnknown")


def test_a_part_that_several_runs_share_is_refused_with_what_was_found(shell: Shell) -> None:
    runs = {shell.reviewed()["id"], shell.reviewed()["id"]}
    # Made within moments, so they begin alike.
    said = shell("run", "show", min(runs)[:9], "--json")
    assert said.code == 1
    assert said.error["code"] == "IdAmbiguous"
    assert set(said.error["detail"]["found"]) == runs


def test_a_run_is_shown_with_marks_and_with_whom_it_waits_for(shell: Shell) -> None:
    said = shell("run", "show", shell.reviewed()["id"])
    assert said.out.startswith("信件 / Letter (letter) ")
    assert "  ✓ write   Done · " in said.out
    assert "  … review  Waiting for editor · until " in said.out
    assert "  inputs: copies=2, email=a***@e***.com\n" in said.out
    assert said.err.startswith("Next: opsdesk ticket show ")


def test_an_incident_is_shown_in_words(shell: Shell) -> None:
    said = shell("run", "show", shell.run(BROKEN)["id"])
    assert "  ! break  " in said.out
    assert "--node break" in said.err


def test_the_journal_shows_every_fact_in_order(shell: Shell) -> None:
    run = shell.reviewed()["id"]
    facts = shell("run", "journal", run, "--json").json["items"]
    assert [(fact["seq"], fact["fact"]) for fact in facts] == [
        (1, "run_started"),
        (2, "node_ended"),
        (3, "node_waiting"),
    ]
    assert shell("run", "journal", run).out.splitlines()[2].split()[3:5] == ["write", "node_ended"]


def test_a_run_is_started_of_a_stored_procedure_and_executed_by_a_worker(shell: Shell) -> None:
    shell("flow", "add", shell.file(REVIEWED))
    said = shell("run", "start", "letter", *INPUTS)
    assert said.code == 0
    assert said.err == f"a worker executes it (opsdesk worker); follow it with: opsdesk run watch {said.out[-13:-1]}\n"
    assert shell("run", "show", said.out.strip(), "--json").json["status"] == "running"


def test_a_procedure_that_is_not_stored_is_not_started(shell: Shell) -> None:
    said = shell("run", "start", "nothing")
    assert said.code == 1
    assert "opsdesk flow add FILE" in said.err


def test_a_partner_is_answered_for_once(shell: Shell) -> None:
    run = shell.run(PARTNERED, "--no-watch")["id"]
    for _ in range(2):
        said = shell("run", "signal", run, "ask", "--answer", '{"score": 0.5}', "--key", "k", "--json")
        assert (said.code, said.json) == (0, {"run": run, "node": "ask"})
    refused = shell("run", "signal", run, "ask", "--answer", '{"score": "high"}', "--json")
    assert (refused.code, refused.error["code"]) == (1, "AnswerInvalid")


def test_an_answer_that_is_no_object_is_refused_without_repeating_it(shell: Shell) -> None:
    run = shell.reviewed()["id"]
    for answer, problem in (("{secret", "is not JSON at line 1, column 2"), ('["secret"]', "is not a JSON object")):
        said = shell("run", "signal", run, "write", "--answer", answer)
        assert said.code == 1
        assert f"problems: --answer {problem}" in said.err
        assert "secret" not in said.err


def test_a_person_is_not_answered_for_with_a_signal(shell: Shell) -> None:
    said = shell("run", "signal", shell.reviewed()["id"], "review", "--answer", "{}", "--json")
    assert (said.code, said.error["code"]) == (1, "NotWaiting")


def test_a_run_is_cancelled_with_its_reason_and_its_ticket_is_closed(shell: Shell) -> None:
    run = shell.run(REVIEWED, *INPUTS, "--key", "k")["id"]
    assert shell("run", "cancel", run[-12:], "--reason", "withdrawn").code == 0
    # The same key finds the same run, and executes it here.
    assert shell.run(REVIEWED, *INPUTS, "--key", "k")["status"] == "cancelled"
    assert shell("ticket", "list", "--json").json["counts"]["cancelled"] == 1
    said = shell("run", "watch", run)
    assert said.code == 1
    assert said.out.splitlines()[-1].endswith("run cancelled: withdrawn")
    again = shell("run", "cancel", run, "--reason", "twice", "--json")
    assert (again.code, again.error["code"]) == (1, "RunFinished")


def test_a_reason_is_needed_to_cancel(shell: Shell) -> None:
    run = shell.reviewed()["id"]
    assert shell("run", "cancel", run).code == 2
    assert shell("run", "cancel", run, "--reason", " ").code == 2
    assert shell("run", "cancel", run, "--reason", "a" * 2001).code == 2
    assert shell("run", "cancel", run, "--reason", "a" * 2000).code == 0


def test_an_incident_is_retried_and_what_has_none_is_not(shell: Shell) -> None:
    run = shell.run(BROKEN)["id"]
    said = shell("run", "retry", run, "--new-key", "--json")
    assert (said.code, said.json) == (0, {"run": run, "node": "break"})
    refused = shell("run", "retry", run, "--node", "after")
    assert refused.code == 1
    assert f"Next: opsdesk run show {run} tells where it stands" in refused.err


@pytest.mark.req("FLO-307")
def test_a_run_is_paused_shown_as_such_and_resumed(shell: Shell) -> None:
    run = shell.run(REVIEWED, *INPUTS, "--key", "k")["id"]
    refused = shell("run", "resume", run, "--json")
    assert (refused.code, refused.error["code"]) == (1, "RunNotPaused")
    assert shell("run", "pause", run[-12:], "--reason", "a holiday").code == 0
    assert shell.run(REVIEWED, *INPUTS, "--key", "k")["pause"]["reason"] == "a holiday"
    assert shell("run", "show", run).err.startswith(f"Next: opsdesk run resume {run[-12:]}")
    assert "operator: paused by cli:" in shell("run", "list", "--status", "paused").out
    assert shell("run", "resume", run, "--key", "r").code == 0
    assert shell.run(REVIEWED, *INPUTS, "--key", "k")["status"] == "waiting"


@pytest.mark.req("FLO-307")
def test_a_node_is_skipped_with_a_reason_and_the_run_goes_on_behind_it(shell: Shell) -> None:
    run = shell.run(BROKEN, "--key", "k")["id"]
    assert shell("run", "skip", run, "break").code == 2
    assert shell("run", "skip", run, "break", "--reason", "by hand", "--json").json == {"run": run, "node": "break"}
    after = shell.run(BROKEN, "--key", "k")
    assert (after["status"], after["nodes"][0]["skipped_because"]) == ("waiting", "by hand")
    assert "skipped: by hand" in shell("run", "show", run).out
    refused = shell("run", "skip", run, "after", "--reason", "by hand", "--outputs", "{}", "--json")
    assert (refused.code, refused.error["code"]) == (1, "NodeNotSkippable")


@pytest.mark.req("FLO-307")
def test_a_run_goes_its_way_again_from_a_node(shell: Shell) -> None:
    run = shell.run(REVIEWED, *INPUTS, "--key", "k")["id"]
    said = shell("run", "rerun", run, "write", "--reason", "misspelt", "--json")
    assert (said.code, said.json) == (0, {"run": run, "node": "write"})
    again = shell.run(REVIEWED, *INPUTS, "--key", "k")
    assert [node["iteration"] for node in again["nodes"]] == [2, 2]
    assert shell("ticket", "list", "--json").json["counts"]["cancelled"] == 1


@pytest.mark.req("FLO-314")
def test_a_run_that_nothing_will_wake_is_an_alarm(shell: Shell) -> None:
    shell.reviewed()
    assert (shell("run", "stalled").code, shell("run", "stalled", "--json").json["items"]) == (0, [])
    shell("flow", "run", shell.file(REVIEWED), *INPUTS, "--no-watch")
    # Two minutes later, by the clock that the installation goes by, nobody has taken it.
    (shell.folder / "data" / "clock").write_text("120")
    said = shell("run", "stalled")
    assert said.code == 1
    assert "wake-up overdue" in said.out
    assert said.err == "1 stalled\n"


@pytest.mark.req("FLO-404")
def test_a_run_is_reported_as_text_as_html_and_as_json(shell: Shell) -> None:
    run = shell.reviewed()["id"]
    said = shell("run", "report", run)
    assert said.out.startswith("OSOP Execution Report\n")
    assert "Status:    WAITING" in said.out
    assert "anna@example.com" not in said.out
    assert shell("run", "report", run, "--html").out.startswith("<!DOCTYPE html>")
    assert shell("run", "report", run, "--out", "r.html").err == "written to r.html\n"
    page = (shell.folder / "r.html").read_text(encoding="utf-8")
    assert "anna@example.com" not in page
    shell("run", "report", run, "--html", "--reveal", "--out", "revealed.html")
    assert "anna@example.com" in (shell.folder / "revealed.html").read_text(encoding="utf-8")
    shown = shell("run", "report", run, "--json").json
    assert (shown["run"], shown["status"], shown["entries"][0]["node"]) == (run, "WAITING", "write")
