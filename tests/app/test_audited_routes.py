"""Every change over HTTP is in the audit chain: each success writes the entries that it should, and no others."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pyotp
import pytest
from aiohttp import web

from opsdesk import access, review
from opsdesk.kit.clock import Clock, SystemClock
from tests import configured
from tests.access.staff import BROWSER, KEEPER, PASSWORD
from tests.app.applied import APPLICATION, configure, send
from tests.app.audited_writes import WRITES
from tests.app.described import Description
from tests.app.documents import WAITS, greet
from tests.app.serving import YAML, Answer, Api, partner, serving, tell_when_waiting, until, working_for

STATUSES_OF_PARTNER = {"now@example.com": 200, "later@example.com": 202, "never@example.com": 404}
APPROVED = {"answers": {"decision": "approved"}}


@dataclass(frozen=True)
class AuditedApi(Api):
    """A server that remembers what each request wrote in the audit chain."""

    description: Description
    wrote: dict[str, list[list[str]]] = field(default_factory=dict)

    async def call(
        self, method: str, path: str, *, key: str = "", headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        answer = await super().call(method, path, key=key, headers=headers, **more)
        if method != "GET" and answer.status < 300:
            request_id = answer.headers["X-Request-Id"]
            async with self.installation.database.connection() as conn:
                page = await access.audit.list_entries(conn, access.audit.EntryFilter(request_id=request_id))
            actions = [entry.action for entry in reversed(page.items)]
            self.wrote.setdefault(self.description.name_of(method, path), []).append(actions)
        return answer


@asynccontextmanager
async def audited(database_url: str, folder: Path, clock: Clock | None = None) -> AsyncIterator[AuditedApi]:
    async with serving(database_url, folder, clock or SystemClock()) as api:
        description = Description((await api.get("/v1/openapi.json")).body)
        yield AuditedApi(api.url, api.installation, api.session, description)


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[AuditedApi]:
    async with audited(database_url, tmp_path) as api:
        yield api


async def ask(request: web.Request) -> web.Response:
    """A partner that answers as the address of the customer says."""
    return web.json_response({"score": 0.5}, status=STATUSES_OF_PARTNER[(await request.json())["email"]])


@pytest.mark.req("FLO-307")
async def test_each_change_about_runs_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    key, desk = await api.key(name="portal"), await api.key(name="desk", roles=["greeter"])
    async with partner(ask) as url:
        await api.store(greet(url), key=key)
        await api.call("POST", "/v1/procedures/lint", key=key, data=greet().encode(), headers=YAML)
        await api.post("/v1/procedures/greet/simulations", {}, key=key)
        await api.post("/v1/procedures/greet/test-runs", {}, key=key)
        await api.post("/v1/procedures/greet/backtests", {}, key=key)
        now, later, never = [
            await api.start("greet", key=key, once=email, email=email) for email in STATUSES_OF_PARTNER
        ]
        async with working_for(api.installation):
            ticket = await until(lambda: ticket_of(api, now, key))
            await until(lambda: is_now(api, later, key, "waiting"))
            await until(lambda: is_now(api, never, key, "blocked"))
        await api.call("POST", f"/v1/tickets/{ticket}/claims", key=desk)
        await api.call("DELETE", f"/v1/tickets/{ticket}/claims", key=desk)
        await amend(api, now, ticket, key)
        seen = {"shown_sha256": (await api.get(f"/v1/tickets/{ticket}", key=desk)).body["shown_sha256"]}
        await api.post(f"/v1/tickets/{ticket}/decisions", APPROVED | seen, key=desk, once="1")
        await judge(api, key, desk)
        await api.post(f"/v1/callbacks/{token(api, later)}", {"score": 0.5})
        other = await api.start("greet", key=key, once="other", email="later@example.com")
        await api.post(f"/v1/runs/{other}/signals", {"node": "ask", "answer": {"score": 0.5}}, key=key)
        await api.store(WAITS, key=key)
        payer = await api.start("waits", key=key, once="payer")
        await tell_when_waiting(api, payer, "paid", key=key)
        await steer(api, never, key)
        await move(api, key)
        await api.post(f"/v1/runs/{never}/cancellations", {"reason": "withdrawn"}, key=key)
    assert first_writes(api) == expected("/v1/procedures", "/v1/runs", "/v1/tickets", "/v1/callbacks", "/v1/events")


async def test_each_change_about_outages_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    key = await api.key(name="keeper")
    asked = {"endpoint": "https://partner.example.com", "reason": "at night"}
    held = await api.post("/v1/outages", asked, key=key)
    await api.post(f"/v1/outages/{held.body['id']}/releases", {"reason": "it is back"}, key=key)
    assert first_writes(api) == expected("/v1/outages")


async def test_each_change_about_applications_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    engine = await api.key("applications:write", name="engine")
    await configure(api.installation.database)
    await send(api, engine)
    await send(api, engine)
    assert api.wrote["POST /v1/applications"] == [WRITES["POST /v1/applications"], []]
    assert first_writes(api) == expected("/v1/applications")


async def test_each_change_about_results_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    key = await api.key(name="keeper")
    await configure(api.installation.database)
    ticket = (await send(api, key)).body["ticket"]["id"]
    async with api.installation.database.transaction() as conn:
        reason, now = review.TicketClosing.CANCELLED, api.installation.clock.now()
        await review.close_ticket(conn, ticket_id=UUID(ticket), reason=reason, now=now)

    async def is_unsent() -> bool:
        shown = (await api.get(f"/v1/applications/{APPLICATION['flow_no']}", key=key)).body
        return bool(shown["result"]["state"] == "unsent")

    async with working_for(api.installation):
        await until(is_unsent)
        await api.call("POST", f"/v1/results/{ticket}/deliveries", key=key)
    path = "/v1/result-receivers/cash_loan"
    for _ in range(2):
        await api.call("PUT", path, key=key, json={"url": "https://credit.example.com/"})
    await api.call("DELETE", path, key=key)
    async with api.installation.database.transaction() as conn:
        await review.alerts.tell(conn, review.alerts.Alert.ADAPT_MISSING, {}, now=api.installation.clock.now())
        found = await review.alerts.open_alerts(conn)
    for alert in found:
        await api.call("POST", f"/v1/alerts/{alert.alert_id}/closure", key=key)
    assert api.wrote["PUT /v1/result-receivers/{application}"][1] == []
    assert first_writes(api) == expected("/v1/applications", "/v1/result", "/v1/alerts")


async def test_each_change_about_people_writes_exactly_the_entries_that_it_should(api: AuditedApi) -> None:
    key = await api.key(name="keeper")
    made = await api.post("/v1/keys", {"name": "other", "scopes": ["runs:read"]}, key=key)
    await api.call("DELETE", f"/v1/keys/{made.body['id']}", key=key)
    asked = {"email": "new@example.com", "name": "New", "roles": ["reviewer"]}
    about = f"/v1/people/{(await api.post('/v1/people', asked, key=key)).body['id']}"
    code = (await api.call("POST", f"{about}/codes", key=key)).body["code"]
    await signed_in(api, code)
    await api.call("DELETE", f"{about}/second-factor", key=key)
    for path in (f"{about}/sessions/{await session_of(api, about, key)}", f"{about}/sessions"):
        await api.call("DELETE", path, key=key)
        await signed_in(api, (await api.call("POST", f"{about}/codes", key=key)).body["code"], with_factor=False)
    await api.call("DELETE", f"{about}/sessions", key=key)
    await api.call("PUT", f"{about}/roles", key=key, json={"roles": ["auditor"]})
    await api.call("POST", f"{about}/disablement", key=key)
    await api.call("DELETE", f"{about}/disablement", key=key)
    assert first_writes(api) == expected("/v1/keys", "/v1/people")


async def test_every_change_is_known_to_these_tests(api: AuditedApi) -> None:
    assert {name for name in api.description.operations if not name.startswith("GET ")} == set(WRITES)


def first_writes(api: AuditedApi) -> dict[str, list[str]]:
    return {name: all_[0] for name, all_ in api.wrote.items()}


def expected(*prefixes: str) -> dict[str, list[str]]:
    return {name: actions for name, actions in WRITES.items() if name.partition(" ")[2].startswith(prefixes)}


async def signed_in(api: AuditedApi, code: str, *, with_factor: bool = True) -> None:
    """Somebody uses their one-time code, and sets up a second factor."""
    opsdesk = api.installation
    now, rules = opsdesk.clock.now(), opsdesk.sign_in_rules
    begun = await access.sign_in.welcome(
        opsdesk.database, code=code, password=PASSWORD, caller=BROWSER, rules=rules, now=now
    )
    if not with_factor:
        return
    assert isinstance(begun, access.sign_in.SignedIn)
    person, factor = begun.person, access.second_factor
    about: dict[str, Any] = {"person": person, "totp_key": rules.totp_key, "actor": person.actor, "now": now}
    secret = (await factor.enrol(opsdesk.database, password=PASSWORD, **about)).secret.replace(" ", "")
    async with opsdesk.database.transaction() as conn:
        await factor.confirm(conn, code=pyotp.TOTP(secret).at(now), **about)


async def session_of(api: AuditedApi, about: str, key: str) -> str:
    [session] = (await api.get(f"{about}/sessions", key=key)).body["items"]
    return str(session["id"])


async def judge(api: AuditedApi, key: str, desk: str) -> None:
    """A screening ticket is given to somebody, taken back, and passed."""
    now = api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        await configured.add_reference(conn, now=now)
        found = await configured.add_type(conn, now=now)
        await configured.add_adapt(conn, found, now=now)
        ticket = await configured.add_ticket(conn, found, now=now)
        email, roles = "officer@example.com", ["reviewer"]
        await access.people.create_person(conn, email=email, name="Officer", roles=roles, actor=KEEPER, now=now)
    await api.post("/v1/tickets/assign", {"ticket_ids": [str(ticket)], "person": email}, key=key)
    await api.post("/v1/tickets/release", {"ticket_ids": [str(ticket)], "reason": "is ill"}, key=key)
    await api.call("POST", f"/v1/tickets/{ticket}/claims", key=desk)
    await api.post(f"/v1/tickets/{ticket}/reveals", {}, key=desk)
    await api.post(f"/v1/tickets/{ticket}/verdict", {"verdict": "pass"}, key=desk, once="passed")


async def amend(api: AuditedApi, run: str, ticket: str, key: str) -> None:
    wrong = {"reason": "typed wrong"}
    await api.post(f"/v1/tickets/{ticket}/amendments", wrong | {"values": {"score": 0.9}}, key=key)
    await api.post(f"/v1/runs/{run}/corrections", wrong | {"values": {"email": "other@example.com"}}, key=key)


async def move(api: AuditedApi, key: str) -> None:
    """Two runs that have just been started, to a version that says the same: one by its name, the other with all."""
    one, _other = [await api.start("waits", key=key, once=once) for once in ("mover", "other-mover")]
    await api.store(f"{WAITS}version: second\n", key=key)
    versions = (await api.get("/v1/procedures/waits/versions", key=key)).body["items"]
    before = versions[1]["digest"]
    await api.post(f"/v1/runs/{one}/migrations", {"to": "second", "reason": "r"}, key=key)
    await api.post("/v1/procedures/waits/migrations", {"from": before, "to": "second", "reason": "r"}, key=key)


async def steer(api: AuditedApi, run: str, key: str) -> None:
    about = {"node": "ask", "reason": "asked to"}
    await api.post(f"/v1/runs/{run}/retries", {}, key=key)
    await api.post(f"/v1/runs/{run}/reruns", about, key=key)
    await api.post(f"/v1/runs/{run}/pauses", {"reason": "asked to"}, key=key)
    await api.post(f"/v1/runs/{run}/skips", about, key=key)
    async with working_for(api.installation):
        await until(lambda: is_now(api, run, key, "paused"))
    await api.post(f"/v1/runs/{run}/resumptions", {}, key=key)


async def test_what_was_done_before_is_not_written_again(api: AuditedApi) -> None:
    key, desk = await api.key(name="portal"), await api.key(name="desk", roles=["greeter"])
    async with partner(ask) as url:
        for _ in range(2):
            await api.store(greet(url), key=key)
        inputs = {"procedure": "greet", "inputs": {"email": "later@example.com"}}
        run = (await api.post("/v1/runs", inputs, key=key, once="1")).body["id"]
        await api.post("/v1/runs", inputs, key=key, once="1")
        async with working_for(api.installation):
            await until(lambda: is_now(api, run, key, "waiting"))
            for _ in range(2):
                await api.post(f"/v1/callbacks/{token(api, run)}", {"score": 0.5})
            ticket = await until(lambda: ticket_of(api, run, key))
        for _ in range(2):
            await api.post(f"/v1/tickets/{ticket}/decisions", APPROVED, key=desk, once="1")
    made = await api.post("/v1/keys", {"name": "other", "scopes": ["runs:read"]}, key=key)
    for _ in range(2):
        await api.call("DELETE", f"/v1/keys/{made.body['id']}", key=key)
    twice = {name: writes for name, writes in api.wrote.items() if len(writes) == 2}
    assert twice == {name: [WRITES[name], []] for name in twice}
    assert len(twice) == 5


async def test_a_change_that_is_refused_writes_nothing(api: AuditedApi) -> None:
    key, desk = await api.key(name="portal"), await api.key(name="desk", roles=["greeter"])
    await api.store(greet(), key=key)
    run = await api.start("greet", key=key, email="later@example.com")
    before = await all_entries(api)
    assert (await api.store("{", key=key)).status == 422
    assert (await api.post(f"/v1/runs/{run}/retries", {}, key=key)).status == 409
    assert (await api.post(f"/v1/runs/{run}/skips", {"node": "review", "reason": "r"}, key=key)).status == 409
    assert (await api.call("DELETE", "/v1/keys/none", key=key)).status == 404
    assert (await api.post("/v1/keys", {"name": "x", "scopes": ["all"]}, key=key)).status == 422
    assert (await api.call("POST", f"/v1/tickets/{run}/claims", key=desk)).status == 404
    assert await all_entries(api) == before


async def all_entries(api: AuditedApi) -> int:
    async with api.installation.database.connection() as conn:
        return len((await access.audit.list_entries(conn, access.audit.EntryFilter(), limit=100)).items)


def token(api: AuditedApi, run: str) -> str:
    return api.installation.callbacks.token(UUID(run), "ask", 1)


async def is_now(api: AuditedApi, run: str, key: str, status: str) -> bool:
    return bool((await api.get(f"/v1/runs/{run}", key=key)).body["status"] == status)


async def ticket_of(api: AuditedApi, run: str, key: str) -> Any:
    wait = (await api.get(f"/v1/runs/{run}", key=key)).body["nodes"][1]["wait"]
    return wait and wait["ticket"]
