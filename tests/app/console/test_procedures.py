"""The pages of procedures: read, compared, stored in new versions, started."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from opsdesk.flows import runs
from opsdesk.kit.clock import ManualClock
from tests.app.console.visiting import visit
from tests.app.documents import greet
from tests.app.serving import Api, serving

NEWER = greet().replace("name: Greet the customer", "name: Greet").replace("timeout_min: 60", "timeout_min: 30")
TYPES = """\
osop_version: "2.0"
id: types
name: Types
nodes:
  - id: only
    type: human
    name: Only
    role: reviewer
    inputs:
      - {name: amount, required: true, schema: {type: integer, minimum: 1}, description: In fen}
      - {name: rate, required: false, schema: {type: number}}
      - {name: urgent, required: true, schema: {type: boolean}}
      - {name: colour, required: true, schema: {type: string, enum: [red, green]}}
      - {name: tags, required: false, schema: {type: array}}
      - {name: currency, required: true, schema: {type: string, default: CNY}}
"""


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


async def test_a_list_without_procedures_says_what_they_are(api: Api) -> None:
    assert "No procedures yet" in (await (await visit(api, "auditor")).get("/procedures")).text


async def test_a_procedure_is_shown_in_all_its_views(api: Api) -> None:
    key = await api.key()
    await api.store(greet(), key=key)
    await api.store(NEWER, key=key)
    auditor = await visit(api, "auditor")
    assert "Greet" in (await auditor.get("/procedures")).text
    picture = await auditor.get("/procedures/greet")
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="flow"' in picture.html
    assert "<style" not in picture.html
    assert "level 0: descriptive" in picture.text
    text = await auditor.get("/procedures/greet?view=text")
    assert 'id="L1"' in text.html
    assert "osop_version: &#34;2.0&#34;" in text.html
    assert "It has not run yet" in (await auditor.get("/procedures/greet?view=times")).text
    assert (await auditor.get("/procedures/greet?view=none")).status == 200
    assert (await auditor.get("/procedures/none")).status == 404


async def test_two_versions_are_compared_in_words_and_line_by_line(api: Api) -> None:
    key = await api.key()
    first = (await api.store(greet(), key=key)).body["digest"]
    await api.store(NEWER, key=key)
    auditor = await visit(api, "auditor")
    shown = await auditor.get("/procedures/greet?view=versions")
    assert "procedure greet: name was Greet the customer, is Greet" in shown.text
    assert "node review: approval.timeout_s was 3600.0, is 1800.0" in shown.text
    assert "-name: Greet the customer" in shown.text
    older = await auditor.get(f"/procedures/greet?version={first}&view=versions")
    assert "This is an older version." in older.text
    assert "There is one version" in older.text
    assert (await auditor.get(f"/procedures/greet?view=versions&to={'0' * 64}")).status == 404


async def test_a_version_with_errors_is_refused_with_all_of_them_and_nothing_typed_is_lost(api: Api) -> None:
    engineer = await visit(api, "operations_engineer")
    wrong = greet().replace("type: api", "type: aip").replace("to: review", "to: reviwe")
    refused = await engineer.post("/procedures", op="store", text=wrong, file_name="greet.osop.yaml")
    assert refused.status == 422
    assert refused.html.count('<tr id="finding-') >= 2
    assert "type: aip" in refused.html
    assert (await (await visit(api, "auditor")).get("/procedures")).html.count('<tr id="procedure-') == 0


async def test_a_version_is_only_checked_where_that_was_asked_for(api: Api) -> None:
    engineer = await visit(api, "operations_engineer")
    checked = await engineer.post("/procedures", op="check", text=greet(), file_name="greet.osop.yaml")
    assert (checked.status, "What lint says" in checked.text) == (200, True)
    assert (await engineer.get("/procedures/greet")).status == 404


async def test_a_file_is_stored_as_a_version_and_names_who_stored_it(api: Api) -> None:
    engineer = await visit(api, "operations_engineer")
    done = await engineer.upload("/procedures", "greet.osop.yaml", greet().encode(), op="store", text="ignored")
    assert (done.status, done.location) == (303, "/procedures/greet")
    shown = await engineer.get("/procedures/greet")
    assert "operations-engineer-en@example.com" in shown.text
    form = await engineer.get("/procedures/new?of=greet")
    assert "Greet the customer" in form.html
    again = await engineer.post("/procedures", op="store", text=greet(), file_name="greet.osop.yaml")
    assert again.status == 303


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"[]", b"{", b"x" * 1_200_000])
async def test_a_file_that_is_no_document_is_refused_in_words(api: Api, content: bytes) -> None:
    engineer = await visit(api, "operations_engineer")
    refused = await engineer.upload("/procedures", "a.osop.yaml", content, op="store")
    assert refused.status in (413, 422)


async def test_who_may_only_read_procedures_stores_and_starts_none(api: Api) -> None:
    await api.store(greet(), key=await api.key())
    auditor = await visit(api, "auditor")
    shown = await auditor.get("/procedures/greet")
    assert "/procedures/greet/start" not in shown.html
    for path in ("/procedures/new", "/procedures/greet/start"):
        assert (await auditor.get(path)).status == 403
    assert (await auditor.post("/procedures", op="store", text=greet())).status == 403
    assert (await auditor.post("/procedures/greet/start")).status == 403


async def test_a_run_is_started_once_however_often_the_form_is_sent(api: Api) -> None:
    await api.store(TYPES, key=await api.key())
    agent = await visit(api, "support_agent")
    form = await agent.get("/procedures/types/start")
    assert "In fen" in form.text
    assert 'value="CNY"' in form.html
    given = {
        "value.amount": "100",
        "value.urgent": "true",
        "value.colour": "green",
        "value.tags": '["a"]',
        "key": form.hidden("key"),
    }
    first, again = [await agent.post("/procedures/types/start", **given) for _ in range(2)]
    assert (first.status, first.location) == (303, again.location)
    async with api.installation.database.connection() as conn:
        inputs = await runs.read_inputs(conn, [UUID(first.location.rpartition("/")[2])])
    assert list(inputs.values()) == [
        {"amount": 100, "urgent": True, "colour": "green", "tags": ["a"], "currency": "CNY"}
    ]


async def test_what_is_wrong_with_an_input_stands_beside_it_in_the_language_of_the_reader(api: Api) -> None:
    await api.store(TYPES, key=await api.key())
    agent = await visit(api, "support_agent", language="zh-CN")
    wrong = {"value.amount": "0", "value.rate": "x", "value.colour": "blue", "value.tags": "{"}
    refused = await agent.post("/procedures/types/start", **wrong)
    assert refused.status == 422
    for said in ("不得小于 1。", "这不是数字。", "这不是 JSON。"):
        assert said in refused.text
    assert 'id="error-value.urgent"' in refused.html
    assert 'aria-describedby="error-value.colour"' in refused.html
