"""The pages of the reference data."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.reference import entries, fields
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving

PATH = "/screening/reference"
PROTO = b"""syntax = "proto3";
package loan;
message Apply { string name = 1; Card card = 2; }
message Card { string front = 1; }
"""


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@pytest.fixture
async def risk(api: Api) -> Visit:
    return await visit(api, "risk_operator")


async def scene(risk: Visit) -> None:
    await risk.post(f"{PATH}/applications", op="put", application="cash_loan", name="现金贷")
    await risk.post(f"{PATH}/scenes", op="put", application="cash_loan", scene="borrow", name="", bucket="transaction")


@pytest.mark.req("REV-X42", "REV-G09")
async def test_each_kind_is_added_on_its_page(risk: Visit) -> None:
    await scene(risk)
    method = {"application": "cash_loan", "scene": "borrow", "method": "full", "name": ""}
    saved = await risk.post(f"{PATH}/methods", op="put", **method, with_screening="Y", verifications="lc")
    assert (saved.status, saved.location) == (303, f"{PATH}?show=methods")
    await risk.post(f"{PATH}/reject-codes", op="put", code="AF-1", category="anti-fraud", description="", is_active="Y")
    assert "cash_loan 现金贷" in (await risk.get(PATH)).text
    assert "cash_loan borrow borrow transaction list" in (await risk.get(f"{PATH}?show=scenes")).text
    assert "cash_loan borrow full full Y lc" in (await risk.get(f"{PATH}?show=methods")).text
    assert "AF-1 anti-fraud Y" in (await risk.get(f"{PATH}?show=reject-codes")).text
    refused = await risk.post(f"{PATH}/scenes", op="put", application="cash_loan", scene="x", name="", bucket="")
    assert (refused.status, "This is not one of the choices." in refused.text) == (422, True)


async def test_a_list_is_put_in_whole_or_not_at_all(api: Api, risk: Visit) -> None:
    csv = "code,category,description,is_active\nAF-1,anti-fraud,one,Y\nAF-2,nonsense,two,N\n"
    refused = await risk.post(f"{PATH}/reject-codes", op="import", text=csv)
    assert (refused.status, "2.category: This is not one of the choices." in refused.text) == (422, True)
    async with api.installation.database.connection() as conn:
        assert await entries.list_reject_codes(conn) == []
    right = csv.replace("nonsense", "system error").encode()
    assert (await risk.upload(f"{PATH}/reject-codes", "codes.csv", right, op="import")).status == 303
    json = '[{"code": "AF-3", "category": "credit"}]'
    assert (await risk.post(f"{PATH}/reject-codes", op="import", text=json)).status == 303
    async with api.installation.database.connection() as conn:
        found = await entries.list_reject_codes(conn)
    assert [(each.code, each.is_active) for each in found] == [("AF-1", True), ("AF-2", False), ("AF-3", True)]
    assert (await risk.post(f"{PATH}/reject-codes", op="import", text="{}")).status == 422


@pytest.mark.req("REV-D06")
async def test_the_fields_of_a_scene_come_from_a_proto_file_or_a_list(api: Api, risk: Visit) -> None:
    await scene(risk)
    place = {"application": "cash_loan", "scene": "borrow"}
    address = f"{PATH}/fields?application=cash_loan&scene=borrow"
    sent = await risk.upload(f"{PATH}/fields", "apply.proto", PROTO, **place, message="loan.Apply")
    assert (sent.status, sent.location) == (303, address)
    shown = await risk.get(address)
    assert "card.front string" in shown.text
    wrong = await risk.upload(f"{PATH}/fields", "apply.proto", PROTO, **place, message="loan.Other")
    assert (wrong.status, "loan.Apply" in wrong.text) == (422, True)
    assert (await risk.post(f"{PATH}/fields", **place, text="path,type\nip,string\n")).status == 303
    async with api.installation.database.connection() as conn:
        assert [each.path for each in await fields.list_fields(conn, **place)] == ["ip"]


async def test_who_only_reads_finds_no_forms(api: Api, risk: Visit) -> None:
    await scene(risk)
    reader = await visit(api, "auditor")
    page = await reader.get(PATH)
    assert (page.status, "Import" in page.text) == (200, False)
    assert (await reader.post(f"{PATH}/applications", op="put", application="x", name="")).status == 403
    assert (await risk.post(f"{PATH}/nonsense", op="put")).status == 404
