"""Quality sampling over HTTP: answers as it is described, writes what it should, and tells whoever judges nothing."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from opsdesk.kit.clock import SystemClock
from tests import configured
from tests.app.described import DescribedApi, described
from tests.app.test_audited_routes import AuditedApi, audited, expected, first_writes
from tests.app.test_openapi import missing

REMARK = "the-first-reviewer-wrote-this"
DETAIL = "人脸与证件不一致"
DECIDING = ("tickets:read", "tickets:decide", "personal:read")


@dataclass(frozen=True, slots=True)
class Desk:
    """Tickets that one reviewer decided, and who may draw and judge them."""

    api: DescribedApi
    keeper: str
    first: str
    second: str
    tickets: list[str]

    async def draw(self, *, once: str = "draw", **more: Any) -> dict[str, Any]:
        answer = await self.api.post("/v1/quality/samples", wanted(self.api, **more), key=self.keeper, once=once)
        assert answer.status == 201, answer.body
        return dict(answer.body)

    async def take(self) -> dict[str, Any]:
        return dict((await self.api.call("POST", "/v1/quality/takes", key=self.second)).body)


def wanted(api: DescribedApi | AuditedApi, **more: Any) -> dict[str, Any]:
    now = api.installation.clock.now()
    times = {"decided_from": (now - timedelta(days=1)).isoformat(), "decided_to": now.isoformat()}
    return {"application": "cash_loan", "scene": "activation", "size": 10, **times, **more}


async def add_tickets(api: DescribedApi | AuditedApi, count: int) -> tuple[list[str], str]:
    """Waiting tickets, and the id of a reason that they can be rejected for."""
    now = api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        await configured.add_reference(conn, now=now)
        found = await configured.add_type(conn, now=now)
        await configured.add_adapt(conn, found, now=now)
        made = [await configured.add_ticket(conn, found, now=now, flow_no=f"F-{number}") for number in range(count)]
    return [str(each) for each in made], found.document.rejection.reasons[0].id


async def decide(api: DescribedApi | AuditedApi, ticket: str, key: str, **verdict: Any) -> None:
    assert (await api.call("POST", f"/v1/tickets/{ticket}/claims", key=key)).status == 201
    answer = await api.post(f"/v1/tickets/{ticket}/verdict", verdict, key=key, once=ticket)
    assert answer.status == 201, answer.body


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


@pytest.fixture
async def desk(api: DescribedApi) -> Desk:
    keeper = await api.key("quality:read", "quality:write", "tickets:read", name="keeper")
    first, second = await api.key(*DECIDING, name="first-reviewer"), await api.key(*DECIDING, name="second-reviewer")
    tickets, reason = await add_tickets(api, 3)
    reject = {"verdict": "reject", "reasons": [reason], "remark": REMARK, "rejection_version": 1}
    for ticket in tickets:
        await decide(api, ticket, first, **reject)
    return Desk(api, keeper, first, second, tickets)


@pytest.mark.req("REV-B11")
async def test_quality_sampling_answers_as_it_is_described(desk: Desk) -> None:
    api = desk.api
    sample = await desk.draw(size=2, seed="abc")
    assert (sample["population"], sample["drawn"], sample["seed"]) == (3, 2, "abc")
    assert await desk.draw(size=2, seed="abc", **{key: sample[key] for key in ("decided_from", "decided_to")}) == sample
    one = f"/v1/quality/samples/{sample['id']}"
    again = (await api.get(f"{one}/verification", key=desk.keeper)).body
    assert (again["is_same_population"], again["is_same_sample"]) == (True, True)
    taken = (await desk.take())["sampled"]
    path = f"/v1/quality/tickets/{taken['id']}"
    assert (await api.get(path, key=desk.keeper)).code == "NotJudgedYet"
    both = await api.post(f"{path}/judgement", {"verdict": "pass"}, key=desk.second, once="1")
    assert (both.body["first"]["verdict"], both.body["second"]["verdict"]) == ("reject", "pass")
    assert (both.body["first"]["by"], both.body["second"]["by"]) == (None, "key:second-reviewer")
    assert (await api.get(path, key=desk.keeper)).body["first"]["by"] == "key:first-reviewer"
    assert (await api.get(one, key=desk.keeper)).body["overturned"] == 1
    assert [each["id"] for each in (await api.get("/v1/quality/samples?limit=1", key=desk.keeper)).body["items"]] == [1]
    listed = (await api.get(f"{one}/tickets?overturned=true", key=desk.keeper)).body["items"]
    assert [each["id"] for each in listed] == [taken["id"]]
    figures = (await api.get(f"/v1/quality/figures?sample={sample['id']}", key=desk.first)).body["items"]
    assert [(each["name"], each["overturned"], each["is_enough"]) for each in figures] == [
        ("key:first-reviewer", 1, False)
    ]
    assert (await api.get("/v1/quality/figures?by=type", key=desk.keeper)).body["items"][0]["name"] == "人脸比对"
    assert missing(api, "/v1/quality") == []


@pytest.mark.req("REV-B11")
async def test_whoever_judges_is_told_nothing_of_the_first_verdict(desk: Desk) -> None:
    await desk.draw()
    taken = await desk.take()
    told = json.dumps(taken, ensure_ascii=False)
    sampled = taken["sampled"]
    # The reason is among those that can be ticked, and nowhere else.
    rejection = json.dumps(sampled.pop("rejection"), ensure_ascii=False)
    assert DETAIL in rejection
    for hint in (DETAIL, "AF-1001", "decided", "answered", "result", "history", "verdicts"):
        assert hint not in json.dumps(taken, ensure_ascii=False), hint
    for hint in (REMARK, "first-reviewer", desk.first):
        assert hint not in told, hint
    assert set(sampled) == {"id", "ticket", "until", "shown", "shown_sha256", "asked"}
    figures = (await desk.api.get("/v1/quality/figures", key=desk.second)).body
    assert figures["items"] == []
    for path in ("samples", "samples/1", "samples/1/tickets", f"tickets/{sampled['id']}"):
        assert (await desk.api.get(f"/v1/quality/{path}", key=desk.second)).status == 403
    assert (await desk.api.get("/v1/quality/samples/1/tickets", key=desk.keeper)).body["items"] == []


@pytest.mark.req("REV-B11")
async def test_whoever_decided_a_ticket_is_not_given_it(desk: Desk) -> None:
    await desk.draw()
    assert (await desk.api.call("POST", "/v1/quality/takes", key=desk.first)).body == {"sampled": None, "waiting": 0}
    assert (await desk.take())["waiting"] == 3
    refused = await desk.api.post("/v1/quality/tickets/1/judgement", {"verdict": "pass"}, key=desk.first, once="1")
    assert (refused.status, refused.code) == (409, "AlreadyAnswered")


@pytest.mark.req("REV-B11")
async def test_the_ticket_and_what_credit_is_told_stay_as_they_were(desk: Desk) -> None:
    before = [(await desk.api.get(f"/v1/tickets/{ticket}", key=desk.second)).body for ticket in desk.tickets]
    await desk.draw()
    for number in range(3):
        path = f"/v1/quality/tickets/{(await desk.take())['sampled']['id']}/judgement"
        answer = await desk.api.post(path, {"verdict": "pass"}, key=desk.second, once=str(number))
        assert answer.status == 201
    after = [(await desk.api.get(f"/v1/tickets/{ticket}", key=desk.second)).body for ticket in desk.tickets]
    assert after == before


@pytest.mark.req("REV-B11")
async def test_what_cannot_be_drawn_or_judged_is_refused_as_it_is_described(desk: Desk) -> None:
    api = desk.api

    async def refused(once: str, **more: Any) -> str | None:
        return (await api.post("/v1/quality/samples", wanted(api, **more), key=desk.keeper, once=once)).code

    assert await refused("1", scene="none") == "SceneUnknown"
    assert await refused("2", scene="borrow") == "NothingToSample"
    assert await refused("3", types=[4711]) == "SampleInvalid"
    assert await refused("4", decided_to="2999-01-01T00:00:00Z") == "SampleInvalid"
    await desk.draw(once="5")
    assert await refused("5", size=1) == "SampleKeyReused"
    sampled = (await desk.take())["sampled"]["id"]
    path, wrong = f"/v1/quality/tickets/{sampled}/judgement", {"verdict": "reject", "rejection_version": 1}
    assert (await api.post(path, wrong, key=desk.second, once="1")).code == "VerdictInvalid"
    third = await api.key(*DECIDING, name="third-reviewer")
    assert (await api.post(path, {"verdict": "pass"}, key=third, once="1")).code == "NotTaken"
    assert (await api.post(path, {"verdict": "pass"}, key=desk.second, once="1")).status == 201
    assert (await api.post(path, {"verdict": "pass"}, key=desk.second, once="2")).code == "AlreadyJudged"


async def test_each_change_about_quality_writes_exactly_the_entries_that_it_should(
    database_url: str, tmp_path: Path
) -> None:
    async with audited(database_url, tmp_path) as api:
        keeper, first = await api.key(name="keeper"), await api.key(*DECIDING, name="first")
        tickets, _ = await add_tickets(api, 1)
        await decide(api, tickets[0], first, verdict="pass")
        body = wanted(api)
        for _ in range(2):
            await api.post("/v1/quality/samples", body, key=keeper, once="1")
        sampled = (await api.call("POST", "/v1/quality/takes", key=keeper)).body["sampled"]["id"]
        for _ in range(2):
            path = f"/v1/quality/tickets/{sampled}/judgement"
            assert (await api.post(path, {"verdict": "pass"}, key=keeper, once="1")).status == 201
        kept = {name: entries for name, entries in first_writes(api).items() if "/v1/quality" in name}
        assert kept == expected("/v1/quality")
        twice = ("POST /v1/quality/samples", "POST /v1/quality/tickets/{sampled_id}/judgement")
        assert [api.wrote[name][1] for name in twice] == [[], []]
