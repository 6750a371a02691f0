"""Groups that are live while the adapts that they chose are paused: over HTTP, with applications coming in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.screening.types import ScreeningType
from tests.app.applied import FEATURES, configure, send
from tests.app.serving import Answer, Api, serving
from tests.review.screening.samples import rule, verify

GROUPS = "/v1/strategy-groups"
GROUP = f"{GROUPS}/1"
ADAPT = "/v1/screening-types/1/adapts/1"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@pytest.fixture
async def face(api: Api) -> ScreeningType:
    """Its adapt is chosen by the live group, `devices`."""
    return await configure(api.installation.database)


@pytest.fixture
async def key(api: Api) -> str:
    return await api.key("screening:read", "screening:write", "applications:write", name="risk")


def document(*rules: Any) -> dict[str, Any]:
    return {"features": FEATURES, "rules": list(rules)}


async def save(api: Api, key: str, *rules: Any, revision: int = 1) -> Answer:
    saved = {"expected_revision": revision, "document": document(*rules)}
    return await api.post(f"{GROUP}/revisions", saved, key=key)


@pytest.mark.req("REV-A09")
@pytest.mark.parametrize("active", [True, False])
async def test_a_pause_is_refused_while_a_group_refers_to_the_adapt(
    api: Api, face: ScreeningType, key: str, active: bool
) -> None:
    if not active:
        assert (await api.call("DELETE", f"{GROUP}/activations", key=key)).body["is_active"] is False
    refused = await api.post(f"{ADAPT}/pauses", {}, key=key)
    assert (refused.status, refused.code) == (409, "AdaptReferenced")
    assert refused.body["error"]["detail"]["groups"] == ["devices"]
    assert (await api.get(ADAPT, key=key)).body["status"] == "active"


@pytest.mark.req("REV-A08", "REV-A10")
async def test_a_live_group_makes_tickets_with_an_adapt_that_was_paused_and_no_later_save_chooses_it(
    api: Api, face: ScreeningType, key: str
) -> None:
    assert (await save(api, key, rule("stolen device", "device_score < 0.1"))).status == 201
    paused = await api.post(f"{ADAPT}/pauses", {}, key=key)
    assert (paused.status, paused.body["status"]) == (201, "pause")
    answer = await send(api, key)
    assert (answer.status, answer.body["answer"]) == (201, "verify")
    assert answer.body["answered_by"]["revision"] == 1
    assert answer.body["ticket"]["screening_type"] == face.name
    chosen = verify("strange device", "device_score < 0.5", screening_type=face.type_id)
    refused = await save(api, key, chosen, revision=2)
    assert refused.body["error"]["detail"]["problems"] == {
        "rules.0.screening_type": ["has no active adapt for this application and scene"]
    }
    await api.call("PUT", f"{GROUP}/live-revision", key=key, json={"revision": 2})
    passed = await send(api, key, flow_no="another")
    assert (passed.body["answer"], passed.body["ticket"]) == ("pass", None)
