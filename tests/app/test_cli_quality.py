"""`opsdesk quality`: a sample is drawn, judged again by others, compared and verified."""

import pytest

from tests.app.shell import Shell
from tests.app.test_cli_screening import WHO, make_ticket
from tests.conftest import run_alone

OTHER = ("--as", "wang.fang")
DRAW = ("quality", "draw", "cash_loan", "activation", "--from", "2026-01-01T00:00:00Z", "--size", "5")


@pytest.fixture
def ticket(shell: Shell) -> str:
    """The id of a ticket that was passed."""
    made = str(run_alone(lambda: make_ticket(shell.database_url)))
    shell("ticket", "claim", made, *WHO)
    assert shell("ticket", "decide", made, *WHO, "--verdict", "pass").code == 0
    return made


@pytest.mark.req("REV-B11")
def test_a_sample_is_drawn_judged_again_and_verified(shell: Shell, ticket: str) -> None:
    drawn = shell(*DRAW, "--type", "人脸比对", "--seed", "abc")
    assert (drawn.code, "1 of 1, with the seed abc" in drawn.out) == (0, True)
    assert shell("quality", "next", *WHO).err == "nothing waits to be judged again by you\n"
    blind = shell("quality", "next", *OTHER)
    assert "personal info\n  姓名: 王*\n" in blind.out
    assert "status" not in blind.out
    reason = next(line.split()[0] for line in blind.out.splitlines() if "AF-1002" in line)
    assert shell("quality", "compare", "1", "--json").error["code"] == "NotJudgedYet"
    judged = shell("quality", "judge", "1", "--verdict", "reject", "--reason", reason, *OTHER)
    assert judged.err == "overturned; the ticket stays as it was decided\n"
    assert "second" in judged.out
    assert "reject, 证件为翻拍 [AF-1002]" in shell("quality", "compare", "1").out
    assert shell("quality", "verify", "1").code == 0
    assert shell("quality", "list", "--json").json["items"][0]["overturned"] == 1
    assert "overturned" in shell("quality", "show", "1", "--overturned").out
    assert "100.0%" in shell("quality", "figures", "--by", "type").out
    assert "too few to say" in shell("quality", "figures").out


def test_what_cannot_be_drawn_is_refused_with_what_to_do_next(shell: Shell) -> None:
    assert shell(*DRAW, "--json").error["code"] == "SceneUnknown"
    assert shell("quality", "judge", "1", "--verdict", "approve").code == 2
    assert shell("quality", "show", "1", "--json").error["code"] == "SampleUnknown"
