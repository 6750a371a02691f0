"""The description of the HTTP API explains every part of itself, and its examples can be sent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import SystemClock
from tests.app.described import DescribedApi, Description, described


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        yield api


@pytest.fixture
def description(api: DescribedApi) -> Description:
    return api.description


def test_every_json_answer_is_described_as_more_than_a_text(description: Description) -> None:
    poor = [
        name
        for name, media_type, schema in description.successes()
        if media_type in ("application/json", "application/yaml")
        and not description.resolved(schema).get("properties", {})
    ]
    assert poor == []
    assert len([name for name, media_type, _ in description.successes() if media_type == "application/json"]) > 20


def test_every_field_and_parameter_is_explained(description: Description) -> None:
    fields = {
        f"{name}.{field}": schema
        for name, component in description.document["components"]["schemas"].items()
        for field, schema in component.get("properties", {}).items()
    }
    parameters = {
        f"{name} {parameter['name']}": parameter
        for name, operation in description.operations.items()
        for parameter in operation.get("parameters", [])
    }
    parts = description.document["components"]["schemas"] | fields | parameters
    assert [name for name, part in parts.items() if not part.get("description")] == []


def test_no_parameter_may_be_null_in_an_address(description: Description) -> None:
    schemas = [
        (name, parameter["schema"])
        for name, operation in description.operations.items()
        for parameter in operation.get("parameters", [])
    ]
    assert [name for name, schema in schemas if "null" in str(schema)] == []


def test_every_example_is_one_of_what_it_stands_for(description: Description) -> None:
    components = description.document["components"]["schemas"]
    examples = [(name, example) for name in components for example in components[name].get("examples", [])]
    assert len(examples) >= 6
    for name, example in examples:
        assert description.problems({"$ref": f"#/components/schemas/{name}"}, example) == []


async def test_the_procedure_of_the_description_is_stored(api: DescribedApi) -> None:
    key = await api.key(name="customer-portal")
    content = api.description.operations["POST /v1/procedures"]["requestBody"]["content"]
    for media_type in content:
        sent = {"headers": {"Content-Type": media_type}, "json": content[media_type]["example"]}
        assert (await api.call("POST", "/v1/procedures", key=key, **sent)).status in (200, 201)
