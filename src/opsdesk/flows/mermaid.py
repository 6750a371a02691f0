"""A procedure as Mermaid text, for the places that draw it themselves: Markdown on code hosts, wikis, editors."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType

from opsdesk.flows.draw_edge import spoken_mode
from opsdesk.flows.draw_status import children_told
from opsdesk.flows.draw_text import clean
from opsdesk.flows.draw_words import ENGLISH
from opsdesk.flows.lint_paths import starts_of
from opsdesk.flows.procedure import Edge, EdgeMode, Node, NodeType, Procedure

_SHAPES: Mapping[NodeType, tuple[str, str]] = MappingProxyType(
    {
        NodeType.HUMAN: ("([", "])"),
        NodeType.AGENT: ("{{", "}}"),
        NodeType.API: ("(", ")"),
        NodeType.CLI: ("[", "]"),
        NodeType.DB: ("[(", ")]"),
        NodeType.GIT: ("[\\", "\\]"),
        NodeType.DOCKER: ("[[", "]]"),
        NodeType.CICD: (">", "]"),
        NodeType.MCP: ("[\\", "/]"),
        NodeType.SYSTEM: ("[/", "\\]"),
        NodeType.INFRA: ("((", "))"),
        NodeType.DATA: ("[/", "/]"),
    }
)
_ARROWS: Mapping[EdgeMode, str] = MappingProxyType(
    {
        EdgeMode.PARALLEL: "==>",
        EdgeMode.LOOP: "-.->",
        EdgeMode.EVENT: "-.->",
        EdgeMode.FALLBACK: "-.->",
        EdgeMode.ERROR: "-.->",
        EdgeMode.TIMEOUT: "-.->",
    }
)
_SPECIAL = re.compile(r"[^\w \-+.,:()=!?'/]")


def mermaid(procedure: Procedure) -> str:
    """The flowchart. Nodes are called n0, n1, … in the order of the document, as ids may be words of Mermaid's own."""
    names = {key: f"n{number}" for number, key in enumerate(procedure.nodes)}
    lines = ["---", f"title: {_title(procedure.name)}", "---", "flowchart TD"]
    lines += [f"    {names[node.id]}{_shaped(node)}" for node in procedure.nodes.values()]
    for node_id in starts_of(procedure):
        lines.append(f"    start_{names[node_id]}(({ENGLISH['start']})) --> {names[node_id]}")
    lines += [
        f"    {names[edge.source]} {_arrow(edge)} {names[edge.target]}"
        for edge in procedure.edges
        if edge.source in names and edge.target in names
    ]
    lines += [
        f'    {names[node]} -.-o|"{ENGLISH["undone_by"]}"| {names[undo]}'
        for undo, nodes in procedure.undo_nodes.items()
        for node in nodes
    ]
    return "\n".join(lines) + "\n"


def _title(name: str) -> str:
    """A string of YAML. Mermaid looks for its `%%{…}` directives before it reads the YAML, so percents are hidden."""
    return json.dumps(" ".join(clean(name).split()), ensure_ascii=False).replace("%", "\\u0025").replace("<", "\\u003c")


def _shaped(node: Node) -> str:
    before, after = _SHAPES[node.type]
    kind = ENGLISH[node.type.value]
    parts = [f"{kind}: {node.approval.role}" if node.approval.role else kind, node.name]
    if node.name != node.id:
        parts.append(node.id)
    if node.children is not None:
        parts.append(children_told(node, ENGLISH))
    return f'{before}"{"<br/>".join(_escaped(part) for part in parts)}"{after}'


def _arrow(edge: Edge) -> str:
    arrow = _ARROWS.get(edge.mode, "-->")
    text = spoken_mode(edge, ENGLISH)
    return f'{arrow}|"{_escaped(text)}"|' if text else arrow


def _escaped(text: str) -> str:
    """Everything that Mermaid, Markdown or HTML could take for a sign of theirs, as a number."""
    return _SPECIAL.sub(lambda found: f"#{ord(found.group())};", " ".join(clean(text).split()))
