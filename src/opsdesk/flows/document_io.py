"""Inputs and outputs: names, specs, or a mapping from name to schema."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from opsdesk.flows.document_fields import IO, JSON_SCHEMA
from opsdesk.flows.document_reading import Fields, Reading
from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Field
from opsdesk.flows.tree import Tree, plain

NAME_CHARS_MAX = 128
SCHEMA_VALUES_MAX = 2_000
"""Values in a schema after references are followed."""

_TYPES: Mapping[str, Mapping[str, Any]] = {
    **{name: {"type": name} for name in ("string", "number", "integer", "boolean", "array", "object", "null")},
    **{"str": {"type": "string"}, "text": {"type": "string"}, "int": {"type": "integer"}, "float": {"type": "number"}},
    **{"bool": {"type": "boolean"}, "list": {"type": "array"}, "dict": {"type": "object"}, "map": {"type": "object"}},
    "any": {},
}
_LOCAL = re.compile(r"(?:#/schemas/|schemas[./])(?P<name>.+)\Z")


def read_schemas(document: Fields) -> Mapping[str, Any]:
    """The document's registry of schemas, by name."""
    if (registry := document.mapping("schemas")) is None:
        return {}
    schemas: dict[str, Any] = {}
    for name, tree in registry.entries.items():
        if isinstance(tree.value, dict):
            schemas[name] = plain(tree)
        else:
            registry.wrong(tree, registry.path(name), "a JSON Schema")
    return schemas


def read_fields(owner: Fields, name: str, schemas: Mapping[str, Any]) -> tuple[Field, ...]:
    """The declared inputs or outputs."""
    tree = owner.get(name)
    if tree is None:
        return ()
    where = owner.path(name)
    if isinstance(tree.value, dict):
        found = [
            _from_mapping(owner.reading, key, entry, f"{where}.{key}", schemas) for key, entry in tree.value.items()
        ]
    elif isinstance(tree.value, list):
        found = [_from_item(owner, item, f"{where}.{index}", schemas) for index, item in enumerate(tree.value)]
    else:
        owner.wrong(tree, where, "a list of names")
        return ()
    return tuple(_distinct(owner.reading, where, (entry for entry in found if entry is not None)))


def _distinct(reading: Reading, where: str, fields: Iterator[Field]) -> Iterator[Field]:
    seen: set[str] = set()
    for entry in fields:
        if entry.name in seen:
            reading.error(Code.DUPLICATE_ID, f"{entry.name} is in {where} twice", entry.position, where=where)
        elif not entry.name.strip() or len(entry.name) > NAME_CHARS_MAX:
            message = f"a name in {where} is empty or longer than {NAME_CHARS_MAX} characters"
            reading.error(Code.WRONG_VALUE, message, entry.position, where=where)
        else:
            seen.add(entry.name)
            yield entry


def _from_item(owner: Fields, tree: Tree, where: str, schemas: Mapping[str, Any]) -> Field | None:
    if isinstance(tree.value, str):
        return Field(tree.value, position=tree.position)
    if not isinstance(tree.value, dict):
        owner.wrong(tree, where, "a name, or a mapping with a name")
        return None
    spec = Fields(owner.reading, tree, where)
    if "name" not in spec.entries and len(spec.entries) == 1:
        hint = "write the name alone; where it is in an answer belongs to runtime.response_mapping"
        key = next(iter(spec.entries))
        owner.reading.error(Code.WRONG_VALUE, f"{where} is neither a name nor a spec: {key[:80]}: …", tree, hint=hint)
        return None
    name = spec.text("name")
    if name is None:
        if spec.get("name") is None:
            spec.missing("name")
        return None
    return _field(spec, name, schemas)


def _from_mapping(reading: Reading, name: str, tree: Tree, where: str, schemas: Mapping[str, Any]) -> Field | None:
    match tree.value:
        case None:
            return Field(name, position=tree.position)
        case str():
            return Field(name, _named(reading, tree, where, schemas), position=tree.position)
        case dict():
            return _field(Fields(reading, tree, where), name, schemas)
        case _:
            Fields(reading, tree, where).wrong(tree, where, "a JSON Schema or the name of one")
            return None


def _field(spec: Fields, name: str, schemas: Mapping[str, Any]) -> Field:
    """From a spec: its own fields, and the keywords of an inline schema beside them."""
    _check_known(spec)
    required = spec.get("required")
    inline = {key: plain(entry) for key, entry in spec.entries.items() if key in JSON_SCHEMA and key != "description"}
    if required is not None and isinstance(required.value, bool):
        del inline["required"]
    schema = _schema(spec, schemas)
    inline_type = inline.get("type")
    if isinstance(inline_type, str) and inline_type in _TYPES:
        inline = {**{key: value for key, value in inline.items() if key != "type"}, **_TYPES[inline_type]}
    merged = checked(spec.reading, {**schema, **inline}, spec.tree, spec.where, schemas)
    return Field(
        name=name,
        schema=merged,
        required="default" not in merged and not (required is not None and required.value is False),
        description=spec.text("description") or "",
        personal=spec.boolean("x-personal") or False,
        position=spec.tree.position,
    )


def _check_known(spec: Fields) -> None:
    for key, tree in spec.entries.items():
        if key in IO.known or key in JSON_SCHEMA or key.startswith("x-"):
            continue
        near = nearest(key, IO.known | JSON_SCHEMA)
        hint = f"did you mean {near}?" if near else "fields of your own begin with x-"
        message = f"{spec.where} has no field {key[:80]}"
        position = spec.tree.keys.get(key, tree.position)
        spec.reading.error(Code.UNKNOWN_FIELD, message, position, where=spec.path(key), hint=hint)


def _schema(spec: Fields, schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    tree = spec.get("schema")
    if tree is None:
        return {}
    if isinstance(tree.value, str):
        return _named(spec.reading, tree, spec.path("schema"), schemas)
    if isinstance(tree.value, dict):
        return dict(plain(tree))
    spec.wrong(tree, spec.path("schema"), "a JSON Schema or the name of one")
    return {}


def _named(reading: Reading, tree: Tree, where: str, schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """A type name, or a name in the registry."""
    text = str(tree.value).strip()
    local = _LOCAL.match(text)
    name = local["name"] if local else text
    if name in schemas:
        return checked(reading, dict(schemas[name]), tree, where, schemas)
    if not local and name in _TYPES:
        return _TYPES[name]
    near = nearest(name, [*schemas, *_TYPES])
    hint = f"did you mean {near}?" if near else "name a JSON type or an entry of schemas"
    reading.error(Code.SCHEMA, f"there is no schema {name[:80]}", tree, where=where, hint=hint)
    return {}


def checked(
    reading: Reading, schema: Mapping[str, Any], tree: Tree, where: str, schemas: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The schema with references into the registry filled in; one that is no JSON Schema is an error."""
    if schema.keys() <= {"type"} and isinstance(schema.get("type"), str) and schema["type"] in _TYPES:
        return _TYPES[schema["type"]]
    try:
        filled = _Filler(schemas).filled(schema, ())
    except _NoSchema as error:
        reading.error(Code.SCHEMA, str(error), tree, where=where)
        return {}
    if (wrong := _wrong_part(orjson.dumps(filled))) is not None:
        message = f"{where} is not a JSON Schema" + (f": see {wrong}" if wrong else "")
        reading.error(Code.SCHEMA, message, tree, where=where)
        return {}
    return dict(filled)


@lru_cache(maxsize=1_000)
def _wrong_part(schema: bytes) -> str | None:
    """The path to what is no JSON Schema; None if all is. Remembered, because procedures repeat a few schemas."""
    try:
        Draft202012Validator.check_schema(orjson.loads(schema))
    except SchemaError as error:
        return ".".join(str(part) for part in error.absolute_path)
    return None


class _NoSchema(Exception):
    """A part of a schema cannot be used."""


@dataclass(slots=True)
class _Filler:
    """Puts entries of the registry in the place of references to them."""

    schemas: Mapping[str, Any]
    values: int = 0

    def filled(self, part: Any, within: tuple[str, ...]) -> Any:
        self.values += 1
        if self.values > SCHEMA_VALUES_MAX:
            raise _NoSchema(f"the schema unfolds into more than {SCHEMA_VALUES_MAX} values")
        if isinstance(part, list):
            return [self.filled(item, within) for item in part]
        if not isinstance(part, Mapping):
            return part
        if (reference := part.get("$ref")) is not None:
            return self.entry(str(reference), within)
        _check_keywords(part)
        return {key: self.filled(value, within) for key, value in part.items()}

    def entry(self, reference: str, within: tuple[str, ...]) -> Any:
        local = _LOCAL.match(reference)
        if local is None or local["name"] not in self.schemas:
            raise _NoSchema(f"{reference[:80]} is not an entry of the document's schemas")
        if local["name"] in within:
            raise _NoSchema(f"the schema {local['name'][:80]} contains itself")
        return self.filled(self.schemas[local["name"]], (*within, local["name"]))


def _check_keywords(part: Mapping[str, Any]) -> None:
    if "$dynamicRef" in part:
        raise _NoSchema("$dynamicRef is not supported; use $ref: '#/schemas/<name>'")
    properties = part.get("patternProperties")
    patterns = [part.get("pattern"), *(properties if isinstance(properties, Mapping) else ())]
    for pattern in patterns:
        if isinstance(pattern, str):
            _check_pattern(pattern)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        raise _NoSchema(f"{pattern[:80]} is not a regular expression") from None
