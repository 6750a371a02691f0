"""The pages of screening adapts, without scripts."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.groups import groups
from opsdesk.review.screening import adapts, types
from opsdesk.review.screening.model import stored as stored_document
from opsdesk.review.screening.types import Category
from tests.app.console.filling import Filled, form_of
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving
from tests.configured import OPERATOR, add_adapt, add_reference, add_type

LIST = "/screening/types/1/adapts"
NEW = f"{LIST}/new"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=clock.now())
            await add_type(conn, now=clock.now())
        yield api


@pytest.fixture
async def risk(api: Api) -> Visit:
    return await visit(api, "risk_operator")


class Always:
    names = ()

    """A condition that holds."""

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        return True


async def found(api: Api, adapt_id: int = 1) -> adapts.ScreeningAdapt:
    async with api.installation.database.connection() as conn:
        return await adapts.show_adapt(conn, adapt_id=adapt_id)


async def keys_of(api: Api) -> list[str]:
    async with api.installation.database.connection() as conn:
        return [key.id for key in (await types.show_type(conn, type_id=1)).document.every_key]


async def adapted(api: Api, **more: Any) -> adapts.ScreeningAdapt:
    now = api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        return await add_adapt(conn, await types.show_type(conn, type_id=1), now=now, **more)


async def placed(risk: Visit, application: str = "cash_loan", scene: str = "activation") -> Filled:
    """The form of a new adapt with a place, as the dropdowns lead to it."""
    form = form_of(await form_of(await risk.get(NEW)).set(application=application).press(risk, "refresh"))
    return form_of(await form.set(scene=scene).press(risk, "refresh"))


@pytest.mark.req("REV-A01", "REV-A02", "REV-A04", "REV-A06", "REV-A07", "REV-X34")
async def test_the_list_shows_the_adapts_of_its_type_alone(api: Api, risk: Visit) -> None:
    assert "No adapts yet" in (await risk.get(LIST)).text
    await adapted(api)
    page = await risk.get(LIST)
    heads = "application scene method Category type name version update time operator status operation"
    assert heads in page.text
    row = "cash_loan activation face 3 of 5 mapped default 人脸比对 1 2026-01-05 10:00 +08:00"
    assert f"{row} risk-operator@example.com active edit" in page.text
    assert '<a class="opens" href="/screening/adapts/1">' in page.html
    assert f'href="{NEW}"' in page.html
    assert "<select disabled><option>人脸比对</option></select>" in page.html, "the type cannot be chosen"
    async with api.installation.database.transaction() as conn:
        await add_type(conn, name="Other", now=api.installation.clock.now())
    assert "No adapts yet" in (await risk.get("/screening/types/2/adapts")).text


@pytest.mark.req("REV-A03", "REV-G10")
async def test_the_list_is_filtered_with_scenes_of_the_application(api: Api, risk: Visit) -> None:
    await adapted(api)
    await adapted(api, application="credit_line", scene="borrow")
    assert (await risk.get(f"{LIST}?application=cash_loan")).html.count('class="opens"') == 1
    assert (await risk.get(f"{LIST}?scene=borrow&status=active")).html.count('class="opens"') == 1
    assert "No adapt is like this" in (await risk.get(f"{LIST}?status=pause")).text
    assert "No adapt is like this" in (await risk.get(f"{LIST}?operator=person:x@example.com")).text
    part = await risk.get("/screening/scenes?application=cash_loan")
    assert (part.html.count("<option"), "activation" in part.html) == (3, True)


@pytest.mark.req("REV-D01", "REV-D02", "REV-D03", "REV-D04", "REV-D05", "REV-D06", "REV-D09", "REV-X33", "REV-X51")
async def test_an_adapt_is_added_by_dropdowns_that_follow_each_other(api: Api, risk: Visit) -> None:
    page = await risk.get(NEW)
    assert "borrow" not in page.html
    assert "reject detail" not in page.text, "nothing of the rejection is configured here"
    form = await placed(risk)
    shown = await form.press(risk, "refresh")
    assert 'value="face"' in shown.html
    assert 'value="sms"' not in shown.html, "a method without screening"
    assert "pb field verify field feature field" in shown.text
    assert shown.text.count("customer.full_name") == 5, "for each key"
    key, *_ = await keys_of(api)
    form.put("methods", "face", "full").put(f"value.{key}", "customer.id_card.front_url")
    saved = await form.press(risk, "save")
    assert (saved.status, saved.location) == (303, LIST)
    made = await found(api)
    assert (made.document.methods, made.status, made.document.mapped_count) == (("face", "full"), "active", 1)


@pytest.mark.req("REV-D07", "REV-D08", "REV-X35")
async def test_each_value_type_has_its_own_control(api: Api, risk: Visit) -> None:
    form = (await placed(risk)).put("methods", "face")
    one, two, *_ = await keys_of(api)
    shown = await form.put(f"source.{one}", "verify").put(f"source.{two}", "feature").press(risk, "refresh")
    for text in ("verify liveness check url1 (front face photo)", "verify liveness check url2", "check result"):
        assert text in shown.text
    assert "verify face matching result" not in shown.text, "the method does no face matching"
    assert f'<input id="value-{two}"' in shown.html
    both = await form_of(shown).put("methods", "face", "full").press(risk, "refresh")
    assert "verify face matching result" in both.text


@pytest.mark.req("REV-X32")
async def test_what_does_not_fit_another_application_is_cleared(api: Api, risk: Visit) -> None:
    key, *_ = await keys_of(api)
    form = (await placed(risk)).put("methods", "face").put(f"value.{key}", "customer.full_name")
    async with api.installation.database.transaction() as conn:
        from opsdesk.review.reference import fields

        place = {"application": "credit_line", "scene": "activation"}
        await fields.import_list(conn, **place, fields=[], actor=OPERATOR, now=api.installation.clock.now())
    moved = form_of(await form.set(application="credit_line").press(risk, "refresh"))
    assert (moved["scene"], moved[f"value.{key}"], moved.all("methods")) == ("activation", "", ["face"])
    nowhere = form_of(await moved.set(application="").press(risk, "refresh"))
    assert (nowhere["scene"], nowhere.all("methods")) == ("", [])


async def test_a_value_goes_with_its_value_type(api: Api, risk: Visit) -> None:
    key, *_ = await keys_of(api)
    form = (await placed(risk)).put(f"value.{key}", "customer.full_name").put(f"source.{key}", "feature")
    assert form_of(await form.press(risk, "refresh"))[f"value.{key}"] == ""


@pytest.mark.req("REV-D02", "REV-D03", "REV-D04")
async def test_what_is_needed_is_told_beside_its_field(risk: Visit) -> None:
    refused = await form_of(await risk.get(NEW)).press(risk, "save")
    assert refused.status == 422
    for field in ("application", "scene", "methods"):
        assert f'id="told-{field}"' in refused.html
    assert 'id="told-methods"' in (await (await placed(risk)).press(risk, "save")).html


@pytest.mark.req("REV-D10", "REV-A05")
async def test_an_adapt_that_exists_is_not_added_again(api: Api, risk: Visit) -> None:
    await adapted(api)
    form = (await placed(risk)).put("methods", "face")
    refused = await form.press(risk, "save")
    assert (refused.status, "This adapt exists already: it cannot be added." in refused.text) == (409, True)
    assert 'href="/screening/adapts/1"' in refused.html
    chinese = await visit(api, "risk_operator", language="zh-CN")
    refused = await (await placed(chinese)).put("methods", "face").press(chinese, "save")
    assert "该适配已存在，无法新增" in refused.text


@pytest.mark.req("REV-D11", "REV-D12", "REV-X30")
async def test_on_an_edit_application_and_scene_are_fixed(api: Api, risk: Visit) -> None:
    await adapted(api)
    page = await risk.get("/screening/adapts/1/edit")
    assert '<input id="application" value="cash_loan" disabled>' in page.html
    forged = form_of(page).set(application="credit_line", scene="borrow").put("methods", "full")
    assert (await forged.press(risk, "save")).location == "/screening/adapts/1"
    after = await found(api)
    assert (after.application, after.scene, after.version, after.type_version) == ("cash_loan", "activation", 2, 1)
    again = await form_of(await risk.get("/screening/adapts/1/edit")).press(risk, "save")
    assert (again.status, (await found(api)).version) == (303, 2)


@pytest.mark.req("REV-X31")
async def test_a_verify_field_without_its_method_is_a_warning(api: Api, risk: Visit) -> None:
    await adapted(api)
    key = (await keys_of(api))[1]
    form = form_of(await risk.get("/screening/adapts/1/edit"))
    form = form_of(await form.put("methods", "full").put(f"value.{key}", "face_matching_result").press(risk, "refresh"))
    warned = await form.put("methods", "face").press(risk, "refresh")
    assert "No chosen method does this verification: it will be empty." in warned.text
    assert (await form_of(warned).press(risk, "save")).status == 303


@pytest.mark.req("REV-X26")
async def test_an_edit_of_the_type_meanwhile_is_shown_as_a_difference(api: Api, risk: Visit) -> None:
    await adapted(api)
    form = form_of(await risk.get("/screening/adapts/1/edit"))
    await _without_first_key(api)
    refused = await form.put("methods", "full").press(risk, "save")
    assert (refused.status, "has saved version 2 meanwhile" in refused.text) == (409, True)
    assert "身份证正面 removed" in refused.text
    again = form_of(refused)
    assert again.all("methods") == ["full"]
    await again.press(risk, "save")
    assert ((await found(api)).version, len((await found(api)).document.mapped)) == (3, 4)


async def _without_first_key(api: Api) -> None:
    async with api.installation.database.transaction() as conn:
        outer = await types.show_type(conn, type_id=1)
        document = stored_document(outer.document)
        del document["modules"][0]["keys"][0]
        await types.edit_type(
            conn,
            type_id=1,
            opened_version=1,
            description=outer.description,
            document=document,
            actor=OPERATOR,
            now=api.installation.clock.now(),
        )


@pytest.mark.req("REV-D13", "REV-X41", "REV-V04", "REV-V06", "REV-X08")
async def test_the_history_tells_versions_and_what_was_done_beside_them(api: Api, risk: Visit) -> None:
    await adapted(api)
    await _without_first_key(api)
    await risk.post("/screening/adapts/1/pause")
    page = await risk.get("/screening/adapts/1")
    assert "view adapt" in page.text
    assert "Version Update Time Params Operator" in page.text
    assert "risk-operator@example.com (auto)" in page.text
    assert "Composed with type version 2" in page.text
    assert "身份证正面 removed" in page.text
    assert "paused risk-operator-en@example.com" in page.text
    assert "/edit" not in (await (await visit(api, "reviewer")).get("/screening/adapts/1")).html


@pytest.mark.req("REV-A06", "REV-X27", "REV-G12", "REV-X52")
async def test_an_adapt_is_paused_and_activated_and_never_deleted(api: Api, risk: Visit) -> None:
    await adapted(api)
    assert (await risk.post("/screening/adapts/1/pause")).location == LIST
    assert ((await found(api)).status, (await found(api)).version) == ("pause", 1)
    page = await risk.get(LIST)
    assert 'action="/screening/adapts/1/activate"' in page.html
    assert "delete" not in page.text.lower()
    await risk.post("/screening/adapts/1/activate")
    assert (await found(api)).status == "active"


@pytest.mark.req("REV-A09")
async def test_a_pause_is_refused_with_the_groups_that_refer_to_the_adapt(api: Api, risk: Visit) -> None:
    await adapted(api)
    rule = {"name": "look", "when": "true", "answer": "verify", "methods": ["face"], "screening_type": 1}
    async with api.installation.database.transaction() as conn:
        await groups.add_group(
            conn,
            application="cash_loan",
            scene="activation",
            name="night shift",
            document={"features": [], "rules": [rule]},
            actor=OPERATOR,
            now=api.installation.clock.now(),
            compile_condition=lambda _condition, _names: Always(),
        )
    refused = await risk.post("/screening/adapts/1/pause")
    link = 'href="/groups?application=cash_loan&amp;scene=activation&amp;name=night+shift">night shift</a>'
    assert (refused.status, link in refused.html) == (409, True)
    assert (await found(api)).status == "active"
    assert "pause refused: groups refer to it : night shift" in (await risk.get("/screening/adapts/1")).text.replace(
        "it:", "it :"
    )


async def test_a_type_in_code_has_no_adapts(api: Api, risk: Visit) -> None:
    async with api.installation.database.transaction() as conn:
        await add_type(conn, name="coded", category=Category.HARDCODE, now=api.installation.clock.now())
    page = await risk.get("/screening/types/2/adapts")
    assert ("made by code" in page.text, "add adapt" in page.text) == (True, False)
