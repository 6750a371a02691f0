"""Tickets over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.app import desk
from opsdesk.flows import runs
from opsdesk.flows.tickets import TicketRequest
from opsdesk.kit.clock import ManualClock
from tests.app.documents import greet
from tests.app.serving import Api, serving

NO_TICKET = "0190a0b0-0000-7000-8000-000000000001"
ADDRESS = "li@example.com"
DECISION = {"answers": {"decision": "approved", "notes": "ask li@example.com"}}


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@pytest.fixture
async def bo(api: Api) -> str:
    return await api.key("tickets:read", "tickets:decide", "personal:read", name="bo", roles=["greeter"])


@pytest.fixture
async def ticket(api: Api) -> str:
    """An open ticket of a run that anna started."""
    key = await api.key()
    await api.store(greet(), key=key)
    run_id = await api.start("greet", key=key, email=ADDRESS)
    now = api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        run = await runs.show_run(conn, run_id)  # type: ignore[arg-type]  # the text of an id is one
        procedure, _state, _facts = await runs.read_state(conn, run.run_id)
        request = TicketRequest(
            run_id=run.run_id,
            procedure_id="greet",
            node=procedure.nodes["review"],
            iteration=1,
            generation=1,
            inputs={"score": 0.5, "email": ADDRESS},
            due_at=None,
            requested_by=run.actor,
        )
        return await desk.open_ticket(conn, request, now)


async def test_a_ticket_shows_what_is_asked(api: Api, ticket: str, bo: str) -> None:
    shown = (await api.get(f"/v1/tickets/{ticket}", key=bo)).body
    assert (shown["title"], shown["role"], shown["status"]) == ("Look at it", "greeter", "open")
    assert shown["shown"] == {"score": 0.5, "email": ADDRESS}
    assert [(field["name"], field["label"], field["required"]) for field in shown["asked"]] == [
        ("decision", "Decision", True),
        ("notes", "notes", False),
    ]
    assert [(event["kind"], event["by"]) for event in shown["history"]] == [("opened", "run")]


async def test_tickets_are_listed_with_counts(api: Api, ticket: str, bo: str) -> None:
    page = (await api.get("/v1/tickets?role=greeter&status=open&overdue=false", key=bo)).body
    assert [line["id"] for line in page["items"]] == [ticket]
    assert (page["counts"]["open"], page["next"]) == (1, None)
    assert (await api.get("/v1/tickets?role=other", key=bo)).body["items"] == []


async def test_an_unknown_ticket_is_not_found(api: Api, bo: str) -> None:
    answer = await api.get(f"/v1/tickets/{NO_TICKET}", key=bo)
    assert (answer.status, answer.code) == (404, "TicketUnknown")


async def test_a_ticket_is_claimed_and_given_back(api: Api, ticket: str, bo: str) -> None:
    path = f"/v1/tickets/{ticket}/claims"
    claimed = await api.call("POST", path, key=bo)
    assert (claimed.status, claimed.body["claim"]["by"]) == (201, "key:bo")
    other = await api.key("tickets:decide", name="cy", roles=["greeter"])
    refused = await api.call("POST", path, key=other)
    assert (refused.status, refused.code) == (409, "TicketClaimed")
    released = await api.call("DELETE", path, key=bo)
    assert (released.status, released.body["claim"]) == (200, None)
    assert (await api.call("POST", path, key=other)).status == 201


@pytest.mark.req("FLO-006")
async def test_a_decision_counts_once_and_reaches_the_run(api: Api, ticket: str, bo: str) -> None:
    path = f"/v1/tickets/{ticket}/decisions"
    first, again = await api.post(path, DECISION, key=bo, once="d"), await api.post(path, DECISION, key=bo, once="d")
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert (first.body["status"], first.body["decision"]) == ("decided", DECISION["answers"])
    async with api.installation.database.connection() as conn:
        found = await (await conn.execute("select kind, node, actor, payload from flow_inbox")).fetchall()
    assert [(kind, node, actor, payload["answer"]) for kind, node, actor, payload in found] == [
        ("decision", "review", "key:bo", DECISION["answers"])
    ]


async def test_another_answer_under_the_same_key_is_refused(api: Api, ticket: str, bo: str) -> None:
    path = f"/v1/tickets/{ticket}/decisions"
    await api.post(path, DECISION, key=bo, once="d")
    answer = await api.post(path, {"answers": {"decision": "rejected"}}, key=bo, once="d")
    assert (answer.status, answer.code) == (409, "AnswerKeyReused")


@pytest.mark.req("FLO-006")
async def test_the_one_who_asked_may_not_decide(api: Api, ticket: str) -> None:
    anna = await api.key("tickets:decide", name="anna", roles=["greeter"])
    answer = await api.post(f"/v1/tickets/{ticket}/decisions", DECISION, key=anna, once="d")
    assert (answer.status, answer.code) == (403, "OwnRequest")


@pytest.mark.req("FLO-006")
async def test_somebody_of_another_role_may_not_decide(api: Api, ticket: str) -> None:
    cy = await api.key("tickets:decide", name="cy", roles=["other"])
    answer = await api.post(f"/v1/tickets/{ticket}/decisions", DECISION, key=cy, once="d")
    assert (answer.status, answer.code) == (403, "RoleMissing")


async def test_answers_that_are_not_asked_for_are_refused(api: Api, ticket: str, bo: str) -> None:
    answer = await api.post(f"/v1/tickets/{ticket}/decisions", {"answers": {"decison": "x"}}, key=bo, once="d")
    assert (answer.status, answer.code) == (422, "AnswersInvalid")
    assert set(answer.body["error"]["detail"]["problems"]) == {"decison", "decision"}


@pytest.mark.req("FLO-009")
async def test_personal_values_of_a_ticket_are_masked_without_the_scope(api: Api, ticket: str, bo: str) -> None:
    await api.post(f"/v1/tickets/{ticket}/decisions", DECISION, key=bo, once="d")
    few = await api.key("tickets:read", name="dan")
    masked = (await api.get(f"/v1/tickets/{ticket}", key=few)).body
    assert ADDRESS not in str(masked)
    assert masked["shown"]["score"] == 0.5
    assert masked["decision"]["decision"] == "approved"
    assert ADDRESS in str((await api.get(f"/v1/tickets/{ticket}", key=bo)).body)


@pytest.mark.parametrize("query", ["status=done", "due_before=2026-01-05T10:00:00", "overdue=perhaps", "cursor=x"])
async def test_a_filter_that_means_nothing_is_refused(api: Api, bo: str, query: str) -> None:
    assert (await api.get(f"/v1/tickets?{query}", key=bo)).status == 422
