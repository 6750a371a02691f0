"""Files of screening types on pages: downloaded, looked at, and put in."""

from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.screening import adapts, types
from opsdesk.review.screening.types import Category, ScreeningType
from tests.app.console.visiting import Shown, Visit, visit
from tests.app.serving import Api, serving
from tests.configured import OPERATOR, add_adapt, add_reference, add_ticket, add_type, type_document

IMPORT = "/screening/import"
EXPORT = "/screening/types/1/export"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=clock.now())
            found = await add_type(conn, now=clock.now())
            await add_adapt(conn, found, now=clock.now())
            await add_adapt(conn, found, now=clock.now(), scene="borrow")
            await add_ticket(conn, found, now=clock.now())
        yield api


@pytest.fixture
async def risk(api: Api) -> Visit:
    return await visit(api, "risk_operator")


async def stored(api: Api, type_id: int = 1) -> ScreeningType:
    async with api.installation.database.connection() as conn:
        return await types.show_type(conn, type_id=type_id)


async def confirmed(risk: Visit, told: Shown) -> Shown:
    return await risk.post(IMPORT, op="import", text=told.hidden("text"), over=told.hidden("over"))


@pytest.mark.req("REV-B16")
async def test_a_type_is_downloaded_from_its_page_and_from_the_list(api: Api, risk: Visit) -> None:
    for page in ("/screening", "/screening/types/1"):
        assert f'href="{EXPORT}" download' in (await risk.get(page)).html
    auditor = await visit(api, "auditor")
    file = await auditor.get(EXPORT)
    assert file.headers["Content-Type"] == "application/yaml"
    assert "filename*=UTF-8''%E4%BA%BA%E8%84%B8%E6%AF%94%E5%AF%B9.yaml" in file.headers["Content-Disposition"]
    assert "name: 人脸比对" in file.html
    assert (await auditor.get("/screening/types/7/export")).status == 404
    assert "/screening/import" not in (await auditor.get("/screening")).html
    assert (await auditor.get(IMPORT)).status == 403
    assert (await auditor.post(IMPORT, text=file.html)).status == 403


@pytest.mark.req("REV-B16")
async def test_what_a_file_changes_is_told_before_it_is_put_in(api: Api, risk: Visit) -> None:
    file = (await risk.get(EXPORT)).html
    same = await risk.upload(IMPORT, "face.yaml", file.encode(), op="preview")
    assert "The file says what counts here already." in same.text
    assert 'value="import"' not in same.html
    changed = file.replace("choice: multiple", "choice: single").replace("  - face\n", "  - full\n", 1)
    told = await risk.upload(IMPORT, "face.yaml", changed.encode(), op="preview")
    assert told.status == 200
    assert "version 1 becomes 2" in told.text
    assert "2 adapts go up a version with it." in told.text
    assert "1 waiting ticket keeps what it shows (version 1); its reasons to reject are the new ones." in told.text
    assert "choice type changed multiple single" in told.text
    assert "cash_loan · activation" in told.text
    assert (await stored(api)).version == 1
    put = await confirmed(risk, told)
    assert (put.status, put.location) == (303, "/screening/types/1")
    assert (await stored(api)).document.rejection.choice == "single"
    async with api.installation.database.connection() as conn:
        assert (await adapts.show_adapt(conn, adapt_id=1)).document.methods == ("full",)


@pytest.mark.req("REV-B16")
async def test_a_file_that_was_looked_at_before_somebody_saved_is_told_again(
    api: Api, clock: ManualClock, risk: Visit
) -> None:
    file = (await risk.get(EXPORT)).html.replace("choice: multiple", "choice: single")
    told = await risk.post(IMPORT, op="preview", text=file)
    async with api.installation.database.transaction() as conn:
        await types.edit_type(
            conn,
            type_id=1,
            opened_version=1,
            description="meanwhile",
            document=type_document(),
            actor=OPERATOR,
            now=clock.now(),
        )
    stale = await confirmed(risk, told)
    assert stale.status == 409
    assert "somebody has saved meanwhile" in stale.text
    assert "meanwhile" in unescape(stale.html.partition("<del>")[2])
    assert (await stored(api)).version == 2
    assert (await confirmed(risk, stale)).status == 303
    assert (await stored(api)).version == 3


async def test_a_file_of_another_name_is_a_new_type_that_is_shown_whole(api: Api, risk: Visit) -> None:
    file = (await risk.get(EXPORT)).html.replace("name: 人脸比对", "name: <b>另一个</b>")
    told = await risk.post(IMPORT, op="preview", text=file)
    assert "a new type" in told.text
    assert "<b>另一个" not in told.html
    assert "身份证正面" in told.text
    assert told.text.count("a new adapt") == 2
    put = await confirmed(risk, told)
    assert put.location != "/screening/types/1"
    assert (await stored(api, int(put.location.rpartition("/")[2]))).name == "<b>另一个</b>"


async def test_only_adapts_are_saved_where_the_type_stays(api: Api, risk: Visit) -> None:
    file = (await risk.get(EXPORT)).html
    without = file.partition("- application: cash_loan\n  scene: borrow")[0].replace("  - face\n", "  - full\n")
    told = await risk.post(IMPORT, op="preview", text=without)
    assert "only adapts change" in told.text
    assert "The adapt to cash_loan, borrow is not in the file, and stays." in told.text
    assert (await confirmed(risk, told)).status == 303
    assert (await stored(api)).version == 1
    async with api.installation.database.connection() as conn:
        assert [(await adapts.show_adapt(conn, adapt_id=each)).version for each in (1, 2)] == [2, 1]


async def test_what_is_wrong_with_a_file_is_told_by_its_place(api: Api, clock: ManualClock, risk: Visit) -> None:
    nothing = await risk.post(IMPORT, op="preview", text=" ")
    assert (nothing.status, "This has to be filled in." in nothing.text) == (422, True)
    no_text = await risk.upload(IMPORT, "face.yaml", b"\xff\xfe", op="preview")
    assert (no_text.status, "This is no text in UTF-8." in no_text.text) == (422, True)
    no_yaml = await risk.post(IMPORT, op="preview", text="a: [")
    assert "This is no YAML that can be read" in no_yaml.text
    assert "a: [" in no_yaml.html
    other = await risk.post(IMPORT, op="import", text="name: x")
    assert "opsdesk_screening_type : This is no file of a screening type." in other.text
    chinese = await visit(api, "risk_operator", language="zh-CN")
    file = (await risk.get(EXPORT)).html
    wrong = await chinese.post(IMPORT, op="preview", text=file.replace("- face", "- fingerprint", 1))
    assert "adapts.0.methods" in wrong.text
    async with api.installation.database.transaction() as conn:
        await add_type(conn, now=clock.now(), name="of code", category=Category.HARDCODE)
    code = (await risk.get("/screening/types/2/export")).html
    refused = await risk.post(IMPORT, op="preview", text=code.replace("description: ", "description: another "))
    assert (refused.status, "only the rejection info" in refused.text) == (422, True)
