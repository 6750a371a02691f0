"""`opsdesk result` and `opsdesk alert`: what went back, and what somebody has to look at, at the command line."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from opsdesk.kit.db import Database
from opsdesk.review import alerts
from opsdesk.review.applications import results
from opsdesk.review.applications.results import DeliveryState
from tests.app.applied import APPLICATION, applied, configure
from tests.app.shell import Shell
from tests.conftest import MONDAY_TEN_IN_SHANGHAI, run_alone

WHO = ("--role", "reviewer", "--as", "reviewer@example.com")
URL = "https://credit.example.com/results"


@pytest.fixture
def ended(shell: Shell) -> tuple[Shell, str]:
    """A shell where the ticket of an application is decided, and its id."""

    in_the_database(shell, configure)
    file = shell.file(json.dumps(applied()), "application.json")
    ticket = shell("application", "send", file, "--json").json["ticket"]["id"]
    shell("ticket", "claim", ticket, *WHO)
    assert shell("ticket", "decide", ticket, *WHO, "--verdict", "pass").code == 0
    return shell, ticket


def in_the_database(shell: Shell, work: Callable[[Database], Awaitable[object]]) -> None:
    async def main() -> None:
        database = Database(shell.database_url)
        await database.open()
        try:
            await work(database)
        finally:
            await database.close()

    run_alone(main)


async def give_up(database: Database) -> None:
    """As if the receiver had not answered for three days."""
    async with database.transaction() as conn:
        row = await (await conn.execute("select ticket_id from screening_result")).fetchone()
        assert row is not None
        ticket_id = row[0]
        result = await results.lock_result(conn, ticket_id=ticket_id)
        assert result is not None
        problem = "the receiver answered 500"
        await results.settle(conn, replace(result, state=DeliveryState.GIVEN_UP, next_at=None, problem=problem))
        about = {"application": "cash_loan", "ticket_id": str(ticket_id), "problem": problem}
        await alerts.tell(conn, alerts.Alert.RESULT_GIVEN_UP, about, now=MONDAY_TEN_IN_SHANGHAI)


def test_receivers_are_put_listed_and_removed(ended: tuple[Shell, str]) -> None:
    shell, _ = ended
    assert shell("result", "receiver", "list").err == "0 receivers; other results are asked for\n"
    put = shell("result", "receiver", "put", "cash_loan", "--url", URL, "--secret", "RESULTS_CREDIT")
    assert put.err == f"results of cash_loan go to {URL}, signed with RESULTS_CREDIT\n"
    assert URL in shell("result", "receiver", "list").out
    wrong = shell("result", "receiver", "put", "cash_loan", "--url", "ftp://x", "--secret", "ANY", "--json")
    assert sorted(wrong.error["detail"]["problems"]) == ["secret", "url"]
    nowhere = shell("result", "receiver", "put", "none", "--url", URL)
    assert nowhere.err.splitlines()[-1].startswith("Next: opsdesk reference list applications")
    assert shell("result", "receiver", "remove", "cash_loan", "--json").json == {"items": []}
    again = shell("result", "receiver", "remove", "cash_loan")
    assert again.err.splitlines()[-1] == "Next: opsdesk result receiver list shows the receivers"


def test_a_result_is_shown_and_sent_again(ended: tuple[Shell, str]) -> None:
    shell, ticket = ended
    shown = shell("result", "show", ticket[-12:])
    assert all(word in shown.out for word in (APPLICATION["flow_no"], ticket, "waiting"))
    refused = shell("result", "send", ticket, "--json")
    assert (refused.code, refused.error["code"]) == (1, "ResultNotSendable")
    assert "result: waiting, sent 0 times" in shell("application", "show", APPLICATION["flow_no"]).err
    assert len(shell("application", "list", "--delivery", "waiting", "--json").json["items"]) == 1
    assert shell("application", "list", "--delivery", "lost").code == 2

    in_the_database(shell, give_up)
    assert "the receiver answered 500" in shell("result", "show", ticket).out
    assert shell("result", "send", ticket, "--json").json["state"] == "waiting"
    none = shell("result", "show", "0190a0b0-0000-7000-8000-000000000001")
    assert none.err.splitlines()[-1].startswith("Next: opsdesk application show")


def test_alerts_are_listed_until_they_are_closed(ended: tuple[Shell, str]) -> None:
    shell, ticket = ended
    assert shell("alert", "list").err == "0 open alerts\n"
    in_the_database(shell, give_up)
    listed = shell("alert", "list")
    assert ticket in listed.out
    assert "ResultGivenUp" in listed.out
    assert listed.err == "1 open alert\n"
    alert = shell("alert", "list", "--json").json["items"][0]
    assert (alert["kind"], alert["times"]) == ("ResultGivenUp", 1)
    assert shell("alert", "close", str(alert["id"])).err == "0 open alerts\n"
    again = shell("alert", "close", str(alert["id"]))
    assert again.err.splitlines()[-1] == "Next: opsdesk alert list shows those that are open"
