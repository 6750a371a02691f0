"""Tickets are assigned and taken back over HTTP and at the command line, several at a time; and never decided so."""

import ast
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from opsdesk import access
from opsdesk.app.http import routers
from opsdesk.kit.clock import SystemClock
from script import reference
from tests import configured
from tests.access.staff import KEEPER
from tests.app.described import DescribedApi, described
from tests.app.shell import Shell

EMAIL = "officer@example.com"
NOWHERE = "0190a0b0-0000-7000-8000-000000000001"
SOURCES = Path(__file__).parents[2] / "src" / "opsdesk"
VERDICTS = {"verdict", "answers", "decision", "result", "reasons", "reason_code"}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


@pytest.fixture
async def tickets(api: DescribedApi) -> list[str]:
    """Three that wait, on a desk with one officer."""
    now = api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        await configured.add_reference(conn, now=now)
        found = await configured.add_type(conn, now=now)
        await configured.add_adapt(conn, found, now=now)
        people = access.people
        roles = ["compliance_officer"]
        await people.create_person(conn, email=EMAIL, name="Officer", roles=roles, actor=KEEPER, now=now)
        return [str(await configured.add_ticket(conn, found, now=now, flow_no=f"F-{each}")) for each in range(3)]


def told(answer: Any) -> list[tuple[str, str | None, str | None]]:
    return [(each["outcome"], each["holder"], (each["refusal"] or {}).get("code")) for each in answer.body["items"]]


@pytest.mark.req("REV-B13")
async def test_each_ticket_tells_over_http_what_became_of_it(api: DescribedApi, tickets: list[str]) -> None:
    lead, bo = await api.key("desk:lead", name="lead"), await api.key("tickets:decide", "tickets:read", name="bo")
    assert (await api.post(f"/v1/tickets/{tickets[2]}/claims", {}, key=bo)).status == 201
    officer = f"person:{EMAIL}"
    assigned = await api.post("/v1/tickets/assign", {"ticket_ids": tickets, "person": EMAIL}, key=lead)
    assert told(assigned) == [
        ("assigned", officer, None),
        ("assigned", officer, None),
        ("refused", "key:bo", "TicketClaimed"),
    ]
    shown = (await api.get(f"/v1/tickets/{tickets[0]}", key=bo)).body
    assert (shown["claim"]["by"], shown["claim"]["assigned_by"]) == (officer, "key:lead")
    assert [(each["kind"], each["by"], each["reason"]) for each in shown["history"]][-1] == (
        "assigned",
        "key:lead",
        officer,
    )
    back = {"ticket_ids": [*tickets[1:], NOWHERE], "reason": "is ill"}
    released = await api.post("/v1/tickets/release", back, key=lead)
    assert told(released) == [("released", None, None), ("released", None, None), ("refused", None, "TicketUnknown")]
    assert [each["held_by"] for each in released.body["items"]] == [officer, "key:bo", None]


async def test_nothing_is_assigned_over_http_to_who_decides_nothing(api: DescribedApi, tickets: list[str]) -> None:
    lead, now = await api.key("desk:lead", name="lead"), api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        about: dict[str, Any] = {"name": "Auditor", "roles": ["auditor"], "actor": KEEPER, "now": now}
        await access.people.create_person(conn, email="auditor@example.com", **about)
    asked = {"ticket_ids": tickets, "person": "auditor@example.com"}
    assert (await api.post("/v1/tickets/assign", asked, key=lead)).code == "NoReviewer"


@pytest.mark.req("REV-B13")
def test_the_command_line_assigns_and_takes_back_and_ends_with_one_where_it_could_not(shell: Shell) -> None:
    shell("person", "create", "--email", EMAIL, "--name", "Officer", "--role", "compliance_officer")
    said = shell("ticket", "assign", NOWHERE, NOWHERE, "--to", EMAIL, "--json")
    assert (said.code, [each["refusal"]["code"] for each in said.json["items"]]) == (1, ["TicketUnknown"])
    said = shell("ticket", "release", NOWHERE, "--reason", "is ill")
    assert (said.code, "There is no ticket with this id" in said.out) == (1, True)
    assert shell("ticket", "release", NOWHERE, NOWHERE).code == 2
    assert shell("ticket", "assign", NOWHERE, "--to", "nobody@example.com", "--json").error["code"] == "PersonUnknown"


@pytest.mark.req("REV-B13")
async def test_only_what_assigns_and_releases_takes_several_tickets_over_http(api: DescribedApi) -> None:
    several = {
        name: set(schema["properties"])
        for name, operation in api.description.operations.items()
        for schema in bodies(api, operation)
        if any(each.get("items", {}).get("format") == "uuid" for each in schema.get("properties", {}).values())
    }
    assert several == {
        "POST /v1/tickets/assign": {"ticket_ids", "person"},
        "POST /v1/tickets/release": {"ticket_ids", "reason"},
    }
    with_verdict = {
        name
        for name, operation in api.description.operations.items()
        for schema in bodies(api, operation)
        if not VERDICTS.isdisjoint(schema.get("properties", {})) and "/tickets" in name
    }
    assert with_verdict
    assert [name for name in with_verdict if not re.search(r"/tickets/\{\w+\}/", name)] == []


def bodies(api: DescribedApi, operation: Any) -> Iterator[Any]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield api.description.resolved(content["schema"])


@pytest.mark.req("REV-B13")
async def test_every_address_that_decides_names_the_one_ticket_that_it_decides(api: DescribedApi) -> None:
    """Whoever calls what decides is a route of one ticket, or the command of one; none does it in a loop."""
    deciders = {path: tree for path in SOURCES.rglob("*.py") if deciding(tree := ast.parse(path.read_text("utf-8")))}
    assert {path.relative_to(SOURCES).as_posix() for path in deciders} == {
        "app/commands_ticket_decide.py",
        "app/console/tickets.py",
        "app/console/screening_verdicts.py",
        "review/routes.py",
        "review/routes_verdicts.py",
    }
    loops = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    for path, tree in deciders.items():
        assert not [node for node in ast.walk(tree) if isinstance(node, loops) and deciding(node)], path
    # An address with this word and not one ticket would be what nobody wants.
    words = re.compile(r"/(decide|decisions?|verdicts?|pass|reject|resubmit|approve)$")
    paths = [
        route.path for router in routers(api.installation) for route in router.routes if isinstance(route, APIRoute)
    ]
    # A dispute of a provider is no ticket.
    found = [path for path in paths if words.search(path) and "{dispute_id}" not in path]
    assert found
    assert all("{ticket_id}" in path for path in found)
    [decide] = [each for name, each in reference.commands(reference.command_line()) if name == "opsdesk ticket decide"]
    assert [each.nargs for each in decide.params if each.param_type_name == "argument"] == [1]


def deciding(node: ast.AST) -> list[ast.Call]:
    """The calls of what decides a ticket."""
    calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    named = [(each, getattr(each.func, "attr", getattr(each.func, "id", ""))) for each in calls]
    keywords = {id(each): {keyword.arg for keyword in each.keywords} for each in calls}
    return [
        each for each, name in named if name in ("decide", "decide_screening") and "on_decided" in keywords[id(each)]
    ]
