"""Pages of incoming applications, and of what went back for them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from opsdesk import flows, review
from opsdesk.kit.clock import ManualClock
from opsdesk.review import alerts
from opsdesk.review.applications import results
from opsdesk.review.applications.results import DeliveryState
from opsdesk.review.groups import groups
from opsdesk.review.screening.sources import Facts
from tests import configured
from tests.app.applied import APPLICATION, applied, configure, send
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving

FLOW_NO = str(APPLICATION["flow_no"])
ONE = f"/applications/{FLOW_NO}"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        await configure(api.installation.database)
        yield api


@pytest.fixture
async def risk(api: Api) -> Visit:
    return await visit(api, "risk_operator")


async def come(api: Api, **changes: Any) -> Any:
    key = await api.key("applications:write", name=f"engine-{changes.get('flow_no', 'first')}"[:30])
    return (await send(api, key, **changes)).body


async def decide(api: Api, ticket: str) -> None:
    """Passed by a reviewer."""
    key = await api.key("tickets:read", "tickets:decide", name="reviewer")
    await api.post(f"/v1/tickets/{ticket}/claims", {}, key=key)
    version = (await api.get(f"/v1/tickets/{ticket}/rejection", key=key)).body["rejection_version"]
    given = {"verdict": "pass", "reasons": [], "rejection_version": version}
    assert (await api.post(f"/v1/tickets/{ticket}/verdict", given, key=key, once="1")).status == 201


async def give_up(api: Api, ticket: str, problem: str) -> None:
    now = api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        result = await results.lock_result(conn, ticket_id=UUID(ticket))
        assert result is not None
        await results.settle(conn, replace(result, state=DeliveryState.GIVEN_UP, next_at=None, problem=problem))
        about = {"application": "cash_loan", "flow_no": FLOW_NO, "ticket_id": ticket, "problem": problem}
        await alerts.tell(conn, alerts.Alert.RESULT_GIVEN_UP, about, now=now)


async def test_a_desk_where_none_has_come_says_how_they_come(risk: Visit) -> None:
    assert "POST /v1/applications" in (await risk.get("/applications")).text
    nothing = await risk.get("/applications?number=none")
    assert "No application is like this" in nothing.text
    assert (await risk.get("/applications/none")).status == 404


async def test_applications_are_found_by_scene_answer_number_and_day(api: Api, risk: Visit) -> None:
    await come(api)
    await come(api, flow_no="F/2 #?", user_id="U-2", features={"device_score": 0.05})
    await come(api, flow_no="F-3", user_id="U-3", features={"device_score": 0.9})

    async def numbers(query: str) -> list[str]:
        shown = await risk.get(f"/applications?{query}")
        return [each for each in (FLOW_NO, "F/2 #?", "F-3") if f">{each}</a>" in shown.html]

    assert len(await numbers("")) == 3
    assert await numbers("answer=reject") == ["F/2 #?"]
    assert await numbers("number=U-3") == ["F-3"]
    assert await numbers("number=F-3") == ["F-3"]
    assert await numbers("application=cash_loan&scene=borrow") == []
    assert await numbers("came_from=2026-01-05&came_to=2026-01-05&delivery=&result=") == [FLOW_NO, "F/2 #?", "F-3"]
    assert await numbers("came_to=2026-01-04") == []
    assert await numbers("answer=nonsense&delivery=nonsense&came_from=nonsense") == [FLOW_NO, "F/2 #?", "F-3"]
    odd = await risk.get("/applications/F%2F2%20%23%3F")
    assert "by the rule stolen device" in odd.text


async def test_a_long_list_comes_in_pages_both_ways(api: Api, clock: ManualClock, risk: Visit) -> None:
    async with api.installation.database.transaction() as conn:
        for number in range(60):
            clock.advance(seconds=1)
            facts = Facts({}, {}, {"device_score": 0.05 if number % 2 else 0.9})
            await configured.take_application(conn, now=clock.now(), flow_no=f"P-{number:03}", facts=facts)
    first = await risk.get("/applications")
    assert "P-059" in first.text
    assert "P-000" not in first.text
    following = first.html.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    last = await risk.get(following)
    assert "P-000" in last.text
    before = last.html.partition('rel="prev" href="')[2].partition('"')[0].replace("&amp;", "&")
    again = await risk.get(before)
    assert "P-059" in again.text
    assert "P-000" not in again.text


async def test_an_application_tells_what_came_why_it_was_answered_and_its_ticket(api: Api, risk: Visit) -> None:
    faces = {"liveness_check_url1": "https://pictures.example.com/a-face.png"}
    ticket = (await come(api, verifications=faces))["ticket"]["id"]
    shown = await risk.get(ONE)
    assert "a-face" not in shown.html
    assert "by the rule strange device · devices , revision 1" in shown.text
    assert "1 stolen device device_score < 0.1 no device_score = 0.3" in shown.text
    assert "2 strange device device_score < 0.5 yes device_score = 0.3" in shown.text
    assert "customer.full_name 王* " in shown.text
    assert "王小明" not in shown.html
    assert f'href="/tickets/{ticket}"' in shown.html
    assert 'href="/groups/1"' in shown.html
    assert "Nothing yet: the ticket has not ended." in shown.text
    reviewer = await visit(api, "reviewer")
    seen = (await reviewer.get(ONE)).html
    assert ("王小明" in seen, "a-face" in seen) == (False, False), "on the ticket, where looking is recorded"
    assert f'href="{ONE}"' in (await reviewer.get(f"/tickets/{ticket}")).html


async def test_a_value_is_masked_by_what_it_is_and_not_by_what_a_group_calls_it(api: Api, risk: Visit) -> None:
    async with api.installation.database.transaction() as conn:
        about: dict[str, Any] = {"actor": configured.OPERATOR, "now": api.installation.clock.now()}
        about["compile_condition"] = flows.checks.condition_over
        features = [{"name": "x", "type": "text", "source": "pb", "value": "customer.full_name"}]
        document = {"features": features, "rules": [{"name": "one", "when": 'x != ""', "answer": "reject"}]}
        added = await groups.add_group(
            conn, application="cash_loan", scene="borrow", name="names", document=document, **about
        )
        await groups.apply_group(conn, group_id=added.group_id, opened_revision=1, **about)
    await come(api, scene="borrow", features={})
    shown = await risk.get(ONE)
    assert "x = 王*" in shown.text
    assert "王小明" not in shown.html


async def test_a_result_is_followed_on_both_pages_and_sent_again(api: Api, risk: Visit) -> None:
    ticket = (await come(api))["ticket"]["id"]
    await decide(api, ticket)
    assert "Sent back about to be sent" in (await risk.get(f"/tickets/{ticket}")).text
    assert "Send again" not in (await risk.get(ONE)).text
    refused = await risk.post(f"/tickets/{ticket}/result/send", next=ONE)
    assert (refused.status, refused.location) == (303, ONE)
    await give_up(api, ticket, "the receiver answered 500")
    shown = await risk.get(ONE)
    assert "given up" in shown.text
    assert "the receiver answered 500" in shown.text
    assert "A result could not be delivered" in shown.text
    chinese = await visit(api, "support_agent", language="zh-CN")
    read = await chinese.get(f"/tickets/{ticket}")
    assert "接收方返回 500" in read.text
    assert f"/tickets/{ticket}/result/send" not in read.html
    assert "相关的未关闭告警" not in (await chinese.get(ONE)).text
    assert (await chinese.post(f"/tickets/{ticket}/result/send")).status == 403
    assert shown.hidden("next") == ONE
    sent = await risk.post(f"/tickets/{ticket}/result/send", next="https://elsewhere.example.com")
    assert (sent.status, sent.location) == (303, f"/tickets/{ticket}")
    assert "about to be sent" in (await risk.get("/applications?delivery=waiting")).text


async def test_an_application_that_no_rule_held_for_passed(api: Api, risk: Visit) -> None:
    await come(api, **applied(features={"device_score": 0.9}))
    shown = await risk.get(ONE)
    assert "No rule of a live group held, so it passed." in shown.text
    assert "nothing else goes back" in shown.text


async def test_what_a_rule_read_is_told_as_changed_where_the_fields_are_others_now(
    api: Api, clock: ManualClock, risk: Visit
) -> None:
    async with api.installation.database.transaction() as conn:
        found = await configured.add_type(conn, now=clock.now(), name="another")
        await configured.add_adapt(conn, found, now=clock.now(), scene="borrow")
        about: dict[str, Any] = {"actor": configured.OPERATOR, "now": clock.now()}
        compiled: dict[str, Any] = {"compile_condition": flows.checks.condition_over}
        document = {"features": [], "rules": [{"name": "ip", "when": 'request.device.ip != ""', "answer": "reject"}]}
        at: dict[str, Any] = {"application": "cash_loan", "scene": "borrow"}
        added = await groups.add_group(conn, **at, name="addresses", document=document, **about, **compiled)
        await groups.apply_group(conn, group_id=added.group_id, opened_revision=1, **about, **compiled)
    await come(api, scene="borrow", request={"device": {"ip": "10.0.0.1"}}, features={})
    assert "1 ip request.device.ip" in (await risk.get(ONE)).text
    async with api.installation.database.transaction() as conn:
        fields = [each for each in configured.FIELDS if each.path != "device.ip"]
        now = clock.now() + timedelta(seconds=1)
        await review.reference.fields.import_list(
            conn, application="cash_loan", scene="borrow", fields=fields, actor=configured.OPERATOR, now=now
        )
    changed = await risk.get(ONE)
    assert changed.status == 200
    assert "by the rule ip" in changed.text
