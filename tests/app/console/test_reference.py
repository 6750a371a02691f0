"""The pages of the reference data."""

from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.reference import entries, fields, lists
from opsdesk.review.reference.errors import ReferenceDataInvalid
from tests.access.staff import KEEPER
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
    assert (refused.status, "bucket: This has to be one of: kyc, transaction." in refused.text) == (422, True)


async def test_a_list_is_put_in_whole_or_not_at_all(api: Api, risk: Visit) -> None:
    csv = "code,category,description,is_active\nAF-1,anti-fraud,one,Y\nAF-2,nonsense,two,N\n,credit,three,N\n"
    refused = await risk.post(f"{PATH}/reject-codes", op="import", text=csv)
    assert refused.status == 422
    assert "row 2, category: This has to be one of: anti-fraud, system error, credit, other." in refused.text
    assert "row 3, code: This has to be filled in." in refused.text, "all at once"
    assert csv in unescape(refused.html), "what was pasted is not lost"
    csv = csv.replace(",credit,three,N\n", "")
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


async def test_a_long_list_of_mistakes_is_told_in_part(risk: Visit) -> None:
    rows = "".join(f"A{number},nonsense\n" for number in range(12))
    refused = await risk.post(f"{PATH}/reject-codes", op="import", text=f"code,category\n{rows}")
    assert "row 10, category" in refused.text
    assert "row 11, category" not in refused.text
    assert "and 2 more" in refused.text


async def test_an_entry_is_opened_from_its_row_and_keeps_its_name(risk: Visit) -> None:
    await scene(risk)
    listed = await risk.get(f"{PATH}?show=scenes")
    address = f"{PATH}?application=cash_loan&scene=borrow&show=scenes"
    assert f'href="{address}#entry"' in unescape(listed.html)
    opened = await risk.get(address)
    assert "Change this entry" in opened.text
    assert (opened.hidden("application"), opened.hidden("scene")) == ("cash_loan", "borrow")
    assert '<option value="transaction" selected>' in opened.html
    unknown = await risk.get(f"{PATH}?application=cash_loan&scene=gone&show=scenes")
    assert "Change this entry" not in unknown.text


async def test_what_has_to_be_there_first_is_said_where_it_is_missing(risk: Visit) -> None:
    for show in ("scenes", "methods"):
        assert "add that one first" in (await risk.get(f"{PATH}?show={show}")).text
    assert "add scenes first" in (await risk.get(f"{PATH}/fields")).text
    assert "comes first" in (await risk.get("/screening")).text
    assert 'class="button" href="/screening"' in (await risk.get("/")).html
    await scene(risk)
    for show in ("scenes", "methods"):
        assert "add that one first" not in (await risk.get(f"{PATH}?show={show}")).text


@pytest.mark.req("REV-D06")
async def test_a_message_that_is_not_in_the_files_is_said_with_those_that_are(api: Api, risk: Visit) -> None:
    await scene(risk)
    chinese = await visit(api, "risk_operator", language="zh-CN")
    place = {"application": "cash_loan", "scene": "borrow"}
    wrong = await chinese.upload(f"{PATH}/fields", "apply.proto", PROTO, **place, message="loan.Other")
    assert "这些文件中没有消息类型 loan.Other，可选：loan.Apply, loan.Card。" in wrong.text


@pytest.mark.parametrize("count", [lists.PROBLEMS_MAX, lists.PROBLEMS_MAX + 1])
async def test_of_a_list_no_more_than_the_limit_of_mistakes_is_told(api: Api, count: int) -> None:
    rows = [{"code": f"A{number}", "category": "nonsense"} for number in range(count)]
    now, kind = api.installation.clock.now(), lists.Kind.REJECT_CODES
    async with api.installation.database.connection() as conn:
        with pytest.raises(ReferenceDataInvalid) as refused:
            await lists.put_rows(conn, kind, rows, actor=KEEPER, now=now)
    assert len(refused.value.problems) == lists.PROBLEMS_MAX
