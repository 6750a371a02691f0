"""How much of the specification a document fulfils: described (0), validatable (1), executable (2), observable (3).

Levels are inferred from what is there, never believed from what the document says of itself.
Source: the specification's table of conformance levels, with the spellings of all versions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opsdesk.flows.procedure import Edge, EdgeMode, Field, Node, NodeType

NAMES = ("descriptive", "validatable", "executable", "observable")
_CONDITION_NEEDED = frozenset({EdgeMode.CONDITIONAL, EdgeMode.LOOP, EdgeMode.EVENT})


@dataclass(frozen=True, slots=True)
class Conformance:
    level: int
    missing: tuple[str, ...]
    """Why the next level is not reached; empty at the highest."""

    @property
    def name(self) -> str:
        return NAMES[self.level]


def conformance_of(
    raw: Mapping[str, Any], nodes: Mapping[str, Node], edges: tuple[Edge, ...], inputs: tuple[Field, ...]
) -> Conformance:
    """The highest level whose requirements, and those of all levels below, are met."""
    requirements = (
        tuple(_validatable(raw, nodes, inputs)),
        tuple(_executable(raw, nodes, edges)),
        tuple(_observable(raw)),
    )
    for level, missing in enumerate(requirements):
        if missing:
            return Conformance(level, missing)
    return Conformance(len(requirements), ())


def _validatable(raw: Mapping[str, Any], nodes: Mapping[str, Node], inputs: tuple[Field, ...]) -> Iterator[str]:
    for side in ("inputs", "outputs"):
        fields = [(node.id, entry) for node in nodes.values() for entry in getattr(node, side)]
        without = [f"{node_id}.{entry.name}" for node_id, entry in fields if not entry.schema]
        if not fields:
            yield f"no node declares {side}"
        elif without:
            more = f" and {len(without) - 1} more" if len(without) > 1 else ""
            yield f"{side} without a schema: {without[0]}{more}"
    if not inputs or not all(entry.schema for entry in inputs):
        yield "no schema for what a run is started with (inputs of the document or of the first node)"
    own_contracts = any("message_contract" in node for node in raw_nodes(raw))
    if not raw.get("contracts") and not raw.get("message_contracts") and not own_contracts:
        yield "no message contract"


def _executable(raw: Mapping[str, Any], nodes: Mapping[str, Node], edges: tuple[Edge, ...]) -> Iterator[str]:
    for node, source in zip(nodes.values(), raw_nodes(raw), strict=False):
        if node.type is NodeType.HUMAN:
            if not node.approval.role and not node.runtime.get("assignees") and "approval_gate" not in source:
                yield f"nobody is named to answer {node.id}"
        elif not node.runtime and not source.get("workflow_ref"):
            yield f"{node.id} has no runtime"
    for edge in edges:
        if edge.mode in _CONDITION_NEEDED and edge.condition is None:
            yield f"the {edge.mode} edge {edge.source} → {edge.target} has no condition"
    if not _anywhere(raw, "retry", "retry_policy"):
        yield "no retry policy"
    timed = any(node.timeout_s or node.approval.timeout_s for node in nodes.values())
    if not timed and not _anywhere(raw, "timeout", "timeout_sec"):
        yield "no time limit"
    if not _anywhere(raw, "security") and "${secrets." not in str(raw):
        yield "no security: neither authentication nor secrets"


def _observable(raw: Mapping[str, Any]) -> Iterator[str]:
    for name in ("ledger", "observability", "evolution"):
        if not raw.get(name):
            yield f"no {name}"


def _anywhere(raw: Mapping[str, Any], *names: str) -> bool:
    return any(owner.get(name) for owner in (raw, *raw_nodes(raw)) for name in names)


def raw_nodes(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The nodes as the document has them."""
    nodes = raw.get("nodes")
    return [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
