"""`opsdesk ticket` for what applications come with: listed, shown with its reasons, claimed, passed and rejected."""

import asyncio
from datetime import UTC, datetime

import pytest

from opsdesk.kit.db import Database
from opsdesk.kit.log import bound
from tests import configured
from tests.app.shell import Shell
from tests.conftest import run_alone

WHO = ("--as", "li.na")


@pytest.fixture
def ticket(shell: Shell) -> str:
    """The id of a ticket of a type with two reasons."""
    return str(run_alone(lambda: make_ticket(shell.database_url)))


async def make_ticket(url: str) -> str:
    database, now = Database(url, pool_max=1), datetime.now(UTC)
    await database.open()
    with bound(request_id="test"):
        async with database.transaction() as conn:
            await configured.add_reference(conn, now=now)
            found = await configured.add_type(conn, now=now)
            await configured.add_adapt(conn, found, now=now)
            made = await configured.add_ticket(conn, found, now=now)
    await database.close()
    await asyncio.sleep(0)
    return str(made)


def test_a_screening_ticket_is_listed_by_its_flow_number(shell: Shell, ticket: str) -> None:
    line = shell("ticket", "list").out.splitlines()[1]
    assert line.split()[:2] == [ticket[-12:], "F-1"]
    [listed] = shell("ticket", "list", "--json").json["items"]
    assert (listed["run"], listed["screening"]["bucket"]) == (None, "kyc")


def test_a_screening_ticket_shows_its_modules_and_what_it_can_be_rejected_for(shell: Shell, ticket: str) -> None:
    said = shell("ticket", "show", ticket[-12:])
    assert "  flow   F-1\n" in said.out
    assert "personal info\n  姓名: 王*\n  出生日期: \n" in said.out
    assert "人脸 / 人脸与证件不一致 (AF-1001)" in said.out
    assert "--verdict reject --reason ID --rejection-version 1" in said.err
    assert "  姓名: 王小明\n" in shell("ticket", "show", ticket, "--reveal").out


def test_a_screening_ticket_is_rejected_with_reasons_once_it_is_claimed(shell: Shell, ticket: str) -> None:
    panel = shell("ticket", "show", ticket).out
    reason = next(line.split()[0] for line in panel.splitlines() if "AF-1002" in line)
    words = ("--verdict", "reject", "--reason", reason, "--remark", "翻拍", "--json")
    assert shell("ticket", "decide", ticket, *WHO, *words).error["code"] == "ClaimNeeded"
    shell("ticket", "claim", ticket, *WHO)
    decided = shell("ticket", "decide", ticket, *WHO, *words).json
    assert (decided["screening"]["result"], decided["verdicts"][0]["codes"]) == ("reject", ["AF-1002"])
    assert "reject, 证件为翻拍 [AF-1002] 翻*" in shell("ticket", "show", ticket).out


def test_a_screening_ticket_needs_a_verdict_that_there_is(shell: Shell, ticket: str) -> None:
    shell("ticket", "claim", ticket, *WHO)
    assert shell("ticket", "decide", ticket, *WHO, "--verdict", "approve").code == 2
    refused = shell("ticket", "decide", ticket, *WHO, "--verdict", "reject", "--json")
    assert refused.error["detail"]["problems"] == {"reasons": ["needs at least one reason"]}
    said = shell("ticket", "decide", ticket, *WHO, "--verdict", "pass")
    assert (said.code, said.err) == (0, f"ticket {ticket[-12:]} decided: pass\n")
