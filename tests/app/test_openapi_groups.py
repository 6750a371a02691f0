"""Strategy groups over HTTP, which answer as they are described."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.groups import groups
from opsdesk.review.screening import adapts
from opsdesk.review.screening.adapts import ScreeningAdapt
from tests.app.described import DescribedApi, described
from tests.configured import OPERATOR, add_adapt, add_reference, add_type
from tests.review.screening.samples import rule, verify

PATH = "/v1/strategy-groups"
ONE = f"{PATH}/1"
SCORE = [{"name": "device_score", "type": "number"}]


def document(*rules: Any, features: Any = SCORE) -> dict[str, Any]:
    return {"features": features, "rules": list(rules)}


def new(*rules: Any, name: str = "new customers", **more: Any) -> dict[str, Any]:
    return {"application": "cash_loan", "scene": "activation", "name": name, "document": document(*rules), **more}


LOW = verify("low", "device_score < 0.5", screening_type=1)


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=clock.now())
            await add_adapt(conn, await add_type(conn, now=clock.now()), now=clock.now())
        yield api


@pytest.fixture
async def key(api: DescribedApi) -> str:
    return await api.key("screening:read", "screening:write", name="risk")


async def pause(api: DescribedApi, adapt_id: int = 1) -> ScreeningAdapt:
    async with api.installation.database.transaction() as conn:
        return await adapts.pause_adapt(
            conn,
            adapt_id=adapt_id,
            actor=OPERATOR,
            now=api.installation.clock.now(),
            referring=groups.groups_against_a_pause,
        )


async def test_a_group_lives_over_http(api: DescribedApi, key: str) -> None:
    added = await api.post(PATH, new(LOW, place=4), key=key)
    assert (added.status, added.body["revision"], added.body["live_revision"], added.body["live"]) == (
        201,
        1,
        None,
        None,
    )
    [used] = added.body["adapts"]
    assert (used["screening_type"], used["type_name"], used["is_saved"], used["is_live"]) == (
        1,
        "人脸比对",
        True,
        False,
    )
    applied = await api.call("PUT", f"{ONE}/live-revision", key=key, json={"revision": 1})
    assert (applied.body["live_revision"], applied.body["changes"]) == (1, [])
    lower = document(LOW | {"id": applied.body["saved"]["rules"][0]["id"], "when": "device_score < 0.1"})
    saved = await api.post(f"{ONE}/revisions", {"expected_revision": 1, "document": lower}, key=key)
    assert (saved.status, saved.body["revision"], saved.body["live_revision"]) == (201, 2, 1)
    change = {"path": "rules[low].when", "before": "device_score < 0.5", "after": "device_score < 0.1"}
    assert saved.body["changes"] == [change]
    assert (await api.get(f"{ONE}/difference", key=key)).body["changes"] == [change]
    backwards = (await api.get(f"{ONE}/difference?before=2&after=1", key=key)).body["changes"]
    assert [each["after"] for each in backwards] == ["device_score < 0.5"]
    earlier = await api.get(f"{ONE}/revisions/1", key=key)
    assert earlier.body["document"] == applied.body["saved"]
    restored = await api.post(f"{ONE}/restorations", {"revision": 1, "expected_revision": 2}, key=key)
    assert (restored.body["revision"], restored.body["saved"]) == (3, applied.body["saved"])
    assert (await api.call("DELETE", f"{ONE}/activations", key=key)).body["is_active"] is False
    assert (await api.call("POST", f"{ONE}/activations", key=key)).body["is_active"] is True
    assert (await api.call("PUT", f"{ONE}/place", key=key, json={"place": 1})).body["place"] == 1
    history = (await api.get(f"{ONE}/history", key=key)).body["items"]
    assert sorted(each["kind"] for each in history) == [
        "activated", "applied", "deactivated", "placed", "saved", "saved", "saved",
    ]  # fmt: skip
    assert [each["restored_from"] for each in history if each["revision"] == 3] == [1]
    answered = {name for name, status in api.description.seen if status < 300}
    wanted = [name for name in api.description.operations if name.split()[1].startswith(PATH) and "/try" not in name]
    assert [name for name in wanted if name not in answered and name != f"GET {PATH}"] == [f"GET {PATH}/{{group_id}}"]
    assert (await api.get(ONE, key=key)).body["operator"] == "key:risk"


async def test_groups_are_found_by_what_they_are_and_by_the_adapt_that_they_use(
    api: DescribedApi, key: str, clock: ManualClock
) -> None:
    await api.post(PATH, new(LOW, name="New customers"), key=key)
    clock.advance(seconds=1)
    await api.post(PATH, new(rule("all", "true"), name="Old customers"), key=key)
    clock.advance(seconds=1)
    await api.post(PATH, new(rule("all", "true"), name="Borrowers") | {"scene": "borrow"}, key=key)
    clock.advance(seconds=1)
    await api.call("DELETE", f"{PATH}/2/activations", key=key)

    async def named(query: str) -> list[str]:
        return [each["name"] for each in (await api.get(f"{PATH}?{query}", key=key)).body["items"]]

    assert await named("") == ["Old customers", "Borrowers", "New customers"]
    assert await named("name=CUSTOMERS&active=true") == ["New customers"]
    assert await named("application=cash_loan&scene=borrow") == ["Borrowers"]
    assert await named("adapt=1") == ["New customers"]
    assert await named("operator=key:nobody") == []
    first = (await api.get(f"{PATH}?limit=2", key=key)).body
    assert await named(f"limit=2&cursor={first['next']}") == ["New customers"]


@pytest.mark.req("REV-P01", "REV-P02", "REV-A08")
async def test_only_a_type_with_an_active_adapt_there_is_saved(api: DescribedApi, key: str) -> None:
    elsewhere = await api.post(PATH, new(LOW) | {"scene": "borrow"}, key=key)
    assert (elsewhere.status, elsewhere.code) == (422, "GroupInvalid")
    detail = elsewhere.body["error"]["detail"]
    assert detail["problems"] == {"rules.0.screening_type": ["has no active adapt for this application and scene"]}
    assert detail["rules"] == {"rules.0": "low"}
    await pause(api)
    assert (await api.post(PATH, new(LOW), key=key)).code == "GroupInvalid"


@pytest.mark.req("REV-P02", "REV-X37", "REV-A10")
async def test_a_revision_with_an_adapt_that_was_paused_since_is_not_taken_back_and_what_is_live_stays(
    api: DescribedApi, key: str
) -> None:
    await api.post(PATH, new(LOW), key=key)
    await api.call("PUT", f"{ONE}/live-revision", key=key, json={"revision": 1})
    await api.post(f"{ONE}/revisions", {"expected_revision": 1, "document": document(rule("a", "true"))}, key=key)
    await pause(api)
    restored = await api.post(f"{ONE}/restorations", {"revision": 1, "expected_revision": 2}, key=key)
    assert (restored.status, restored.code) == (422, "GroupInvalid")
    [used] = (await api.get(ONE, key=key)).body["adapts"]
    assert (used["status"], used["is_saved"], used["is_live"]) == ("pause", False, True)


@pytest.mark.req("REV-P02")
async def test_applying_checks_the_adapts_again(api: DescribedApi, key: str) -> None:
    await api.post(PATH, new(LOW), key=key)
    async with api.installation.database.transaction() as conn:
        # As after an import: by hand, the saved group stands against the pause.
        await conn.execute("update screening_adapt set status = 'pause'")
    refused = await api.call("PUT", f"{ONE}/live-revision", key=key, json={"revision": 1})
    assert (refused.status, refused.body["error"]["detail"]["rules"]) == (422, {"rules.0": "low"})
    assert (await api.get(ONE, key=key)).body["live_revision"] is None


@pytest.mark.req("REV-P02")
async def test_applying_names_the_rule_and_the_position_of_what_does_not_compile_any_more(
    api: DescribedApi, key: str
) -> None:
    asked = new(rule("named", 'request.device.ip != "" && device_score > 1'))
    assert (await api.post(PATH, asked, key=key)).status == 201
    async with api.installation.database.transaction() as conn:
        await conn.execute("delete from pb_field where path = 'device.ip'")
    refused = await api.call("PUT", f"{ONE}/live-revision", key=key, json={"revision": 1})
    assert (refused.status, refused.code) == (422, "GroupInvalid")
    detail = refused.body["error"]["detail"]
    [said] = detail["problems"]["rules.0.when"]
    assert "request.device.ip" in said
    assert said.endswith("(character 1)")
    assert detail["rules"] == {"rules.0": "named"}


async def test_a_condition_that_is_wrong_is_refused_with_its_position(api: DescribedApi, key: str) -> None:
    refused = await api.post(PATH, new(rule("typo", "true && device_scor < 1")), key=key)
    assert refused.body["error"]["detail"]["problems"] == {
        "rules.0.when": ["nothing provides device_scor; did you mean device_score? (character 9)"]
    }


async def test_the_second_of_two_who_save_is_told_what_the_first_has_changed(api: DescribedApi, key: str) -> None:
    added = await api.post(PATH, new(rule("young", "device_score > 1")), key=key)
    kept = added.body["saved"]["rules"][0]
    other = await api.key("screening:write", name="other")
    faster = document(kept | {"when": "device_score > 2"})
    assert (await api.post(f"{ONE}/revisions", {"expected_revision": 1, "document": faster}, key=other)).status == 201
    late = document(kept | {"answer": "pass"})
    refused = await api.post(f"{ONE}/revisions", {"expected_revision": 1, "document": late}, key=key)
    assert (refused.status, refused.code) == (409, "GroupMoved")
    assert refused.body["error"]["detail"] == {
        "revision": 2,
        "operator": "key:other",
        "changes": [{"path": "rules[young].when", "before": "device_score > 1", "after": "device_score > 2"}],
    }
    assert (await api.call("PUT", f"{ONE}/live-revision", key=key, json={"revision": 1})).code == "GroupMoved"


async def test_a_group_is_tried_and_nothing_is_kept(api: DescribedApi, key: str) -> None:
    features = [*SCORE, {"name": "name", "type": "text", "source": "pb", "value": "customer.full_name"}]
    rules = [rule("named", 'name == "王小明"'), LOW]
    await api.post(PATH, new() | {"document": document(*rules, features=features)}, key=key)
    tried = await api.post(f"{ONE}/try", {"features": {"device_score": 0.3}}, key=key)
    assert (tried.body["answer"], tried.body["rule"]) == ("undecided", "named")
    assert "name is missing" in tried.body["problem"]
    assert tried.body["features"] == [
        {"name": "device_score", "is_there": True, "value": 0.3},
        {"name": "name", "is_there": False, "value": None},
    ]
    whole = {"request": {"customer": {"full_name": "李华"}}, "features": {"device_score": 0.3}}
    tried = await api.post(f"{ONE}/try", whole, key=key)
    assert (tried.body["answer"], tried.body["methods"], tried.body["screening_type"]) == ("verify", ["face"], 1)
    assert [(each["name"], each["holds"], each["read"]) for each in tried.body["rules"]] == [
        ("named", False, {"name": "李华"}),
        ("low", True, {"device_score": 0.3}),
    ]
    nothing_live = await api.post(f"{ONE}/try", whole | {"which": "live"}, key=key)
    assert (nothing_live.status, nothing_live.code) == (404, "GroupUnknown")
    async with api.installation.database.transaction() as conn:
        for table in ("ticket", "screening_application"):
            [count] = await (await conn.execute(f"select count(*) from {table}")).fetchone() or [None]
            assert count == 0


async def test_what_is_not_known_of_a_group_is_refused_by_its_place(api: DescribedApi, key: str) -> None:
    misspelt = document(rule("a", "true") | {"metods": []}, features=[{"name": "x", "kind": "flag"}])
    refused = await api.post(PATH, new() | {"document": misspelt | {"rule": []}}, key=key)
    assert refused.body["error"]["detail"]["problems"] == {
        "rule": ["is not known here"],
        "features.0.kind": ["is not known here"],
        "rules.0.metods": ["is not known here"],
    }
    assert (await api.get(f"{PATH}/9", key=key)).code == "GroupUnknown"
    assert (await api.post(PATH, new() | {"scene": "moon"}, key=key)).code == "SceneUnknown"
    assert (await api.post(PATH, new(name=" "), key=key)).code == "GroupInvalid"


async def test_only_who_may_configure_saves_and_only_who_may_read_tries(api: DescribedApi) -> None:
    reader = await api.key("screening:read", name="reader")
    other = await api.key("tickets:read", name="other")
    assert (await api.post(PATH, new(LOW), key=reader)).code == "ScopeMissing"
    assert (await api.post(f"{ONE}/try", {}, key=other)).code == "ScopeMissing"
