"""Reading the parts of a document: each value is checked for its kind, and what is wrong is noted where it stands."""

import difflib
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from opsdesk.flows.document_fields import FieldSet
from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Position
from opsdesk.flows.tree import Tree

TEXT_CHARS_MAX = 100_000
DURATION_S_MAX = 10 * 366 * 86_400

_OTHER_WORDS = {"config": "runtime"}
"""What other formats call a field."""
_UNIT_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])\s*")


@dataclass(slots=True)
class Reading:
    """What was found while a document was read."""

    findings: list[Finding] = field(default_factory=list)

    def error(self, code: Code, message: str, tree: Tree | Position, *, where: str = "", hint: str = "") -> None:
        self._add(code, Severity.ERROR, message, tree, where, hint)

    def warning(self, code: Code, message: str, tree: Tree | Position, *, where: str = "", hint: str = "") -> None:
        self._add(code, Severity.WARNING, message, tree, where, hint)

    def _add(self, code: Code, severity: Severity, message: str, at: Tree | Position, where: str, hint: str) -> None:
        position = at.position if isinstance(at, Tree) else at
        self.findings.append(Finding(code, severity, message, hint, position, where))


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping of the document, read field by field. `where` is its path in the document's own words."""

    reading: Reading
    tree: Tree
    where: str

    @property
    def entries(self) -> dict[str, Tree]:
        assert isinstance(self.tree.value, dict)
        return self.tree.value

    def path(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def get(self, name: str) -> Tree | None:
        """The value, unless it is missing or null."""
        found = self.entries.get(name)
        return None if found is None or found.value is None else found

    def one_of(self, *names: str) -> tuple[str, Tree] | None:
        """The value under whichever of its spellings is used; two that differ are an error."""
        found = [(name, tree) for name in names if (tree := self.get(name)) is not None]
        for name, tree in found[1:]:
            if not same(tree, found[0][1]):
                message = f"{found[0][0]} and {name} are two spellings of one field, and their values differ"
                where = self.path(name)
                self.reading.error(Code.SPELLINGS_DIFFER, message, tree, where=where, hint="keep one of them")
        return found[0] if found else None

    def text(self, *names: str) -> str | None:
        found = self.one_of(*names)
        return self.reading_text(found[1], self.path(found[0])) if found else None

    def reading_text(self, tree: Tree, where: str) -> str | None:
        if isinstance(tree.value, str) and len(tree.value) <= TEXT_CHARS_MAX:
            return tree.value
        self.wrong(tree, where, "a text")
        return None

    def number(self, *names: str, least: float = 0, most: float = math.inf, whole: bool = False) -> float | None:
        if (found := self.one_of(*names)) is None:
            return None
        name, tree = found
        value = tree.value
        fits = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
        if fits and not (whole and value != int(value)):  # type: ignore[arg-type]  # narrowed by `fits`
            return value  # type: ignore[return-value]  # narrowed by `fits`
        kind = "a whole number" if whole else "a number"
        limits = f" from {least:g}" + (f" to {most:g}" if most < math.inf else "")
        self.wrong(tree, self.path(name), kind + limits)
        return None

    def boolean(self, name: str) -> bool | None:
        if (tree := self.get(name)) is None:
            return None
        if isinstance(tree.value, bool):
            return tree.value
        self.wrong(tree, self.path(name), "true or false")
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        if (tree := self.get(name)) is None:
            return ()
        if not isinstance(tree.value, list):
            self.wrong(tree, self.path(name), "a list of texts")
            return ()
        values = [self.reading_text(item, f"{self.path(name)}.{index}") for index, item in enumerate(tree.value)]
        return tuple(value for value in values if value is not None)

    def mapping(self, name: str) -> "Fields | None":
        if (tree := self.get(name)) is None:
            return None
        if isinstance(tree.value, dict):
            return Fields(self.reading, tree, self.path(name))
        self.wrong(tree, self.path(name), "a mapping")
        return None

    def mappings(self, name: str) -> Iterator[tuple[int, "Fields"]]:
        """The mappings in a list, with their places; anything else in it is an error."""
        if (tree := self.get(name)) is None:
            return
        if not isinstance(tree.value, list):
            self.wrong(tree, self.path(name), "a list")
            return
        for index, item in enumerate(tree.value):
            if isinstance(item.value, dict):
                yield index, Fields(self.reading, item, f"{self.path(name)}.{index}")
            else:
                self.wrong(item, f"{self.path(name)}.{index}", "a mapping")

    def node(self, name: str, nodes: Collection[str]) -> str | None:
        """The id of one of these nodes; missing or unknown is an error."""
        node_id = self.text(name)
        if node_id is None:
            if self.get(name) is None:
                self.missing(name)
            return None
        if node_id in nodes:
            return node_id
        near = nearest(node_id, nodes)
        hint = f"did you mean {near}?" if near else ""
        message = f"{self.path(name)}: there is no node {node_id[:80]}"
        self.reading.error(Code.UNKNOWN_NODE, message, self.entries[name], where=self.path(name), hint=hint)
        return None

    def duration_s(self, *names: str, unit_s: float = 1) -> float | None:
        """Seconds: a number of `unit_s`, or a text such as 90s, 10m, 1h30m, 24h, 7d."""
        if (found := self.one_of(*names)) is None:
            return None
        name, tree = found
        seconds = duration_s(tree.value, unit_s=unit_s)
        if seconds is None or not 0 < seconds <= DURATION_S_MAX:
            message = f"{self.path(name)} has to be a time longer than nothing and at most ten years"
            hint = "write seconds, or 90s, 10m, 1h30m, 24h, 7d; leave it out for no limit"
            self.reading.error(Code.DURATION, message, tree, where=self.path(name), hint=hint)
            return None
        return seconds

    def wrong(self, tree: Tree, where: str, wanted: str) -> None:
        self.reading.error(Code.WRONG_VALUE, f"{where} has to be {wanted}, not {kind_of(tree)}", tree, where=where)

    def missing(self, name: str, hint: str = "") -> None:
        owner = self.where or "the document"
        where = self.path(name)
        self.reading.error(Code.MISSING_FIELD, f"{owner} has no {name}", self.tree, where=where, hint=hint)

    def check(self, fields: FieldSet) -> None:
        """Refuses unknown fields, and warns of those that are known and not honoured."""
        for name, tree in self.entries.items():
            if name.startswith("x-") or name in fields.honoured or self._says_the_default(fields, name, tree):
                continue
            position = self.tree.keys.get(name, tree.position)
            if name in fields.not_honoured:
                self.not_honoured(name)
                continue
            if fields.open:
                self.not_honoured(name, self._open_hint(fields, name, tree))
                continue
            close = difflib.get_close_matches(name, sorted(fields.known), n=1, cutoff=0.6)
            meant = [word for word in (_OTHER_WORDS.get(name), *close) if word in fields.known]
            hint = f"did you mean {meant[0]}?" if meant else "fields of your own begin with x-"
            if name == "<<":
                hint = "YAML 1.2 has no merge keys; repeat the fields"
            message = f"{self.where or 'the document'} has no field {name[:80]}"
            self.reading.error(Code.UNKNOWN_FIELD, message, position, where=self.path(name), hint=hint)

    def _open_hint(self, fields: FieldSet, name: str, tree: Tree) -> str:
        """Where any field is admitted, most are not misspelt."""
        inside = [field for field in tree.value if field in fields.honoured] if isinstance(tree.value, dict) else []
        if inside:
            return f"write {', '.join(inside)} in {self.where} itself"
        close = difflib.get_close_matches(name, sorted(fields.honoured), n=1, cutoff=0.8)
        return f"did you mean {close[0]}?" if close else ""

    def _says_the_default(self, fields: FieldSet, name: str, tree: Tree) -> bool:
        default = fields.defaults.get(name)
        return (
            default is not None and tree.value == default and isinstance(tree.value, bool) == isinstance(default, bool)
        )

    def not_honoured(self, name: str, hint: str = "") -> None:
        position = self.tree.keys.get(name, self.tree.position)
        message = f"not honoured: {self.path(name)}"
        self.reading.warning(Code.NOT_HONOURED, message, position, where=self.path(name), hint=hint)


def duration_s(value: object, *, unit_s: float = 1) -> float | None:
    """Seconds, or None for what is no duration."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value * unit_s)
    if not isinstance(value, str) or len(value) > 40:
        return None
    at, total = 0, 0.0
    text = value.strip()
    while at < len(text):
        if (part := _DURATION_PART.match(text, at)) is None:
            return None
        total += float(part[1]) * _UNIT_S[part[2]]
        at = part.end()
    return total if text else None


def same(one: Tree, other: Tree) -> bool:
    """Whether two values are equal, wherever they stand; 1 and true are not, as Python has it."""
    if isinstance(one.value, dict) and isinstance(other.value, dict):
        if one.value.keys() != other.value.keys():
            return False
        return all(same(value, other.value[key]) for key, value in one.value.items())
    if isinstance(one.value, list) and isinstance(other.value, list):
        return len(one.value) == len(other.value) and all(map(same, one.value, other.value))
    return one.value == other.value and isinstance(one.value, bool) == isinstance(other.value, bool)


def kind_of(tree: Tree) -> str:
    """What a value is, in a word, without the value."""
    match tree.value:
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {tree.value:g}"
        case str():
            return "a text"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return "nothing"
