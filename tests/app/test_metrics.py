"""What Prometheus sees: of each process what it did, of the installation what the database says."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from opsdesk.app.gauges import KEPT_S, Gauges
from opsdesk.app.wiring import open_app
from opsdesk.app.worker import work_for
from opsdesk.benefits.settlement.months import Calendar
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.settings import Settings
from tests.app.documents import greet
from tests.app.own_server import own_server
from tests.app.serving import PARTNERS_HERE, Api, partner, serving, serving_for, until, working_for
from tests.stories.installation import free_port

EMAIL = "zq.4711@quillpost.example"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


Samples = Mapping[tuple[str, tuple[str, ...]], float]


def samples_in(text: str) -> Samples:
    """By name and the values of the labels."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


async def scraped(api: Api, key: str) -> Samples:
    answer = await api.get("/metrics", key=key)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=1.0.0")
    return samples_in(answer.body)


async def say_score(_: web.Request) -> web.Response:
    return web.json_response({"score": 0.5})


async def test_a_run_is_counted_by_what_became_of_it(api: Api, clock: ManualClock) -> None:
    key = await api.key()
    async with partner(say_score) as url, working_for(api.installation):
        await api.store(greet(url), key=key)
        run_id = await api.start("greet", key=key, email=EMAIL)

        async def asked() -> bool:
            return bool((await api.get(f"/v1/runs/{run_id}", key=key)).body["status"] == "waiting")

        await until(asked)
        seen = await scraped(api, key)
        assert seen["opsdesk_workers", ()] == 1
    assert seen["opsdesk_steps_total", ("api", "ended")] == 1
    assert seen["opsdesk_steps_total", ("human", "waiting")] == 1
    assert seen["opsdesk_call_duration_seconds_count", ("api", "done")] == 1
    assert seen["opsdesk_runs_open", ("waiting",)] == 1
    assert seen["opsdesk_tickets_open", ()] == 1
    assert seen["opsdesk_review_alerts", ("AdaptMissing",)] == 0
    assert ("opsdesk_audit_unsealed", ()) in seen
    assert seen["opsdesk_database_up", ()] == 1
    assert seen["opsdesk_database_pool_max", ()] > 0
    assert seen["opsdesk_http_request_duration_seconds_count", ("POST", "/v1/runs", "202")] == 1


async def test_no_label_holds_an_id_or_what_somebody_sent(api: Api) -> None:
    key = await api.key(name="quillfeather")
    await api.get(f"/v1/runs/{EMAIL}", key=key)
    await api.get(f"/{EMAIL}?email={EMAIL}", key=key)
    await api.call("QUILL", "/v1/runs", key=key)
    await api.post(f"/v1/callbacks/{EMAIL}", {})
    answer = await api.get("/metrics", key=key)
    assert "quill" not in answer.body.lower()
    assert not UUID.search(answer.body)
    seen = samples_in(answer.body)
    assert seen["opsdesk_http_request_duration_seconds_count", ("GET", "/v1/runs/{run_id}", "422")] == 1
    assert seen["opsdesk_http_request_duration_seconds_count", ("GET", "unknown", "404")] == 1
    assert seen["opsdesk_http_request_duration_seconds_count", ("_OTHER", "/v1/runs", "405")] == 1


@pytest.mark.req("FLO-314")
async def test_a_stalled_run_is_told_with_its_reason(api: Api, clock: ManualClock) -> None:
    key = await api.key()
    await api.store(greet(), key=key)
    await api.start("greet", key=key, email=EMAIL)
    clock.advance(seconds=3600)
    seen = await scraped(api, key)
    assert seen["opsdesk_runs_stalled", ("wake-up overdue",)] == 1
    assert seen["opsdesk_runs_oldest_due_seconds", ()] == 3600
    assert seen["opsdesk_workers", ()] == 0


@pytest.mark.req("FLO-312")
async def test_a_partner_that_holds_runs_up_is_told_by_its_host(api: Api) -> None:
    async def fail(_: web.Request) -> web.Response:
        return web.Response(status=404)

    key = await api.key()
    async with partner(fail) as url, working_for(api.installation):
        await api.store(greet(url), key=key)
        run_id = await api.start("greet", key=key, email=EMAIL)

        async def blocked() -> bool:
            return bool((await api.get(f"/v1/runs/{run_id}", key=key)).body["status"] == "blocked")

        await until(blocked)
        seen = await scraped(api, key)
    held_up = {labels: value for (name, labels), value in seen.items() if name == "opsdesk_runs_held_up"}
    assert held_up == {("127.0.0.1",): 1}
    assert seen["opsdesk_incidents_total", ("api",)] == 1


async def test_many_who_ask_cost_the_database_one_look(db: Database, clock: ManualClock) -> None:
    gauges = Gauges(db, clock, Calendar())
    await asyncio.gather(*[gauges.refresh() for _ in range(50)])
    before = db.pool_state()
    assert before.used == 0
    first = gauges.reading
    await gauges.refresh()
    assert gauges.reading is first, f"looked again within {KEPT_S} s"


async def test_metrics_need_a_key_that_may_read_operations(api: Api) -> None:
    assert (await api.get("/metrics")).status == 401
    assert (await api.get("/metrics", key=await api.key("runs:read"))).status == 403
    assert (await api.get("/metrics", key=await api.key("operations:read"))).status == 200


async def test_a_setting_opens_metrics_to_whoever_reaches_the_address(
    database_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    settings = Settings(database_url=database_url, data_dir=tmp_path, metrics_open=True)
    async with open_app(settings, clock=clock) as opsdesk, serving_for(opsdesk) as api:
        assert (await api.get("/metrics")).status == 200


async def test_a_database_that_is_away_is_told_and_nothing_old(tmp_path: Path, clock: ManualClock) -> None:
    with own_server(tmp_path) as server:
        database = Database(server.url, wait_s=0.2)
        await database.open()
        server.go_away()
        gauges = Gauges(database, clock, Calendar())
        await gauges.refresh()
        assert {metric.name for metric in gauges.collect()} == {"opsdesk_database_up"}
        await database.close()


async def test_a_worker_answers_on_a_port_of_its_own(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        database_url=database_url,
        data_dir=tmp_path,
        worker_metrics_port=free_port(),
        metrics_open=True,
        allow_networks=PARTNERS_HERE,
    )
    async with open_app(settings) as opsdesk:
        stop, ready = asyncio.Event(), asyncio.Event()
        working = asyncio.create_task(work_for(opsdesk, stop=stop, ready=ready.set))
        await ready.wait()
        url = f"http://127.0.0.1:{settings.worker_metrics_port}"
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/metrics") as answer:
                seen = samples_in(await answer.text())
            async with session.get(f"{url}/readyz") as answer:
                assert (answer.status, (await answer.json())["ready"]) == (200, True)
            async with session.get(f"{url}/v1/runs") as answer:
                assert answer.status == 404
        stop.set()
        await working
    assert ("opsdesk_database_pool_max", ()) in seen
    assert ("opsdesk_database_up", ()) not in seen
