"""Benefits over HTTP answer as they are described."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest

from opsdesk.kit.clock import SystemClock
from tests.app.described import DescribedApi, described
from tests.benefits.desk import disputed

PROVIDER = {"name_zh": "机场贵宾厅", "name_en": "Airport lounges"}
SERVICE = {"provider": "airport", "name_zh": "贵宾厅", "name_en": "Lounge", "points": 100, "settle_fen": 15_000}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


@pytest.fixture
async def keeper(api: DescribedApi) -> str:
    """A key that keeps a catalogue of one provider and one service."""
    key = await api.key("benefits:read", "benefits:write", name="keeper")
    assert (await api.call("PUT", "/v1/benefit-providers/airport", key=key, json=PROVIDER)).status == 200
    assert (await api.call("PUT", "/v1/benefit-services/lounge", key=key, json=SERVICE | {"stock": 5})).status == 200
    return key


async def test_the_catalogue_is_kept_over_http(api: DescribedApi, keeper: str) -> None:
    assert (await api.get("/v1/benefit-providers?limit=1", key=keeper)).body["items"] == [
        {"provider": "airport", **PROVIDER, "is_open": True}
    ]
    assert (await api.get("/v1/benefit-providers/airport", key=keeper)).body["name_en"] == "Airport lounges"
    changed = await api.call("PUT", "/v1/benefit-services/lounge", key=keeper, json=SERVICE | {"points": 120})
    assert (changed.body["points"], changed.body["stock"]) == (120, 5), "a number that is left out stays"
    without = await api.call("PUT", "/v1/benefit-services/lounge", key=keeper, json=SERVICE | {"stock": None})
    assert without.body["stock"] is None
    [listed] = (await api.get("/v1/benefit-services?provider=airport&offered=true", key=keeper)).body["items"]
    assert listed["settle_fen"] == 15_000
    assert (await api.get("/v1/benefit-services/lounge", key=keeper)).body == listed
    await api.call("PUT", "/v1/benefit-providers/airport", key=keeper, json=PROVIDER | {"is_open": False})
    assert (await api.get("/v1/benefit-services?offered=true", key=keeper)).body["items"] == []


async def test_a_channel_sees_what_there_is_and_not_what_providers_are_paid(api: DescribedApi, keeper: str) -> None:
    channel = await api.key("benefits:order", name="mobile")
    [listed] = (await api.get("/v1/benefit-services", key=channel)).body["items"]
    assert (listed["service"], listed["settle_fen"]) == ("lounge", None)
    assert (await api.get("/v1/benefit-services/lounge", key=channel)).body["settle_fen"] is None
    assert (await api.get("/v1/benefit-providers", key=channel)).status == 403
    refused = await api.call("PUT", "/v1/benefit-services/lounge", key=channel, json=SERVICE)
    assert (refused.status, refused.code) == (403, "ScopeMissing")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/benefit-providers/Airport", PROVIDER, "CatalogueInvalid"),
        ("/v1/benefit-providers/airport", PROVIDER | {"name_zh": " "}, "CatalogueInvalid"),
        ("/v1/benefit-services/lounge", SERVICE | {"points": 0}, "CatalogueInvalid"),
        ("/v1/benefit-services/spa", SERVICE | {"provider": "nobody"}, "ProviderUnknown"),
        ("/v1/benefit-services/lounge", SERVICE | {"cost": 1}, "RequestInvalid"),
    ],
)
async def test_what_cannot_be_in_the_catalogue_is_refused_as_it_is_described(
    api: DescribedApi, keeper: str, path: str, body: dict[str, object], code: str
) -> None:
    assert (await api.call("PUT", path, key=keeper, json=body)).code == code


async def test_a_list_is_not_asked_for_with_what_cannot_be(api: DescribedApi, keeper: str) -> None:
    too_long = await api.get(f"/v1/benefit-services?provider={'a' * 201}", key=keeper)
    assert (too_long.status, too_long.code) == (422, "BenefitFilterInvalid")
    assert (await api.get("/v1/benefit-services?cursor=x", key=keeper)).code == "BadCursor"


CUSTOMERS = b"customer_id,name,mobile,aum_fen\nC-1,\xe7\x8e\x8b,13800000000,50000000\n"
CSV = {"Content-Type": "text/csv"}


async def test_a_list_of_customers_is_handed_in_over_http_or_its_line_is_named(api: DescribedApi, keeper: str) -> None:
    path = "/v1/benefit-customer-lists"
    loaded = await api.call("POST", path, key=keeper, data=CUSTOMERS, headers=CSV)
    assert (loaded.status, loaded.body["customers"]) == (201, 1)
    again = await api.call("POST", path, key=keeper, data=CUSTOMERS, headers=CSV)
    assert (again.status, again.code) == (409, "CustomerListNotNewer")
    older = f"{path}?day=2020-01-01"
    wrong = await api.call("POST", path, key=keeper, data=CUSTOMERS + b"C-2,x\n", headers=CSV)
    assert (wrong.status, wrong.code) == (409, "CustomerListNotNewer")
    assert (await api.call("POST", older, key=keeper, data=CUSTOMERS, headers=CSV)).status == 409
    assert (await api.call("POST", path, key=keeper, data=b"\xff", headers=CSV)).code == "BodyUnreadable"
    assert (await api.call("POST", path, key=keeper, json={})).status == 415
    large = b"customer_id,name,mobile,aum_fen\n" + b"x" * (2 * 1024 * 1024)
    assert (await api.call("POST", path, key=keeper, data=BytesIO(large), headers=CSV)).status == 409, (
        "it is read all the same"
    )
    listed = (await api.get(f"{path}?limit=1", key=keeper)).body
    assert [each["customers"] for each in listed["items"]] == [1]


@pytest.mark.req("PTS-507")
async def test_disputes_are_decided_over_http_by_somebody_else(api: DescribedApi) -> None:
    dispute = await disputed(api.installation.database, now=api.installation.clock.now())
    first, second = [await api.key("benefits:read", "benefits:write", name=name) for name in ("ann", "bob")]
    [listed] = (await api.get("/v1/benefit-disputes?is_open=true", key=first)).body["items"]
    one = f"/v1/benefit-disputes/{dispute.dispute_id}"
    assert (await api.get(one, key=first)).body == listed
    agreed = {"proposal": "pay"}
    assert (await api.post(f"{one}/decisions", agreed, key=second)).code == "DisputeNotProposed"
    assert (await api.post(f"{one}/proposals", agreed | {"reason": " "}, key=first)).code == "DisputeReasonInvalid"
    proposed = await api.post(f"{one}/proposals", agreed | {"reason": "was there"}, key=first)
    assert (proposed.status, proposed.body["proposed_by"]) == (201, "key:ann")
    own = await api.post(f"{one}/decisions", agreed, key=first)
    assert (own.status, own.code) == (403, "DisputeNeedsAnother")
    other = await api.post(f"{one}/decisions", {"proposal": "dismiss"}, key=second)
    assert (other.status, other.code) == (409, "DisputeProposalChanged")
    decided = await api.post(f"{one}/decisions", agreed, key=second)
    assert (decided.status, decided.body["decided_by"]) == (201, "key:bob")
    assert (await api.post(f"{one}/decisions", agreed, key=second)).code == "DisputeDecided"
    trace = (await api.get(f"/v1/benefit-orders/{dispute.order_id}/trace", key=first)).body
    assert trace["participants"] == ["Customer", "MobileBank", "PointSystem"]
    assert [each["name"] for each in trace["exchanges"]] == ["服务兑换", "服务预约", "服务取消", "服务完成"]
