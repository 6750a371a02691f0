"""Results go back to credit: signed, once for a ticket, until they arrive or are given up."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from opsdesk import access, jobs, review
from opsdesk.app.wiring import SUBSCRIPTIONS
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.webhook_signatures import is_genuine, read_signed
from opsdesk.review.applications.results import TRIED_S
from opsdesk.review.model import TicketClosing
from tests.app.applied import APPLICATION, configure, send
from tests.app.serving import BASE_URL, PARTNERS_HERE, Answer, Api, partner, serving, until, working_for

SECRET = "whsec_b3BzZGVzaw=="
PATH = f"/v1/applications/{APPLICATION['flow_no']}"
WORKER = """
from opsdesk.app import process, worker
from opsdesk.kit.settings import Settings
process.run(worker.work(Settings()))
"""


@dataclass
class Credit:
    """The credit side: what came to it, and what it answers."""

    status: int = 200
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    holds: asyncio.Event | None = None
    """Answers nothing before this is set."""

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append((headers, await request.read()))
        self.arrived.set()
        if self.holds is not None:
            await self.holds.wait()
        return web.Response(status=self.status)

    def data(self, place: int = -1) -> Any:
        """What was told, if its signature is right."""
        headers, body = self.came[place]
        signed = read_signed(headers)
        assert signed is not None
        assert is_genuine(signed, body, secrets=[SECRET])
        assert not is_genuine(signed, body, secrets=["another"])
        return json.loads(body) | {"webhook-id": signed.delivery}


@dataclass
class Desk:
    """A server with an application that waits for a verdict, and everybody's keys."""

    api: Api
    credit: Credit
    engine: str
    reviewer: str
    operator: str
    ticket: str

    async def verdict(self, verdict: str = "reject", reasons: int = 2) -> Answer:
        path = f"/v1/tickets/{self.ticket}"
        await self.api.post(f"{path}/claims", {}, key=self.reviewer)
        panel = (await self.api.get(f"{path}/rejection", key=self.reviewer)).body
        ids = [reason["id"] for reason in panel["reasons"]][:reasons] if verdict == "reject" else []
        given = {"verdict": verdict, "reasons": ids, "rejection_version": panel["rejection_version"]}
        return await self.api.post(f"{path}/verdict", given, key=self.reviewer, once="1")

    async def shown(self) -> Any:
        return (await self.api.get(PATH, key=self.engine)).body["result"]

    async def is_now(self, state: str) -> Any:
        async def ask() -> Any:
            result = await self.shown()
            return result if result["state"] == state else None

        return await until(ask)

    async def alerts(self) -> list[review.alerts.OpenAlert]:
        async with self.api.installation.database.connection() as conn:
            return list(await review.alerts.open_alerts(conn))


@pytest.fixture
async def desk(
    database_url: str, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    monkeypatch.setenv("OPSDESK_SECRET_RESULTS_KEY", SECRET)
    credit = Credit()
    async with serving(database_url, tmp_path, clock) as api, partner(credit.answer) as url:
        await configure(api.installation.database)
        operator = await api.key(name="operator")
        put = await api.call("PUT", "/v1/result-receivers/cash_loan", key=operator, json={"url": f"{url}/results"})
        assert put.status == 200, put.body
        engine = await api.key("applications:write", "applications:read", name="engine")
        reviewer = await api.key("tickets:read", "tickets:decide", name="reviewer")
        ticket = (await send(api, engine)).body["ticket"]["id"]
        yield Desk(api, credit, engine, reviewer, operator, ticket)


@pytest.mark.req("REV-R01", "REV-R02", "REV-X44")
async def test_a_rejected_application_comes_back_with_its_codes_by_priority_and_signed(desk: Desk) -> None:
    assert (await desk.shown()) is None
    assert (await desk.verdict()).status == 201
    async with working_for(desk.api.installation):
        result = await desk.is_now("delivered")
    told = desk.credit.data()
    assert (told["flow_no"], told["user_id"], told["application"]) == (APPLICATION["flow_no"], "U-1029", "cash_loan")
    assert (told["status"], told["result"], told["codes"]) == ("completed", "reject", ["AF-1001", "AF-1002"])
    assert told["webhook-id"] == desk.ticket == result["ticket_id"]
    assert (result["codes"], result["next_at"]) == (["AF-1001", "AF-1002"], None)
    assert [(each["number"], each["status"], each["problem"]) for each in result["attempts"]] == [(1, 200, None)]
    application = (await desk.api.get(PATH, key=desk.engine)).body
    assert (application["ticket"]["status"], application["ticket"]["delivery"]) == ("completed", "delivered")


@pytest.mark.req("REV-R03")
async def test_a_passed_application_comes_back_without_codes(desk: Desk) -> None:
    refused = await desk.verdict(reasons=0)
    assert (refused.status, await desk.shown()) == (422, None), "a rejection has a reason"
    assert (await desk.verdict("pass")).status == 201
    async with working_for(desk.api.installation):
        await desk.is_now("delivered")
    assert (desk.credit.data()["result"], desk.credit.data()["codes"]) == ("pass", [])


@pytest.mark.req("REV-B05")
async def test_a_verdict_that_is_given_again_sends_its_result_once(desk: Desk) -> None:
    answers = [await desk.verdict(), await desk.verdict()]
    assert answers[0].status == 201
    async with working_for(desk.api.installation):
        await desk.is_now("delivered")
        async with desk.api.installation.database.connection() as conn:
            await until(lambda: nothing_waits(conn))
    assert len(desk.credit.came) == 1


async def nothing_waits(conn: Any) -> bool:
    state = await jobs.queue_state(conn)
    return state.running == 0


async def test_a_receiver_that_is_down_is_tried_again_until_it_is_up(desk: Desk, clock: ManualClock) -> None:
    desk.credit.status = 503
    await desk.verdict()
    async with working_for(desk.api.installation):
        first = await desk.is_now("retrying")
        assert (first["next_at"], first["until"]) == ("2026-01-05T02:00:05Z", "2026-01-08T02:00:00Z")
        assert first["attempts"][0]["problem"] == "the receiver answered 503"
        clock.advance(seconds=5)
        await until(lambda: has_attempts(desk, 2))
        desk.credit.status = 204
        clock.advance(seconds=10)
        await desk.is_now("delivered")
    told = [desk.credit.data(place) for place in range(3)]
    assert told[0] == told[1] == told[2]
    assert await desk.alerts() == []


async def has_attempts(desk: Desk, count: int) -> bool:
    result = await desk.shown()
    return len(result["attempts"]) == count and result["state"] == "retrying"


async def test_what_does_not_arrive_in_three_days_is_given_up_told_and_sent_again_by_a_person(
    desk: Desk, clock: ManualClock
) -> None:
    desk.credit.status = 500
    await desk.verdict()
    again = f"/v1/results/{desk.ticket}/deliveries"
    assert (await desk.api.post(again, {}, key=desk.operator)).code == "ResultNotSendable"
    async with working_for(desk.api.installation):
        await desk.is_now("retrying")
        clock.advance(seconds=TRIED_S)
        given_up = await desk.is_now("given_up")
        assert given_up["next_at"] is None
        [alert] = await desk.alerts()
        assert (alert.kind, alert.facts["application"]) == ("ResultGivenUp", "cash_loan")
        desk.credit.status = 200
        assert (await desk.api.post(again, {}, key=desk.engine)).status == 403
        assert (await desk.api.post(again, {}, key=desk.operator)).status == 202
        await desk.is_now("delivered")
    assert len({told["webhook-id"] for told in map(desk.credit.data, range(len(desk.credit.came)))}) == 1
    async with desk.api.installation.database.connection() as conn:
        page = await access.audit.list_entries(conn, access.audit.EntryFilter(action="result.send_again"))
    assert [entry.actor for entry in page.items] == ["key:operator"]


@pytest.mark.parametrize("reason", [TicketClosing.EXPIRED, TicketClosing.CANCELLED])
async def test_a_ticket_that_ends_without_a_verdict_is_told_as_no_pass(desk: Desk, reason: TicketClosing) -> None:
    async with desk.api.installation.database.transaction() as conn:
        now = desk.api.installation.clock.now()
        await review.close_ticket(conn, ticket_id=UUID(desk.ticket), reason=reason, now=now)
    async with working_for(desk.api.installation):
        await desk.is_now("delivered")
    told = desk.credit.data()
    assert (told["status"], told["result"], told["codes"]) == (reason.value, None, [])


async def test_without_a_receiver_a_result_is_there_to_be_asked_for_and_can_be_sent_later(desk: Desk) -> None:
    path = "/v1/result-receivers/cash_loan"
    url = (await desk.api.get("/v1/result-receivers", key=desk.operator)).body["items"][0]["url"]
    assert (await desk.api.call("DELETE", path, key=desk.operator)).body == {"items": []}
    assert (await desk.api.call("DELETE", path, key=desk.operator)).code == "ReceiverUnknown"
    await desk.verdict()
    async with working_for(desk.api.installation):
        unsent = await desk.is_now("unsent")
        assert (unsent["result"], unsent["codes"], desk.credit.came) == ("reject", ["AF-1001", "AF-1002"], [])
        await desk.api.call("PUT", path, key=desk.operator, json={"url": url})
        await desk.api.post(f"/v1/results/{desk.ticket}/deliveries", {}, key=desk.operator)
        await desk.is_now("delivered")


async def test_a_secret_that_is_not_set_and_a_way_inside_are_said_and_tried_again(desk: Desk) -> None:
    path = "/v1/result-receivers/cash_loan"
    url = (await desk.api.get("/v1/result-receivers", key=desk.operator)).body["items"][0]["url"]
    await desk.api.call("PUT", path, key=desk.operator, json={"url": url, "secret": "RESULTS_OTHER"})
    await desk.verdict()
    async with working_for(desk.api.installation):
        result = await desk.is_now("retrying")
        assert result["attempts"][0]["problem"] == "the secret RESULTS_OTHER is not set"
        await desk.api.call("PUT", path, key=desk.operator, json={"url": "https://10.0.0.1/results"})
        await desk.api.post(f"/v1/results/{desk.ticket}/deliveries", {}, key=desk.operator)
        await until(lambda: has_attempts(desk, 2))
    assert "a private address" in (await desk.shown())["attempts"][0]["problem"]
    assert desk.credit.came == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"url": "http://credit.example.com/"}, "url"),
        ({"url": "http://10.0.0.1/"}, "url"),
        ({"url": "ftp://credit.example.com/"}, "url"),
        ({"url": "https://user:word@credit.example.com/"}, "url"),
        ({"url": "https://credit.example.com/" + "x" * 500}, "url"),
        ({"url": ""}, "url"),
        ({"url": "https://[::1/"}, "url"),
        ({"url": "https://credit.example.com/", "secret": "CALLBACK_KEY"}, "secret"),
    ],
)
async def test_results_go_nowhere_that_is_not_safe(desk: Desk, body: dict[str, str], place: str) -> None:
    refused = await desk.api.call("PUT", "/v1/result-receivers/cash_loan", key=desk.operator, json=body)
    assert (refused.status, refused.code) == (422, "ReceiverInvalid")
    assert place in refused.body["error"]["detail"]["problems"]


@asynccontextmanager
async def worker_process(database_url: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = os.environ | {
        "OPSDESK_DATABASE_URL": database_url,
        "OPSDESK_DATA_DIR": str(folder),
        "OPSDESK_BASE_URL": BASE_URL,
        "OPSDESK_ALLOW_NETWORKS": PARTNERS_HERE,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.req("REV-B05")
async def test_a_worker_killed_while_it_sends_loses_no_result_and_sends_it_under_one_id(
    desk: Desk, database_url: str, tmp_path: Path
) -> None:
    desk.credit.holds = asyncio.Event()
    await desk.verdict()
    async with worker_process(database_url, tmp_path) as process:
        await asyncio.wait_for(desk.credit.arrived.wait(), 60)
        process.kill()
        await process.wait()
    desk.credit.holds.set()
    installation = desk.api.installation
    other = jobs.JobWorker(
        installation.database,
        installation.job_kinds(),
        subscriptions=SUBSCRIPTIONS,
        clock=installation.clock,
        heartbeat_timeout_s=1.0,
    )
    working = asyncio.create_task(other.run())
    result = await desk.is_now("delivered")
    await other.stop()
    await working
    assert len(result["attempts"]) == 1
    assert [desk.credit.data(place)["webhook-id"] for place in range(len(desk.credit.came))] == [desk.ticket] * 2
