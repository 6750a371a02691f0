"""Pages of strategy groups as risk operators use them, without scripts."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opsdesk import flows
from opsdesk.kit.clock import ManualClock
from opsdesk.review.groups import groups
from opsdesk.review.groups.groups import Group
from opsdesk.review.screening import adapts
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving
from tests.configured import OPERATOR, add_adapt, add_reference, add_type
from tests.review.screening.samples import rule, verify

PLACE = {"application": "cash_loan", "scene": "activation", "made_for": "cash_loan/activation"}
LOOK = {
    "rule": "r1",
    "rule-name.r1": "low",
    "rule-when.r1": "device_score < 0.5",
    "rule-answer.r1": "verify",
    "rule-methods.r1": "face",
    "rule-screening_type.r1": "1",
    "feature": "f1",
    "feature-name.f1": "device_score",
    "feature-type.f1": "number",
    "feature-source.f1": "feature",
}
SAVED = {**PLACE, **LOOK, "name": "new customers", "place": "0", "op": "save"}


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=clock.now())
            await add_adapt(conn, await add_type(conn, now=clock.now()), now=clock.now())
            await add_type(conn, now=clock.now(), name="elsewhere")
        yield api


@pytest.fixture
async def risk(api: Api) -> Visit:
    return await visit(api, "risk_operator")


async def grouped(api: Api, *rules: Any, name: str = "new customers") -> Group:
    async with api.installation.database.transaction() as conn:
        return await groups.add_group(
            conn,
            application="cash_loan",
            scene="activation",
            name=name,
            document={"features": [{"name": "device_score"}], "rules": list(rules)},
            actor=OPERATOR,
            now=api.installation.clock.now(),
            compile_condition=flows.checks.condition_over,
        )


async def found(api: Api, group_id: int = 1) -> Group:
    async with api.installation.database.connection() as conn:
        return await groups.show_group(conn, group_id=group_id)


def changed(group: Group, **fields: str) -> dict[str, str]:
    """The form of the group, with other fields."""
    first = group.document.rules[0]
    form = {key.replace("r1", first.id): value for key, value in LOOK.items()}
    form |= {"rule": first.id, "opened_revision": str(group.revision), "op": "save"}
    return form | {key.replace("r1", first.id): value for key, value in fields.items()}


@pytest.mark.req("REV-P01", "REV-P03", "REV-X40")
async def test_a_group_is_added_on_a_page_and_refers_to_its_adapt(api: Api, risk: Visit) -> None:
    blank = await risk.get("/groups/new")
    assert (blank.status, blank.html.count('name="rule"')) == (200, 1)
    shown = await risk.post("/groups/new", **PLACE, **LOOK, op="refresh")
    options = re.findall(r'<option value="(\d+)"[^>]*>([^<]+)', shown.html.partition('id="rule-screening_type-r1"')[2])
    assert options[0] == ("1", "人脸比对")
    assert "elsewhere" not in [name for _, name in options]
    added = await risk.post("/groups/new", **SAVED)
    assert (added.status, added.location) == (303, "/groups/1")
    page = await risk.get("/groups/1")
    assert "No revision was ever applied" in page.text
    assert 'href="/screening/adapts/1"' in page.html
    refused = await risk.post("/screening/adapts/1/pause")
    assert (refused.status, "new customers" in refused.text) == (409, True)


@pytest.mark.req("REV-A08", "REV-P01")
async def test_a_type_is_offered_only_where_its_adapt_is_active(api: Api, risk: Visit) -> None:
    elsewhere = {**LOOK, **PLACE, "scene": "borrow"}
    moved = await risk.post("/groups/new", **elsewhere, op="refresh")
    assert "No screening type has an active adapt" in moved.text
    assert 'value="1" selected' not in moved.html.partition('id="rule-screening_type-r1"')[2].partition("</select>")[0]
    async with api.installation.database.transaction() as conn:
        await adapts.pause_adapt(
            conn, adapt_id=1, actor=OPERATOR, now=api.installation.clock.now(), referring=groups.groups_against_a_pause
        )
    paused = await risk.post("/groups/new", **PLACE, **LOOK, op="refresh")
    assert "no active adapt here" in paused.text
    refused = await risk.post("/groups/new", **SAVED)
    assert (refused.status, "This type has no active adapt here." in refused.text) == (422, True)


async def test_a_condition_that_is_wrong_is_shown_at_its_place(api: Api, risk: Visit) -> None:
    wrong = {**PLACE, **LOOK, "rule-when.r1": "true && devise_score < 1"}
    shown = await risk.post("/groups/new", **wrong, op="refresh")
    assert shown.status == 200
    assert "There is no value called devise_score here; device_score may be meant (character 9)." in shown.text
    assert "true &amp;&amp; <mark>devise_score</mark> &lt; 1" in shown.html
    refused = await risk.post("/groups/new", **{**SAVED, **wrong, "op": "save"})
    assert (refused.status, 'role="alert"' in refused.html) == (422, True)
    assert 'aria-invalid="true"' in refused.html.partition('id="rule-when-r1"')[2].partition(">")[0]


async def test_names_that_conditions_may_use_stand_beside_them(api: Api, risk: Visit) -> None:
    names = (await risk.post("/groups/new", **PLACE, **LOOK, op="refresh")).html.partition('class="names"')[2]
    for name in ("device_score", "request.customer.full_name", "verification.liveness_check_result"):
        assert name in names


async def test_rows_are_added_moved_and_removed_without_scripts(api: Api, risk: Visit) -> None:
    added = await risk.post("/groups/new", **PLACE, **LOOK, op="add-rule:r1")
    assert (added.html.count('name="rule"'), 'data-focus="rule-name-' in added.html) == (2, True)
    asked = await risk.post("/groups/new", **PLACE, **LOOK, op="remove:r1")
    assert "Delete this row with what is in it?" in asked.text
    removed = await risk.post("/groups/new", **PLACE, **LOOK, op="remove-confirmed:r1")
    assert removed.html.count('name="rule"') == 0
    pairs = [*{**PLACE, **LOOK}.items(), ("rule", "r2"), ("rule-name.r2", "second"), ("op", "up:r2")]
    token = (await risk.get("/groups/new")).hidden("csrf_token")
    moved = await risk.send("/groups/new", [("csrf_token", token), *pairs])
    assert re.findall(r'name="rule" value="(\w+)"', moved.html) == ["r2", "r1"]
    feature = await risk.post("/groups/new", **PLACE, **LOOK, op="add-feature:")
    assert feature.html.count('name="feature"') == 2


async def test_what_is_saved_and_what_is_live_stand_apart_until_it_is_applied(api: Api, risk: Visit) -> None:
    await risk.post("/groups/new", **SAVED)
    assert (await risk.post("/groups/1/apply", revision="1")).location == "/groups/1"
    assert "Saved and live: revision 1" in (await risk.get("/groups/1")).text
    group = await found(api)
    assert (await risk.post("/groups/1/edit", **changed(group, **{"rule-when.r1": "device_score < 0.1"}))).status == 303
    page = await risk.get("/groups/1")
    assert "Saved: revision 2" in page.text
    assert "Live: revision 1" in page.text
    confirmation = page.html.partition('id="apply"')[2].partition("</form>")[0]
    assert "<del>device_score &lt; 0.5</del>" in confirmation
    assert "<ins>device_score &lt; 0.1</ins>" in confirmation
    await risk.post("/groups/1/apply", revision="2")
    assert (await found(api)).live_revision == 2
    assert (await risk.post("/groups/1/apply", revision="1")).location == "/groups/1"
    assert (await found(api)).live_revision == 2


@pytest.mark.req("REV-P02")
async def test_applying_what_cannot_be_applied_names_rule_and_position(api: Api, risk: Visit) -> None:
    await grouped(api, rule("by address", 'request.device.ip == ""'))
    async with api.installation.database.transaction() as conn:
        await conn.execute("delete from pb_field where path = 'device.ip'")
    refused = await risk.post("/groups/1/apply", revision="1")
    assert refused.status == 422
    assert "by address (condition): There is no value called request.device.ip here" in refused.text
    assert "(character 1)" in refused.text
    assert (await found(api)).live_revision is None


async def test_the_second_of_two_operators_sees_what_the_first_has_changed_and_loses_nothing(
    api: Api, risk: Visit
) -> None:
    other = await visit(api, "admin")
    await risk.post("/groups/new", **SAVED)
    group = await found(api)
    await other.post("/groups/1/edit", **changed(group, **{"rule-when.r1": "device_score < 0.2"}))
    late = await risk.post("/groups/1/edit", **changed(group, **{"rule-when.r1": "device_score < 0.7"}))
    assert late.status == 409
    assert "admin-en@example.com has saved revision 2 meanwhile." in late.text
    assert "<ins>device_score &lt; 0.2</ins>" in late.html
    assert "device_score &lt; 0.7</textarea>" in late.html
    assert late.hidden("opened_revision") == "2"
    again = changed(group, **{"rule-when.r1": "device_score < 0.7"}) | {"opened_revision": "2"}
    assert (await risk.post("/groups/1/edit", **again)).status == 303
    assert (await found(api)).document.rules[0].when == "device_score < 0.7"


async def test_an_earlier_revision_is_unfolded_and_taken_back(api: Api, risk: Visit) -> None:
    await risk.post("/groups/new", **SAVED)
    await risk.post("/groups/1/edit", **changed(await found(api), **{"rule-answer.r1": "reject"}))
    page = await risk.get("/groups/1")
    assert 'action="/groups/1/restore"' in page.html
    await risk.post("/groups/1/restore", revision="1", opened_revision="2")
    group = await found(api)
    assert (group.revision, group.document.rules[0].answer) == (3, "verify")
    assert "Revision 1 taken back" in (await risk.get("/groups/1")).text


async def test_saving_without_a_change_makes_no_revision(api: Api, risk: Visit) -> None:
    await risk.post("/groups/new", **SAVED)
    await risk.post("/groups/1/edit", **changed(await found(api)))
    assert (await found(api)).revision == 1


async def test_a_group_is_deactivated_placed_and_found_in_the_list(api: Api, risk: Visit) -> None:
    await grouped(api, rule("everybody", "true"))
    await grouped(api, rule("everybody", "true"), name="second")
    await risk.post("/groups/1/deactivate")
    await risk.post("/groups/1/place", place="7")
    group = await found(api)
    assert (group.is_active, group.place) == (False, 7)
    await risk.post("/groups/1/place", place="many")
    assert (await found(api)).place == 7
    listed = await risk.get("/groups?status=inactive&name=NEW")
    assert ("new customers" in listed.text, "second" in listed.text) == (True, False)
    await risk.post("/groups/1/activate")
    assert (await found(api)).is_active
    assert "Order 0 became 7" in (await risk.get("/groups/1")).text


async def test_a_rule_that_can_never_answer_is_told_on_the_page(api: Api, risk: Visit) -> None:
    await grouped(api, rule("low", "device_score < 0.5"), rule("lower", "device_score < 0.2"))
    page = await risk.get("/groups/1")
    assert "lower : This rule never answers: whenever it holds, low before it holds too." in page.text
    form = await risk.get("/groups/1/edit")
    assert "whenever it holds, low before it holds too" in form.text
    other = await grouped(api, rule("low", "device_score < 0.2"), rule("higher", "device_score < 0.5"), name="fine")
    assert "never answers" not in (await risk.get(f"/groups/{other.group_id}")).text


async def test_a_group_is_tried_on_a_page_and_nothing_is_kept(api: Api, risk: Visit) -> None:
    await grouped(
        api, rule("named", 'request.customer.full_name == "x"'), verify("low", "device_score < 0.5", screening_type=1)
    )
    sample = await risk.get("/groups/1/try")
    assert "full_name" in sample.text
    whole = '{"request": {"customer": {"full_name": "李华"}}, "features": {"device_score": 0.3}}'
    tried = await risk.post("/groups/1/try", application=whole, which="saved")
    assert tried.status == 200
    assert "verify: a person looks at it by the rule low" in tried.text
    assert 'request.customer.full_name = "李华"' in tried.text
    missing = await risk.post("/groups/1/try", application='{"features": {"device_score": 0.3}}', which="saved")
    assert "undecided: nobody passes by it by the rule named" in missing.text
    assert "request.customer.full_name: did not come" in missing.text
    for wrong in ("", "[]", "{", '{"feature": {}}', '{"features": []}'):
        assert (await risk.post("/groups/1/try", application=wrong, which="saved")).status == 422


async def test_who_only_reads_sees_groups_and_changes_nothing(api: Api) -> None:
    await grouped(api, rule("everybody", "true"))
    reader = await visit(api, "reviewer")
    page = await reader.get("/groups/1")
    assert (page.status, "/groups/1/apply" in page.html, "/groups/1/edit" in page.html) == (200, False, False)
    assert (await reader.post("/groups/1/apply", revision="1")).status == 403
    assert (await reader.get("/groups/new")).status == 403


async def test_a_feature_and_a_rule_named_like_a_script_are_words(api: Api, risk: Visit) -> None:
    nasty = "<script>alert(1)</script>"
    form = {**SAVED, "rule-name.r1": nasty}
    refused = await risk.post("/groups/new", **form | {"feature-name.f1": nasty})
    assert (refused.status, nasty in refused.html) == (422, False)
    await risk.post("/groups/new", **form)
    for path in ("/groups/1", "/groups/1/edit", "/groups/1/try"):
        page = await risk.get(path)
        assert (page.status, nasty in page.html) == (200, False)
    tried = await risk.post(
        "/groups/1/try", application='{"features": {"device_score": "<script>alert(1)</script>"}}', which="saved"
    )
    assert (tried.status, nasty in tried.html) == (200, False)


async def test_pages_of_groups_are_in_chinese(api: Api) -> None:
    await grouped(api, rule("low", "device_score < 0.5"))
    chinese = await visit(api, "risk_operator", language="zh-CN")
    for path, words in {
        "/groups": "策略组",
        "/groups/new": "新增规则",
        "/groups/1": "应用后的变化",
        "/groups/1/try": "申请（JSON）",
    }.items():
        assert words in (await chinese.get(path)).text
    wrong = await chinese.post("/groups/new", **PLACE, **{**LOOK, "rule-when.r1": "device_score ="}, op="refresh")
    assert "此处应写成 ==（第 14 个字符）。" in wrong.text
