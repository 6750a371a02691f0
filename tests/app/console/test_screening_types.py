"""The pages of screening types, without scripts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.reference import entries
from opsdesk.review.screening import types
from opsdesk.review.screening.types import ScreeningType
from tests.app.console.filling import Filled, form_of
from tests.app.console.visiting import Shown, Visit, visit
from tests.app.serving import Api, serving
from tests.configured import OPERATOR, Category, add_adapt, add_reference, add_type, type_document

QUESTION = "if delete this key, the key and value will also delete in screening page"
NEW = "/screening/types/new"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=clock.now())
        yield api


@pytest.fixture
async def risk(api: Api) -> Visit:
    return await visit(api, "risk_operator")


async def made(api: Api, **more: Any) -> ScreeningType:
    async with api.installation.database.transaction() as conn:
        return await add_type(conn, now=api.installation.clock.now(), **more)


async def stored(api: Api, type_id: int = 1) -> ScreeningType:
    async with api.installation.database.connection() as conn:
        return await types.show_type(conn, type_id=type_id)


def edit(found: ScreeningType) -> str:
    return f"/screening/types/{found.type_id}/edit"


async def filled(risk: Visit) -> Filled:
    """A new type with a picture, a text and a reason."""
    form = form_of(await risk.get(NEW)).set(name="Face", choice="multiple", with_code="N", with_label="N")
    for code, name in (("picture", "front"), ("personal", "full name")):
        form = form_of(await form.press(risk, f"add-key:{code}"))
        form.put(f"name.{form[f'row.{code}']}", name)
    return form.put(f"detail.{form['reason']}", "another face")


async def test_without_types_the_list_says_what_they_are(risk: Visit) -> None:
    page = await risk.get("/screening")
    assert (page.status, "No screening types yet" in page.text, "add screening type" in page.text) == (200, True, True)


@pytest.mark.req("REV-L01", "REV-L03", "REV-L07", "REV-L08", "REV-L02", "REV-X02", "REV-X06", "REV-G11")
async def test_the_list_shows_each_type_with_a_link_over_the_row_and_its_operations(api: Api, risk: Visit) -> None:
    await made(api)
    page = await risk.get("/screening")
    heads = "ID Category type name description version update time operator operation"
    assert heads in page.text
    assert "1 default 人脸比对 核对申请人与证件 1 2026-01-05 10:00 +08:00 risk-operator@example.com edit" in page.text
    assert '<a class="opens" href="/screening/types/1/adapts">人脸比对</a>' in page.html
    assert 'href="/screening/types/1/edit"' in page.html
    assert 'href="/screening/types/1">view' in page.html
    assert 'href="/screening/types/new"' in page.html
    assert '<a href="/screening" data-go="c"' in page.html
    assert "/edit" not in (await (await visit(api, "reviewer")).get("/screening")).html


@pytest.mark.req("REV-L04", "REV-L05", "REV-L06", "REV-X07", "REV-G10", "REV-X53")
async def test_the_list_is_filtered_and_turned_and_comes_in_pages(api: Api, risk: Visit, clock: ManualClock) -> None:
    for number in range(21):
        await made(api, name=f"Type {number:02}")
        clock.advance(seconds=60)
    await made(api, name="coded", category=Category.HARDCODE)
    first = await risk.get("/screening")
    assert first.html.count('class="opens"') == 20
    assert "Type 20" in first.text
    assert "Next page" in first.text
    assert 'hx-trigger="submit' not in first.html, "the browser applies the filters, by the icon or Enter"
    oldest = await risk.get("/screening?sort=oldest")
    assert oldest.text.index("Type 00") < oldest.text.index("Type 01")
    assert oldest.html.index('<option value="Type 00">') < oldest.html.index('<option value="Type 01">')
    assert first.html.index('<option value="coded">') < first.html.index('<option value="Type 20">')
    assert (await risk.get("/screening?name=PE%2003")).html.count('class="opens"') == 1
    assert (await risk.get("/screening?category=hardcode")).html.count('class="opens"') == 1
    assert "No screening type is like this" in (await risk.get("/screening?operator=person:x@example.com")).text
    assert (await risk.get("/screening/names?name=type%201")).html.count("<option") == 10


@pytest.mark.req("REV-T01", "REV-T02", "REV-T03", "REV-T04", "REV-T08", "REV-T09", "REV-V08", "REV-X14")
async def test_a_type_is_added_by_buttons_alone(api: Api, risk: Visit) -> None:
    page = await risk.get(NEW)
    for module in ("picture info", "personal info", "others info"):
        assert module in page.text
    assert "https://example.com/evidence/1" in page.text, "an example of a link"
    assert {form_of(page)[name] for name in ("choice", "with_code", "with_label")} == {""}
    form = await filled(risk)
    assert [form[f"display.{form[f'row.{code}']}"] for code in ("picture", "personal")] == ["img", "text"]
    saved = await form.press(risk, "save")
    assert (saved.status, saved.location) == (303, "/screening/types/1/adapts")
    found = await stored(api)
    assert (found.name, found.version, found.category) == ("Face", 1, Category.DEFAULT)
    assert [key.name for key in found.document.every_key] == ["front", "full name"]


@pytest.mark.req("REV-T06", "REV-J02", "REV-J03", "REV-J06", "REV-J08", "REV-X23")
async def test_all_that_is_wrong_stands_beside_its_field(risk: Visit) -> None:
    form = form_of(await form_of(await risk.get(NEW)).press(risk, "add-key:picture"))
    row = form["row.picture"]
    refused = await form.press(risk, "save")
    assert refused.status == 422
    for field in ("name", f"name-{row}", "choice", "with_code", "with_label", f"detail-{form['reason']}"):
        assert f'<p class="error" id="told-{field}">' in refused.html, field
        assert f'href="#{field}"' in refused.html
    assert form_of(refused).fields == form.fields, "nothing typed is lost"
    assert "At least one key is needed." in (await _with_no_key(risk)).text


async def _with_no_key(risk: Visit) -> Shown:
    form = form_of(await risk.get(NEW)).set(name="Face", choice="single", with_code="N", with_label="N")
    return await form.put(f"detail.{form['reason']}", "x").press(risk, "save")


@pytest.mark.req("REV-T06", "REV-X03", "REV-X09")
async def test_a_name_that_is_taken_and_a_key_that_is_there_twice_are_refused(api: Api, risk: Visit) -> None:
    await made(api, name="Face")
    form = await filled(risk)
    assert (
        "There is a screening type of this name already." in (await form.set(name=" ｆａｃｅ").press(risk, "save")).text
    )
    form = form_of(await form.set(name="Other").press(risk, "add-key:picture"))
    form.put(f"name.{form.all('row.picture')[1]}", "front")
    assert "This is there twice." in (await form.press(risk, "save")).text


@pytest.mark.req("REV-T10", "REV-T11", "REV-J11")
async def test_a_row_with_a_value_is_deleted_only_when_it_is_confirmed(risk: Visit) -> None:
    form = await filled(risk)
    for row in (form["row.picture"], form["reason"]):
        asked = await form.press(risk, f"remove:{row}")
        assert QUESTION in asked.text
        assert "autofocus" in asked.html.split(f'value="keep:{row}"')[1].split(">")[0], "the safe button"
        assert form_of(asked).fields == form.fields, "nothing is deleted yet"
        assert row in (await form_of(asked).press(risk, f"keep:{row}")).html
        gone = await form_of(asked).press(risk, f"remove-confirmed:{row}")
        assert f'value="{row}"' not in gone.html
        assert QUESTION not in gone.text


@pytest.mark.req("REV-T10", "REV-T11")
async def test_an_empty_row_goes_without_a_question(risk: Visit) -> None:
    form = await filled(risk)
    added = form_of(await form.press(risk, f"add-key:{form['row.picture']}"))
    assert len(added.all("row.picture")) == 2
    gone = await added.press(risk, f"remove:{added.all('row.picture')[1]}")
    assert QUESTION not in gone.text
    assert form_of(gone).all("row.picture") == form.all("row.picture")


@pytest.mark.req("REV-T05", "REV-T13", "REV-X12", "REV-X13")
async def test_keys_and_modules_are_moved_also_into_each_other(api: Api, risk: Visit) -> None:
    form = await filled(risk)
    front, name = form["row.picture"], form["row.personal"]
    form = form_of(await form.press(risk, f"up:{name}"))
    assert form.all("row.picture") == [front, name]
    form = form_of(await form.press(risk, f"up:{name}"))
    assert form.all("row.picture") == [name, front]
    form = form_of(await form.press(risk, f"down:{front}"))
    assert form.all("row.personal") == [front]
    form = form_of(await form.press(risk, "module-up:personal"))
    assert form.all("module") == ["personal", "picture", "others"]
    await form.press(risk, "save")
    assert [key.name for key in (await stored(api)).document.every_key] == ["front", "full name"]
    assert (await stored(api)).document.modules[0].code == "personal"


@pytest.mark.req("REV-J01", "REV-J03", "REV-J04", "REV-J05", "REV-J06", "REV-J07", "REV-J09", "REV-J10", "REV-X16")
async def test_the_switches_shape_the_table_and_keep_what_was_typed(risk: Visit) -> None:
    form = await filled(risk)
    row = form["reason"]
    shown = await form.set(with_code="Y", with_priority="Y", with_label="Y").press(risk, "refresh")
    for column in ("label type", "reject code", "priority"):
        assert f'data-head="{column}"' in shown.html
    assert 'id="code_return"' in shown.html
    assert "AF-1001" in shown.text
    assert "AF-OLD" not in shown.text, "only codes that are active"
    assert "CR-1" not in shown.text, "only those of anti-fraud and system error"
    form = form_of(shown).put(f"code.{row}", "AF-1001").put(f"priority.{row}", "7").put(f"label.{row}", "faces")
    hidden = await form.set(with_code="N", with_label="N").press(risk, "refresh")
    for column in ("label type", "reject code", "priority"):
        assert f'data-head="{column}"' not in hidden.html
    assert '<select id="code_return"' not in hidden.html
    again = form_of(await form_of(hidden).set(with_code="Y", with_label="Y").press(risk, "refresh"))
    assert [again[f"{name}.{row}"] for name in ("code", "priority", "label")] == ["AF-1001", "7", "faces"]


@pytest.mark.req("REV-X15")
async def test_what_the_switches_hide_is_not_saved(api: Api, risk: Visit) -> None:
    form = await filled(risk)
    form = form_of(await form.set(with_code="Y", code_return="single", with_priority="Y").press(risk, "refresh"))
    form.put(f"code.{form['reason']}", "AF-1001").put(f"priority.{form['reason']}", "7")
    await form_of(await form.set(with_code="N").press(risk, "refresh")).press(risk, "save")
    [reason] = (await stored(api)).document.rejection.reasons
    assert (reason.code, reason.priority) == (None, None)


@pytest.mark.req("REV-V01", "REV-V02", "REV-X10")
async def test_on_an_edit_category_name_and_keys_are_fixed_and_the_rest_is_not(api: Api, risk: Visit) -> None:
    found = await made(api)
    page = await risk.get(edit(found))
    form = form_of(page)
    front = found.document.every_key[0]
    assert f'<input id="name-{front.id}"' not in page.html
    assert '<input id="name" value="人脸比对" disabled>' in page.html
    forged = await form.put(f"name.{front.id}", "other").press(risk, "save")
    assert "This cannot be changed: it is 身份证正面." in forged.text
    form.put(f"name.{front.id}", front.name).put(f"display.{front.id}", "link").set(name="Other", category="hardcode")
    saved = await form.press(risk, "save")
    assert (saved.status, saved.location) == (303, "/screening/types/1")
    after = await stored(api)
    assert (after.name, after.category, after.version) == ("人脸比对", "default", 2)
    assert after.document.every_key[0].display == "link"


@pytest.mark.req("REV-X25")
async def test_saving_without_a_change_says_so(api: Api, risk: Visit) -> None:
    found = await made(api)
    saved = await form_of(await risk.get(edit(found))).press(risk, "save")
    assert saved.status == 303
    assert (await stored(api)).version == 1
    assert "opsdesk-flash" in saved.headers["Set-Cookie"]


@pytest.mark.req("REV-B14", "REV-V03", "REV-T12")
async def test_what_an_edit_does_to_adapts_is_told_before_it_is_saved(api: Api, risk: Visit) -> None:
    found = await made(api)
    async with api.installation.database.transaction() as conn:
        for scene in ("activation", "borrow"):
            await add_adapt(conn, found, scene=scene, now=api.installation.clock.now())
    form = form_of(await form_of(await risk.get(edit(found))).press(risk, "add-key:others"))
    form.put(f"name.{form.all('row.others')[-1]}", "device")
    form = form_of(await form.press(risk, f"remove-confirmed:{found.document.every_key[0].id}"))
    asked = await form.press(risk, "save")
    assert "2 adapts go up a version with it." in asked.text
    assert "1 key is not mapped yet in any adapt: device" in asked.text
    assert "1 key goes: 身份证正面 – 2 mappings are lost" in asked.text
    assert (await stored(api)).version == 1
    await form_of(asked).press(risk, "save-confirmed")
    assert (await stored(api)).version == 2


@pytest.mark.req("REV-X26", "REV-B06")
async def test_who_comes_second_sees_the_difference_and_loses_nothing(api: Api, risk: Visit) -> None:
    found = await made(api)
    mine, theirs = form_of(await risk.get(edit(found))), form_of(await risk.get(edit(found)))
    front, face, *_ = found.document.every_key
    await theirs.put(f"display.{front.id}", "link").press(risk, "save")
    refused = await mine.put(f"display.{face.id}", "text").set(description="mine").press(risk, "save")
    assert refused.status == 409
    assert "risk-operator-en@example.com has saved version 2 meanwhile." in refused.text
    assert "picture info › 身份证正面 › value display type changed img link" in refused.text
    again = form_of(refused)
    assert (again["description"], again[f"display.{face.id}"]) == ("mine", "text")
    assert "Save on top of version 2" in refused.text
    await again.press(risk, "save")
    assert ((await stored(api)).version, (await stored(api)).document.every_key[0].display) == (3, "img")


@pytest.mark.req("REV-X19", "REV-X09")
async def test_what_may_not_be_meant_is_a_warning(risk: Visit) -> None:
    form = await filled(risk)
    form.put(f"name.{form['row.personal']}", "front").set(with_code="Y", code_return="single", with_priority="N")
    shown = await form.put(f"code.{form['reason']}", "AF-1001").press(risk, "refresh")
    assert "There is a key of this name in another module too (picture)." in shown.text
    assert "the order of the table decides which code goes back" in shown.text
    assert (await form_of(shown).press(risk, "save")).status == 303


@pytest.mark.req("REV-X22")
async def test_a_code_that_went_inactive_is_marked_and_has_to_be_replaced(api: Api, risk: Visit) -> None:
    found = await made(api)
    async with api.installation.database.transaction() as conn:
        await entries.put_reject_code(
            conn,
            code="AF-1001",
            category="anti-fraud",
            description="",
            is_active=False,
            actor=OPERATOR,
            now=api.installation.clock.now(),
        )
    page = await risk.get(edit(found))
    assert "AF-1001 · not active any more" in page.text
    refused = await form_of(page).set(description="other").press(risk, "save")
    assert (refused.status, "not active any more, or not for tickets" in refused.text) == (422, True)


@pytest.mark.req("REV-G06", "REV-X05")
async def test_of_a_type_in_code_only_the_rejection_is_edited(api: Api, risk: Visit) -> None:
    found = await made(api, category=Category.HARDCODE)
    form = form_of(await risk.get(edit(found)))
    assert not [button for button in form.buttons if button.startswith(("add-key", "module-"))]
    form.put(f"detail.{form['reason']}", "other words")
    assert (await form.press(risk, "save")).status == 303
    assert (await stored(api)).document.rejection.reasons[0].detail == "other words"


@pytest.mark.req("REV-V07", "REV-X54", "REV-B06", "REV-G07", "REV-X56")
async def test_the_history_unfolds_each_version_and_takes_one_back(api: Api, risk: Visit, clock: ManualClock) -> None:
    found = await made(api)
    clock.advance(seconds=60)
    form = form_of(await risk.get(edit(found)))
    await form.put(f"display.{found.document.every_key[0].id}", "link").press(risk, "save")
    page = await risk.get("/screening/types/1")
    assert "Version Update Time Params Operator" in page.text
    assert "2 2026-01-05 10:01 +08:00 1 change" in page.text
    assert "&#34;with_code&#34;: true" in page.html, "raw JSON"
    assert "picture info › 身份证正面 › value display type changed img link" in page.text
    back = await risk.post("/screening/types/1/restore", version="1", opened_version="2")
    assert (back.status, back.location) == (303, "/screening/types/1")
    assert (await stored(api)).document == found.document
    assert "Version 1 taken back" in (await risk.get("/screening/types/1")).text
    assert "First version" not in (await risk.get("/screening/types/1?before=3")).text.split("History")[0]


@pytest.mark.req("REV-V07")
async def test_who_only_reads_finds_no_buttons_and_changes_nothing(api: Api, risk: Visit) -> None:
    found = await made(api)
    reader = await visit(api, "auditor")
    page = await reader.get("/screening/types/1")
    assert (page.status, "/edit" in page.html, "Restore" in page.text) == (200, False, False)
    assert (await reader.get(edit(found))).status == 403
    assert (await reader.post(NEW, op="save")).status == 403


@pytest.mark.req("REV-B14")
async def test_a_preview_shows_the_ticket_with_sample_values(risk: Visit) -> None:
    form = await filled(risk)
    shown = await form.press(risk, "preview")
    sample = shown.html.split('class="sample"')[1].split("</section>")[0]
    for text in ("platform userid", "front", "full name", "another face", "type version"):
        assert text in sample
    assert 'class="sample"' in (await form_of(shown).press(risk, "module-up:others")).html
    assert 'class="sample"' not in (await form_of(shown).press(risk, "preview-off")).html


async def test_a_script_gets_the_form_alone_and_is_led_on_when_it_is_saved(risk: Visit) -> None:
    form = await filled(risk)
    part = await form.press(risk, "add-key:others", **{"HX-Request": "true"})
    assert part.html.lstrip().startswith('<form id="configuration"')
    asked = await form.press(risk, f"remove:{form['reason']}", **{"HX-Request": "true"})
    assert "<dialog" in asked.html
    saved = await form.press(risk, "save", **{"HX-Request": "true"})
    assert (saved.status, saved.headers["HX-Redirect"]) == (204, "/screening/types/1/adapts")


async def test_the_largest_type_that_there_may_be_is_edited(api: Api, risk: Visit) -> None:
    document = type_document(
        reasons=[{"label": "x", "detail": f"reason {n}", "code": "AF-1001", "priority": n} for n in range(200)]
    )
    document["modules"] = [
        {"code": code, "keys": [{"name": f"{code} {n}"} for n in range(50)]}
        for code in ("picture", "personal", "others")
    ]
    found = await made(api, document=document)
    form = form_of(await risk.get(edit(found))).set(description="large")
    assert (await form.press(risk, "save")).status == 303
    assert (await stored(api)).version == 2
    one_more = form_of(await form_of(await risk.get(edit(found))).press(risk, "add-key:picture"))
    refused = await one_more.put(f"name.{one_more.all('row.picture')[-1]}", "x").press(risk, "save")
    assert "At most 50 are possible." in refused.text


async def test_a_key_named_like_a_script_is_shown_as_a_word(api: Api, risk: Visit) -> None:
    await made(
        api, document=type_document() | {"modules": [{"code": "others", "keys": [{"name": "<script>x</script>"}]}]}
    )
    for path in ("/screening/types/1", "/screening/types/1/edit"):
        page = await risk.get(path)
        assert "<script>x" not in page.html
        assert "&lt;script&gt;x" in page.html


@pytest.mark.req("REV-B14", "REV-X23")
async def test_a_preview_that_cannot_be_shown_yet_tells_all_that_is_missing_and_in_which_row(risk: Visit) -> None:
    refused = await form_of(await risk.get(NEW)).press(risk, "preview")
    assert refused.status == 422
    assert "screening info: At least one key is needed." in refused.text
    assert "choice type: This has to be filled in." in refused.text
    assert "reject detail, row 1: This has to be filled in." in refused.text
    assert "There is something to be filled in first." in refused.text
