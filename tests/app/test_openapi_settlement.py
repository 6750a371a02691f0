"""Settlement over HTTP: months are closed, files are found, looked at again and fetched, as it is described."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from opsdesk.benefits.settlement.downloads import give_address
from opsdesk.kit.clock import ManualClock
from tests.actors import actor
from tests.app.described import DescribedApi, described
from tests.app.test_openapi_open_platform import Partner
from tests.benefits.making import furnish
from tests.benefits.partners.partnering import a_partner, added

THIRD = datetime.fromisoformat("2026-01-03T01:00:00+08:00")
PERIODS, FILES = "/v1/settlement-periods", "/v1/settlement-files"
FILE, OTHERS = "airport-202512.txt.gz", "clinic-202512.txt.gz"
DECEMBER = {"month": "2025-12"}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, ManualClock(THIRD)) as api:
        async with api.installation.database.transaction() as conn:
            await furnish(conn)
        yield api


@pytest.fixture
async def key(api: DescribedApi) -> str:
    return await api.key("benefits:write", "benefits:read", name="operator")


@pytest.mark.req("PTS-701")
async def test_a_month_is_closed_over_http_and_twice_is_as_once(api: DescribedApi, key: str) -> None:
    made = await api.post(PERIODS, DECEMBER, key=key)
    again = await api.post(PERIODS, {}, key=key)
    assert (made.status, made.body["closed"], len(made.body["issued"])) == (201, ["2025-12"], 2)
    assert (again.status, again.body) == (201, {"month": "2025-12", "closed": [], "issued": []})
    [period] = (await api.get(PERIODS, key=key)).body["items"]
    assert (period["month"], period["files"], period["closed_at"]) == ("2025-12", 2, "2026-01-02T17:00:00Z")


async def test_a_month_is_not_closed_early_or_under_another_name(api: DescribedApi, key: str) -> None:
    early = await api.post(PERIODS, {"month": "2026-01"}, key=key)
    none = await api.post(PERIODS, {"month": "2026-13"}, key=key)
    assert [early.code, none.code] == ["PeriodOpen", "MonthInvalid"]


async def test_files_are_listed_shown_and_looked_at_again(api: DescribedApi, key: str) -> None:
    await api.post(PERIODS, DECEMBER, key=key)
    first = (await api.get(f"{FILES}?limit=1", key=key)).body
    second = (await api.get(f"{FILES}?limit=1&cursor={first['next']}", key=key)).body
    assert [each["provider"] for each in (*first["items"], *second["items"])] == ["airport", "clinic"]
    only = (await api.get(f"{FILES}?provider=clinic&month=2025-12", key=key)).body["items"]
    shown = (await api.get(f"{FILES}/{only[0]['name']}", key=key)).body
    assert shown == only[0]
    manifest = (await api.get(f"{FILES}/{FILE}/manifest", key=key)).body
    found = (await api.get(f"{FILES}/{FILE}/verification", key=key)).body
    assert (found["good"], found["sha256"]) == (True, manifest["sha256"])


@pytest.mark.parametrize(
    "path", [f"{FILES}?month=12", f"{FILES}?cursor=a", f"{PERIODS}?limit=0", f"{PERIODS}?cursor=WzFd"]
)
async def test_lists_are_refused_as_it_is_described(api: DescribedApi, key: str, path: str) -> None:
    assert (await api.get(path, key=key)).status == 422


@pytest.mark.req("PTS-710")
async def test_a_file_is_fetched_whole_and_in_parts_by_its_address(api: DescribedApi, key: str) -> None:
    await api.post(PERIODS, DECEMBER, key=key)
    path = await address(api)
    whole = await api.call("GET", path)
    stored = (api.installation.settings.data_dir / "settlement" / FILE).read_bytes()
    assert (whole.status, whole.headers["Content-Length"], whole.headers["Accept-Ranges"]) == (
        200,
        str(len(stored)),
        "bytes",
    )
    part = await api.call("GET", path, headers={"Range": "bytes=2-5", "If-Range": whole.headers["ETag"]})
    assert (part.status, part.headers["Content-Range"]) == (206, f"bytes 2-5/{len(stored)}")
    behind = await api.call("GET", path, headers={"Range": f"bytes={len(stored)}-"})
    assert (behind.status, behind.code) == (416, "RangeUnsatisfiable")
    assert (await api.get(f"{FILES}/{FILE}", key=key)).body["downloads"] == 2


@pytest.mark.req("PTS-710")
@pytest.mark.parametrize("query", ["?expires=1&signature=a", "?expires=99999999999&signature=a"])
async def test_an_address_that_nobody_gave_out_is_refused(api: DescribedApi, key: str, query: str) -> None:
    await api.post(PERIODS, DECEMBER, key=key)
    assert (await api.call("GET", f"/open/v1/files/{FILE}/content{query}")).code == "AddressRefused"


@pytest.mark.req("PTS-702", "PTS-705", "PTS-710")
async def test_a_provider_lists_and_fetches_its_own_files_and_no_others(api: DescribedApi, key: str) -> None:
    await a_partner(api.installation.database)
    airport = Partner(api, await added(api.installation.database))
    await api.post(PERIODS, DECEMBER, key=key)
    [file] = (await airport.get("/open/v1/files?limit=5")).body["items"]
    assert (file["name"], file["month"], file["generated_at"]) == (FILE, "2025-12", "20260103010000")
    assert (await airport.get(f"/open/v1/files/{FILE}/manifest")).body["sha256"] == file["sha256"]
    given = await airport.post(f"/open/v1/files/{FILE}/downloads", {})
    assert given.status == 201, given.body
    assert (await api.call("GET", "/open" + given.body["url"].partition("/open")[2])).status == 200
    others = [
        await airport.get(f"/open/v1/files/{OTHERS}/manifest"),
        await airport.post(f"/open/v1/files/{OTHERS}/downloads", {}),
    ]
    assert [each.code for each in others] == ["SettlementFileUnknown"] * 2
    wrong = [await airport.get("/open/v1/files?limit=0"), await airport.get("/open/v1/files?cursor=a")]
    assert [each.status for each in wrong] == [422, 422]


async def address(api: DescribedApi) -> str:
    installation = api.installation
    about: dict[str, Any] = {"provider": "airport", "actor": actor(), "client": "", "now": THIRD}
    async with installation.database.transaction() as conn:
        given = await give_address(conn, installation.settlement, FILE, **about)
    return "/open" + given.url.partition("/open")[2]
