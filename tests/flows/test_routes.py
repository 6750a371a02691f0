"""Procedures, runs and callbacks over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree

import pytest
import yaml

from opsdesk.flows.record import verify
from opsdesk.kit.clock import ManualClock
from tests.app.documents import greet
from tests.app.serving import YAML, Api, serving

NO_RUN = "0190a0b0-0000-7000-8000-000000000001"
PERSONAL = ("li@example.com", "Li Na's badge")
SECRET = "opsdesk-test-secret-token"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@pytest.fixture
async def key(api: Api) -> str:
    key = await api.key()
    await api.store(greet(), key=key)
    return key


async def started(api: Api, key: str, once: str = "1") -> str:
    return await api.start("greet", key=key, once=once, email=PERSONAL[0], badge=PERSONAL[1])


def token(api: Api, run: str, node: str = "ask", iteration: int = 1) -> str:
    return api.installation.callbacks.token(UUID(run), node, iteration)


async def test_a_procedure_is_stored_once_for_the_same_text(api: Api) -> None:
    key = await api.key()
    first, again = await api.store(greet(), key=key), await api.store(greet(), key=key)
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    assert first.body["id"] == "greet"
    assert first.body["stored_at"] == "2026-01-05T02:00:00Z"


async def test_a_procedure_may_come_as_json(api: Api) -> None:
    document = yaml.safe_load(greet())
    answer = await api.post("/v1/procedures?file=greet.osop.json", document, key=await api.key())
    assert (answer.status, answer.body["file"]) == (201, "greet.osop.json")


async def test_a_document_with_errors_is_refused_with_all_of_them(api: Api) -> None:
    answer = await api.store(
        greet().replace("type: api", "type: aip").replace("to: review", "to: reviwe"), key=await api.key()
    )
    assert (answer.status, answer.code) == (422, "ProcedureRefused")
    findings = answer.body["error"]["detail"]["findings"]
    assert len(findings) >= 2
    assert all(finding["line"] > 1 and finding["code"] for finding in findings)


@pytest.mark.req("FLO-107")
async def test_linting_answers_with_findings_and_stores_nothing(api: Api) -> None:
    key = await api.key("procedures:read")
    wrong = greet().replace("type: api", "type: aip")
    answer = await api.call("POST", "/v1/procedures/lint", key=key, data=wrong.encode(), headers=YAML)
    assert (answer.status, answer.body["runnable"]) == (200, False)
    assert "error" in {finding["severity"] for finding in answer.body["findings"]}
    right = await api.call("POST", "/v1/procedures/lint", key=key, data=greet().encode(), headers=YAML)
    assert (right.body["procedure"], right.body["runnable"]) == ("greet", True)
    assert (await api.get("/v1/procedures", key=key)).body == {"items": [], "next": None}


async def test_a_procedure_is_shown_in_its_newest_version(api: Api, key: str) -> None:
    await api.store(greet().replace("name: Greet the customer", "name: Greet"), key=key)
    shown = (await api.get("/v1/procedures/greet", key=key)).body
    assert (shown["name"], len(shown["nodes"]), len(shown["edges"])) == ("Greet", 2, 1)
    assert [(field["name"], field["required"], field["personal"]) for field in shown["inputs"]] == [
        ("email", True, True),
        ("badge", False, True),
    ]
    versions = (await api.get("/v1/procedures/greet/versions", key=key)).body["items"]
    assert [version["name"] for version in versions] == ["Greet", "Greet the customer"]
    listed = (await api.get("/v1/procedures", key=key)).body["items"]
    assert listed == versions[:1]


async def test_an_unknown_procedure_is_not_found(api: Api) -> None:
    key = await api.key()
    for path in ("/v1/procedures/none", "/v1/procedures/none/versions", "/v1/procedures/none/diagram"):
        answer = await api.get(path, key=key)
        assert (answer.status, answer.code) == (404, "ProcedureNotFound")


@pytest.mark.req("FLO-402")
async def test_a_picture_may_bring_its_style_and_nothing_else(api: Api, key: str) -> None:
    run = await started(api, key)
    for path in ("/v1/procedures/greet/diagram", f"/v1/runs/{run}/diagram?language=zh-CN"):
        answer = await api.get(path, key=key)
        assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "image/svg+xml")
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert ElementTree.fromstring(answer.body).tag.endswith("svg")


@pytest.mark.req("FLO-307")
async def test_the_same_key_starts_one_run(api: Api, key: str) -> None:
    body = {"procedure": "greet", "inputs": {"email": "a@b.cn"}}
    first = await api.post("/v1/runs", body, key=key, once="k")
    again = await api.post("/v1/runs", body, key=key, once="k")
    other = await api.post("/v1/runs", {**body, "inputs": {"email": "b@b.cn"}}, key=key, once="k")
    assert (first.status, again.status, other.status) == (202, 200, 409)
    assert first.body["id"] == again.body["id"]
    assert other.code == "KeyReused"
    assert first.headers["Location"] == f"/v1/runs/{first.body['id']}"


async def test_two_actors_may_use_the_same_key(api: Api, key: str) -> None:
    other = await api.key(name="bo")
    assert await started(api, key, "k") != await started(api, other, "k")


async def test_inputs_that_do_not_fit_start_nothing(api: Api, key: str) -> None:
    body = {"procedure": "greet", "inputs": {"email": 5, "phone": "1"}}
    answer = await api.post("/v1/runs", body, key=key, once="1")
    assert (answer.status, answer.code) == (422, "InputsInvalid")
    assert len(answer.body["error"]["detail"]["problems"]) == 2
    assert (await api.get("/v1/runs", key=key)).body["items"] == []


async def test_runs_are_listed_in_pages_with_counts(api: Api, key: str) -> None:
    runs = [await started(api, key, str(number)) for number in range(3)]
    first = (await api.get("/v1/runs?limit=2&procedure=greet&status=running", key=key)).body
    rest = (await api.get(f"/v1/runs?limit=2&cursor={first['next']}", key=key)).body
    assert [run["id"] for run in [*first["items"], *rest["items"]]] == runs[::-1]
    assert rest["next"] is None
    assert first["counts"]["running"] == 3
    assert (await api.get("/v1/runs?procedure=other", key=key)).body["counts"]["running"] == 0


async def test_a_page_without_rows_is_refused(api: Api, key: str) -> None:
    answer = await api.get("/v1/runs?limit=0", key=key)
    assert (answer.status, answer.code) == (422, "BadPageSize")


async def test_a_run_shows_each_node_and_what_it_waits_for(api: Api, key: str) -> None:
    shown = (await api.get(f"/v1/runs/{await started(api, key)}", key=key)).body
    assert (shown["status"], shown["started_by"], shown["wake"]["name"]) == ("running", "key:anna", "worker: start")
    assert [(node["id"], node["phase"]) for node in shown["nodes"]] == [("ask", "active"), ("review", "pending")]


@pytest.mark.req("FLO-009")
async def test_personal_values_are_masked_without_the_scope(api: Api, key: str) -> None:
    run = await started(api, key)
    few = await api.key("runs:read")
    for path in (f"/v1/runs/{run}", f"/v1/runs/{run}/journal", f"/v1/runs/{run}/log"):
        masked, whole = await api.get(path, key=few), await api.get(path, key=key)
        assert (masked.status, whole.status) == (200, 200)
        assert not [value for value in PERSONAL if value in str(masked.body)]
        assert PERSONAL[0] in str(whole.body)


@pytest.mark.req("FLO-009")
async def test_secrets_are_masked_for_everybody(api: Api, key: str) -> None:
    run = await started(api, key)
    answer = await api.post(f"/v1/callbacks/{token(api, run)}", {"score": 1, "token": SECRET})
    assert answer.status == 200
    async with api.installation.database.transaction() as conn:
        await conn.execute(
            "insert into flow_journal (run_id, seq, iteration, at, fact, node, payload) "
            "values (%s, 2, 1, now(), 'node_ended', 'ask', %s)",
            (run, f'{{"outputs": {{"score": 1, "token": "{SECRET}"}}, "taken": [0]}}'),
        )
    for path in (f"/v1/runs/{run}", f"/v1/runs/{run}/journal", f"/v1/runs/{run}/log"):
        shown = await api.get(path, key=key)
        assert shown.status == 200
        assert "score" in str(shown.body)
        assert SECRET not in str(shown.body)


async def test_the_journal_comes_in_pages(api: Api, key: str) -> None:
    run = await started(api, key)
    page = (await api.get(f"/v1/runs/{run}/journal?limit=1", key=key)).body
    assert [(fact["seq"], fact["fact"], fact["node"]) for fact in page["items"]] == [(1, "run_started", None)]
    rest = (await api.get(f"/v1/runs/{run}/journal?cursor={page['next']}", key=key)).body
    assert rest == {"items": [], "next": None}


@pytest.mark.req("FLO-401")
async def test_the_log_of_a_run_can_be_verified(api: Api, key: str) -> None:
    run = await started(api, key)
    answer = await api.get(f"/v1/runs/{run}/log?tamper_evident=true", key=key)
    assert answer.headers["Content-Type"].partition(";")[0] == "application/yaml"
    assert verify(yaml.safe_load(answer.body)) is None


@pytest.mark.parametrize("path", ["", "/journal", "/diagram", "/log"])
async def test_an_unknown_run_is_not_found(api: Api, path: str) -> None:
    answer = await api.get(f"/v1/runs/{NO_RUN}{path}", key=await api.key())
    assert (answer.status, answer.code) == (404, "RunNotFound")


async def test_a_signal_answers_a_node_once(api: Api, key: str) -> None:
    run = await started(api, key)
    body = {"node": "ask", "answer": {"score": 1}}
    first = await api.post(f"/v1/runs/{run}/signals", body, key=key, once="s")
    again = await api.post(f"/v1/runs/{run}/signals", body, key=key, once="s")
    other = await api.post(f"/v1/runs/{run}/signals", {**body, "answer": {"score": 2}}, key=key, once="s")
    assert (first.status, again.status, other.status) == (202, 202, 409)
    assert first.body == {"run": run, "node": "ask"}


async def test_a_signal_that_does_not_fit_is_refused(api: Api, key: str) -> None:
    run = await started(api, key)
    for node, code in [("ask", "AnswerInvalid"), ("none", "NodeUnknown"), ("review", "NotWaiting")]:
        refused = await api.post(f"/v1/runs/{run}/signals", {"node": node, "answer": {}}, key=key)
        assert refused.code == code


async def test_a_cancellation_is_taken_for_an_open_run(api: Api, key: str) -> None:
    run = await started(api, key)
    answer = await api.post(f"/v1/runs/{run}/cancellations", {"reason": "withdrawn"}, key=key)
    assert (answer.status, answer.body) == (202, {"run": run, "node": None})
    unknown = await api.post(f"/v1/runs/{NO_RUN}/cancellations", {"reason": "withdrawn"}, key=key)
    assert unknown.status == 404


async def test_a_retry_without_an_incident_is_refused(api: Api, key: str) -> None:
    answer = await api.post(f"/v1/runs/{await started(api, key)}/retries", {}, key=key)
    assert (answer.status, answer.code) == (409, "NoIncident")


async def test_a_partner_answers_with_nothing_but_the_address(api: Api, key: str) -> None:
    path = f"/v1/callbacks/{token(api, await started(api, key))}"
    first, again = await api.post(path, {"score": 0.9}), await api.post(path, {"score": 0.9})
    other = await api.post(path, {"score": 0.1})
    assert (first.status, first.body) == (again.status, again.body) == (200, {"accepted": True})
    assert (other.status, other.code) == (409, "KeyReused")


async def test_a_forged_address_is_refused(api: Api, key: str) -> None:
    genuine = token(api, await started(api, key))
    for forged in ("x", genuine[:-4] + "AAAA", genuine + "A", "A" * 2000):
        answer = await api.post(f"/v1/callbacks/{forged}", {"score": 0.9})
        assert (answer.status, answer.code) == (403, "CallbackForged")


async def test_an_answer_that_lacks_an_output_may_be_mended(api: Api, key: str) -> None:
    path = f"/v1/callbacks/{token(api, await started(api, key))}"
    wrong = await api.post(path, {"scores": 0.9})
    assert (wrong.status, wrong.code) == (422, "AnswerInvalid")
    assert (await api.post(path, {"score": 0.9})).status == 200


@pytest.mark.parametrize("body", ["[]", "1", "null", '"text"'])
async def test_an_answer_that_is_no_object_is_refused(api: Api, key: str, body: str) -> None:
    path = f"/v1/callbacks/{token(api, await started(api, key))}"
    answer = await api.call("POST", path, data=body.encode(), headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (422, "RequestInvalid")


async def test_a_finished_run_takes_no_answer(api: Api, key: str) -> None:
    run = await started(api, key)
    async with api.installation.database.transaction() as conn:
        await conn.execute(
            "update flow_run set status = 'cancelled', ended_at = now(), wake_at = null where run_id = %s", (run,)
        )
    for path, body in [
        (f"/v1/callbacks/{token(api, run)}", {"score": 1}),
        (f"/v1/runs/{run}/signals", {"node": "ask", "answer": {"score": 1}}),
        (f"/v1/runs/{run}/cancellations", {"reason": "r"}),
    ]:
        answer = await api.post(path, body, key=key)
        assert (answer.status, answer.code) == (409, "RunFinished")
        assert answer.body["error"]["detail"]["state"] == "cancelled"
