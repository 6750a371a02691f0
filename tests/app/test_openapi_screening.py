"""Screening types, adapts and reference data over HTTP: what is described is what is answered."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opsdesk import flows
from opsdesk.kit.clock import ManualClock
from opsdesk.review.groups import groups
from tests import configured
from tests.app.described import DescribedApi, described
from tests.app.serving import YAML

TYPES = "/v1/screening-types"
ONE = f"{TYPES}/1"
ADAPTS = f"{ONE}/adapts"
ADAPT = f"{ADAPTS}/1"
REFERENCE = "/v1/screening-reference"
AT = {"application": "cash_loan", "scene": "activation"}
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await configured.add_reference(conn, now=clock.now())
        yield api


@pytest.fixture
async def key(api: DescribedApi) -> str:
    return await api.key("screening:read", "screening:write", name="risk")


async def add(api: DescribedApi, key: str, name: str = "人脸比对") -> Any:
    new = {"name": name, "description": "核对", "document": configured.type_document()}
    made = await api.post(TYPES, new, key=key)
    assert made.status == 201, made.body
    return made.body


async def adapt(api: DescribedApi, key: str, **more: Any) -> Any:
    made = await api.post(ADAPTS, {**AT, "document": {"methods": ["face"]}} | more, key=key)
    assert made.status == 201, made.body
    return made.body


async def edit(api: DescribedApi, key: str, found: Any, **changes: Any) -> Any:
    sent = {"opened_version": found["version"], "description": found["description"], "document": found["document"]}
    return await api.call("PUT", f"{TYPES}/{found['id']}", key=key, json=sent | changes)


@pytest.mark.req("REV-B04", "REV-V06")
async def test_screening_types_and_adapts_answer_as_they_are_described(api: DescribedApi, key: str) -> None:
    found = await add(api, key)
    made = await adapt(api, key)
    assert (made["version"], made["status"], set(made["document"]["mapped"].values())) == (1, "active", {None})
    found["document"]["modules"][2]["keys"].append({"name": "device"})
    told = (await api.post(f"{ONE}/impacts", {"document": found["document"]}, key=key)).body
    assert (told["version"], told["adapts"], told["keys_added"]) == (2, 1, ["device"])
    saved = (await edit(api, key, found)).body
    assert (saved["changed"], saved["adapts"], saved["type"]["version"]) == (True, 1, 2)
    assert (await edit(api, key, saved["type"])).body["changed"] is False
    assert (await api.get(ADAPT, key=key)).body["is_auto"] is True
    mapped = {saved["type"]["document"]["modules"][1]["keys"][0]["id"]: {"source": "pb", "value": "customer.full_name"}}
    sent = {"opened_version": 2, "document": {"methods": ["face", "full"], "mapped": mapped}}
    assert (await api.call("PUT", ADAPT, key=key, json=sent)).body["adapt"]["version"] == 3
    restored = await api.post(f"{ADAPT}/restorations", {"version": 1, "opened_version": 3}, key=key)
    assert restored.body["adapt"]["document"]["methods"] == ["face"]
    assert (await api.post(f"{ADAPT}/pauses", {}, key=key)).body["status"] == "pause"
    assert (await api.post(f"{ADAPT}/activations", {}, key=key)).body["status"] == "active"
    back = await api.post(f"{ONE}/restorations", {"version": 1, "opened_version": 2}, key=key)
    assert (back.status, back.body["type"]["version"]) == (201, 3)
    history = (await api.get(f"{ONE}/versions?limit=2", key=key)).body
    assert [each["restored_from"] for each in history["items"]] == [1, None]
    assert history["next"]
    assert (await api.get(f"{ONE}/versions/2", key=key)).body["changes"][0]["path"] == "modules[others].keys[device]"
    entries = (await api.get(f"{ADAPT}/versions", key=key)).body["items"]
    assert {each["kind"] for each in entries} == {"version", "activated", "paused"}
    assert (await api.get(f"{ADAPT}/versions/3", key=key)).body["operator"] == "key:risk"
    changed = (await api.get(f"{ONE}/difference?before=2&after=1", key=key)).body["changes"]
    assert (changed[0]["before"]["name"], changed[0]["after"]) == ("device", None)
    changed = (await api.get(f"{ADAPT}/difference", key=key)).body["changes"]
    assert changed == [{"path": "type_version", "before": 2, "after": 3}]
    text = (await api.get(f"{ONE}/export", key=key)).body
    later = text.replace("choice: multiple", "choice: single").encode()
    told = await api.call("POST", f"{TYPES}/import-previews", key=key, data=later, headers=YAML)
    assert (told.status, [each["path"] for each in told.body["changes"]]) == (200, ["rejection.choice"])
    state = told.body["state"]
    put = await api.call("POST", f"{TYPES}/imports?over={state}", key=key, data=later, headers=YAML)
    assert (put.status, put.body["type"]["version"], put.body["changed"]) == (201, 4, True)
    stale = await api.call("POST", f"{TYPES}/imports", key=key, data=text.encode(), headers=YAML)
    assert (stale.status, stale.code, stale.body["error"]["detail"]["version"]) == (409, "ScreeningFileStale", 4)
    for path in (TYPES, ONE, ADAPTS):
        assert (await api.get(path, key=key)).status == 200
    assert missing(api, TYPES) == []


def missing(api: DescribedApi, prefix: str) -> list[str]:
    answered = {name for name, status in api.description.seen if status < 300}
    wanted = [name for name in api.description.operations if name.split()[1].startswith(prefix)]
    assert wanted
    return [name for name in wanted if name not in answered]


@pytest.mark.req("REV-L04", "REV-L05", "REV-L06", "REV-L07", "REV-X53")
async def test_the_list_of_types_is_filtered_ordered_and_paged(api: DescribedApi, key: str, clock: ManualClock) -> None:
    other = await api.key("screening:write", name="other")
    for name, by in (("人脸比对", key), ("证件核对", other), ("人脸复核", key)):
        await add(api, by, name)
        clock.advance(seconds=1)
    listed = (await api.get(TYPES, key=key)).body["items"]
    assert [each["name"] for each in listed] == ["人脸复核", "证件核对", "人脸比对"]
    assert set(listed[0]) == {"id", "category", "name", "description", "version", "changed_at", "operator"}
    assert await names(api, key, "name=人脸&order=oldest") == ["人脸比对", "人脸复核"]
    assert await names(api, key, "operator=key:other") == ["证件核对"]
    assert await names(api, key, "category=hardcode") == []
    first = (await api.get(f"{TYPES}?limit=2", key=key)).body
    assert await names(api, key, f"limit=2&cursor={first['next']}") == ["人脸比对"]


async def names(api: DescribedApi, key: str, query: str) -> list[str]:
    return [each["name"] for each in (await api.get(f"{TYPES}?{query}", key=key)).body["items"]]


@pytest.mark.req("REV-A03", "REV-A04")
async def test_the_adapts_of_a_type_are_filtered(api: DescribedApi, key: str) -> None:
    await add(api, key)
    await adapt(api, key)
    await adapt(api, key, scene="borrow")
    await api.post(f"{ADAPT}/pauses", {}, key=key)
    only = [
        [each["scene"] for each in (await api.get(f"{ADAPTS}?{query}", key=key)).body["items"]]
        for query in ("scene=borrow", "status=pause", "application=credit_line", "operator=key:risk&limit=1")
    ]
    assert only == [["borrow"], ["activation"], [], ["borrow"]]


@pytest.mark.req("REV-X26", "REV-B06")
async def test_a_late_edit_is_refused_with_what_the_other_changed(api: DescribedApi, key: str) -> None:
    other = await api.key("screening:write", name="other")
    found = await add(api, key)
    await adapt(api, key)
    theirs = dict(found["document"], rejection=found["document"]["rejection"] | {"choice": "single"})
    await edit(api, other, found, document=theirs, description="others wrote this")
    late = await edit(api, key, found)
    assert (late.status, late.code) == (409, "ConfigurationMoved")
    detail = late.body["error"]["detail"]
    assert (detail["version"], detail["operator"]) == (2, "key:other")
    assert detail["changes"] == [
        {"path": "description", "before": "核对", "after": "others wrote this"},
        {"path": "rejection.choice", "before": "multiple", "after": "single"},
    ]
    sent = {"opened_version": 1, "document": {"methods": ["face"]}}
    late = await api.call("PUT", ADAPT, key=key, json=sent)
    assert (late.code, late.body["error"]["detail"]["version"]) == ("ConfigurationMoved", 2)


@pytest.mark.req("REV-B04", "REV-J10", "REV-T06")
async def test_what_is_wrong_is_told_all_at_once_by_the_place_of_each(api: DescribedApi, key: str) -> None:
    document = configured.type_document()
    document["modules"][0]["keys"][1]["name"] = "身份证正面"
    document["rejection"]["reasons"][1] |= {"priority": 20, "code": "CR-1"}
    refused = await api.post(TYPES, {"name": " ", "document": document}, key=key)
    assert (refused.status, refused.code) == (422, "ScreeningTypeInvalid")
    assert sorted(refused.body["error"]["detail"]["problems"]) == [
        "modules.0.keys.1.name",
        "name",
        "rejection.reasons.1.code",
        "rejection.reasons.1.priority",
    ]
    await add(api, key)
    refused = await api.post(ADAPTS, {**AT, "document": {"methods": ["sms"], "mapped": {"x": None}}}, key=key)
    assert sorted(refused.body["error"]["detail"]["problems"]) == ["mapped.x", "methods.0"]


@pytest.mark.req("REV-A09", "REV-X37", "REV-X38")
async def test_a_pause_is_refused_with_the_groups_and_the_history_keeps_it(
    api: DescribedApi, key: str, clock: ManualClock
) -> None:
    await add(api, key)
    await adapt(api, key)
    rule = {"name": "look", "when": "true", "answer": "verify", "methods": ["face"], "screening_type": 1}
    async with api.installation.database.transaction() as conn:
        await groups.add_group(
            conn,
            application="cash_loan",
            scene="activation",
            name="new customers",
            document={"features": [], "rules": [rule]},
            actor=configured.OPERATOR,
            now=clock.now(),
            compile_condition=flows.checks.condition_over,
        )
    clock.advance(seconds=1)
    refused = await api.post(f"{ADAPT}/pauses", {}, key=key)
    assert (refused.status, refused.code) == (409, "AdaptReferenced")
    assert refused.body["error"]["detail"]["groups"] == ["new customers"]
    newest = (await api.get(f"{ADAPT}/versions?limit=1", key=key)).body["items"][0]
    assert (newest["kind"], newest["groups"]) == ("pause_refused", ["new customers"])


async def test_reference_data_answers_as_it_is_described(api: DescribedApi, key: str) -> None:
    put: dict[str, dict[str, Any]] = {
        "applications": {"application": "credit_card", "name": "信用卡"},
        "scenes": {"application": "credit_card", "scene": "activation", "bucket": "kyc"},
        "methods": {"application": "credit_card", "scene": "activation", "method": "face", "with_screening": True},
        "reject-codes": {"code": "AF-7", "category": "anti-fraud"},
    }
    for kind, entry in put.items():
        assert (await api.call("PUT", f"{REFERENCE}/{kind}", key=key, json=entry)).status == 200
        first = (await api.get(f"{REFERENCE}/{kind}?limit=1", key=key)).body
        rest = (await api.get(f"{REFERENCE}/{kind}?cursor={first['next']}", key=key)).body
        assert rest["next"] is None
        assert any(entry.items() <= each.items() for each in [*first["items"], *rest["items"]])
    at = {"application": "credit_card", "scene": "activation"}
    fields = {**at, "fields": [{"path": "a.b"}, {"path": "c", "type": "int32"}]}
    assert (await api.call("PUT", f"{REFERENCE}/fields", key=key, json=fields)).body["added"] == ["a.b", "c"]
    where = "application=credit_card&scene=activation"
    first = (await api.get(f"{REFERENCE}/fields?{where}&limit=1", key=key)).body
    rest = (await api.get(f"{REFERENCE}/fields?{where}&cursor={first['next']}", key=key)).body
    assert [[each["path"] for each in page["items"]] for page in (first, rest)] == [["a.b"], ["c"]]
    proto = (
        'syntax = "proto3"; package loan; message Request { string c = 1; Inner d = 2; message Inner { bool e = 1; } }'
    )
    sent = {**at, "message": "loan.Request", "files": {"loan.proto": proto}}
    changed = (await api.post(f"{REFERENCE}/proto-imports", sent, key=key)).body
    assert (changed["fields"], changed["added"], changed["removed"]) == (2, ["d.e"], ["a.b"])
    rows = b"code,category,description,is_active\nAF-8,anti-fraud,,N\nAF-9,system error,,Y\n"
    csv = await api.call("POST", f"{REFERENCE}/reject-codes/imports", key=key, data=rows, headers=CSV)
    assert (csv.status, csv.body) == (201, {"entries": 2})
    as_json = [{"application": "other", "name": "Other"}]
    assert (await api.post(f"{REFERENCE}/applications/imports", as_json, key=key)).body == {"entries": 1}
    listed = (await api.get(f"{REFERENCE}/reject-codes?category=anti-fraud&active=false", key=key)).body["items"]
    assert [each["code"] for each in listed] == ["AF-8", "AF-OLD"]
    assert missing(api, REFERENCE) == []


async def test_of_a_list_with_one_wrong_row_nothing_is_put_in(api: DescribedApi, key: str) -> None:
    rows = b"application,scene,name,bucket\ncash_loan,later,,kyc\nnone,later,,kyc\n"
    refused = await api.call("POST", f"{REFERENCE}/scenes/imports", key=key, data=rows, headers=CSV)
    assert (refused.status, refused.code) == (422, "ReferenceDataInvalid")
    assert refused.body["error"]["detail"]["problems"] == {"2.application": ["is no application"]}
    scenes = (await api.get(f"{REFERENCE}/scenes?application=cash_loan", key=key)).body["items"]
    assert [each["scene"] for each in scenes] == ["activation", "borrow"]


EDIT: dict[str, Any] = {"opened_version": 1, "description": "", "document": {}}
REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", f"{TYPES}?category=none", {}, 422),
    ("GET", f"{TYPES}?name=%00", {}, 422),
    ("GET", f"{TYPES}?limit=0", {}, 422),
    ("GET", f"{TYPES}?cursor=x", {}, 422),
    ("GET", f"{TYPES}/0", {}, 422),
    ("GET", f"{TYPES}/2147483648", {}, 422),
    ("GET", f"{ONE}/versions?cursor=x", {}, 422),
    ("GET", f"{ONE}/versions/9", {}, 404),
    ("GET", f"{ONE}/difference?before=1&after=9", {}, 404),
    ("GET", f"{ONE}/difference?before=0", {}, 422),
    ("POST", TYPES, {"json": {"name": "人脸比对", "document": configured.type_document()}}, 409),
    ("POST", TYPES, {"json": {"name": "x"}}, 422),
    ("POST", TYPES, {"data": b"name: x", "headers": {"Content-Type": "text/yaml"}}, 415),
    ("PUT", ONE, {"json": EDIT}, 422),
    ("PUT", ONE, {"json": EDIT | {"opened_version": 2}}, 404),
    ("PUT", f"{TYPES}/9", {"json": EDIT}, 404),
    ("POST", f"{ONE}/impacts", {"json": {"document": {}}}, 422),
    ("POST", f"{ONE}/restorations", {"json": {"version": 9, "opened_version": 1}}, 404),
    ("POST", f"{TYPES}/imports", {"data": b"a: [", "headers": YAML}, 422),
    ("POST", f"{TYPES}/imports", {"data": b"\xff", "headers": YAML}, 422),
    ("POST", f"{TYPES}/import-previews", {"json": {}}, 415),
    ("GET", f"{ADAPTS}?status=none", {}, 422),
    ("GET", f"{ADAPTS}?cursor=x", {}, 422),
    ("GET", f"{TYPES}/9/adapts", {}, 404),
    ("GET", f"{TYPES}/2/adapts/1", {}, 404),
    ("PUT", f"{TYPES}/2/adapts/1", {"json": {"opened_version": 1, "document": {}}}, 404),
    ("GET", f"{ADAPT}/versions/9", {}, 404),
    ("GET", f"{ADAPT}/versions?cursor=x", {}, 422),
    ("POST", ADAPTS, {"json": {**AT, "document": {"methods": ["face"]}}}, 409),
    ("POST", ADAPTS, {"json": {"application": "none", "scene": "x", "document": {}}}, 422),
    ("PUT", ADAPT, {"json": {"opened_version": 1, "document": {}}}, 422),
    ("PUT", ADAPT, {"json": {"opened_version": 2, "document": {"methods": ["face"]}}}, 404),
    ("POST", f"{ADAPT}/restorations", {"json": {"version": 2, "opened_version": 1}}, 404),
    ("GET", f"{REFERENCE}/applications?cursor=x", {}, 422),
    ("GET", f"{REFERENCE}/fields?application=cash_loan&scene=none", {}, 404),
    ("GET", f"{REFERENCE}/fields", {}, 422),
    ("PUT", f"{REFERENCE}/applications", {"json": {"application": " "}}, 422),
    ("PUT", f"{REFERENCE}/scenes", {"json": {"application": "none", "scene": "x", "bucket": "kyc"}}, 404),
    ("PUT", f"{REFERENCE}/scenes", {"json": {"application": "cash_loan", "scene": "x", "bucket": "none"}}, 422),
    ("PUT", f"{REFERENCE}/fields", {"json": {**AT, "fields": [{"path": "a..b"}]}}, 422),
    ("POST", f"{REFERENCE}/proto-imports", {"json": {**AT, "message": "A", "files": {"a.proto": "?"}}}, 422),
    ("POST", f"{REFERENCE}/none/imports", {"data": b"a", "headers": CSV}, 422),
    ("POST", f"{REFERENCE}/scenes/imports", {"data": b"\xff", "headers": CSV}, 422),
    ("POST", f"{REFERENCE}/scenes/imports", {"data": b"a", "headers": {"Content-Type": "text/plain"}}, 415),
]


@pytest.mark.parametrize(("method", "path", "sent", "status"), REFUSED)
async def test_what_is_refused_of_the_configuration_is_refused_as_it_is_described(
    api: DescribedApi, key: str, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    await add(api, key)
    await add(api, key, "another")
    await adapt(api, key)
    assert (await api.call(method, path, key=key, **sent)).status == status


async def test_only_who_writes_the_configuration_changes_it(api: DescribedApi) -> None:
    reader = await api.key("screening:read", name="reader")
    refused = await api.post(TYPES, {"name": "x", "document": {}}, key=reader)
    assert (refused.code, refused.body["error"]["detail"]["scope"]) == ("ScopeMissing", "screening:write")
