"""`opsdesk group`: strategy groups configured at the command line."""

import json
from typing import Any

import pytest

from opsdesk.kit.db import Database
from tests.app.applied import APPLICATION, applied, configure
from tests.app.shell import Shell
from tests.conftest import run_alone


@pytest.fixture
def configured(shell: Shell) -> Shell:
    """A shell on a database with a group that is live."""

    async def main() -> None:
        database = Database(shell.database_url)
        await database.open()
        await configure(database)
        await database.close()

    run_alone(main)
    return shell


def edited(shell: Shell, **changes: Any) -> str:
    """A file of the group with its second rule changed."""
    kept = shell("group", "show", "1", "--json").json
    kept["saved"]["rules"][1] |= changes
    return shell.file(json.dumps(kept), "group.json")


@pytest.mark.req("REV-G07")
def test_a_group_is_edited_compared_applied_and_taken_back(configured: Shell) -> None:
    listed = configured("group", "list", "--application", "cash_loan", "--active")
    assert listed.out.splitlines()[1].split()[:6] == ["1", "cash_loan/activation", "0", "devices", "1", "1"]
    assert configured("group", "list", "--inactive").err == "0 groups\n"
    shown = configured("group", "show", "1")
    assert all(word in shown.out for word in ("device_score < 0.5", "strange device", "face", "人脸比对"))
    assert shown.err == "what is saved is live\n"
    file = edited(configured, when="device_score < 0.4")
    saved = configured("group", "edit", "1", file)
    assert saved.err == "group 1, devices of cash_loan, activation is saved as revision 2, and applied by `apply`\n"
    late = configured("group", "edit", "1", edited_again(configured, file), "--json")
    assert (late.code, late.error["code"], late.error["detail"]["revision"]) == (1, "GroupMoved", 2)
    assert "rules[strange device].when" in configured("group", "diff", "1").out
    assert "opsdesk group apply 1 --revision 2" in configured("group", "show", "1").err
    assert configured("group", "apply", "1", "--revision", "2").err.endswith("is live in revision 2\n")
    assert configured("group", "restore", "1", "--revision", "1", "--json").json["revision"] == 3
    history = configured("group", "history", "1")
    assert "saved: revision 1 again" in history.out
    assert history.err == "5 lines\n"
    kinds = [each["kind"] for each in configured("group", "history", "1", "--json").json["items"]]
    assert kinds == ["saved", "applied", "saved", "applied", "saved"]


def edited_again(shell: Shell, name: str) -> str:
    """The file as it was before it was saved, with another change."""
    kept = json.loads((shell.folder / name).read_text())
    kept["saved"]["rules"][1]["when"] = "device_score < 0.3"
    return shell.file(json.dumps(kept), "late.json")


def test_a_group_is_added_from_what_was_shown_and_stands_where_it_is_put(configured: Shell) -> None:
    kept = configured("group", "show", "1", "--json").json
    kept |= {"scene": "borrow", "name": "loans", "place": 3}
    kept["saved"]["rules"] = kept["saved"]["rules"][:1]
    added = configured("group", "add", configured.file(json.dumps(kept), "loans.json"))
    assert added.err == "group 2, loans of cash_loan, borrow is saved, and answers nothing before it is applied\n"
    twice = configured("group", "add", "loans.json")
    assert twice.err.splitlines()[-1] == "Next: opsdesk group edit 2 saves a new revision of it"
    assert configured("group", "edit", "2", configured.file(json.dumps(kept | {"revision": 1}), "same.json")).err == (
        "no change: nothing was saved, and there is no new revision\n"
    )
    assert configured("group", "place", "2", "9", "--json").json["place"] == 9
    assert "from 3 to 9" in configured("group", "history", "2").out
    assert configured("group", "deactivate", "2", "--json").json["is_active"] is False
    applied_idle = configured("group", "apply", "2", "--revision", "1")
    assert applied_idle.err.endswith("is live in revision 1; the group is inactive, and is not asked\n")
    assert configured("group", "activate", "2").err.endswith("is active\n")


def test_a_group_is_tried_and_nothing_is_kept(configured: Shell) -> None:
    file = configured.file(json.dumps(applied()), "application.json")
    tried = configured("group", "try", "1", file)
    assert tried.err == "revision 1 answers verify by the rule strange device\n"
    assert "stolen device   does not hold" in tried.out
    none = configured("group", "try", "1", configured.file("{}", "empty.json"), "--live")
    assert none.err.startswith("revision 1 answers undecided by the rule stolen device\n")
    assert configured("group", "try", "1", file, "--json").json["answer"] == "verify"
    assert configured("application", "show", APPLICATION["flow_no"], "--json").error["code"] == "FlowUnknown"
    wrong = configured("group", "try", "1", configured.file('{"features": 1}', "wrong.json"), "--json")
    assert wrong.error["code"] == "ValuesInvalid"


def test_what_is_refused_of_a_group_says_where_and_how_to_go_on(configured: Shell) -> None:
    wrong = configured("group", "edit", "1", edited(configured, when="device_score <"), "--json")
    assert (wrong.code, wrong.error["code"]) == (1, "GroupInvalid")
    assert list(wrong.error["detail"]["problems"]) == ["rules.1.when"]
    unknown = configured("group", "show", "77")
    assert unknown.err.splitlines()[-1].startswith("Next: opsdesk group list shows the groups")
    no_revision = configured("group", "edit", "1", configured.file('{"document": {}}', "none.json"))
    assert "--opened-revision" in no_revision.err
    assert configured("group", "place", "1", "10000").code == 1
    assert (
        "place: is a whole number"
        in configured(
            "group",
            "add",
            configured.file(
                '{"application": "cash_loan", "scene": "borrow", "name": "x", "place": "first"}', "place.json"
            ),
        ).err
    )
