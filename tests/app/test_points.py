"""Points over HTTP: answered as it is described, and each change is in the audit chain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk import points
from opsdesk.app.points_audits import audit_key
from opsdesk.kit.clock import ManualClock, SystemClock
from tests.actors import actor
from tests.app.described import DescribedApi, described
from tests.app.test_audited_routes import AuditedApi, audited, expected, first_writes
from tests.app.test_openapi import missing

GRANT = {"customer_id": "C-1", "points": 5, "expires_at": "2999-01-01T00:00:00Z", "grant_key": "G-1"}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


async def test_points_are_granted_seen_and_swept_over_http(api: DescribedApi) -> None:
    bank, reader = await api.key("points:write", name="bank"), await api.key("points:read", name="reader")
    answers = [(await api.post("/v1/points-grants", GRANT, key=bank)).body for _ in range(2)]
    assert [answer.pop("is_new") for answer in answers] == [True, False]
    assert answers[0] == answers[1]
    shown = (await api.get("/v1/points-wallets/C-1", key=reader)).body
    assert (shown["available"], shown["held"], len(shown["lots"])) == (5, 0, 1)
    path = "/v1/points-wallets/C-1/postings"
    told = (await api.get(path, key=reader)).body
    assert [(line["kind"], line["change"], line["balance"]) for line in told["items"]] == [("grant", 5, 5)]
    for query in ("kind=sweep", "since=2999-01-01T00:00:00Z", "until=2000-01-01T00:00:00Z"):
        assert (await api.get(f"{path}?{query}", key=reader)).body == {"items": [], "next": None}
    swept = (await api.call("POST", "/v1/points-sweeps", key=bank)).body
    assert swept == {"lots": 0, "points": 0, "batches": 0, "is_done": True}
    opsdesk = api.installation
    made = await points.auditing.audit(
        opsdesk.database,
        full=True,
        key=audit_key(opsdesk.settings, opsdesk.secrets),
        checks=opsdesk.points_checks,
        actor=actor("key:bank"),
        now=opsdesk.clock.now(),
    )
    audits = (await api.get("/v1/points-audits?broken=false", key=reader)).body["items"]
    assert [each["id"] for each in audits] == [made.audit_id]
    assert (await api.get(f"/v1/points-audits/{made.audit_id}", key=reader)).body == audits[0]
    assert missing(api, "/v1/points") == []


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"points": 6}, 409, "GrantDiffers"),
        ({"grant_key": "G-2", "expires_at": "2000-01-01T00:00:00Z"}, 409, "GrantAlreadyExpired"),
        ({"points": 0}, 422, "RequestInvalid"),
        ({"points": 1.5}, 422, "RequestInvalid"),
        ({"customer_id": "a\nb"}, 422, "CustomerUnnamed"),
        ({"grant_key": "a\u0007"}, 422, "GrantKeyInvalid"),
        ({"more": 1}, 422, "RequestInvalid"),
    ],
)
async def test_a_grant_that_cannot_be_made_is_refused_as_it_is_described(
    api: DescribedApi, more: dict[str, object], status: int, code: str
) -> None:
    bank = await api.key("points:write", name="bank")
    await api.post("/v1/points-grants", GRANT, key=bank)
    refused = await api.post("/v1/points-grants", GRANT | more, key=bank)
    assert (refused.status, refused.code) == (status, code)


async def test_each_change_of_points_writes_exactly_the_entries_that_it_should(
    database_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    async with audited(database_url, tmp_path, clock) as api:
        key = await grant_twice(api)
        clock.advance(seconds=3600)
        for _ in range(2):
            assert (await api.call("POST", "/v1/points-sweeps", key=key)).status == 201
        assert api.wrote["POST /v1/points-grants"][1] == api.wrote["POST /v1/points-sweeps"][1] == []
        assert first_writes(api) == expected("/v1/points")


async def grant_twice(api: AuditedApi) -> str:
    key = await api.key("points:write", name="bank")
    soon = GRANT | {"expires_at": "2026-01-05T02:30:00Z"}
    for _ in range(2):
        assert (await api.post("/v1/points-grants", soon, key=key)).status == 201
    return key
