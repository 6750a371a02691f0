"""Spans as a collector receives them: one a step, linked with the start of its run, and nothing about customers."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from opsdesk.app.wiring import Opsdesk, open_app
from opsdesk.flows import runs
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.settings import Settings
from tests.app.documents import greet
from tests.app.otlp import Receiver, attributes, receiving
from tests.app.serving import BASE_URL, PARTNERS_HERE, Api, partner, serving_for, until, working_for

EMAIL = "zq.4711@quillpost.example"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
APPROVED = {"answers": {"decision": "approved", "notes": "Quillfeather is known"}}


@asynccontextmanager
async def traced(
    receiver: Receiver, database_url: str, folder: Path, clock: ManualClock, **more: object
) -> AsyncIterator[Opsdesk]:
    values = {
        "database_url": database_url,
        "data_dir": folder,
        "base_url": BASE_URL,
        "allow_networks": PARTNERS_HERE,
        "otlp_endpoint": receiver.url,
        **more,
    }
    async with open_app(Settings.model_validate(values), clock=clock) as opsdesk:
        yield opsdesk


class ScoringPartner:
    """Answers with a score, and keeps the trace context that came with the question."""

    def __init__(self) -> None:
        self.parents: list[str | None] = []
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        self.parents.append(request.headers.get("traceparent"))
        return web.json_response({"score": 0.5}, status=self.status)


async def decided(api: Api, run_id: str, key: str) -> None:
    """The run waits for a person, who approves."""

    async def ticket() -> str | None:
        nodes = (await api.get(f"/v1/runs/{run_id}", key=key)).body["nodes"]
        (wait,) = [node["wait"] for node in nodes if node["id"] == "review"]
        return None if wait is None else str(wait["ticket"])

    async def ended() -> bool:
        return bool((await api.get(f"/v1/runs/{run_id}", key=key)).body["status"] == "completed")

    path = f"/v1/tickets/{await until(ticket)}/decisions"
    assert (await api.post(path, APPROVED, key=key, once="1")).status == 201
    await until(ended)


def written(span: Span) -> str:
    return f"{span.trace_id.hex()}-{span.span_id.hex()}"


async def test_every_step_has_one_span_linked_with_the_start_of_its_run(
    database_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    asked = ScoringPartner()
    async with receiving() as receiver, partner(asked.answer) as url:
        async with traced(receiver, database_url, tmp_path, clock) as opsdesk:
            async with serving_for(opsdesk) as api, working_for(opsdesk):
                person, system = await api.key(name="desk", roles=["greeter"]), await api.key(name="portal")
                await api.store(greet(url), key=system)
                run_id = await api.start("greet", key=system, email=EMAIL)
                await decided(api, run_id, person)
        (start,) = receiver.named("POST /v1/runs")
        (call,) = receiver.named("step greet.ask")
        waiting, answered = receiver.named("step greet.review")
        (end,) = receiver.named("run greet")
    for span in (call, waiting, answered, end):
        assert [f"{link.trace_id.hex()}-{link.span_id.hex()}" for link in span.links] == [written(start)]
        assert (span.parent_span_id, attributes(span)["opsdesk.run_id"]) == (b"", run_id)
        assert span.end_time_unix_nano - span.start_time_unix_nano < 60e9, "no span is open while people think"
    assert len({span.trace_id for span in (start, call, waiting, answered, end)}) == 5
    (parent,) = asked.parents
    assert parent is not None
    assert parent.startswith(f"00-{written(call)}-")
    assert [attributes(span)["opsdesk.outcome"] for span in (call, waiting, answered, end)] == [
        "done",
        "waiting",
        "answered",
        "completed",
    ]
    assert attributes(start)["http.response.status_code"] == 202
    assert receiver.resources[0]["service.name"] == "opsdesk"


@pytest.mark.req("FLO-009")
async def test_no_span_tells_who_the_customer_is(database_url: str, tmp_path: Path, clock: ManualClock) -> None:
    asked = ScoringPartner()
    asked.status = 422
    async with receiving() as receiver, partner(asked.answer) as url:
        async with traced(receiver, database_url, tmp_path, clock) as opsdesk:
            async with serving_for(opsdesk) as api, working_for(opsdesk):
                key = await api.key(name="portal")
                await api.store(greet(url), key=key)
                run_id = await api.start("greet", key=key, email=EMAIL)

                async def blocked() -> bool:
                    return bool((await api.get(f"/v1/runs/{run_id}", key=key)).body["status"] == "blocked")

                await until(blocked)
                await api.get(f"/v1/runs/{EMAIL}?email={EMAIL}", key=key, headers={"X-Request-Id": "quillpost"})
                await api.post(f"/v1/callbacks/{opsdesk.callbacks.token(UUID(run_id), 'ask', 1)}", {"score": EMAIL})
        (call,) = receiver.named("step greet.ask")
        everything = b"".join(receiver.raw)
    assert (call.status.code, attributes(call)["error.type"]) == (Status.STATUS_CODE_ERROR, "Refused4xx")
    token = opsdesk.callbacks.token(UUID(run_id), "ask", 1)
    assert [needle for needle in (EMAIL, "quillpost", token, key) if needle.encode() in everything] == []


async def test_the_trace_of_whoever_calls_goes_on(database_url: str, tmp_path: Path, clock: ManualClock) -> None:
    async with receiving() as receiver:
        async with traced(receiver, database_url, tmp_path, clock) as opsdesk, serving_for(opsdesk) as api:
            await api.get("/healthz", headers={"traceparent": PARENT})
            await api.get("/healthz", headers={"traceparent": PARENT.replace("4bf92f", "?bf92f")})
        first, second = receiver.named("GET /healthz")
    assert f"00-{first.trace_id.hex()}-{first.parent_span_id.hex()}-00" == PARENT
    assert second.parent_span_id == b""


async def test_a_hop_of_benefits_names_its_participant(database_url: str, tmp_path: Path, clock: ManualClock) -> None:
    paths = ("/v1/benefit-orders", "/open/v1/files", "/healthz")
    async with receiving() as receiver:
        async with traced(receiver, database_url, tmp_path, clock) as opsdesk, serving_for(opsdesk) as api:
            for path in paths:
                await api.get(path, headers={"traceparent": PARENT})
        spans = {
            name: receiver.named(f"GET {name}")[0] for name in ("/v1/benefit-orders", "/open/v1/files", "/healthz")
        }
    named = {name: attributes(span).get("opsdesk.participant") for name, span in spans.items()}
    assert named == {"/v1/benefit-orders": "PointSystem", "/open/v1/files": "OpenPlatform", "/healthz": None}
    assert {span.trace_id.hex() for span in spans.values()} == {PARENT.split("-")[1]}


async def test_a_ratio_of_nothing_sends_nothing(database_url: str, tmp_path: Path, clock: ManualClock) -> None:
    async with receiving() as receiver:
        more = {"trace_ratio": 0}
        async with traced(receiver, database_url, tmp_path, clock, **more) as opsdesk, serving_for(opsdesk) as api:
            await api.get("/healthz", headers={"traceparent": PARENT.removesuffix("00") + "01"})
    assert receiver.spans == []


async def test_the_receiver_is_told_the_secret_that_lets_us_in(
    database_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    (tmp_path / "OTLP_AUTHORIZATION").write_text("Bearer collector-token")
    async with receiving() as receiver:
        more = {"secrets_dir": tmp_path}
        async with traced(receiver, database_url, tmp_path, clock, **more) as opsdesk, serving_for(opsdesk) as api:
            await api.get("/healthz")
    assert [headers["Authorization"] for headers in receiver.requests] == ["Bearer collector-token"]


async def test_a_receiver_that_refuses_or_is_away_keeps_nobody_from_work(
    database_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    async with receiving() as receiver:
        receiver.refuses = True
        async with traced(receiver, database_url, tmp_path, clock) as opsdesk, serving_for(opsdesk) as api:
            assert (await api.get("/healthz")).status == 200
    async with asyncio.timeout(30):
        async with traced(receiver, database_url, tmp_path, clock) as opsdesk, serving_for(opsdesk) as api:
            assert (await api.get("/healthz")).status == 200


async def test_a_run_that_was_started_untraced_has_steps_without_links(
    database_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    asked = ScoringPartner()
    async with receiving() as receiver, partner(asked.answer) as url:
        plain = Settings(database_url=database_url, data_dir=tmp_path, base_url=BASE_URL)
        async with open_app(plain, clock=clock) as opsdesk, serving_for(opsdesk) as api:
            key = await api.key(name="portal")
            await api.store(greet(url), key=key)
            run_id = await api.start("greet", key=key, email=EMAIL)
            async with opsdesk.database.connection() as conn:
                (first,) = await runs.read_journal(conn, UUID(run_id))
        assert set(first.payload) == {"inputs", "actor"}
        async with traced(receiver, database_url, tmp_path, clock) as opsdesk, working_for(opsdesk):

            async def waits() -> bool:
                async with opsdesk.database.connection() as conn:
                    return (await runs.show_run(conn, UUID(run_id))).status == "waiting"

            await until(waits)
        (call,) = receiver.named("step greet.ask")
    assert len(call.links) == 0


async def test_an_installation_without_a_receiver_loads_nothing_of_tracing() -> None:
    program = "import sys; from opsdesk.app import http, wiring, worker; print('opentelemetry.sdk' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    assert printed == b"False\n"
