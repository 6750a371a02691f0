"""The HTTP API with its description beside it: every answer is compared with what is said about it."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

from opsdesk.kit.clock import Clock
from opsdesk.kit.http_errors import CODES_FIELD
from tests.app.serving import Answer, Api, serving

FORMATS = FormatChecker(["uuid"])


@FORMATS.checks("date-time", raises=ValueError)
def is_time_in_utc(value: object) -> bool:
    return not isinstance(value, str) or (value.endswith("Z") and datetime.fromisoformat(value) is not None)


class Description:
    """The OpenAPI document of a running server."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations: dict[str, Mapping[str, Any]] = {
            f"{method.upper()} {path}": operation
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }
        self.seen: set[tuple[str, int]] = set()
        """Operations with the statuses that they answered with."""
        self._components = {"schemas": dict(map(closed, document["components"]["schemas"].items()))}

    def check(self, method: str, path: str, answer: Answer) -> None:
        """Whether the answer is one that the operation at this path may give, in all that is said about it."""
        name = self.name_of(method, path)
        described = self.operations[name]["responses"].get(str(answer.status))
        assert described is not None, f"{name} answered {answer.status}, which is not described: {answer.body}"
        media_type = answer.headers["Content-Type"].partition(";")[0]
        assert media_type in described["content"], f"{name} answered {answer.status} with {media_type}"
        self._check_body(name, described["content"][media_type]["schema"], answer, media_type=media_type)
        assert CODES_FIELD not in described or answer.code in described[CODES_FIELD], (name, answer.code)
        assert set(described.get("headers", ())) <= set(answer.headers), name
        self.seen.add((name, answer.status))

    def name_of(self, method: str, path: str) -> str:
        """The operation that a path is of; one without parameters goes first."""
        address = path.partition("?")[0]
        fits = [name for name in sorted(self.operations, key=lambda name: "{" in name) if _fits(name, method, address)]
        assert fits, f"{method} {address} is not described"
        return fits[0]

    def problems(self, schema: Mapping[str, Any], value: object) -> list[str]:
        whole = {**schema, "components": self._components}
        errors = Draft202012Validator(whole, format_checker=FORMATS).iter_errors(value)
        return [f"{error.json_path}: {error.message}" for error in errors]

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        name = schema.get("$ref", "").rpartition("/")[2]
        return self.document["components"]["schemas"][name] if name else schema

    def successes(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Every answer that is no error, with its operation, its media type and its schema."""
        for name, operation in self.operations.items():
            for status, response in operation["responses"].items():
                for media_type, content in response.get("content", {}).items():
                    if status.startswith("2"):
                        yield f"{name} {status}", media_type, content["schema"]

    def _check_body(self, name: str, schema: Mapping[str, Any], answer: Answer, *, media_type: str) -> None:
        value = yaml.safe_load(answer.body) if media_type == "application/yaml" else answer.body
        assert self.problems(schema, value) == [], f"{name} {answer.status}"


def closed(item: tuple[str, Mapping[str, Any]]) -> tuple[str, Mapping[str, Any]]:
    """A schema that takes no field which it does not name: those who read it may be told more one day; we may not."""
    name, schema = item[0], deepcopy(dict(item[1]))
    return name, schema | ({"additionalProperties": False} if "properties" in schema else {})


def _fits(name: str, method: str, address: str) -> bool:
    own_method, _, template = name.partition(" ")
    return own_method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), address) is not None


@dataclass(frozen=True)
class DescribedApi(Api):
    """A server whose every answer is checked."""

    description: Description

    async def call(
        self, method: str, path: str, *, key: str = "", headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        answer = await super().call(method, path, key=key, headers=headers, **more)
        self.description.check(method, path, answer)
        return answer


@asynccontextmanager
async def described(database_url: str, folder: Path, clock: Clock) -> AsyncIterator[DescribedApi]:
    async with serving(database_url, folder, clock) as api:
        document = (await api.get("/v1/openapi.json")).body
        yield DescribedApi(api.url, api.installation, api.session, Description(document))
