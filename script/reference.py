"""The pages of docs/reference/ that are made from the code, so that they cannot lie about it."""

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, cast

import typer
from fastapi import FastAPI
from typer.main import get_command

import opsdesk
from opsdesk.access import Role, Scope
from opsdesk.access.roles import SCOPES
from opsdesk.app.http import http_api
from opsdesk.app.wiring import Opsdesk
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_errors import CODES_FIELD, documented
from opsdesk.kit.settings import Settings
from script.osop_page import osop_page
from script.tables import table

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- Made from the code by `make docs`. Edit the code, not this page. -->\n"
METHODS = ("get", "post", "put", "patch", "delete")


def pages() -> dict[str, str]:
    """Every page by its file name."""
    made = {
        "settings.md": settings_page(),
        "errors.md": errors_page(error_classes()),
        "cli.md": cli_page(command_line()),
        "http.md": http_page(api()),
        "roles.md": roles_page(),
        "osop.md": osop_page(),
    }
    return {name: f"{NOTE}\n{text.strip()}\n" for name, text in made.items() if text}


def settings_page() -> str:
    rows = [
        (f"`OPSDESK_{name.upper()}`", _default(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return f"""
# Settings

Every setting is an environment variable, read once when a process starts.

{table(("setting", "default", "meaning"), rows)}
"""


def error_classes() -> list[type[OpsdeskError]]:
    """Every error of the product, sorted by capability and name."""
    for module in walk_packages(opsdesk.__path__, "opsdesk."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    found, left = [], [OpsdeskError]
    while left:
        error = left.pop()
        left.extend(error.__subclasses__())
        found.append(error)
    return sorted({error for error in found if error.__module__.startswith("opsdesk.")}, key=_place)


def errors_page(errors: Sequence[type[OpsdeskError]]) -> str:
    sections = [
        f"## {capability}\n\n{table(('code', 'status', 'retry', 'message', 'detail'), map(_error_row, group))}"
        for capability, group in groupby(errors, key=lambda error: _place(error)[0])
    ]
    body = '{"error": {"code": "…", "message": "…", "retry": false, "detail": {…}}}'
    return f"""
# Errors

Every refusal has one form, over HTTP and as `--json` on the command line. `code` is stable; `retry` says that the same
request may work later. Anything else that goes wrong is a fault of Opsdesk, answered with 500 and logged once.

```json
{body}
```

{_apart(sections)}
"""


def command_line() -> Any:
    """The root of the command line; None while there is none."""
    if find_spec("opsdesk.app.cli") is None:
        return None
    module = import_module("opsdesk.app.cli")
    apps = [value for value in vars(module).values() if isinstance(value, typer.Typer)]
    return get_command(apps[0]) if apps else None


def commands(group: Any, name: str = "opsdesk") -> Iterator[tuple[str, Any]]:
    """Every visible command below a group with the words that call it."""
    for word, command in sorted(getattr(group, "commands", {}).items()):
        if not command.hidden:
            yield f"{name} {word}", command
            yield from commands(command, f"{name} {word}")


def roles_page() -> str:
    rows = [(f"`{scope}`", *("yes" if scope in SCOPES[role] else "" for role in Role)) for scope in sorted(Scope)]
    return f"""
# Roles

What the holders of each role may do. Who has several may do what each of them allows; who has none may change their
own account. An API key has the scopes that it was made with, and one of a person never more than the person.

{table(("scope", *(f"`{role}`" for role in Role)), rows)}
"""


def cli_page(root: Any) -> str:
    if root is None:
        return ""
    sections = [
        f"## {name}\n\n{inspect.cleandoc(command.help or '')}\n\n{_parameters(name, command)}".strip()
        for name, command in commands(root)
    ]
    return f"""
# The command line

{inspect.cleandoc(root.help or "")}

Data goes to stdout, words to stderr. Exit codes: 0 done, 1 refused or failed, 2 misuse.

{_apart(sections)}
"""


def api() -> FastAPI:
    """The HTTP application, with nothing behind it: to be described, it has to be made and not started."""
    return http_api(cast(Opsdesk, _Nothing()))


class _Nothing:
    """Has every part, and each is nothing again."""

    def __getattr__(self, name: str) -> "_Nothing":
        return self

    def __bool__(self) -> bool:
        return False


def operations(app: FastAPI) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every route that is in the OpenAPI document, as `GET /v1/runs`, with its description there."""
    for path, methods in sorted(app.openapi()["paths"].items()):
        for method in METHODS:
            if method in methods:
                yield f"{method.upper()} {path}", methods[method]


def http_page(app: FastAPI) -> str:
    schemas = app.openapi()["components"]["schemas"]
    told = _parts(schemas, [operation.get("parameters", []) for _, operation in operations(app)])
    sections = [f"## {name}\n\n{_operation(operation, schemas)}" for name, operation in operations(app)]
    return f"""
# The HTTP interface

The same as OpenAPI, with every rule for every field: `GET /v1/openapi.json` of a running server. Times are RFC 3339 in
UTC. Refusals have [one form](errors.md), and the codes named here. Every route may also answer 413 and 422 (the request
is not what is read there), 500 (a fault of Opsdesk, logged) and 503 (try again later).

{_apart(sections)}

# Parts

{_apart([_part(name, schema, schemas) for name, schema in sorted(schemas.items()) if name in told])}
"""


def _operation(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    parameters = [_parameter_row(parameter) for parameter in operation.get("parameters", [])]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    answers = sorted(operation["responses"])
    fields = {code: _fields(f"in the answer {code}", _answer(operation, code), schemas) for code in answers}
    parts = [
        f"{operation.get('summary', '').rstrip('.')}.",
        inspect.cleandoc(operation.get("description", "")),
        table(("parameter", "in", "type", "", ""), parameters) if parameters else "",
        _fields("in the body", body, schemas),
        *dict.fromkeys(fields[code] for code in answers if code.startswith("2")),
        f"Answers {' and '.join(code for code in answers if code.startswith('2'))}.",
        _refusals(operation["responses"]),
    ]
    return _apart([part for part in parts if part])


def _parts(schemas: Mapping[str, Any], parameters: Sequence[Any]) -> set[str]:
    """What is referred to within bodies and answers or by parameters, and so is explained on its own."""
    refuses, referring = {"ErrorBody", "ErrorFacts"}, json.dumps([schemas, parameters])
    return {name for name in schemas if name not in refuses and f'schemas/{name}"' in referring}


def _part(name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    parts = [inspect.cleandoc(schema.get("description", "")), _fields("field", schema, schemas)]
    values = ", ".join(f"`{value}`" for value in schema.get("enum", ()))
    return _apart([f"## {name}", *filter(None, parts), *([f"One of {values}."] if values else [])])


def _parameter_row(parameter: Mapping[str, Any]) -> tuple[str, ...]:
    explained = parameter.get("description") or parameter["schema"].get("description", "")
    required = "" if parameter.get("required") else "optional"
    return (f"`{parameter['name']}`", parameter["in"], _type(parameter["schema"]), required, explained)


def _refusals(responses: Mapping[str, Mapping[str, Any]]) -> str:
    """What this route refuses beside what any route may."""
    anywhere = {code for response in documented().values() for code in response[CODES_FIELD]}
    told = {
        status: [f"`{code}`" for code in response.get(CODES_FIELD, ()) if code not in anywhere]
        for status, response in sorted(responses.items())
    }
    listed = [f"{status} {', '.join(codes)}" for status, codes in told.items() if codes]
    return f"Refuses with {'; '.join(listed)}." if listed else ""


def _answer(operation: Mapping[str, Any], code: str) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = (
        operation["responses"][code].get("content", {}).get("application/json", {}).get("schema", {})
    )
    return schema


def _fields(where: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    resolved = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    required = resolved.get("required", [])
    rows = [
        (f"`{name}`", _type(field), "" if name in required else "optional", field.get("description", ""))
        for name, field in resolved.get("properties", {}).items()
    ]
    return table((where, "type", "", ""), rows) if rows else ""


def _type(schema: Mapping[str, Any]) -> str:
    if options := [_type(option) for option in schema.get("anyOf", [])]:
        return " or ".join(options)
    if name := schema.get("$ref", "").rpartition("/")[2]:
        return f"[{name}](#{name.lower()})"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    return str(schema.get("format") or schema.get("type") or "any")


def _parameters(name: str, command: Any) -> str:
    arguments = [parameter for parameter in command.params if not parameter.opts[0].startswith("-")]
    words = [f"{item.name.upper()}{'…' if item.nargs == -1 else ''}" for item in arguments]
    if hasattr(command, "commands"):
        return ""
    shown = [parameter for parameter in command.params if not parameter.hidden]
    rows = [(_spelling(item), _default(item.default), item.help or "") for item in shown]
    listed = table(("parameter", "default", "meaning"), rows) if rows else ""
    return f"```\n{' '.join([name, '[OPTIONS]', *words])}\n```\n\n{listed}"


def _spelling(parameter: Any) -> str:
    if not parameter.opts[0].startswith("-"):
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{spelling}`" for spelling in [*parameter.opts, *parameter.secondary_opts])


def _default(value: object) -> str:
    return "" if value is None or value is False or str(value) in {"", "PydanticUndefined"} else f"`{value}`"


def _error_row(error: type[OpsdeskError]) -> tuple[str, ...]:
    detail = ", ".join(f"`{name}`" for name in inspect.get_annotations(error.__init__) if name != "return")
    message = inspect.getdoc(error) or ""
    return (f"`{error.__name__}`", str(error.status), "yes" if error.retry else "", message.splitlines()[0], detail)


def _place(error: type[OpsdeskError]) -> tuple[str, str]:
    return error.__module__.split(".")[1], error.__name__


def _apart(parts: Sequence[str]) -> str:
    return "\n\n".join(parts)
