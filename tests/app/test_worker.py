"""The worker as a whole: runs that partners and people answer, and a database that goes away meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.kit.clock import SystemClock
from opsdesk.kit.migrate import migrate
from tests.app.documents import greet
from tests.app.own_server import own_server
from tests.app.serving import BASE_URL, Api, partner, serving, until, working_for

ADDRESS = "li@example.com"
APPROVED = {"answers": {"decision": "approved"}}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, SystemClock()) as api:
        yield api


class Promises:
    """A partner that takes each request and answers later, when it is told to."""

    def __init__(self) -> None:
        self.callback_urls: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.callback_urls.append(request.headers["Opsdesk-Callback-Url"])
        return web.Response(status=202)


def reaches(api: Api, run: str, key: str, **wanted: str) -> Callable[[], Coroutine[Any, Any, Any]]:
    """The run, once its status and the phases of its nodes are the wanted ones; else None."""

    async def look() -> Any:
        answer = await api.get(f"/v1/runs/{run}", key=key)
        if answer.status != 200:
            return None
        found = {node["id"]: node["phase"] for node in answer.body["nodes"]} | {"status": answer.body["status"]}
        return answer.body if wanted.items() <= found.items() else None

    return look


async def the_ticket(api: Api, run: str, key: str) -> str:
    shown = await until(reaches(api, run, key, review="waiting"))
    node = next(node for node in shown["nodes"] if node["id"] == "review")
    assert (node["wait"]["reason"], node["wait"]["role"]) == ("person", "greeter")
    assert node["wait"]["until"]
    return str(node["wait"]["ticket"])


@pytest.mark.req("FLO-003", "FLO-006")
async def test_a_run_goes_on_with_what_a_partner_and_a_person_answer(api: Api) -> None:
    asked = Promises()
    async with partner(asked.answer) as url, working_for(api.installation):
        key, bo = await api.key(), await api.key(name="bo", roles=["greeter"])
        await api.store(greet(url), key=key)
        run = await api.start("greet", key=key, email=ADDRESS)
        shown = await until(reaches(api, run, key, ask="waiting"))
        assert shown["nodes"][0]["wait"]["reason"] == "partner"
        assert (await api.post(asked.callback_urls[0].removeprefix(BASE_URL), {"score": 0.5})).status == 200
        ticket = await the_ticket(api, run, key)
        assert (await api.post(f"/v1/tickets/{ticket}/decisions", APPROVED, key=bo, once="1")).status == 201
        ended = await until(reaches(api, run, key, status="completed"))
    assert ended["nodes"][1]["outputs"] == {"decision": "approved"}
    assert ended["outcome"]["node"] == "review"


async def test_a_cancelled_run_closes_its_ticket(api: Api) -> None:
    asked = Promises()
    async with partner(asked.answer) as url, working_for(api.installation):
        key = await api.key(roles=["greeter"])
        await api.store(greet(url), key=key)
        run = await api.start("greet", key=key, email=ADDRESS)
        await until(reaches(api, run, key, ask="waiting"))
        await api.post(f"/v1/runs/{run}/signals", {"node": "ask", "answer": {"score": 1}}, key=key)
        ticket = await the_ticket(api, run, key)
        await api.post(f"/v1/runs/{run}/cancellations", {"reason": "withdrawn"}, key=key)
        ended = await until(reaches(api, run, key, status="cancelled"))
    assert ended["outcome"]["reason"] == "withdrawn"
    assert (await api.get(f"/v1/tickets/{ticket}", key=key)).body["status"] == "cancelled"


async def test_a_worker_that_stops_leaves_nothing_owned(api: Api) -> None:
    asked = Promises()
    async with partner(asked.answer) as url:
        key = await api.key()
        async with working_for(api.installation):
            await api.store(greet(url), key=key)
            run = await api.start("greet", key=key, email=ADDRESS)
            await until(reaches(api, run, key, ask="waiting"))
        async with api.installation.database.connection() as conn:
            owned = await (await conn.execute("select owner from flow_run where owner is not null")).fetchall()
            workers = await (await conn.execute("select name from flow_worker")).fetchall()
    assert (owned, workers) == ([], [])


async def test_a_run_that_waits_survives_the_database_being_away(session_folder: Path, tmp_path: Path) -> None:
    asked = Promises()
    with own_server(session_folder / uuid4().hex) as server:
        await migrate(server.url, steps=MIGRATION_STEPS)
        async with (
            partner(asked.answer) as url,
            serving(server.url, tmp_path, SystemClock()) as api,
            working_for(api.installation),
        ):
            key, bo = await api.key(), await api.key(name="bo", roles=["greeter"])
            await api.store(greet(url), key=key)
            run = await api.start("greet", key=key, email=ADDRESS)
            await until(reaches(api, run, key, ask="waiting"))
            server.go_away()
            refused = await api.post(asked.callback_urls[0].removeprefix(BASE_URL), {"score": 0.5})
            assert (refused.status, refused.code) == (503, "DatabaseUnavailable")
            server.come_back()
            await until(lambda: taken(api, asked.callback_urls[0]))
            ticket = await the_ticket(api, run, key)
            await api.post(f"/v1/tickets/{ticket}/decisions", APPROVED, key=bo, once="1")
            await until(reaches(api, run, key, status="completed"))


async def taken(api: Api, callback_url: str) -> bool:
    return (await api.post(callback_url.removeprefix(BASE_URL), {"score": 0.5})).status == 200


async def test_a_worker_that_stops_while_the_database_is_away_ends(session_folder: Path, tmp_path: Path) -> None:
    with own_server(session_folder / uuid4().hex) as server:
        await migrate(server.url, steps=MIGRATION_STEPS)
        async with serving(server.url, tmp_path, SystemClock()) as api, asyncio.timeout(60):
            async with working_for(api.installation):
                server.go_away()


async def test_the_events_of_a_ticket_reach_the_operations_log(api: Api) -> None:
    asked = Promises()
    with capture_logs() as lines:
        async with partner(asked.answer) as url, working_for(api.installation):
            key, bo = await api.key(), await api.key(name="bo", roles=["greeter"])
            await api.store(greet(url), key=key)
            run = await api.start("greet", key=key, email=ADDRESS)
            await until(reaches(api, run, key, ask="waiting"))
            await api.post(asked.callback_urls[0].removeprefix(BASE_URL), {"score": 0.5})
            ticket = await the_ticket(api, run, key)
            await api.post(f"/v1/tickets/{ticket}/decisions", APPROVED, key=bo, once="1")
            opened = await until(lambda: line(lines, "TicketOpened"))
            decided = await until(lambda: line(lines, "TicketDecided"))
    assert (opened["run_id"], opened["ticket_id"], opened["role"]) == (run, ticket, "greeter")
    assert (decided["ticket_id"], decided["decided_by"]) == (ticket, ["key:bo"])
    assert ADDRESS not in str(lines)


async def line(lines: Sequence[Any], event: str) -> Any:
    return next((each for each in lines if each["event"] == event), None)
