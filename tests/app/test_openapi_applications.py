"""Applications over HTTP answer as they are described."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opsdesk.kit.clock import SystemClock
from tests.app.applied import APPLICATION, configure, send
from tests.app.described import DescribedApi, described


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


async def test_applications_answer_as_they_are_described(api: DescribedApi) -> None:
    key = await api.key(name="engine")
    await configure(api.installation.database)
    for number, score in enumerate((0.9, 0.05, 0.3)):
        answer = await send(api, key, flow_no=f"F-{number}", features={"device_score": score})
        assert answer.status == 201
        assert (await api.get(f"/v1/applications/F-{number}", key=key)).body == answer.body
    assert len((await api.get("/v1/applications", key=key)).body["items"]) == 3
    answered = {name for name, status in api.description.seen if status < 300}
    wanted = [name for name in api.description.operations if name.split()[1].startswith("/v1/applications")]
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
    as_text: dict[str, Any] = {"data": b"{}", "headers": {"Content-Type": "text/plain"}}
    assert (await api.call("POST", "/v1/applications", key=key, **as_text)).code == "ContentTypeRefused"
    assert (await api.get("/v1/applications?user_id=%07", key=key)).code == "ApplicationFilterInvalid"
    assert (await api.get(f"/v1/applications/{APPLICATION['flow_no']}0", key=key)).code == "FlowUnknown"
