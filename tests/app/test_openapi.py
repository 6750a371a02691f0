"""The description of the HTTP API is true: of what is answered, of what is refused, and of what is asked."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from opsdesk.kit.clock import SystemClock
from opsdesk.kit.http_frame import BODY_BYTES_MAX
from tests.access.audit.chains import seal_all
from tests.app.described import DescribedApi, Description, described
from tests.app.documents import WAITS, greet
from tests.app.serving import Answer, partner, tell_when_waiting, until, working_for

NOTHING = "0190a0b0-0000-7000-8000-000000000001"
APPROVED = {"answers": {"decision": "approved", "notes": "the customer is known"}}
JSON = {"Content-Type": "application/json"}
YAML = {"Content-Type": "text/yaml"}
PARTS_OF_RUN = [
    f"/{part}" for part in ["journal", "journal?limit=1", "diagram", "log", "log?tamper_evident=true", "report"]
]
PARTS_OF_RUN += ["", "/report?format=text", "/children"]
STATUSES_OF_PARTNER = {"now@example.com": 200, "later@example.com": 202, "never@example.com": 404}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


@pytest.fixture
async def key(api: DescribedApi) -> str:
    key = await api.key(name="customer-portal")
    await api.store(greet(), key=key)
    return key


async def ask(request: web.Request) -> web.Response:
    """A partner that answers as the address of the customer says."""
    email = (await request.json())["email"]
    return web.json_response({"score": 0.5}, status=STATUSES_OF_PARTNER[email])


def token(api: DescribedApi, run: str) -> str:
    return api.installation.callbacks.token(UUID(run), "ask", 1)


async def look(api: DescribedApi, paths: Iterator[str] | list[str], *keys: str) -> None:
    for path in paths:
        for key in keys:
            assert (await api.get(path, key=key)).status == 200


async def look_at_run(api: DescribedApi, run: str, *keys: str) -> None:
    await look(api, [f"/v1/runs/{run}{part}" for part in PARTS_OF_RUN], *keys)


def has(api: DescribedApi, path: str, key: str, *, status: str) -> Callable[[], Awaitable[bool]]:
    async def ask_again() -> bool:
        return bool((await api.get(path, key=key)).body["status"] == status)

    return ask_again


def ticket_of(api: DescribedApi, run: str, key: str) -> Callable[[], Awaitable[Any]]:
    async def ask_again() -> Any:
        review = (await api.get(f"/v1/runs/{run}", key=key)).body["nodes"][1]
        return review["wait"] and review["wait"]["ticket"]

    return ask_again


async def test_runs_and_tickets_answer_as_they_are_described(api: DescribedApi) -> None:
    key, desk = await api.key(name="customer-portal"), await api.key(name="desk", roles=["greeter"])
    few = await api.key("runs:read", "tickets:read", name="reader")
    async with partner(ask) as url:
        await api.store(greet(url), key=key)
        started = {email: await api.start("greet", key=key, once=email, email=email) for email in STATUSES_OF_PARTNER}
        now, later, never = started.values()
        again = {"procedure": "greet", "inputs": {"email": "now@example.com"}}
        assert (await api.post("/v1/runs", again, key=key, once="now@example.com")).status == 200
        await look_at_run(api, now, key, few)
        async with working_for(api.installation):
            decided = await until(ticket_of(api, now, key))
            await until(has(api, f"/v1/runs/{later}", key, status="waiting"))
            await until(has(api, f"/v1/runs/{never}", key, status="blocked"))
            for run in started.values():
                await look_at_run(api, run, key, few)
            await decide(api, decided, desk, few)
            assert (await api.post(f"/v1/callbacks/{token(api, later)}", {"score": 0.5})).status == 200
            closed = await until(ticket_of(api, later, key))
            await api.post(f"/v1/runs/{later}/cancellations", {"reason": "withdrawn"}, key=key)
            await until(has(api, f"/v1/tickets/{closed}", key, status="cancelled"))
            await until(has(api, f"/v1/runs/{now}", key, status="completed"))
        signal = {"node": "ask", "answer": {"score": 0.5}}
        other = await api.start("greet", key=key, once="other", email="later@example.com")
        assert (await api.post(f"/v1/runs/{other}/signals", signal, key=key)).status == 202
        assert (await api.post(f"/v1/runs/{never}/retries", {}, key=key)).status == 202
        await steer(api, never, key)
        await api.store(WAITS, key=key)
        assert (await move(api, await api.start("waits", key=key, once="moved"), key)) == [200, 409, 200]
        assert (await tell_when_waiting(api, await api.start("waits", key=key), "paid", key=key)).status == 202
    await look_at_run(api, now, key, few)
    await look_at_run(api, later, key, few)
    lists = ["/v1/runs?limit=1", "/v1/runs?status=completed", "/v1/tickets?limit=1", "/v1/tickets?status=cancelled"]
    await look(api, lists, key, few)
    one = "/v1/tickets/{ticket_id}"
    of_screening = [f"GET {one}/{path}" for path in ("pictures", "pictures/{key}", "rejection")]
    of_screening += [f"POST /v1/tickets/{path}" for path in ("assign", "release", "{ticket_id}/reveals")]
    of_screening += [f"POST {one}/verdict"]
    assert sorted(missing(api, "/v1/runs", "/v1/events", "/v1/tickets", "/v1/callbacks")) == of_screening


async def move(api: DescribedApi, run: str, key: str) -> list[int]:
    """To a version that fits, to one that is the same then, and all others of the version before."""
    digest = (await api.get(f"/v1/runs/{run}", key=key)).body["digest"]
    await api.store(f"{WAITS}version: second\n", key=key)
    wanted = {"to": "second", "reason": "r"}
    answers = [await api.post(f"/v1/runs/{run}/migrations", wanted, key=key) for _ in range(2)]
    answers.append(await api.post("/v1/procedures/waits/migrations", {"from": digest, **wanted, "limit": 1}, key=key))
    return [answer.status for answer in answers]


async def steer(api: DescribedApi, run: str, key: str) -> None:
    """Pauses and resumes, with a worker in between; the run stands at its first node."""
    about = {"node": "ask", "reason": "asked to"}
    assert (await api.post(f"/v1/runs/{run}/reruns", about, key=key)).status == 202
    correction = {"values": {"email": "never@example.com"}, "reason": "asked to"}
    assert (await api.post(f"/v1/runs/{run}/corrections", correction, key=key)).status == 202
    assert (await api.post(f"/v1/runs/{run}/pauses", {"reason": "asked to"}, key=key)).status == 202
    async with working_for(api.installation):
        await until(has(api, f"/v1/runs/{run}", key, status="paused"))
        await look_at_run(api, run, key)
        assert (await api.post(f"/v1/runs/{run}/skips", about | {"outputs": {"score": 1}}, key=key)).status == 202
        assert (await api.post(f"/v1/runs/{run}/resumptions", {}, key=key)).status == 202
        await until(has(api, f"/v1/runs/{run}", key, status="waiting"))
        await look_at_run(api, run, key)


async def decide(api: DescribedApi, ticket: str, desk: str, few: str) -> None:
    path = f"/v1/tickets/{ticket}"
    assert (await api.call("POST", f"{path}/claims", key=desk)).status == 201
    await look(api, [path, "/v1/tickets?claimed_by=key:desk&overdue=false"], desk, few)
    assert (await api.call("DELETE", f"{path}/claims", key=desk)).status == 200
    wrong = {"values": {"score": 0.9}, "reason": "typed wrong"}
    other = await api.key(name="operator")
    seen = (await api.post(f"{path}/amendments", wrong, key=other)).body["shown_sha256"]
    assert (await api.post(f"{path}/decisions", APPROVED, key=desk, once="1")).code == "DataChanged"
    decision = APPROVED | {"shown_sha256": seen}
    assert (await api.post(f"{path}/decisions", decision, key=desk, once="1")).status == 201
    await look(api, [path, f"{path}/evidence"], desk, few)


async def test_procedures_answer_as_they_are_described(api: DescribedApi) -> None:
    key = await api.key(name="customer-portal")
    documents = [
        greet(),
        greet(),
        greet().replace("Greet the customer", "Greet"),
        greet().replace("id: greet", "id: g"),
    ]
    assert [(await api.store(document, key=key)).status for document in documents] == [201, 200, 201, 201]
    for document in (greet(), greet().replace("type: api", "type: aip"), "[]", "", "{", "id: x"):
        answer = await api.call("POST", "/v1/procedures/lint", key=key, data=document.encode(), headers=YAML)
        assert answer.status == 200
    parts = ["", "/versions", "/versions?limit=1", "/diagram?language=zh-CN"]
    assert (await api.post("/v1/procedures/greet/simulations", {"silent": ["ask"]}, key=key)).status == 200
    assert (await api.call("POST", "/v1/procedures/greet/test-runs", key=key)).status == 200
    assert (await api.post("/v1/procedures/greet/backtests", {"runs": 5}, key=key)).status == 200
    await look(api, ["/v1/procedures?limit=1", *(f"/v1/procedures/greet{part}" for part in parts)], key)
    assert missing(api, "/v1/procedures") == ["POST /v1/procedures/{procedure_id}/migrations"], "it is about runs"


async def test_keys_answer_as_they_are_described(api: DescribedApi) -> None:
    keeper = await api.key("keys:write", name="keeper")
    asked = {"name": " customer-portal ", "scopes": ["runs:read"], "expires_at": "2999-01-01T00:00:00+08:00"}
    made = await api.post("/v1/keys", asked, key=keeper)
    assert made.status == 201
    await look(api, ["/v1/keys"], keeper)
    assert (await api.call("DELETE", f"/v1/keys/{made.body['id']}", key=keeper)).status == 200
    await look(api, ["/v1/keys"], keeper)
    assert missing(api, "/v1/keys") == []


async def test_the_audit_chain_answers_as_it_is_described(api: DescribedApi, key: str) -> None:
    reader = await api.key("audit:read", name="auditor")
    filters = "since=2026-01-01T00:00:00Z&until=2999-01-01T00:00:00Z&actor=tester&action=key&object_kind=key"
    reads = [
        "/v1/audit",
        "/v1/audit?limit=1",
        f"/v1/audit?{filters}",
        "/v1/audit?object_id=x&request_id=x",
        "/v1/audit/1",
    ]
    await look(api, reads, reader)
    await seal_all(api.installation.database)
    await look(api, [*reads, "/v1/audit/export", f"/v1/audit/export?{filters}"], reader)
    assert missing(api, "/v1/audit") == []


async def test_watchers_are_answered_as_it_is_described(api: DescribedApi) -> None:
    await look(api, ["/healthz", "/readyz"], "")
    await look(api, ["/metrics"], await api.key("operations:read", name="prometheus"))
    async with api.installation.database.connection() as conn:
        await conn.execute("update schema_migration set version = 9999 where version = 1")
    assert (await api.get("/readyz")).status == 503
    assert missing(api, "/healthz", "/readyz", "/metrics") == []


def missing(api: DescribedApi, *prefixes: str) -> list[str]:
    """The operations at these paths that have not answered with what they are for."""
    answered = {name for name, status in api.description.seen if status < 300}
    wanted = [name for name in api.description.operations if name.partition(" ")[2].startswith(prefixes)]
    assert wanted
    return [name for name in wanted if name not in answered]


async def test_the_four_walks_are_over_every_route(api: DescribedApi) -> None:
    words = "runs events tickets callbacks procedures keys audit people roles triggers webhooks outages"
    words += " screening-types screening-reference strategy-groups applications result-receivers results alerts queue"
    words += " quality points-grants points-wallets points-sweeps points-audits partners"
    words += " benefit-expiry-runs benefit-job-runs benefit-orders benefit-services benefit-providers benefit-disputes"
    words += " benefit-customer-lists esb-messages settlement-periods settlement-files"
    prefixes = (*(f"/v1/{word}" for word in words.split()), "/open/v1/", "/healthz", "/readyz", "/metrics")
    paths = [name.partition(" ")[2] for name in api.description.operations]
    assert [path for path in paths if not path.startswith(prefixes)] == []


REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/v1/runs?limit=0", {}, 422),
    ("GET", "/v1/runs?limit=9223372036854775808", {}, 422),
    ("GET", "/v1/runs?limit=9223372036854775807", {}, 422),
    ("GET", "/v1/runs?cursor=x", {}, 422),
    ("GET", "/v1/runs?status=none", {}, 422),
    ("GET", "/v1/runs/x", {}, 422),
    ("GET", "/v1/tickets?search=%07", {}, 422),
    ("GET", "/v1/tickets?due_before=0.5", {}, 422),
    ("GET", "/v1/tickets?cursor=x", {}, 422),
    ("GET", "/v1/procedures?limit=101", {}, 422),
    ("GET", "/v1/procedures?cursor=x", {}, 422),
    ("GET", "/v1/procedures/greet/versions?limit=0", {}, 422),
    ("GET", "/v1/procedures/greet/diagram?language=de", {}, 422),
    ("POST", "/v1/procedures", {"data": b"{", "headers": YAML}, 422),
    ("POST", "/v1/procedures/lint", {"data": b"{", "headers": {"Content-Type": "text/plain"}}, 415),
    ("POST", "/v1/procedures", {"data": BytesIO(bytes(BODY_BYTES_MAX + 1)), "headers": YAML}, 413),
    ("POST", "/v1/procedures/greet/simulations", {"json": {"walks": 0}}, 422),
    ("POST", "/v1/procedures/greet/simulations", {"json": {"silent": ["none"]}}, 422),
    ("POST", "/v1/procedures/none/simulations", {"json": {}}, 404),
    ("POST", "/v1/procedures/none/test-runs", {}, 404),
    ("POST", "/v1/procedures/none/backtests", {"json": {}}, 404),
    ("POST", "/v1/procedures/greet/backtests", {"json": {"runs": 0}}, 422),
    ("POST", "/v1/runs", {"json": {"procedure": "none"}, "headers": {"Idempotency-Key": "1"}}, 404),
    ("POST", "/v1/runs", {"json": {"procedure": "greet"}, "headers": {"Idempotency-Key": "1"}}, 422),
    ("POST", "/v1/runs", {"json": {"procedure": "greet"}}, 422),
    ("POST", "/v1/runs", {"data": b"{", "headers": JSON | {"Idempotency-Key": "1"}}, 422),
    ("POST", "/v1/runs/RUN/signals", {"json": {"node": "none", "answer": {}}}, 404),
    ("POST", "/v1/runs/RUN/signals", {"json": {"node": "ask", "answer": {}}}, 422),
    ("POST", "/v1/runs/RUN/signals", {"json": {"node": "review", "answer": {}}}, 409),
    ("POST", "/v1/runs/RUN/retries", {"json": {}}, 409),
    ("POST", "/v1/runs/RUN/retries", {"json": {"node": "none"}}, 404),
    ("POST", "/v1/runs/RUN/pauses", {"json": {"reason": ""}}, 422),
    ("POST", "/v1/runs/RUN/resumptions", {"json": {}}, 409),
    ("POST", "/v1/runs/RUN/skips", {"json": {"node": "review", "reason": "r"}}, 409),
    ("POST", "/v1/runs/RUN/skips", {"json": {"node": "none", "reason": "r"}}, 404),
    ("POST", "/v1/runs/RUN/skips", {"json": {"node": "ask", "reason": "r", "outputs": {}}}, 422),
    ("POST", "/v1/runs/RUN/reruns", {"json": {"node": "review", "reason": "r"}}, 409),
    ("POST", "/v1/runs/RUN/reruns", {"json": {"node": "none", "reason": "r"}}, 404),
    ("POST", "/v1/runs/RUN/cancellations", {"json": {"reason": ""}}, 422),
    ("POST", "/v1/runs/RUN/cancellations", {"data": b"reason=x", "headers": {"Content-Type": "text/plain"}}, 415),
    ("POST", "/v1/callbacks/x", {"json": {}}, 403),
    ("POST", "/v1/callbacks/x", {"data": b"{", "headers": JSON}, 422),
    ("POST", f"/v1/tickets/{NOTHING}/claims", {}, 404),
    ("DELETE", f"/v1/tickets/{NOTHING}/claims", {}, 404),
    ("POST", f"/v1/tickets/{NOTHING}/decisions", {"json": APPROVED, "headers": {"Idempotency-Key": "1"}}, 404),
    ("POST", "/v1/tickets/assign", {"json": {"ticket_ids": [], "person": "a@example.com"}}, 422),
    ("POST", "/v1/tickets/assign", {"json": {"ticket_ids": [NOTHING] * 101, "person": "a@example.com"}}, 422),
    ("POST", "/v1/tickets/assign", {"json": {"ticket_ids": [NOTHING], "person": "a@example.com"}}, 404),
    ("POST", "/v1/tickets/release", {"json": {"ticket_ids": [NOTHING], "reason": " "}}, 422),
    ("POST", "/v1/keys", {"json": {"name": "a", "scopes": ["all"]}}, 422),
    ("POST", "/v1/keys", {"json": {"name": "a", "scopes": [], "expires_at": "9999-12-31T23:59:59-10:00"}}, 422),
    ("POST", "/v1/keys", {"json": {"name": "a", "scopes": [], "expires_at": 95_617_584_000}}, 422),
    ("DELETE", "/v1/keys/none", {}, 404),
    ("GET", "/v1/audit?limit=0", {}, 422),
    ("GET", "/v1/audit?cursor=x", {}, 422),
    ("GET", "/v1/audit?since=yesterday", {}, 422),
    ("GET", "/v1/audit/export?actor=" + "x" * 201, {}, 422),
    ("GET", "/v1/audit/nothing", {}, 422),
]


@pytest.mark.parametrize(("method", "path", "sent", "status"), REFUSED)
async def test_what_is_refused_is_refused_as_it_is_described(
    api: DescribedApi, key: str, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    run = await api.start("greet", key=key, once="first", email="customer@example.com")
    assert (await api.call(method, path.replace("RUN", run), key=key, **sent)).status == status


@pytest.mark.parametrize("key", ["", "opsdesk_none"])
async def test_a_stranger_is_refused_as_it_is_described(api: DescribedApi, key: str) -> None:
    guarded = {name: operation for name, operation in api.description.operations.items() if "security" in operation}
    for name in guarded:
        method, _, path = name.partition(" ")
        answer = await api.call(method, filled(path), key=key, **usable(guarded[name]))
        assert (name, answer.status) == (name, 401)


async def test_an_actor_without_the_scope_is_refused_as_it_is_described(api: DescribedApi) -> None:
    key = await api.key("personal:read", name="reader")
    guarded = {name: operation for name, operation in api.description.operations.items() if "security" in operation}
    for name in guarded:
        method, _, path = name.partition(" ")
        answer = await api.call(method, filled(path), key=key, **usable(guarded[name], api.description))
        assert (name, answer.status) == (name, 403)


async def test_what_is_not_there_is_not_found_as_it_is_described(api: DescribedApi, key: str) -> None:
    reads = [name for name in api.description.operations if name.startswith("GET /v1") and "{" in name]
    for name in reads:
        answer = await api.get(filled(name.partition(" ")[2]), key=key)
        assert (name, answer.status) == (name, 404)


async def test_changes_that_came_too_late_are_refused_as_it_is_described(api: DescribedApi, key: str) -> None:
    run = await api.start("greet", key=key, email="customer@example.com")
    other = await api.post("/v1/runs", {"procedure": "greet", "inputs": {"email": "b"}}, key=key, once="1")
    async with api.installation.database.transaction() as conn:
        await conn.execute("update flow_run set status = 'cancelled', ended_at = now(), wake_at = null")
    late: list[Answer] = [
        await api.post(f"/v1/callbacks/{token(api, run)}", {"score": 1}),
        await api.post(f"/v1/runs/{run}/signals", {"node": "ask", "answer": {"score": 1}}, key=key),
        await api.post(f"/v1/runs/{run}/cancellations", {"reason": "withdrawn"}, key=key),
        await api.post(f"/v1/runs/{run}/retries", {}, key=key),
        await api.post(f"/v1/runs/{run}/pauses", {"reason": "r"}, key=key),
        await api.post(f"/v1/runs/{run}/resumptions", {}, key=key),
        await api.post(f"/v1/runs/{run}/skips", {"node": "ask", "reason": "r"}, key=key),
        await api.post(f"/v1/runs/{run}/reruns", {"node": "ask", "reason": "r"}, key=key),
    ]
    assert [other.code, *(answer.code for answer in late)] == ["KeyReused", *["RunFinished"] * 8]


COUNTED = dict.fromkeys(("type_id", "adapt_id", "group_id", "alert_id", "version", "revision"), "4711")
COUNTED |= {"sample_id": "4711", "sampled_id": "4711", "audit_id": "4711", "kid": "4711"}


_NAMES = (
    *("procedure_id", "key_id", "key", "trigger", "flow_no", "application", "customer_id", "provider", "service"),
    "name",
)


def filled(path: str) -> str:
    """The path of something that does not exist."""
    nothing = dict.fromkeys(
        ("run_id", "ticket_id", "person_id", "session_id", "outage_id", "order_id", "dispute_id"), NOTHING
    )
    none = dict.fromkeys(_NAMES, "none")
    return path.format_map(nothing | none | {"entry_id": "4711", "delivery_id": "1", "kind": "scenes"} | COUNTED)


def usable(operation: Mapping[str, Any], description: Description | None = None) -> dict[str, Any]:
    """A request that is well formed, by the example in the description."""
    headers = {"Idempotency-Key": "1"}
    content = operation.get("requestBody", {}).get("content", {})
    if "text/yaml" in content:
        return {"headers": headers | YAML, "data": b"{}"}
    if [*content] == ["text/csv"]:
        return {"headers": headers | {"Content-Type": "text/csv"}, "data": b""}
    if "application/json" not in content:
        return {"headers": headers}
    schema = content["application/json"]["schema"]
    return {"headers": headers, "json": description.resolved(schema)["examples"][0] if description else {}}
