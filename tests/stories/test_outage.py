"""A provider goes away in the middle of the day, and comes back: nobody fails, and everybody goes on."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from opsdesk import flows
from opsdesk.flows import runs
from opsdesk.kit.clock import SystemClock
from tests.app.console.visiting import visit
from tests.app.documents import greet
from tests.app.serving import Api, serving, working_for

CUSTOMERS = ["a@example.com", "b@example.com", "c@example.com", "d@example.com", "a@example.com", "b@example.com"]
FAST = {"outage_runs": 2, "outage_pause_s": 0.5, "outage_pause_max_s": 1.0, "outage_release_per_s": 50.0}


@asynccontextmanager
async def provider(port: int, calls: list[str]) -> AsyncIterator[None]:
    async def answer(request: web.Request) -> web.Response:
        calls.append(request.headers["Idempotency-Key"])
        return web.json_response({"score": 0.5})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def reached(look: Callable[[], Awaitable[bool]]) -> None:
    while not await look():
        await asyncio.sleep(0.05)


@pytest.mark.req("FLO-312")
async def test_an_outage_is_told_with_who_waits_and_everybody_goes_on_when_it_is_over(
    database_url: str, tmp_path: Path
) -> None:
    port, calls = free_port(), list[str]()
    endpoint = f"http://127.0.0.1:{port}"
    patient = greet(endpoint).replace(
        "timeout_sec:", "retry_policy: {max_retries: 2, backoff_sec: 1}\n    timeout_sec:"
    )
    async with serving(database_url, tmp_path, SystemClock(), **FAST) as api:
        key = await api.key(name="portal")
        await api.store(patient, key=key)
        auditor, engineer = await visit(api, "auditor"), await visit(api, "operations_engineer")
        async with working_for(api.installation):
            started = [
                await api.start("greet", key=key, once=str(number), email=email)
                for number, email in enumerate(CUSTOMERS)
            ]
            await reached(lambda: all_wait(api, started, endpoint))
            (outage,) = await outages(api)
            assert (outage.circuit.endpoint, outage.runs >= 4, outage.customers) == (endpoint, True, 4)
            told = await auditor.get("/operations")
            assert endpoint in told.text
            shown = await engineer.get(f"/runs/{started[-1]}")
            assert f"{endpoint} does not answer" in shown.text
            assert "waiting" in shown.text
            assert endpoint in (await auditor.get(f"/outages/{outage.circuit.outage_id}")).text
            async with provider(port, calls):
                await reached(lambda: none_waits(api))
                await reached(lambda: all_asked(calls))
        assert len(set(calls)) == len(CUSTOMERS), "each with its own key"
        assert await incidents(api) == 0


async def outages(api: Api) -> list[Any]:
    async with api.installation.database.connection() as conn:
        return await flows.reports.outage_control.list_outages(conn)


async def all_wait(api: Api, started: list[str], endpoint: str) -> bool:
    async with api.installation.database.connection() as conn:
        found = [await runs.show_run(conn, UUID(run)) for run in started]
    return all((run.wake_name or "").startswith(f"outage: {endpoint}") for run in found)


async def none_waits(api: Api) -> bool:
    return await outages(api) == []


async def all_asked(calls: list[str]) -> bool:
    return len(set(calls)) == len(CUSTOMERS)


async def incidents(api: Api) -> int:
    async with api.installation.database.connection() as conn:
        cursor = await conn.execute(b"select from flow_run where status = 'blocked'")
    return cursor.rowcount
