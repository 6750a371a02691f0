"""Nothing about a customer, and no secret, is where it can be read without the right to it."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
import structlog
from aiohttp import web

from opsdesk import access
from opsdesk.flows import record, run_list, runs, text_view
from opsdesk.flows.calls import NodeCall, NodeOutcome
from opsdesk.flows.state import OPEN
from opsdesk.kit import log
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.settings import Settings
from tests.app.otlp import Receiver, receiving
from tests.app.serving import Answer, Api, partner, until
from tests.flows import workers
from tests.stories.installation import ROOT, Installation, free_port, installation
from tests.stories.pages import addresses, sent, signed_in

OWN = ROOT / "procedures" / "customer-onboarding.osop.yaml"
CLEAR = {"name": "Zhuo Quillfeather Clear", "email": "zq.4711@quillpost.example", "phone": "+86 138 1234 5678"}
FLAGGED = {"name": "Odo Brandybottle Lowscore", "email": "odo.b@bottlemail.example", "phone": "+86 139 8765 4321"}
CUSTOMERS = ("Quillfeather", "zq.4711", "quillpost", "1234 5678", "Brandybottle", "odo.b", "bottlemail", "8765 4321")
NOTE = "Brandybottle wohnt nicht mehr dort"
LEAKS = """\
osop_version: "2.0"
id: leaks
name: Everything goes wrong
inputs: [name, email, phone]
nodes:
  - {id: begin, type: cli, purpose: Let all of them begin, runtime: {command: "true"}}
  - id: refused
    type: api
    purpose: Be refused by a partner that repeats what it was sent
    runtime: {url: "PARTNER", endpoint: /refused, method: POST}
    inputs: [name, email, phone]
    outputs: [x]
    security: {auth: bearer_token, secret_ref: KYC_PROVIDER_API_KEY}
  - id: mistyped
    type: api
    purpose: Be answered with a content type that holds a name
    runtime: {url: "PARTNER", endpoint: /mistyped, method: POST}
    inputs: [name, email, phone]
    outputs: [x]
  - id: redirected
    type: api
    purpose: Be sent to an address that holds a name
    runtime: {url: "PARTNER", endpoint: /redirected, method: POST}
    inputs: [name, email, phone]
    outputs: [x]
  - id: misshapen
    type: api
    purpose: Be answered with outputs that do not fit
    runtime: {url: "PARTNER", endpoint: /misshapen, method: POST}
    inputs: [name, email, phone]
    outputs:
      - {name: kind, schema: {type: object, additionalProperties: false, properties: {a: {type: integer}}}}
  - id: shouting
    type: cli
    purpose: Print all that it knows as an error
    runtime:
      command: python3 -c 'import os,sys; sys.exit(print(sys.argv, os.environ, file=sys.stderr) or 3)' ${name} ${email}
    inputs: [name, email]
    outputs: [x]
    security: {credentials: [STRIPE_SECRET_KEY, DATABASE_URL]}
edges:
  - {from: begin, to: refused, mode: parallel}
  - {from: begin, to: mistyped, mode: parallel}
  - {from: begin, to: redirected, mode: parallel}
  - {from: begin, to: misshapen, mode: parallel}
  - {from: begin, to: shouting, mode: parallel}
"""
UNSTORABLE = """\
osop_version: "2.0"
id: unstorable
name: The database refuses what happened
inputs: [name, email, phone]
nodes:
  - id: unstorable
    type: api
    purpose: Be answered with what the database will refuse
    runtime: {url: "PARTNER", endpoint: /unstorable, method: POST}
    inputs: [name, email, phone]
    outputs: [note]
  - {id: never, type: cli, purpose: Is not reached, runtime: {command: "true"}}
edges:
  - {from: unstorable, to: never}
"""
REFUSE_FACT = (
    "alter table flow_journal add constraint no_such_fact check (fact <> 'node_ended' or node <> 'unstorable')"
)
REFUSE_SIGNAL = "alter table flow_inbox add constraint no_signal check (kind <> 'signal')"
OTHER_TABLES = """
select table_name from information_schema.tables
where table_schema = 'public' and table_name not in ('flow_journal', 'flow_inbox') and table_name not like 'ticket%'
"""


async def repeat(request: web.Request) -> web.Response:
    """A partner that says everything again that it was told, wherever it can."""
    body = await request.json()
    everything = json.dumps({"request": body, "token": request.headers.get("Authorization", "")})
    address = f"https://partner.test/{body['email']}"
    match request.path:
        case "/refused":
            return web.Response(status=400, text=everything, headers={"X-Repeated": everything, "Location": address})
        case "/mistyped":
            return web.Response(text=everything, headers={"Content-Type": "text/quillfeather.zq.4711"})
        case "/redirected":
            return web.Response(status=302, headers={"Location": address})
        case "/misshapen":
            return web.json_response({"kind": {body["name"]: body["email"]}})
        case _:
            return web.json_response({"note": everything})


@dataclass(frozen=True, slots=True)
class Place:
    """An installation whose processes log into files, and who reads what of it."""

    story: Installation
    api: Api
    writer: str
    """The key of somebody who may do and see everything."""
    reader: str
    """The key of somebody who may do everything and see no personal value."""
    logs: Path
    receiver: Receiver

    async def measured(self) -> str:
        """What Prometheus reads of the server and of the worker."""
        worker = self.story.environment["OPSDESK_WORKER_METRICS_PORT"]
        of_server = await self.api.get("/metrics", key=self.reader)
        of_worker = await replace(self.api, url=f"http://127.0.0.1:{worker}").get("/metrics", key=self.reader)
        assert "opsdesk_runs_open" in of_server.body
        assert "opsdesk_steps_total" in of_worker.body
        return str(of_server.body + of_worker.body)

    async def traced(self, procedure: str, *, runs: int) -> str:
        """All that a collector was sent, when it was sent the end of so many runs."""

        async def complete() -> bool:
            return len(self.receiver.named(f"run {procedure}")) >= runs

        await until(complete)
        return b"".join(self.receiver.raw).decode(errors="replace")

    def logged(self) -> str:
        return "".join(file.read_text() for file in sorted(self.logs.iterdir()))

    async def run(self, procedure: str, customer: dict[str, str]) -> UUID:
        return UUID(await self.api.start(procedure, key=self.writer, once=customer["name"].split()[0], **customer))

    async def secrets(self) -> list[str]:
        """Everything that opens something."""
        found = [*self.story.outside.sandbox.secrets.values(), self.writer, self.reader]
        async with self.story.opsdesk.database.connection() as conn:
            for run in (await run_list.list_runs(conn)).items:
                procedure, state, _ = await runs.read_state(conn, run.run_id)
                found += [self.story.opsdesk.callbacks.token(run.run_id, node, 1) for node in procedure.nodes]
                found += [str(node.outputs["api_key"]) for node in state.nodes.values() if "api_key" in node.outputs]
        return found

    async def stored_elsewhere(self) -> str:
        """Every row of every table that is not there to hold the values of customers, and what is told of failures."""
        rows = []
        async with self.story.opsdesk.database.connection() as conn:
            for (table,) in await (await conn.execute(OTHER_TABLES.encode())).fetchall():
                rows += await (await conn.execute(f"select t::text from {table} t".encode())).fetchall()
            told = b"select payload ->> 'code', payload ->> 'message', payload ->> 'reason' from flow_journal"
            rows += await (await conn.execute(told)).fetchall()
        return "\n".join(str(row) for row in rows)

    async def shown(self, run_ids: Iterable[UUID], *, key: str) -> str:
        """All that somebody can read over HTTP about these runs and their tickets."""
        tickets = (await self.api.get("/v1/tickets", key=key)).body
        paths = [
            "/v1/runs",
            "/v1/tickets",
            "/v1/procedures",
            *(f"/v1/tickets/{each['id']}" for each in tickets["items"]),
        ]
        for run_id in run_ids:
            what = ("", "/journal", "/diagram", "/diagram?language=zh-CN", "/log", "/log?tamper_evident=true")
            paths += [f"/v1/runs/{run_id}{part}" for part in what]
        answers = [await self.api.get(path, key=key) for path in paths]
        assert {answer.status for answer in answers} == {200}
        return "\n".join(_text(answer) for answer in answers)

    async def drawn(self, run_ids: Sequence[UUID]) -> str:
        """Every page, as it is sent to somebody who may open all of them and see no personal value."""
        roles = ("admin", "operations_engineer", "auditor")
        reader = await signed_in(self.story.opsdesk, *roles, email="reader@example.com")
        tickets = (await self.api.get("/v1/tickets", key=self.reader)).body["items"]
        values = {
            "run_id": [str(run_id) for run_id in run_ids],
            "ticket_id": [each["id"] for each in tickets],
            "procedure_id": ["customer-onboarding"],
        }
        found = await sent(self.api.url, list(addresses(values)), reader)
        shown = [path for path, (status, _) in found.items() if status == 200]
        assert {"/", f"/tickets/{tickets[0]['id']}", "/audit"} <= set(shown)
        refused = {path for path, (status, _) in found.items() if status == 409}
        assert refused <= {f"/tickets/{each['id']}/rejection" for each in tickets}, "no screening type made it"
        rest = {status for path, (status, _) in found.items() if path not in refused}
        assert rest <= {200, 303, 404}, "404 is what is not set up here"
        return "".join(text for _, text in found.values())

    async def printed(self, run_id: UUID) -> str:
        """What a terminal and a log file show of a run."""
        async with self.story.opsdesk.database.connection() as conn:
            procedure, state, facts = await runs.read_state(conn, run_id)
        log = record.to_yaml(record.osop_log(procedure, str(run_id), facts))
        return log + text_view.timeline(procedure, state, facts)


def _text(answer: Answer) -> str:
    body = answer.body if isinstance(answer.body, str) else json.dumps(answer.body, ensure_ascii=False)
    return f"{dict(answer.headers)} {body}"


@pytest.fixture
async def place(tmp_path: Path, database_url: str) -> AsyncIterator[Place]:
    logs = tmp_path / "logs"
    logs.mkdir()
    more = {"OPSDESK_WORKER_METRICS_PORT": str(free_port())}
    async with (
        receiving() as receiver,
        installation(
            tmp_path, database_url, works=False, serves=False, more={**more, "OPSDESK_OTLP_ENDPOINT": receiver.url}
        ) as story,
        aiohttp.ClientSession() as session,
    ):
        await story.work_and_serve(logs)
        api = Api(story.environment["OPSDESK_BASE_URL"], story.opsdesk, session)
        await until(lambda: _answers(api))
        writer = await api.key(roles=["compliance_officer"])
        blind = [scope for scope in access.Scope if scope is not access.Scope.PERSONAL_READ]
        reader = await api.key(*blind, name="bo", roles=["compliance_officer"])
        yield Place(story, api, writer, reader, logs, receiver)


async def _answers(api: Api) -> bool:
    try:
        return (await api.get("/healthz")).status == 200
    except aiohttp.ClientConnectionError:
        return False


def found(needles: Iterable[str], text: str) -> list[str]:
    folded = text.casefold()
    return [needle for needle in needles if needle.casefold() in folded]


@pytest.mark.req("FLO-009")
async def test_no_log_page_or_table_tells_who_was_onboarded(place: Place) -> None:
    await place.api.store(OWN.read_text(), key=place.writer)
    clear = await place.run("customer-onboarding", CLEAR)
    flagged = await place.run("customer-onboarding", FLAGGED)
    await place.story.confirm(clear)
    await place.story.confirm(flagged)
    ticket = await place.story.ticket(flagged)
    open_pages = await place.shown([clear, flagged], key=place.reader)
    decision = {"answers": {"compliance_decision": "approved", "review_notes": NOTE}}
    decided = await place.api.post(f"/v1/tickets/{ticket.id}/decisions", decision, key=place.reader, once="1")
    assert decided.status == 201
    assert [(await place.story.ended(run_id)).status for run_id in (clear, flagged)] == ["completed", "completed"]
    pages = await place.shown([clear, flagged], key=place.reader)
    printed = await place.printed(clear) + await place.printed(flagged)
    secrets = await place.secrets()
    assert len(secrets) >= 10
    drawn = await place.drawn([clear, flagged])
    watched = drawn + await place.measured() + await place.traced("customer-onboarding", runs=2)
    everywhere = place.logged() + await place.stored_elsewhere() + open_pages + pages + printed + watched
    assert found([*CUSTOMERS, *secrets], everywhere) == []
    assert found(secrets, await place.shown([clear, flagged], key=place.writer)) == []


@pytest.mark.req("FLO-009")
async def test_a_failure_of_a_node_tells_nothing_of_the_customer(place: Place) -> None:
    async with partner(repeat) as url:
        await place.api.store(LEAKS.replace("PARTNER", url), key=place.writer)
        run_id = await place.run("leaks", CLEAR)
        await place.story.resting(run_id)
    failed = {row.node: row.payload["code"] for row in await place.story.facts(run_id) if row.fact == "node_failed"}
    assert failed == {
        "refused": "Refused4xx",
        "mistyped": "AnswerNotJson",
        "redirected": "Redirected",
        "misshapen": "OutputInvalid",
        "shouting": "CommandFailed",
    }
    pages = await place.shown([run_id], key=place.reader) + await place.printed(run_id)

    async def failures_are_traced() -> bool:
        failures = [span for span in place.receiver.spans if span.name.startswith("step leaks.")]
        return len(failures) >= len(failed)

    await until(failures_are_traced)
    traces = b"".join(place.receiver.raw).decode(errors="replace")
    everywhere = place.logged() + await place.stored_elsewhere() + pages + traces + await place.measured()
    assert found([*CUSTOMERS, *await place.secrets()], everywhere) == []


@pytest.mark.req("FLO-009")
async def test_a_row_that_the_database_refuses_is_not_told(place: Place) -> None:
    async with partner(repeat) as url, place.story.opsdesk.database.connection() as conn:
        await conn.execute(REFUSE_FACT.encode())
        await conn.execute(REFUSE_SIGNAL.encode())
        await place.api.store(UNSTORABLE.replace("PARTNER", url), key=place.writer)
        run_id = await place.run("unstorable", CLEAR)
        await until(lambda: _logged(place, "run_failed_its_worker"))
    signal = {"node": "unstorable", "answer": {"note": CLEAR["name"]}}
    broken = await place.api.post(f"/v1/runs/{run_id}/signals", signal, key=place.writer)
    assert (broken.status, broken.code) == (500, "InternalError")
    assert "CheckViolation: 23514 flow_journal no_such_fact" in place.logged()
    assert "CheckViolation: 23514 flow_inbox no_signal" in place.logged()
    pages = await place.shown([run_id], key=place.reader) + await place.printed(run_id) + _text(broken)
    everywhere = place.logged() + await place.stored_elsewhere() + pages
    assert found([*CUSTOMERS, *await place.secrets()], everywhere) == []


async def _logged(place: Place, event: str) -> bool:
    return event in place.logged()


@pytest.mark.req("FLO-009")
async def test_a_refused_request_is_told_without_the_values_that_it_held(place: Place) -> None:
    await place.api.store(OWN.read_text(), key=place.writer)
    bodies: list[Any] = [
        {"procedure": "customer-onboarding", "inputs": {"name": ["Quillfeather"], "email": {"zq.4711": 1}, "phone": 1}},
        {"procedure": "customer-onboarding", "inputs": {**CLEAR, "phone": "\ud800"}},
        {"procedure": 4711, "inputs": "zq.4711"},
    ]
    refused = [await place.api.post("/v1/runs", body, key=place.writer, once="1") for body in bodies]
    assert {answer.status for answer in refused} == {422}
    run_id = await place.run("customer-onboarding", CLEAR)
    other = {"procedure": "customer-onboarding", "inputs": {**CLEAR, "name": "Brandybottle"}}
    refused.append(await place.api.post("/v1/runs", other, key=place.writer, once="Zhuo"))
    wrong = {"node": "verify_email", "answer": {"email_verified_by": "Quillfeather"}}
    refused.append(await place.api.post(f"/v1/runs/{run_id}/signals", wrong, key=place.writer))
    assert {answer.status for answer in refused} == {422, 409}
    told = "".join(_text(answer) for answer in refused) + place.logged() + await place.stored_elsewhere()
    assert found([*CUSTOMERS, *await place.secrets()], told) == []
    async with place.story.opsdesk.database.connection() as conn:
        assert len((await run_list.list_runs(conn)).items) == 1
        assert (await runs.show_run(conn, run_id)).status in OPEN


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What this process logs. Logging is set up for the whole process: it is put back."""
    root, stream, before = logging.getLogger(), io.StringIO(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    log.configure(Settings(log_format="json", log_level="debug"), stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


@pytest.mark.req("FLO-009")
async def test_a_defect_in_a_node_tells_where_it_is_and_not_whom_it_met(
    db: Database, clock: ManualClock, logged: io.StringIO
) -> None:
    def breaks(call: NodeCall) -> NodeOutcome:
        name, token = call.run_inputs["name"], "opaque-token-of-a-partner"
        raise LookupError(f"{name} with {token}", call, {name: token})

    async with workers.working(db, workers.World({"first": breaks}), clock):
        run_id = await workers.start(db, clock, workers.CHAIN, dict(CLEAR))
        await workers.until(db, run_id, lambda run: run.status == "blocked" and not run.owned)
    async with db.connection() as conn:
        told = [row.payload for row in await runs.read_journal(conn, run_id) if row.fact == "node_failed"]
    assert [(each["code"], each["message"]) for each in told] == [
        ("InternalError", "first could not be executed: LookupError")
    ]
    assert "in breaks" in logged.getvalue()
    assert "LookupError" in logged.getvalue()
    assert found([*CUSTOMERS, "with opaque"], logged.getvalue()) == []
