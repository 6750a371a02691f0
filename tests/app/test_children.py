"""Runs and the runs that they have started: over HTTP, at the command line, on the page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from tests.app.console.visiting import visit
from tests.app.serving import Api, serving, until, working_for
from tests.app.shell import Shell

PARENT = """
osop_version: "2.0"
id: parent
name: Parent
inputs: [email]
nodes:
  - {id: lead, type: cli, name: Lead, runtime: {command: [echo, '{}']}}
  - {id: each, type: cli, name: Each, runtime: {command: [echo, '{"place": ${spawn.index}}']}, outputs: [place]}
edges:
  - {from: lead, to: each, mode: spawn, spawn_count: 2}
"""


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


async def completed(api: Api, key: str) -> str:
    """A parent that has ended."""
    await api.store(PARENT, key=key)
    async with working_for(api.installation):
        run = await api.start("parent", key=key, once="1", email="li@example.com")

        async def ended() -> bool:
            return bool((await api.get(f"/v1/runs/{run}", key=key)).body["status"] == "completed")

        await until(ended)
    return run


@pytest.mark.req("FLO-310")
async def test_children_are_listed_in_pages_with_counts_and_name_their_parent(api: Api) -> None:
    key = await api.key()
    run = await completed(api, key)
    page = (await api.get(f"/v1/runs/{run}/children?limit=1", key=key)).body
    rest = (await api.get(f"/v1/runs/{run}/children?cursor={page['next']}", key=key)).body
    children = [*page["items"], *rest["items"]]
    assert [(child["node"], child["index"], child["alone"], child["status"]) for child in children] == [
        ("each", index, True, "completed") for index in range(2)
    ]
    same = (await api.get(f"/v1/runs?parent={run}", key=key)).body["items"]
    assert {each["id"] for each in same} == {child["id"] for child in children}
    assert page["counts"] == {"each": {"completed": 2}}
    child = (await api.get(f"/v1/runs/{children[1]['id']}", key=key)).body
    assert child["parent"] == {"run": run, "node": "each", "iteration": 1, "index": 1, "count": 2}
    assert [node["id"] for node in child["nodes"]] == ["each"]
    assert (await api.get(f"/v1/runs/{run}", key=key)).body["parent"] is None


@pytest.mark.req("FLO-310")
async def test_the_journal_of_a_child_shows_what_it_sees_only_where_it_comes_from(api: Api) -> None:
    key = await api.key()
    run = await completed(api, key)
    child = (await api.get(f"/v1/runs/{run}/children", key=key)).body["items"][0]["id"]
    first = (await api.get(f"/v1/runs/{child}/journal", key=key)).body["items"][0]
    assert first["payload"]["part"] == "each"
    assert first["payload"]["inputs"] == {"email": "li@example.com"}
    page = await (await visit(api, "auditor")).get(f"/runs/{child}/journal")
    assert "li@example.com" not in page.html
    assert "spawn.index" not in page.html


@pytest.mark.req("FLO-310", "FLO-405")
async def test_the_pages_of_parent_and_child_lead_to_each_other(api: Api) -> None:
    key = await api.key()
    run = await completed(api, key)
    children = (await api.get(f"/v1/runs/{run}/children", key=key)).body["items"]
    engineer = await visit(api, "operations_engineer")
    page = await engineer.get(f"/runs/{run}")
    assert all(f'href="/runs/{child["id"]}"' in page.html for child in children)
    assert "Runs that it started" in page.text
    listed = await engineer.get(f"/runs?parent={run}")
    assert all(f'<tr id="run-{child["id"]}"' in listed.html for child in children)
    assert f'<tr id="run-{run}"' not in listed.html
    assert f'href="/runs/{run}">{run[-12:]}</a>' in listed.html
    below = await engineer.get(f"/runs/{children[1]['id']}")
    assert f'href="/runs/{run}"' in below.html
    assert "each, 2 of 2" in below.text


@pytest.mark.req("FLO-310")
def test_children_are_listed_at_the_command_line_and_a_run_without_any_says_so(shell: Shell) -> None:
    run = shell.run(PARENT, "--input", "email=li@example.com")["id"]
    rows = shell("run", "children", run).out.splitlines()
    assert [row.split()[1:5] for row in rows[1:]] == [
        ["each", "1", "parent", "completed"],
        ["each", "2", "parent", "completed"],
    ]
    said = shell("run", "children", run, "--json").json
    assert said["counts"] == {"each": {"completed": 2}}
    of_it = shell("run", "list", "--parent", run, "--json").json["items"]
    assert {each["id"] for each in of_it} == {each["id"] for each in said["items"]}
    none = shell("run", "children", said["items"][0]["id"])
    assert none.err == "it has started no other runs\n"
