"""What comes in over HTTP and cannot be: answers of partners, starts of runs, and what comes after the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from opsdesk.kit.clock import SystemClock
from tests.app.documents import greet
from tests.app.serving import BASE_URL, Answer, Api, partner, serving, until, working_for

JSON = "application/json"
ADDRESS = "li@example.com"
TOO_LARGE = b'{"score": 1, "filler": "%s"}' % (b"x" * 2_000_000)


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, SystemClock()) as api:
        yield api


class Promises:
    """A partner that takes each request and answers later; what it does before it has taken it is up to the test."""

    def __init__(self, api: Api, *, early: Any = None, status: int = 202) -> None:
        self._api, self._early, self._status = api, early, status
        self.path = ""
        """Where it may answer."""
        self.told: list[Answer] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.path = request.headers["Opsdesk-Callback-Url"].removeprefix(BASE_URL)
        if self._early is not None:
            self.told.append(await self._api.post(self.path, self._early))
        return web.Response(status=self._status)


async def node_reaches(api: Api, run: str, key: str, node: str, phase: str) -> None:
    async def reached() -> bool:
        nodes = (await api.get(f"/v1/runs/{run}", key=key)).body["nodes"]
        return any((each["id"], each["phase"]) == (node, phase) for each in nodes)

    await until(reached)


async def facts(api: Api, run: str, key: str) -> list[tuple[str, str | None]]:
    items = (await api.get(f"/v1/runs/{run}/journal", key=key)).body["items"]
    return [(item["fact"], item["node"]) for item in items]


@pytest.mark.req("FLO-003")
@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"score": 0.', JSON, 422, "BodyUnreadable"),
        (b"", JSON, 422, "BodyUnreadable"),
        (b'{"score": NaN}', JSON, 422, "BodyUnreadable"),
        (b'{"score": 1e999}', JSON, 422, "BodyUnreadable"),
        (b'{"score": 1, "score": 0}', JSON, 422, "BodyUnreadable"),
        (b'{"score": 1, "token": "\\u0000"}', JSON, 422, "BodyUnreadable"),
        (b'{"score": 1, "token": "\xff"}', JSON, 422, "BodyUnreadable"),
        (b"[" * 100_000, JSON, 422, "BodyUnreadable"),
        (b"[1]", JSON, 422, "RequestInvalid"),
        (b"{}", JSON, 422, "AnswerInvalid"),
        (b'{"score": "0.9"}', JSON, 422, "AnswerInvalid"),
        (b'{"score": 1}', "text/plain", 415, "ContentTypeRefused"),
        (b"score=1", "application/x-www-form-urlencoded", 415, "ContentTypeRefused"),
        (TOO_LARGE, JSON, 413, "RequestTooLarge"),
    ],
)
async def test_an_answer_that_cannot_be_read_changes_nothing_and_a_good_one_still_counts(
    api: Api, body: bytes, content_type: str, status: int, code: str
) -> None:
    asked = Promises(api)
    async with partner(asked.answer) as url, working_for(api.installation):
        key = await api.key()
        await api.store(greet(url), key=key)
        run = await api.start("greet", key=key, email=ADDRESS)
        await node_reaches(api, run, key, "ask", "waiting")
        bad = await api.call("POST", asked.path, data=BytesIO(body), headers={"Content-Type": content_type})
        assert (bad.status, bad.code) == (status, code)
        assert ("node_ended", "ask") not in await facts(api, run, key)
        assert (await api.post(asked.path, {"score": 0.9})).status == 200
        await node_reaches(api, run, key, "ask", "done")


@pytest.mark.req("FLO-003")
@pytest.mark.parametrize("cut", [1, 4, 20])
async def test_an_address_that_was_cut_short_is_a_forged_one(api: Api, cut: int) -> None:
    asked = Promises(api)
    async with partner(asked.answer) as url, working_for(api.installation):
        key = await api.key()
        await api.store(greet(url), key=key)
        run = await api.start("greet", key=key, email=ADDRESS)
        await node_reaches(api, run, key, "ask", "waiting")
        answer = await api.post(asked.path[:-cut], {"score": 0.9})
        assert (answer.status, answer.code) == (403, "CallbackForged")


@pytest.mark.req("FLO-003")
@pytest.mark.parametrize("status", [202, 500], ids=["and-then-takes-it", "and-then-fails"])
async def test_an_answer_that_comes_before_the_request_was_taken_counts_once(api: Api, status: int) -> None:
    asked = Promises(api, early={"score": 0.9}, status=status)
    async with partner(asked.answer) as url, working_for(api.installation):
        key = await api.key()
        await api.store(greet(url), key=key)
        run = await api.start("greet", key=key, email=ADDRESS)
        await node_reaches(api, run, key, "review", "waiting")
        assert [answer.status for answer in asked.told] == [200]
        assert (await api.post(asked.path, {"score": 0.9})).status == 200
        happened = await facts(api, run, key)
        assert happened.count(("node_ended", "ask")) == 1
        assert ("node_failed", "ask") not in happened


@pytest.mark.req("FLO-003")
async def test_after_the_end_everything_is_refused_with_the_state_but_what_came_before(api: Api) -> None:
    asked = Promises(api)
    async with partner(asked.answer) as url, working_for(api.installation):
        key, bo = await api.key(), await api.key(name="bo", roles=["greeter"])
        await api.store(greet(url), key=key)
        run = await api.start("greet", key=key, email=ADDRESS)
        await node_reaches(api, run, key, "ask", "waiting")
        assert (await api.post(asked.path, {"score": 0.9})).status == 200
        await node_reaches(api, run, key, "review", "waiting")
        [ticket] = (await api.get("/v1/tickets", key=bo)).body["items"]
        await api.post(f"/v1/runs/{run}/cancellations", {"reason": "withdrawn"}, key=key)
        await node_reaches(api, run, key, "review", "waiting")
        await until(lambda: _has_ended(api, run, key))
        assert (await api.post(asked.path, {"score": 0.9})).status == 200
        for path, body in [
            (f"/v1/runs/{run}/signals", {"node": "ask", "answer": {"score": 1}}),
            (f"/v1/runs/{run}/cancellations", {"reason": "again"}),
            (f"/v1/runs/{run}/retries", {}),
        ]:
            refused = await api.post(path, body, key=key)
            assert (refused.status, refused.code) == (409, "RunFinished")
            assert refused.body["error"]["detail"]["state"] == "cancelled"
        decision = {"answers": {"decision": "approved"}}
        late = await api.post(f"/v1/tickets/{ticket['id']}/decisions", decision, key=bo, once="1")
        assert late.status == 409
        assert "cancelled" in json.dumps(late.body["error"]["detail"])


async def _has_ended(api: Api, run: str, key: str) -> bool:
    return (await api.get(f"/v1/runs/{run}", key=key)).body["ended_at"] is not None


async def test_a_start_is_refused_with_every_problem_of_its_inputs(api: Api) -> None:
    key = await api.key()
    await api.store(greet(), key=key)
    start = {"procedure": "greet", "inputs": {"badge": 5, "colour": "red", "size": 1}}
    refused = await api.post("/v1/runs", start, key=key, once="1")
    assert (refused.status, refused.code) == (422, "InputsInvalid")
    assert sorted(refused.body["error"]["detail"]["problems"]) == [
        "badge is not of type string",
        "colour is not an input of greet",
        "email is missing",
        "size is not an input of greet",
    ]
    assert (await api.get("/v1/runs", key=key)).body["items"] == []
    mended = await api.post("/v1/runs", {"procedure": "greet", "inputs": {"email": ADDRESS}}, key=key, once="1")
    assert mended.status == 202


async def test_a_start_of_nothing_known_and_a_key_used_for_something_else_are_refused(api: Api) -> None:
    key = await api.key()
    await api.store(greet(), key=key)
    unknown = await api.post("/v1/runs", {"procedure": "gret", "inputs": {}}, key=key, once="1")
    assert (unknown.status, unknown.code) == (404, "ProcedureNotFound")
    run = await api.start("greet", key=key, once="2", email=ADDRESS)
    other = await api.post("/v1/runs", {"procedure": "greet", "inputs": {"email": "mo@example.com"}}, key=key, once="2")
    assert (other.status, other.code) == (409, "KeyReused")
    assert [item["id"] for item in (await api.get("/v1/runs", key=key)).body["items"]] == [run]


async def test_the_same_start_sent_many_times_at_once_is_one_run(api: Api) -> None:
    key = await api.key()
    await api.store(greet(), key=key)
    start = {"procedure": "greet", "inputs": {"email": ADDRESS}}
    answers = await asyncio.gather(*(api.post("/v1/runs", start, key=key, once="1") for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [*[200] * 9, 202]
    assert len({answer.body["id"] for answer in answers}) == 1
