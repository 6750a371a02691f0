"""Placeholders of other languages in the runtime of nodes: they are sent as they stand, and not filled in."""

import re
from collections.abc import Iterator

from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_names import Names
from opsdesk.flows.lint_paths import position_of
from opsdesk.flows.procedure import Node, NodeType
from opsdesk.flows.tree import locate

TEXTS_MAX = 200
"""Of one node; more are not looked at."""
_DOUBLE = re.compile(r"(?<!\$)\{\{\s*([A-Za-z_][\w.]*)\s*\}\}")
_SINGLE = re.compile(r"(?<![${])\{([A-Za-z_]\w*)\}(?!\})")
_GO = re.compile(r"\{\{-?\s*(?:\.|range\b|if\b|end\b|with\b|json\b)")
"""Templates of a tool that fills them in itself, such as `docker ps --format`."""
_ADDRESS = frozenset({"url", "endpoint"})


def templates(names: Names, node: Node, index: int) -> Iterator[Finding]:
    """`{{name}}` anywhere, and `{name}` in an address."""
    for number, (path, text) in enumerate(_texts(names.procedure.raw["nodes"][index].get("runtime"), ())):
        if number >= TEXTS_MAX:
            return
        if _GO.search(text):
            continue
        in_address = node.type is NodeType.API and len(path) == 1 and path[0] in _ADDRESS
        start = position_of(names.procedure, "nodes", index, "runtime", *path)
        for found in [*_DOUBLE.finditer(text), *(_SINGLE.finditer(text) if in_address else ())]:
            message = f"{node.id}: {found[0]} is not filled in, and is sent as it stands"
            hint = f"write ${{{found[1]}}} for a value"
            where = ".".join(map(str, ("nodes", node.id, "runtime", *path)))
            position = locate(names.lines, start, text, found.start())
            yield Finding(Code.TEMPLATE, Severity.WARNING, message, hint, position, where)


def _texts(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    match value:
        case str() if "{" in value:
            yield path, value
        case dict():
            for key, item in value.items():
                yield from _texts(item, (*path, key))
        case list():
            for place, item in enumerate(value):
                yield from _texts(item, (*path, place))
