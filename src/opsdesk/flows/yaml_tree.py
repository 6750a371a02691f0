"""A YAML 1.2 or JSON document as a tree whose every value knows its line and column.

Safe by construction: the core schema only, no objects, and a limit on everything. What is wrong comes back as findings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

import yaml

from opsdesk.flows import yaml_scalars
from opsdesk.flows.findings import Finding
from opsdesk.flows.json_tree import parse_json
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Position
from opsdesk.flows.tree import Refused, Tree, error_at
from opsdesk.flows.yaml_builder import Builder

SIZE_BYTES_MAX = 1 << 20
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class Parsed:
    tree: Tree | None
    text: str
    """The source without byte order mark; empty if it is not text."""
    findings: tuple[Finding, ...]


def read_source(path: Path) -> bytes | Finding:
    """The bytes of a regular file, never more than one past the limit."""
    try:
        if not S_ISREG(path.stat().st_mode):
            return error_at(Code.UNREADABLE, "this is not a file", Position())
        with path.open("rb") as file:
            return file.read(SIZE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return error_at(Code.UNREADABLE, f"the file cannot be read: {reason}", Position())


def parse(source: str | bytes, *, name: str) -> Parsed:
    """Reads one document; `name` ending in .json means JSON and nothing else."""
    text = _decode(source)
    if isinstance(text, Finding):
        return Parsed(None, "", (text,))
    findings: list[Finding] = []
    try:
        tree = parse_json(text, findings) if name.lower().endswith(".json") else _parse_yaml(text, findings)
    except Refused as refused:
        return Parsed(None, text, (*findings, refused.finding))
    return Parsed(tree, text, tuple(findings))


def _decode(source: str | bytes) -> str | Finding:
    if isinstance(source, str):
        try:
            size = len(source.encode())
        except UnicodeEncodeError as error:
            return error_at(Code.ENCODING, "the text holds half a character", _position_at(source, error.start))
        return _too_large() if size > SIZE_BYTES_MAX else source.removeprefix("\ufeff")
    if len(source) > SIZE_BYTES_MAX:
        return _too_large()
    for mark, encoding in _BYTE_ORDER_MARKS:
        if source.startswith(mark):
            return error_at(Code.ENCODING, f"the file is {encoding}", Position(), "save it as UTF-8")
    if b"\0" in source[:4]:
        return error_at(Code.ENCODING, "the file is UTF-16 or UTF-32, or no text", Position(), "save it as UTF-8")
    try:
        return source.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        position = _position_at(source[: error.start].decode(), error.start)
        return error_at(
            Code.ENCODING, f"byte 0x{source[error.start]:02x} is not UTF-8", position, "save the file as UTF-8"
        )


def _too_large() -> Finding:
    return error_at(Code.TOO_LARGE, f"the document is larger than {SIZE_BYTES_MAX} bytes", Position())


def _position_at(text: str, offset: int) -> Position:
    before = text[:offset]
    return Position(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _parse_yaml(text: str, findings: list[Finding]) -> Tree | None:
    builder = Builder(findings)
    documents = 0
    for event in _events(text):
        position = Position(event.start_mark.line + 1, event.start_mark.column + 1)
        match event:
            case yaml.ScalarEvent():
                value = yaml_scalars.read(event.value, event.tag, bool(event.style), position, findings)
                builder.scalar(Tree(value, position), event.anchor)
            case yaml.MappingStartEvent():
                _check_tag(event.tag, "map", position, findings)
                builder.begin(Tree({}, position), event.anchor)
            case yaml.SequenceStartEvent():
                _check_tag(event.tag, "seq", position, findings)
                builder.begin(Tree([], position), event.anchor)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                builder.end()
            case yaml.AliasEvent():
                builder.alias(str(event.anchor), position)
            case yaml.DocumentStartEvent():
                documents += 1
                if documents > 1:
                    message = "a second document begins here, and a file holds one procedure"
                    raise Refused(error_at(Code.MORE_DOCUMENTS, message, position))
    return builder.root


def _events(text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = Position(mark.line + 1, mark.column + 1) if mark else Position()
        problem = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise Refused(error_at(Code.SYNTAX, f"this is not YAML: {problem}", position, _syntax_hint(problem))) from None
    except yaml.reader.ReaderError as error:
        found = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]", text)
        position = _position_at(text, found.start()) if found else Position()
        raise Refused(error_at(Code.SYNTAX, f"this is not YAML: {error.reason}", position)) from None


def _syntax_hint(problem: str) -> str:
    if "\\t" in problem:
        return "indent with spaces, not with tabs"
    if "mapping values are not allowed" in problem:
        return "put quotes around a text that holds a colon and a space"
    if "did not find expected key" in problem:
        return "check the indentation and the quotes of this line and the one before"
    return ""


def _check_tag(tag: str | None, kind: str, position: Position, findings: list[Finding]) -> None:
    if tag not in (None, "!", f"tag:yaml.org,2002:{kind}"):
        findings.append(error_at(Code.TAG, f"the tag {tag} is not allowed here", position, "remove it"))
