"""JSON (RFC 8259) as a tree with positions."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from json import JSONDecodeError, JSONDecoder

from opsdesk.flows import yaml_scalars
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Position
from opsdesk.flows.tree import DEPTH_MAX, NODES_MAX, Refused, Scalar, Tree

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_DECODER = JSONDecoder()
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}


def parse_json(text: str, findings: list[Finding]) -> Tree:
    """Reads one value and nothing after it.

    Raises: Refused.
    """
    reader = _Reader(text, findings)
    tree, at = reader.value(reader.space(0), 0)
    if reader.space(at) < len(text):
        raise reader.refused(reader.space(at), "there is something after the end of the document")
    return tree


@dataclass(slots=True)
class _Reader:
    text: str
    findings: list[Finding]
    nodes: int = 0
    line_starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.line_starts = [0, *(found.end() for found in re.finditer("\n", self.text))]

    def position(self, at: int) -> Position:
        line = bisect_right(self.line_starts, at)
        return Position(line, at - self.line_starts[line - 1] + 1)

    def refused(self, at: int, message: str, code: Code = Code.SYNTAX) -> Refused:
        return Refused(Finding(code, Severity.ERROR, f"this is not JSON: {message}", "", self.position(at)))

    def space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        assert found is not None
        return found.end()

    def value(self, at: int, depth: int) -> tuple[Tree, int]:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise self.refused(at, f"more than {NODES_MAX} values", Code.TOO_LARGE)
        if depth >= DEPTH_MAX and self.text[at : at + 1] in {"{", "["}:
            raise self.refused(at, f"values are nested more than {DEPTH_MAX} deep", Code.TOO_LARGE)
        match self.text[at : at + 1]:
            case "{":
                return self.mapping(at, depth)
            case "[":
                return self.sequence(at, depth)
            case '"':
                string, end = self.string(at)
                return Tree(string, self.position(at)), end
            case _:
                return self.word_or_number(at)

    def mapping(self, start: int, depth: int) -> tuple[Tree, int]:
        entries: dict[str, Tree] = {}
        tree = Tree(entries, self.position(start))
        at = self.space(start + 1)
        if self.text[at : at + 1] == "}":
            return tree, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                raise self.refused(at, "a key in double quotes is expected")
            key, end = self.string(at)
            colon = self.space(end)
            if self.text[colon : colon + 1] != ":":
                raise self.refused(colon, "a colon is expected")
            entry, end = self.value(self.space(colon + 1), depth + 1)
            self.keep(tree, key, entry, self.position(at))
            at, ended = self.comma_or(end, "}")
            if ended:
                return tree, at

    def keep(self, tree: Tree, key: str, entry: Tree, position: Position) -> None:
        assert isinstance(tree.value, dict)
        if key in tree.value:
            first = tree.keys[key]
            message = f"{key} is here twice; the first is at line {first.line}, column {first.column}"
            finding = Finding(Code.DUPLICATE_KEY, Severity.ERROR, message, "remove one of them", position)
            self.findings.append(finding)
            return
        tree.value[key] = entry
        tree.keys[key] = position

    def sequence(self, start: int, depth: int) -> tuple[Tree, int]:
        items: list[Tree] = []
        at = self.space(start + 1)
        if self.text[at : at + 1] == "]":
            return Tree(items, self.position(start)), at + 1
        while True:
            item, end = self.value(at, depth + 1)
            items.append(item)
            at, ended = self.comma_or(end, "]")
            if ended:
                return Tree(items, self.position(start)), at

    def comma_or(self, at: int, closing: str) -> tuple[int, bool]:
        at = self.space(at)
        found = self.text[at : at + 1]
        if found == closing:
            return at + 1, True
        if found != ",":
            raise self.refused(at, f"a comma or {closing} is expected")
        return self.space(at + 1), False

    def string(self, at: int) -> tuple[str, int]:
        try:
            string, end = _DECODER.raw_decode(self.text, at)
        except JSONDecodeError as error:
            raise self.refused(min(error.pos, len(self.text)), error.msg) from None
        assert isinstance(string, str)
        if any("\ud800" <= character <= "\udfff" for character in string):
            raise self.refused(at, "the text holds half a character")
        return string, end

    def word_or_number(self, at: int) -> tuple[Tree, int]:
        for word, value in _WORDS.items():
            if self.text.startswith(word, at):
                return Tree(value, self.position(at)), at + len(word)
        found = _NUMBER.match(self.text, at)
        if found is None:
            raise self.refused(at, "a value is expected")
        position = self.position(at)
        if found[2] or found[3]:
            return Tree(yaml_scalars.floating(found[0], position, self.findings), position), found.end()
        return Tree(yaml_scalars.integer(found[0], 10, position, self.findings), position), found.end()
