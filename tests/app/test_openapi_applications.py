"""Applications over HTTP answer as they are described."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from opsdesk import review
from opsdesk.kit.clock import SystemClock
from tests.app.applied import APPLICATION, configure, send
from tests.app.described import DescribedApi, described
from tests.app.serving import until, working_for

NOTHING = "0190a0b0-0000-7000-8000-000000000001"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


async def test_alerts_answer_as_they_are_described(api: DescribedApi) -> None:
    key, watcher = await api.key("operations:write", name="keeper"), await api.key("operations:read", name="watcher")
    assert (await api.get("/v1/alerts", key=watcher)).body == {"items": []}
    async with api.installation.database.transaction() as conn:
        facts = {"flow_no": "F-1", "application": "cash_loan"}
        await review.alerts.tell(conn, review.alerts.Alert.RULE_UNDECIDED, facts, now=api.installation.clock.now())
    (found,) = (await api.get("/v1/alerts", key=watcher)).body["items"]
    assert (found["kind"], found["facts"], found["times"]) == ("RuleUndecided", facts, 1)
    path = f"/v1/alerts/{found['id']}/closure"
    assert (await api.call("POST", path, key=watcher)).status == 403
    closed = await api.call("POST", path, key=key)
    assert (closed.status, closed.body) == (201, {"items": []})
    assert (await api.call("POST", path, key=key)).code == "AlertUnknown"


async def test_applications_answer_as_they_are_described(api: DescribedApi) -> None:
    key = await api.key(name="engine")
    await configure(api.installation.database)
    for number, score in enumerate((0.9, 0.05, 0.3)):
        answer = await send(api, key, flow_no=f"F-{number}", features={"device_score": score})
        assert answer.status == 201
        assert (await api.get(f"/v1/applications/F-{number}", key=key)).body == answer.body
    assert len((await api.get("/v1/applications", key=key)).body["items"]) == 3
    path = "/v1/result-receivers/cash_loan"
    put = await api.call("PUT", path, key=key, json={"url": "https://credit.example.com/results"})
    assert (await api.get("/v1/result-receivers", key=key)).body == {"items": [put.body]}
    assert (await api.call("DELETE", path, key=key)).body == {"items": []}
    ticket = (await api.get("/v1/applications/F-2", key=key)).body["ticket"]["id"]
    async with api.installation.database.transaction() as conn:
        reason, now = review.TicketClosing.EXPIRED, api.installation.clock.now()
        await review.close_ticket(conn, ticket_id=UUID(ticket), reason=reason, now=now)

    async def is_unsent() -> bool:
        return bool((await api.get("/v1/applications/F-2", key=key)).body["ticket"]["delivery"] == "unsent")

    async with working_for(api.installation):
        await until(is_unsent)
        assert (await api.call("POST", f"/v1/results/{ticket}/deliveries", key=key)).status == 202
    answered = {name for name, status in api.description.seen if status < 300}
    wanted = [
        name for name in api.description.operations if name.split()[1].startswith(("/v1/applications", "/v1/result"))
    ]
    assert [name for name in wanted if name not in answered] == []


async def test_what_is_refused_of_applications_is_refused_as_it_is_described(api: DescribedApi) -> None:
    key = await api.key(name="engine")
    assert (await send(api, key)).code == "SceneUnknown"
    await configure(api.installation.database)
    assert (await send(api, key, features={})).code == "ApplicationUndecided"
    assert (await send(api, key)).status == 201
    assert (await send(api, key, user_id="U-2")).code == "FlowReused"
    assert (await send(api, key, flow_no="")).code == "FlowInvalid"
    assert (await send(api, key, verifications={"x": 1})).code == "IncomingInvalid"
    assert (await send(api, key, request={}, message="AAAA")).code == "ProtoInvalid"
    assert (await api.post("/v1/applications", {}, key=key)).code == "RequestInvalid"
    receiver = "/v1/result-receivers"
    nowhere = {"url": "https://credit.example.com/"}
    assert (await api.call("PUT", f"{receiver}/none", key=key, json=nowhere)).code == "ApplicationUnknown"
    assert (await api.call("PUT", f"{receiver}/cash_loan", key=key, json={"url": "x"})).code == "ReceiverInvalid"
    assert (await api.call("DELETE", f"{receiver}/cash_loan", key=key)).code == "ReceiverUnknown"
    assert (await api.call("POST", f"/v1/results/{NOTHING}/deliveries", key=key)).code == "ResultUnknown"
    as_text: dict[str, Any] = {"data": b"{}", "headers": {"Content-Type": "text/plain"}}
    assert (await api.call("POST", "/v1/applications", key=key, **as_text)).code == "ContentTypeRefused"
    assert (await api.get("/v1/applications?user_id=%07", key=key)).code == "ApplicationFilterInvalid"
    assert (await api.get(f"/v1/applications/{APPLICATION['flow_no']}0", key=key)).code == "FlowUnknown"
