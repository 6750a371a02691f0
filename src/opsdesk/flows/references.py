"""`${…}` in strings: what a node's runtime says about the values it is given."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson


class Namespace(StrEnum):
    BARE = ""
    """An output of a node on the way here, or an input of the run."""
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    SECRETS = "secrets"
    ENV = "env"
    METADATA = "metadata"
    LOOP = "loop"
    EVENT = "event"
    SPAWN = "spawn"


@dataclass(frozen=True, slots=True)
class Reference:
    """One `${…}`: `outputs.register.customer.id` is namespace outputs, node register, name customer, path (id,)."""

    text: str
    namespace: Namespace
    name: str
    node: str | None = None
    path: tuple[str, ...] = ()
    offset: int = 0
    """Characters from the start of the template to the `$`."""


@dataclass(eq=False)
class ReferenceMalformed(Exception):
    """The text between ${ and } is not a reference."""

    text: str
    offset: int
    hint: str = ""

    def __str__(self) -> str:
        return f"${{{self.text}}} is not a reference"


@dataclass(eq=False)
class ReferenceMissing(Exception):
    """The value that a reference names is not there."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} is missing"


Lookup = Callable[[Reference], Any]
"""Gives the value that `namespace`, `node` and `name` stand for. Raises KeyError or ReferenceMissing for none."""

_TOKEN = re.compile(r"\$\$\{|\$\{")
_WORD = re.compile(r"[^\W\d][\w-]*\Z")
_KEY = re.compile(r"[\w-]+\Z")
_NAMESPACES = {namespace.value: namespace for namespace in Namespace}


def parse(template: str) -> list[str | Reference]:
    """The texts and references of a template, in order; `$${` is the text `${`.

    Raises: ReferenceMalformed for the first reference that is none.
    """
    parts: list[str | Reference] = []
    for part in _scan(template):
        if isinstance(part, ReferenceMalformed):
            raise part
        parts.append(part)
    return parts


def parse_all(template: str) -> tuple[list[Reference], list[ReferenceMalformed]]:
    """Every reference and every malformed one, for those who want to know all that is wrong."""
    found = list(_scan(template))
    references = [part for part in found if isinstance(part, Reference)]
    return references, [part for part in found if isinstance(part, ReferenceMalformed)]


def resolve(template: str, lookup: Lookup) -> Any:
    """The template with its values.

    A reference that is the whole string keeps its type; inside a text, strings stand as they are, all else as JSON.

    Raises: ReferenceMissing; ReferenceMalformed for a template that did not pass `load`.
    """
    if "$" not in template:
        return template
    parts = parse(template)
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return value_of(parts[0], lookup)
    return "".join(part if isinstance(part, str) else as_text(value_of(part, lookup)) for part in parts)


def resolve_all(value: Any, lookup: Lookup) -> Any:
    """The same for every string inside lists and mappings; keys stay as they are."""
    match value:
        case str():
            return resolve(value, lookup)
        case list() | tuple():
            return [resolve_all(item, lookup) for item in value]
        case dict():
            return {key: resolve_all(item, lookup) for key, item in value.items()}
        case _:
            return value


def value_of(reference: Reference, lookup: Lookup) -> Any:
    """The value that a reference names.

    Raises: ReferenceMissing.
    """
    try:
        value = lookup(reference)
        for key in reference.path:
            value = value[int(key)] if isinstance(value, list | tuple) else value[key]
    except (KeyError, IndexError, ValueError, TypeError):
        raise ReferenceMissing(reference.text) from None
    return value


def as_text(value: Any) -> str:
    """How a value stands inside a text."""
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _scan(template: str) -> Iterator[str | Reference | ReferenceMalformed]:
    at = 0
    text: list[str] = []
    while found := _TOKEN.search(template, at):
        text.append(template[at : found.start()])
        at = found.end()
        if found[0] == "$${":
            text.append("${")
            continue
        end = template.find("}", at)
        if before := "".join(text):
            yield before
        text = []
        yield _reference(template[at : end if end >= 0 else len(template)], found.start(), closed=end >= 0)
        at = end + 1 if end >= 0 else len(template)
    if rest := "".join([*text, template[at:]]):
        yield rest


def _reference(text: str, offset: int, *, closed: bool) -> Reference | ReferenceMalformed:
    if not closed:
        return ReferenceMalformed(text[:40], offset, "the } is missing; write $${ for the characters ${")
    parts = text.strip().split(".")
    if not _WORD.match(parts[0]) or not all(_KEY.match(part) for part in parts[1:]):
        return ReferenceMalformed(text[:80], offset, "write $${ for the characters ${, such as a variable of the shell")
    namespace = _NAMESPACES.get(parts[0], Namespace.BARE)
    if namespace is Namespace.BARE or len(parts) == 1:
        return Reference(text.strip(), Namespace.BARE, parts[0], None, tuple(parts[1:]), offset)
    if namespace is Namespace.OUTPUTS:
        if len(parts) < 3:
            return ReferenceMalformed(text, offset, "write ${outputs.<node>.<name>}")
        return Reference(text.strip(), namespace, parts[2], parts[1], tuple(parts[3:]), offset)
    return Reference(text.strip(), namespace, parts[1], None, tuple(parts[2:]), offset)
