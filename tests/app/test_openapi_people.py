"""People over HTTP: what is described is what is answered, and what is answered is right."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opsdesk.access import sign_in
from opsdesk.kit.clock import SystemClock
from tests.access.staff import BROWSER, PASSWORD
from tests.app.described import DescribedApi, described

NOTHING = "0190a0b0-0000-7000-8000-000000000001"
PERSON = {"email": " Reviewer@example.com", "name": "Reviewer", "roles": ["reviewer"]}


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


@pytest.fixture
async def key(api: DescribedApi) -> str:
    return await api.key("people:read", "people:write", name="keeper")


async def signed_in(api: DescribedApi, code: str) -> None:
    installation = api.installation
    await sign_in.welcome(
        installation.database,
        code=code,
        password=PASSWORD,
        caller=BROWSER,
        rules=installation.sign_in_rules,
        now=installation.clock.now(),
    )


async def test_people_answer_as_they_are_described(api: DescribedApi, key: str) -> None:
    made = await api.post("/v1/people", PERSON, key=key)
    assert (made.status, made.body["email"]) == (201, "reviewer@example.com")
    path = f"/v1/people/{made.body['id']}"
    code = await api.call("POST", f"{path}/codes", key=key)
    assert (code.status, code.body["path"], code.body["purpose"]) == (201, "/welcome", "first_sign_in")
    for _ in range(2):
        code = await api.call("POST", f"{path}/codes", key=key)
        await signed_in(api, code.body["code"])
    roles = await api.call("PUT", f"{path}/roles", key=key, json={"roles": ["auditor", "reviewer"]})
    assert roles.body["roles"] == ["auditor", "reviewer"]
    assert (await api.get("/v1/people?search=REVIEW&role=auditor&disabled=false&limit=1", key=key)).body["items"]
    (session,) = (await api.get(f"{path}/sessions", key=key)).body["items"]
    assert (session["user_agent"], session["address"]) == ("Firefox", "192.0.2.0/24")
    ended = await api.call("DELETE", f"{path}/sessions/{session['id']}", key=key)
    assert ended.body["ended_at"]
    assert (await api.call("DELETE", f"{path}/sessions", key=key)).body == {"ended": 0}
    assert (await api.call("POST", f"{path}/disablement", key=key)).body["disabled_at"]
    assert (await api.call("POST", f"{path}/codes", key=key)).code == "PersonDisabled"
    assert (await api.call("DELETE", f"{path}/disablement", key=key)).body["disabled_at"] is None
    assert (await api.call("DELETE", f"{path}/second-factor", key=key)).body["has_second_factor"] is False
    assert (await api.get(path, key=key)).body["has_password"] is True
    assert len((await api.get("/v1/roles", key=key)).body["items"]) == 8
    answered = {name for name, status in api.description.seen if status < 300}
    wanted = [name for name in api.description.operations if name.split()[1].startswith(("/v1/people", "/v1/roles"))]
    assert [name for name in wanted if name not in answered] == []


REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", "/v1/people", {"json": PERSON}, 409),
    ("POST", "/v1/people", {"json": {**PERSON, "email": "a"}}, 422),
    ("POST", "/v1/people", {"json": {**PERSON, "email": "b@example.com", "time_zone": "Mars/Base"}}, 422),
    ("POST", "/v1/people", {"json": {**PERSON, "roles": ["emperor"]}}, 422),
    ("PUT", "/v1/people/PERSON/roles", {"json": {"roles": ["emperor"]}}, 422),
    ("PUT", f"/v1/people/{NOTHING}/roles", {"json": {"roles": []}}, 404),
    ("POST", f"/v1/people/{NOTHING}/codes", {}, 404),
    ("POST", f"/v1/people/{NOTHING}/disablement", {}, 404),
    ("DELETE", f"/v1/people/{NOTHING}/disablement", {}, 404),
    ("DELETE", f"/v1/people/{NOTHING}/sessions", {}, 404),
    ("DELETE", f"/v1/people/PERSON/sessions/{NOTHING}", {}, 404),
    ("GET", "/v1/people?cursor=x", {}, 422),
    ("GET", "/v1/people?role=emperor", {}, 422),
    ("GET", "/v1/people?limit=0", {}, 422),
    ("GET", "/v1/people?search=" + "x" * 201, {}, 422),
]


@pytest.mark.parametrize(("method", "path", "sent", "status"), REFUSED)
async def test_what_is_refused_of_people_is_refused_as_it_is_described(
    api: DescribedApi, key: str, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    made = (await api.post("/v1/people", PERSON, key=key)).body
    assert (await api.call(method, path.replace("PERSON", made["id"]), key=key, **sent)).status == status


async def test_the_last_admin_stays_over_http_too(api: DescribedApi, key: str) -> None:
    admin = (await api.post("/v1/people", {**PERSON, "roles": ["admin"]}, key=key)).body
    path = f"/v1/people/{admin['id']}"
    answers = [
        await api.call("PUT", f"{path}/roles", key=key, json={"roles": []}),
        await api.call("POST", f"{path}/disablement", key=key),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(409, "LastAdmin")] * 2


async def test_who_may_only_read_people_changes_nobody(api: DescribedApi, key: str) -> None:
    made = (await api.post("/v1/people", PERSON, key=key)).body
    reader = await api.key("people:read", name="auditor")
    assert (await api.get(f"/v1/people/{made['id']}", key=reader)).status == 200
    refused = await api.call("PUT", f"/v1/people/{made['id']}/roles", key=reader, json={"roles": ["admin"]})
    assert (refused.status, refused.code) == (403, "ScopeMissing")


async def test_a_key_for_a_person_is_asked_for_by_the_person(api: DescribedApi, key: str) -> None:
    made = (await api.post("/v1/people", PERSON, key=key)).body
    keeper = await api.key("keys:write", name="keeper")
    asked = {"name": "script", "scopes": [], "person": made["email"]}
    assert (await api.post("/v1/keys", asked, key=keeper)).code == "KeyRefused"
    assert (await api.post("/v1/keys", {**asked, "person": "nobody@example.com"}, key=keeper)).code == "PersonUnknown"
