"""`opsdesk application`: handed in, listed and shown at the command line."""

import json

import pytest

from opsdesk.kit.db import Database
from tests.app.applied import APPLICATION, applied, configure
from tests.app.shell import Shell
from tests.conftest import run_alone

FLOW_NO = APPLICATION["flow_no"]


@pytest.fixture
def configured(shell: Shell) -> Shell:
    """A shell on a database whose desk is configured."""

    async def main() -> None:
        database = Database(shell.database_url)
        await database.open()
        await configure(database)
        await database.close()

    run_alone(main)
    return shell


def test_an_application_is_handed_in_listed_and_shown(configured: Shell) -> None:
    file = configured.file(json.dumps(applied()), "application.json")
    sent = configured("application", "send", file)
    assert sent.code == 0
    assert all(word in sent.out for word in (FLOW_NO, "cash_loan/activation", "verify", "pending"))
    assert configured("application", "send", file, "--json").json["ticket"]["status"] == "pending"
    listed = configured("application", "list", "--answer", "verify", "--user", "U-1029", "--json").json
    assert [item["flow_no"] for item in listed["items"]] == [FLOW_NO]
    assert "no applications" in configured("application", "list", "--result", "pass").err
    shown = configured("application", "show", FLOW_NO)
    assert "answered by the rule strange device of devices" in shown.err
    assert "王*" in shown.err
    assert "王小明" in configured("application", "show", FLOW_NO, "--reveal").err


def test_what_is_refused_of_an_application_is_said_with_its_code(configured: Shell) -> None:
    undecided = configured.file(json.dumps(applied(features={})), "undecided.json")
    refused = configured("application", "send", undecided, "--json")
    assert (refused.code, refused.error["code"]) == (1, "ApplicationUndecided")
    wrong = configured.file(json.dumps({"flow_no": 1}), "wrong.json")
    problems = configured("application", "send", wrong, "--json").error["detail"]["problems"]
    assert {each["where"] for each in problems} == {"flow_no", "application", "scene", "user_id"}
    assert configured("application", "show", "none", "--json").error["code"] == "FlowUnknown"
    assert configured("application", "list", "--answer", "maybe").code == 2
