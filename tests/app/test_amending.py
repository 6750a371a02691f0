"""A ticket is amended, or inputs of its run are corrected: people are asked again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from opsdesk.kit.clock import SystemClock
from tests.app.serving import Answer, Api, partner, serving, until, working_for

PAY = """
osop_version: "2.0"
id: pay
name: Pay
nodes:
  - id: review
    type: human
    name: Review
    purpose: Decide whether it is paid
    inputs:
      - {name: amount, required: true, schema: {type: integer, minimum: 1}}
      - {name: to, required: true, schema: {type: string}}
    outputs: [{name: decision, required: true, schema: {enum: [approved, rejected]}}]
    approval_gate:
      required_approvers: 2
      approver_role: officer
      x-reason-codes: {rejected: {too_much: It is too much}}
  - id: transfer
    type: api
    name: Transfer
    purpose: Pay
    runtime:
      url: "PARTNER"
      endpoint: /transfers
      method: POST
      body: {amount: "${amount}", given: "${inputs.amount}"}
    inputs: [amount]
edges:
  - {from: review, to: transfer, mode: conditional, when: decision == 'approved'}
"""
APPROVED = {"answers": {"decision": "approved"}}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, SystemClock()) as api:
        yield api


async def asked(api: Api, url: str, key: str) -> tuple[str, dict[str, Any]]:
    """A run that waits for two people, and their ticket."""
    assert (await api.store(PAY.replace("PARTNER", url), key=key)).status == 201
    run = await api.start("pay", key=key, amount=100, to="li@example.com")

    async def ticket() -> Any:
        items = (await api.get(f"/v1/tickets?search={run}", key=key)).body["items"]
        return items and items[0]["id"]

    return run, (await api.get(f"/v1/tickets/{await until(ticket)}", key=key)).body


async def decide(api: Api, ticket: dict[str, Any], key: str, once: str = "1", **more: Any) -> Answer:
    return await api.post(f"/v1/tickets/{ticket['id']}/decisions", APPROVED | more, key=key, once=once)


@pytest.mark.req("FLO-309")
async def test_an_amount_amended_before_the_last_approval_is_approved_anew_and_paid_as_amended(api: Api) -> None:
    paid: list[Any] = []

    async def pay(request: web.Request) -> web.Response:
        paid.append(await request.json())
        return web.json_response({})

    key, one, two = [await api.key(name=name, roles=["officer"]) for name in ("portal", "one", "two")]
    operator = await api.key("runs:write", "runs:read", "personal:read", name="operator")
    async with partner(pay) as url, working_for(api.installation):
        run, ticket = await asked(api, url, key)
        assert (await decide(api, ticket, one)).status == 201
        wrong = {"values": {"amount": 90}, "reason": "the invoice says 90"}
        amended = await api.post(f"/v1/tickets/{ticket['id']}/amendments", wrong, key=operator)
        assert (amended.status, amended.body["answers_given"], amended.body["answers"][0]["is_void"]) == (201, 0, True)
        late = await decide(api, ticket, two, shown_sha256=ticket["shown_sha256"])
        assert (late.status, late.code) == (409, "DataChanged")
        assert late.body["error"]["detail"]["shown_sha256"] == amended.body["shown_sha256"]
        seen = {"shown_sha256": amended.body["shown_sha256"]}
        assert (await decide(api, ticket, two, **seen)).body["status"] == "open"
        assert (await decide(api, ticket, one, once="2", **seen)).body["status"] == "decided"
        await until(lambda: ended(api, run, key))
    assert paid == [{"amount": 90, "given": 90}]
    evidence = (await api.get(f"/v1/tickets/{ticket['id']}/evidence", key=key)).body
    assert evidence["holds"]
    assert [(each["by"], each["standing"]) for each in evidence["answers"]] == [
        ("key:one", "void_amended"),
        ("key:two", "decides"),
        ("key:one", "decides"),
    ]


@pytest.mark.req("FLO-309")
async def test_correcting_an_input_of_the_run_amends_the_ticket_that_shows_it(api: Api) -> None:
    key, one = await api.key(name="portal"), await api.key(name="one", roles=["officer"])
    async with working_for(api.installation):
        run, ticket = await asked(api, "https://partner.test", key)
        await decide(api, ticket, one)
        correction = {"values": {"amount": 90}, "reason": "the invoice says 90"}
        for _ in range(2):
            assert (await api.post(f"/v1/runs/{run}/corrections", correction, key=key, once="c")).status == 202
        now = (await api.get(f"/v1/tickets/{ticket['id']}", key=key)).body
        assert (now["snapshot"], now["shown"]["amount"], now["answers_given"]) == (2, 90, 0)

        async def is_taken_in() -> bool:
            journal = (await api.get(f"/v1/runs/{run}/journal", key=key)).body["items"]
            return any(row["fact"] == "run_corrected" for row in journal)

        await until(is_taken_in)
        assert (await api.get(f"/v1/tickets/{ticket['id']}", key=key)).body["status"] == "open"


@pytest.mark.req("FLO-309")
async def test_a_run_again_closes_the_ticket_and_its_approvals_do_not_count_for_the_next(api: Api) -> None:
    key, one = await api.key(name="portal"), await api.key(name="one", roles=["officer"])
    async with working_for(api.installation):
        run, ticket = await asked(api, "https://partner.test", key)
        await decide(api, ticket, one)
        await api.post(f"/v1/runs/{run}/reruns", {"node": "review", "reason": "again"}, key=key)

        async def next_ticket() -> Any:
            items = (await api.get(f"/v1/tickets?search={run}&status=open", key=key)).body["items"]
            return items and items[0]["id"] != ticket["id"] and items[0]

        again = await until(next_ticket)
    assert again["answers_given"] == 0
    evidence = (await api.get(f"/v1/tickets/{again['id']}/evidence", key=key)).body
    assert evidence["earlier"] == [{"id": ticket["id"], "status": "cancelled", "answers_given": 1}]
    before = (await api.get(f"/v1/tickets/{ticket['id']}/evidence", key=key)).body
    assert [each["standing"] for each in before["answers"]] == ["void_closed"]


@pytest.mark.req("FLO-309")
@pytest.mark.parametrize(("value", "code"), [(0, "AnswerInvalid"), ("many", "AnswerInvalid")])
async def test_an_amendment_is_what_the_node_declares_or_it_is_refused(api: Api, value: Any, code: str) -> None:
    key = await api.key(name="portal")
    async with working_for(api.installation):
        run, ticket = await asked(api, "https://partner.test", key)
        wrong = {"values": {"amount": value}, "reason": "r"}
        assert (await api.post(f"/v1/tickets/{ticket['id']}/amendments", wrong, key=key)).code == code
        assert (await api.post(f"/v1/runs/{run}/corrections", wrong, key=key)).status in (202, 422)


@pytest.mark.req("FLO-309")
async def test_a_rejection_is_given_with_its_reason_code(api: Api) -> None:
    key, one = await api.key(name="portal"), await api.key(name="one", roles=["officer"])
    async with working_for(api.installation):
        _, ticket = await asked(api, "https://partner.test", key)
        assert ticket["reason_codes"] == {"rejected": {"too_much": "It is too much"}}
        rejected: dict[str, Any] = {"answers": {"decision": "rejected"}}
        assert (await decide(api, ticket, one, **rejected)).code == "ReasonCodeInvalid"
        given = await decide(api, ticket, one, **rejected, reason_code="too_much")
    assert (given.body["status"], given.body["answers"][0]["reason_code"]) == ("decided", "too_much")


async def test_evidence_is_masked_for_those_who_may_not_see_it(api: Api) -> None:
    key, few = await api.key(name="portal"), await api.key("tickets:read", name="few")
    async with working_for(api.installation):
        _, ticket = await asked(api, "https://partner.test", key)
    shown = (await api.get(f"/v1/tickets/{ticket['id']}/evidence", key=few)).body["snapshots"][0]["shown"]
    assert shown == {"amount": 100, "to": "l*"}


async def ended(api: Api, run: str, key: str) -> bool:
    return (await api.get(f"/v1/runs/{run}", key=key)).body["ended_at"] is not None


@pytest.mark.req("FLO-309")
async def test_what_was_approved_is_not_corrected_behind_those_who_approved(api: Api) -> None:
    async def slow(_: web.Request) -> web.Response:
        return web.json_response({}, status=202)

    key, one, two = [await api.key(name=name, roles=["officer"]) for name in ("portal", "one", "two")]
    async with partner(slow) as url, working_for(api.installation):
        run, ticket = await asked(api, url, key)
        await decide(api, ticket, one)
        assert (await decide(api, ticket, two)).body["status"] == "decided"

        async def is_taken_in() -> bool:
            nodes = (await api.get(f"/v1/runs/{run}", key=key)).body["nodes"]
            return bool(nodes[0]["phase"] == "done")

        await until(is_taken_in)
        correction = {"values": {"amount": 90}, "reason": "cheaper"}
        refused = await api.post(f"/v1/runs/{run}/corrections", correction, key=key)
    assert (refused.status, refused.code) == (409, "DecidedUpon")


@pytest.mark.req("FLO-309")
async def test_a_correction_that_a_decision_is_faster_than_is_refused(api: Api) -> None:
    """No worker has taken the decision in yet, so only the ticket tells."""
    key, one, two = [await api.key(name=name, roles=["officer"]) for name in ("portal", "one", "two")]
    async with working_for(api.installation):
        run, ticket = await asked(api, "https://partner.test", key)
    await decide(api, ticket, one)
    assert (await decide(api, ticket, two)).body["status"] == "decided"
    correction = {"values": {"amount": 90}, "reason": "cheaper"}
    refused = await api.post(f"/v1/runs/{run}/corrections", correction, key=key)
    assert (refused.status, refused.code) == (409, "TicketNotOpen")
