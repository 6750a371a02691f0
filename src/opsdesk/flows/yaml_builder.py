"""Builds a tree from the events of a YAML parser, and holds the limits while it does."""

from dataclasses import dataclass, field

from opsdesk.flows.findings import Finding
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Position
from opsdesk.flows.tree import DEPTH_MAX, NODES_MAX, Refused, Tree, error_at

ALIAS_NODES_MAX = 10_000
"""Values that aliases may add when followed: a small document that unfolds into a huge one is refused unread."""
_START = Position()


@dataclass(slots=True)
class _Open:
    """A collection that is being read."""

    tree: Tree
    anchor: str | None
    size: int = 1
    height: int = 1
    key: str | None = None
    key_position: Position = _START
    expects_key: bool = False
    skips_value: bool = False
    """The key was refused, and what belongs to it is read and dropped."""


@dataclass(frozen=True, slots=True)
class _Anchored:
    tree: Tree
    size: int
    height: int


@dataclass(slots=True)
class Builder:
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
            self.findings.append(error_at(Code.KEY_NOT_TEXT, "a key has to be text", tree.position, hint))
        elif key in parent.tree.value:
            parent.skips_value = True
            first = parent.tree.keys[key]
            message = f"{key} is here twice; the first is at line {first.line}, column {first.column}"
            self.findings.append(error_at(Code.DUPLICATE_KEY, message, tree.position, "remove one of them"))
        else:
            parent.key = key

    def begin(self, tree: Tree, anchor: str | None) -> None:
        self.count(tree.position)
        if len(self.open) >= DEPTH_MAX:
            raise Refused(error_at(Code.TOO_LARGE, f"values are nested more than {DEPTH_MAX} deep", tree.position))
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
            raise Refused(error_at(Code.SYNTAX, f"*{anchor} names nothing", position))
        target = self.anchors[anchor]
        if target is None:
            raise Refused(error_at(Code.TOO_LARGE, f"*{anchor} contains itself", position))
        self.alias_nodes += target.size
        if self.alias_nodes > ALIAS_NODES_MAX:
            message = f"aliases unfold into more than {ALIAS_NODES_MAX} values"
            raise Refused(error_at(Code.TOO_LARGE, message, position))
        if len(self.open) + target.height > DEPTH_MAX:
            raise Refused(error_at(Code.TOO_LARGE, f"values are nested more than {DEPTH_MAX} deep", position))
        self.value(target.tree, size=target.size, height=target.height)

    def count(self, position: Position) -> None:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            raise Refused(error_at(Code.TOO_LARGE, f"the document has more than {NODES_MAX} values", position))
