"""`opsdesk ticket`: what people are asked is shown, claimed and decided, by several people at one machine."""

import pytest

from tests.app.shell import INPUTS, REVIEWED, Shell

ANSWERS = ("--answer", "decision=send", "--answer", "stamps=2")
EDITOR = ("--role", "editor", "--as", "li.na")


@pytest.fixture
def ticket(shell: Shell) -> str:
    shell.reviewed()
    return shell.ticket()


def test_open_tickets_are_listed_and_filtered(shell: Shell, ticket: str) -> None:
    head, line = shell("ticket", "list").out.splitlines()
    assert head.split() == ["TICKET", "RUN", "ROLE", "DUE", "HELD", "BY", "TITLE"]
    assert line.split()[0] == ticket[-12:]
    assert line.endswith("审核 / Review")
    assert shell("ticket", "list", "--role", "editor", "--json").json["counts"]["open"] == 1
    assert shell("ticket", "list", "--role", "other", "--json").json["items"] == []
    assert shell("ticket", "list", "--status", "decided", "--json").json["items"] == []
    other = shell.reviewed()["id"]
    assert [each["run"] for each in shell("ticket", "list", "--run", other[-12:], "--json").json["items"]] == [other]


def test_a_ticket_shows_what_it_is_about_and_how_to_answer_it(shell: Shell, ticket: str) -> None:
    said = shell("ticket", "show", ticket[-12:])
    assert "  email: a***@e***.com\n  pages: 3\n" in said.out
    assert "  decision (决定): send or keep\n  stamps: integer\n" in said.out
    short = ticket[-12:]
    assert said.err == (
        f"Next: opsdesk ticket decide {short} --role editor --as NAME --answer decision=… --answer stamps=…\n"
    )
    assert "  email: anna@example.com\n" in shell("ticket", "show", ticket, "--reveal").out


def test_a_decision_moves_the_run_on(shell: Shell) -> None:
    shell.run(REVIEWED, *INPUTS, "--key", "k")
    said = shell("ticket", "decide", shell.ticket(), *EDITOR, *ANSWERS, "--json")
    assert said.code == 0
    assert said.json["status"] == "decided"
    assert said.json["decision"] == {"decision": "send", "stamps": 2}
    assert said.json["answers"][0]["by"].endswith("/li.na")
    # The same key finds the same run, and executes it here.
    assert shell.run(REVIEWED, *INPUTS, "--key", "k")["status"] == "completed"
    assert shell("run", "watch", said.json["run"]).out.splitlines()[-1].endswith(" run completed")


def test_nobody_decides_what_they_started_and_is_told_how_somebody_else_does(shell: Shell, ticket: str) -> None:
    said = shell("ticket", "decide", ticket, "--role", "editor", *ANSWERS)
    assert said.code == 1
    assert said.err.startswith("OwnRequest: ")
    assert "--as NAME" in said.err.splitlines()[-1]


def test_a_role_that_is_not_claimed_is_asked_for(shell: Shell, ticket: str) -> None:
    said = shell("ticket", "decide", ticket, "--as", "li.na", *ANSWERS)
    assert said.code == 1
    assert said.err.splitlines()[-1] == "Next: if you hold the role, say so: --role editor"


def test_answers_are_checked_all_at_once(shell: Shell, ticket: str) -> None:
    said = shell("ticket", "decide", ticket, *EDITOR, "--answer", "stamps=many", "--answer", "colour=red", "--json")
    assert (said.code, said.error["code"]) == (1, "AnswersInvalid")
    assert set(said.error["detail"]["problems"]) == {"decision", "stamps", "colour"}


def test_of_two_people_at_one_machine_one_holds_the_ticket(shell: Shell, ticket: str) -> None:
    assert "yours until " in shell("ticket", "claim", ticket, *EDITOR).err
    refused = shell("ticket", "decide", ticket, "--role", "editor", "--as", "wang", *ANSWERS)
    assert refused.code == 1
    assert "give it back (--as li.na): opsdesk ticket release" in refused.err
    assert shell("ticket", "release", ticket, "--as", "li.na").code == 0
    assert shell("ticket", "decide", ticket, "--role", "editor", "--as", "wang", *ANSWERS).code == 0


def test_a_name_with_a_slash_is_nobody(shell: Shell, ticket: str) -> None:
    for name in ("a/b", " ", "a\nb", "a" * 65):
        assert shell("ticket", "claim", ticket, "--role", "editor", "--as", name).code == 2
    assert shell("ticket", "claim", ticket, "--role", "editor", "--as", "a" * 64).code == 0


def test_two_approvers_are_two_people_and_the_second_is_asked_for(shell: Shell) -> None:
    shell.run(REVIEWED.replace("required_approvers: 1", "required_approvers: 2"), *INPUTS)
    ticket = shell.ticket()
    first = shell("ticket", "decide", ticket, *EDITOR, *ANSWERS)
    assert "1 of 2; somebody else has to answer too" in first.err
    again = shell("ticket", "decide", ticket, *EDITOR, *ANSWERS)
    assert (again.code, again.err.split(":")[0]) == (1, "AlreadyAnswered")
    assert "decided" in shell("ticket", "decide", ticket, "--role", "editor", "--as", "wang", *ANSWERS).err


def test_the_same_key_answers_once(shell: Shell, ticket: str) -> None:
    for _ in range(2):
        assert shell("ticket", "decide", ticket, *EDITOR, *ANSWERS, "--key", "k").code == 0
    closed = shell("ticket", "decide", ticket, "--role", "editor", "--as", "wang", *ANSWERS)
    assert (closed.code, closed.err.split(":")[0]) == (1, "TicketNotOpen")


@pytest.mark.req("FLO-309")
def test_a_ticket_is_amended_and_decided_on_the_data_that_was_seen(shell: Shell, ticket: str) -> None:
    why = ("--reason", "counted again")
    assert shell("ticket", "amend", ticket, "--value", "pages=4", *why).err.endswith("shows data 2\n")
    shown = shell("ticket", "show", ticket)
    assert "  pages: 4\n" in shown.out
    refused = shell("ticket", "decide", ticket, "--role", "editor", "--as", "wang", *ANSWERS, "--json")
    assert (refused.code, refused.error["code"]) == (1, "DataChanged")
    seen = shown.err.split("--seen ")[1].strip()
    assert shell("ticket", "decide", ticket, "--role", "editor", "--as", "wang", *ANSWERS, "--seen", seen).code == 0
    evidence = shell("ticket", "evidence", ticket)
    assert evidence.code == 0
    assert "pages=4 — counted again" in evidence.out
    assert shell("ticket", "evidence", ticket, "--json").json["holds"] is True


@pytest.mark.req("FLO-309")
def test_correcting_an_input_amends_the_ticket_that_shows_it(shell: Shell) -> None:
    run = shell.reviewed()["id"]
    ticket = shell.ticket()
    assert shell("run", "correct", run, "--input", "email=other@example.com", "--reason", "typed wrong").code == 0
    shown = shell("ticket", "show", ticket, "--reveal", "--json").json
    assert (shown["shown"]["email"], shown["snapshot"]) == ("other@example.com", 2)
