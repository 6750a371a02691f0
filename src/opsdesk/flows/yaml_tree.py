"""A YAML 1.2 or JSON document as a tree whose every value knows its line and column.

Safe by construction: the core schema only, no objects, and a limit on everything. What is wrong comes back as findings.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import Any

import yaml

from opsdesk.flows import yaml_scalars
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.json_tree import parse_json
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Position
from opsdesk.flows.tree import DEPTH_MAX, NODES_MAX, Refused, Tree

SIZE_BYTES_MAX = 1 << 20
ALIAS_NODES_MAX = 10_000
"""Values that aliases may add when followed: a small document that unfolds into a huge one is refused unread."""

START = Position()
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
            return _error(Code.UNREADABLE, "this is not a file", Position())
        with path.open("rb") as file:
            return file.read(SIZE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _error(Code.UNREADABLE, f"the file cannot be read: {reason}", Position())


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


def locate(text: str, start: Position, value: str, offset: int) -> Position:
    """Where character `offset` of a string value stands, when the value's scalar starts at `start`.

    Quotes, block indicators and line folding are followed; where escapes make that impossible, it is the start.
    """
    lines = text.splitlines(keepends=True)
    if not 1 <= start.line <= len(lines):
        return start
    line, column = start.line - 1, start.column - 1
    if lines[line][column : column + 1] in {"|", ">"}:
        line, column = line + 1, 0
    elif lines[line][column : column + 1] in {'"', "'"}:
        column += 1
    wanted = sum(not character.isspace() for character in value[:offset])
    expected = [character for character in value if not character.isspace()]
    seen = 0
    while line < len(lines):
        while column < len(lines[line]):
            character = lines[line][column]
            if not character.isspace():
                if seen >= len(expected) or character != expected[seen]:
                    return start
                if seen == wanted:
                    return Position(line + 1, column + 1)
                seen += 1
            column += 1
        line, column = line + 1, 0
    return start


def _decode(source: str | bytes) -> str | Finding:
    if isinstance(source, str):
        try:
            size = len(source.encode())
        except UnicodeEncodeError as error:
            return _error(Code.ENCODING, "the text holds half a character", _position_at(source, error.start))
        return _too_large() if size > SIZE_BYTES_MAX else source.removeprefix("\ufeff")
    if len(source) > SIZE_BYTES_MAX:
        return _too_large()
    for mark, encoding in _BYTE_ORDER_MARKS:
        if source.startswith(mark):
            return _error(Code.ENCODING, f"the file is {encoding}", Position(), "save it as UTF-8")
    if b"\0" in source[:4]:
        return _error(Code.ENCODING, "the file is UTF-16 or UTF-32, or no text", Position(), "save it as UTF-8")
    try:
        return source.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        position = _position_at(source[: error.start].decode(), error.start)
        return _error(
            Code.ENCODING, f"byte 0x{source[error.start]:02x} is not UTF-8", position, "save the file as UTF-8"
        )


def _too_large() -> Finding:
    return _error(Code.TOO_LARGE, f"the document is larger than {SIZE_BYTES_MAX} bytes", Position())


def _position_at(text: str, offset: int) -> Position:
    before = text[:offset]
    return Position(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


@dataclass(slots=True)
class _Open:
    """A collection that is being read."""

    tree: Tree
    anchor: str | None
    size: int = 1
    height: int = 1
    key: str | None = None
    key_position: Position = START
    expects_key: bool = False
    skips_value: bool = False
    """The key was refused, and what belongs to it is read and dropped."""


@dataclass(frozen=True, slots=True)
class _Anchored:
    tree: Tree
    size: int
    height: int


@dataclass(slots=True)
class _Builder:
    findings: list[Finding]
    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, _Anchored | None] = field(default_factory=dict)
    """None while what the anchor names is still being read."""
    root: Tree | None = None
    nodes: int = 0
    alias_nodes: int = 0

    def value(self, tree: Tree, *, size: int, height: int) -> None:
        """A complete value: a scalar, an alias, or a collection that has just ended."""
        if not self.open:
            self.root = tree
            return
        parent = self.open[-1]
        parent.size += size
        parent.height = max(parent.height, height + 1)
        if isinstance(parent.tree.value, list):
            parent.tree.value.append(tree)
            return
        assert isinstance(parent.tree.value, dict)
        if parent.expects_key:
            self.key(parent, tree)
        else:
            if not parent.skips_value and parent.key is not None:
                parent.tree.value[parent.key] = tree
                parent.tree.keys[parent.key] = parent.key_position
            parent.expects_key, parent.skips_value = True, False

    def key(self, parent: _Open, tree: Tree) -> None:
        assert isinstance(parent.tree.value, dict)
        parent.expects_key, parent.key, parent.key_position = False, None, tree.position
        key = tree.value
        if not isinstance(key, str):
            parent.skips_value = True
            hint = f'write "{key}" in quotes' if isinstance(key, int | float) else "write it as text"
            self.findings.append(_error(Code.KEY_NOT_TEXT, "a key has to be text", tree.position, hint))
        elif key in parent.tree.value:
            parent.skips_value = True
            first = parent.tree.keys[key]
            message = f"{key} is here twice; the first is at line {first.line}, column {first.column}"
            self.findings.append(_error(Code.DUPLICATE_KEY, message, tree.position, "remove one of them"))
        else:
            parent.key = key

    def begin(self, tree: Tree, anchor: str | None) -> None:
        self.count(tree.position)
        if len(self.open) >= DEPTH_MAX:
            raise Refused(_error(Code.TOO_LARGE, f"values are nested more than {DEPTH_MAX} deep", tree.position))
        if anchor:
            self.anchors[anchor] = None
        self.open.append(_Open(tree, anchor, expects_key=isinstance(tree.value, dict)))

    def end(self) -> None:
        closed = self.open.pop()
        if closed.anchor:
            self.anchors[closed.anchor] = _Anchored(closed.tree, closed.size, closed.height)
        self.value(closed.tree, size=closed.size, height=closed.height)

    def scalar(self, tree: Tree, anchor: str | None) -> None:
        self.count(tree.position)
        if anchor:
            self.anchors[anchor] = _Anchored(tree, 1, 1)
        self.value(tree, size=1, height=1)

    def alias(self, anchor: str, position: Position) -> None:
        """Counts what the alias unfolds into, before anybody unfolds it."""
        if anchor not in self.anchors:
            raise Refused(_error(Code.SYNTAX, f"*{anchor} names nothing", position))
        target = self.anchors[anchor]
        if target is None:
            raise Refused(_error(Code.TOO_LARGE, f"*{anchor} contains itself", position))
        self.alias_nodes += target.size
        if self.alias_nodes > ALIAS_NODES_MAX:
            message = f"aliases unfold into more than {ALIAS_NODES_MAX} values"
            raise Refused(_error(Code.TOO_LARGE, message, position))
        if len(self.open) + target.height > DEPTH_MAX:
            raise Refused(_error(Code.TOO_LARGE, f"values are nested more than {DEPTH_MAX} deep", position))
        self.value(target.tree, size=target.size, height=target.height)

    def count(self, position: Position) -> None:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise Refused(_error(Code.TOO_LARGE, f"the document has more than {NODES_MAX} values", position))


def _parse_yaml(text: str, findings: list[Finding]) -> Tree | None:
    builder = _Builder(findings)
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
                    raise Refused(_error(Code.MORE_DOCUMENTS, message, position))
    return builder.root


def _events(text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = Position(mark.line + 1, mark.column + 1) if mark else Position()
        problem = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise Refused(_error(Code.SYNTAX, f"this is not YAML: {problem}", position, _syntax_hint(problem))) from None
    except yaml.reader.ReaderError as error:
        found = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]", text)
        position = _position_at(text, found.start()) if found else Position()
        raise Refused(_error(Code.SYNTAX, f"this is not YAML: {error.reason}", position)) from None


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
        findings.append(_error(Code.TAG, f"the tag {tag} is not allowed here", position, "remove it"))


def _error(code: Code, message: str, position: Position, hint: str = "") -> Finding:
    return Finding(code, Severity.ERROR, message, hint, position)


def plain(tree: Tree) -> Any:
    """The value without positions."""
    match tree.value:
        case dict() as entries:
            return {key: plain(entry) for key, entry in entries.items()}
        case list() as items:
            return [plain(item) for item in items]
        case scalar:
            return scalar


def positions(tree: Tree, at: str = "") -> Mapping[str, Position]:
    """The position of every value by its path, such as `nodes.0.runtime.url`."""
    found: dict[str, Position] = {}
    _collect(tree, at, found)
    return found


def _collect(tree: Tree, at: str, found: dict[str, Position]) -> None:
    found[at] = tree.position
    prefix = f"{at}." if at else ""
    if isinstance(tree.value, dict):
        for key, entry in tree.value.items():
            _collect(entry, f"{prefix}{key}", found)
    elif isinstance(tree.value, list):
        for index, item in enumerate(tree.value):
            _collect(item, f"{prefix}{index}", found)
