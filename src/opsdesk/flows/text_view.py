"""A procedure and a run as plain text, for terminals. Of inputs and outputs only the names are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from opsdesk.flows.draw_edge import spoken_mode
from opsdesk.flows.draw_status import (
    NO_OUTAGES,
    Moment,
    OutageTold,
    caption,
    children_told,
    duration,
    node_lines,
    settled,
    waited_for,
)
from opsdesk.flows.draw_text import clean, is_wide
from opsdesk.flows.draw_words import Words, words
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Edge, Field, Node, NodeType, Procedure
from opsdesk.flows.state import NodePhase, NodeState, State, Wait
from opsdesk.kit.masking import mask_text

MARKS = {
    NodePhase.PENDING: "·",
    NodePhase.ACTIVE: "▶",
    NodePhase.RETRYING: "↻",
    NodePhase.WAITING: "…",
    NodePhase.DONE: "✓",
    NodePhase.FAILED: "✗",
    NodePhase.BLOCKED: "!",
    NodePhase.SKIPPED: "»",
}
NAME_COLUMNS_MAX = 32


def describe(procedure: Procedure, *, language: str = "en") -> str:
    """The steps of a procedure in the order of the document, each with where it leads and when."""
    known = words(language)
    lines = [*_title(procedure), ""]
    for number, node in enumerate(procedure.nodes.values(), start=1):
        lines += _step(procedure, node, number=number, known=known)
    return "\n".join(lines) + "\n"


def timeline(
    procedure: Procedure,
    state: State,
    facts: Sequence[Fact],
    *,
    zone: tzinfo = UTC,
    now: datetime | None = None,
    language: str = "en",
    outages: Mapping[str, OutageTold] = NO_OUTAGES,
) -> str:
    """Where a run stands, step by step, and what happened when. Times are the viewer's, in `zone`."""
    known, moment, shown = words(language), Moment(now=now, zone=zone, outages=outages), settled(state)
    _, says = caption(procedure, shown, words=known, moment=moment)
    lines = [*_title(procedure, state.run_id), *(_plain(line) for line in says), ""]
    width = min(max((_columns(key) for key in procedure.nodes), default=0), NAME_COLUMNS_MAX)
    for node in procedure.nodes.values():
        node_state = shown.nodes[node.id]
        does = " · ".join(filter(None, node_lines(node, node_state, words=known, moment=moment)))
        lines.append(f"  {MARKS[node_state.phase]} {_padded(_plain(node.id), width)}  {_plain(does)}")
    lines.append("")
    for fact in facts:
        stamp = f"{fact.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        lines.append(f"  {stamp}  {_plain(_told(procedure, fact, known=known, moment=moment))}")
    return "\n".join(lines) + "\n"


def _title(procedure: Procedure, run_id: str = "") -> list[str]:
    about = " ".join(filter(None, [procedure.id, procedure.version]))
    title = f"{_plain(procedure.name)} ({_plain(about)})"
    return [f"{title} {run_id}" if run_id else title]


def _step(procedure: Procedure, node: Node, *, number: int, known: Words) -> list[str]:
    kind = known[node.type.value] + (f" · {node.subtype}" if node.subtype else "")
    name = f"{node.name} ({node.id})" if node.name != node.id else node.id
    lines = [f"{number:3}. {_plain(name)} — {_plain(kind)}"]
    for text in (node.purpose if node.purpose != node.name else "", _limits(node, known), _names(node)):
        if text:
            lines.append(f"     {_plain(text)}")
    lines += [f"     {_plain(_leads(edge, known))}" for edge in procedure.outgoing[node.id]]
    if node.undo is not None:
        lines.append(f"     {_plain(known['undone_by'])} {_plain(node.undo.node)}")
    for undone in procedure.undo_nodes.get(node.id, ()):
        lines.append(f"     {_plain(known['undoes'].format(node=undone))}")
    return [*lines, ""]


def _limits(node: Node, known: Words) -> str:
    parts = []
    limit = node.timeout_s
    if node.type is NodeType.HUMAN:
        parts = [node.approval.role or known["anyone"]]
        if node.approval.required_approvers > 1:
            parts.append(known["approvers"].format(count=node.approval.required_approvers))
        if node.approval.screening is not None:
            parts.append(known["screening"].format(type=node.approval.screening.type))
        limit = node.approval.timeout_s or limit
    if node.children is not None:
        parts.append(children_told(node, known))
    if limit and node.approval.calendar is not None:
        parts.append(known["working"].format(duration=duration(limit, known)))
    elif limit:
        parts.append(f"≤ {duration(limit, known)}")
    if node.waits_for_customer:
        parts.append(known["waits_for_customer"])
    if node.retry.max_retries:
        count = node.retry.max_retries
        parts.append(known["retry"] if count == 1 else known["retries"].format(count=count))
    return " · ".join(parts)


def _names(node: Node) -> str:
    def listed(fields: Sequence[Field]) -> str:
        return ", ".join(field.name for field in fields)

    if not node.inputs and not node.outputs:
        return ""
    return f"({listed(node.inputs)}) → ({listed(node.outputs)})"


def _leads(edge: Edge, known: Words) -> str:
    return "  ".join(filter(None, [f"→ {edge.target}", spoken_mode(edge, known)]))


@dataclass(frozen=True, slots=True)
class Step:
    """What a node does now, and the times or the error that belong to it."""

    node: Node
    state: NodeState
    does: str
    details: str


def steps(
    procedure: Procedure,
    state: State,
    *,
    zone: tzinfo = UTC,
    now: datetime | None = None,
    language: str = "en",
    outages: Mapping[str, OutageTold] = NO_OUTAGES,
) -> list[Step]:
    """Where a run stands, step by step, in the order of the document."""
    known, moment, shown = words(language), Moment(now=now, zone=zone, outages=outages), settled(state)
    nodes = [(node, shown.nodes[node.id]) for node in procedure.nodes.values()]
    return [
        Step(node, node_state, *node_lines(node, node_state, words=known, moment=moment)) for node, node_state in nodes
    ]


def told(
    procedure: Procedure, fact: Fact, *, zone: tzinfo = UTC, now: datetime | None = None, language: str = "en"
) -> str:
    """A fact in words, without a value of any input or output."""
    return _told(procedure, fact, known=words(language), moment=Moment(now=now, zone=zone))


def _told(procedure: Procedure, fact: Fact, *, known: Words, moment: Moment) -> str:
    """A fact in words. Of payloads only what is named here is shown."""
    payload = fact.payload
    does = known[f"fact_{fact.kind.value}"]
    if fact.kind is FactKind.NODE_WAITING:
        wait = Wait(reason=payload["reason"], role=payload.get("role"), outage=payload.get("outage"))
        does = waited_for(procedure.nodes[fact.node], NodeState(wait=wait), known)
    head = f"{fact.node}: {does}" if fact.node else does
    parts = [str(payload[key]) for key in ("outcome", "reason") if payload.get(key) and fact.kind in _WITH_REASON]
    error = ": ".join(str(payload[key]) for key in ("code", "message") if payload.get(key))
    parts += [mask_text(error), *_times(fact, known, moment)]
    if "without_type" in payload:
        parts.append(known["without_type"].format(type=payload["without_type"]))
    if fact.kind is FactKind.EVENT_CAME:
        parts.append(str(payload.get("event", {}).get("name", "")))
    if fact.kind is FactKind.RUN_MIGRATED:
        parts.append(f"{payload['from'][:12]} → {payload['to'][:12]}")
    if "undoes" in payload:
        parts.append(known["undoes"].format(node=payload["undoes"]["node"]))
    if fact.kind is FactKind.CHILD_ENDED:
        parts.append(f"{payload['run']} {known['run_' + payload['outcome']]}")
    if payload.get("actor"):
        parts.append(known["by"].format(actor=payload["actor"]))
    for index in payload.get("taken", ()):
        parts.append(f"→ {procedure.edge(index).target}")
    return " · ".join([head, *(mask_text(part) for part in parts if part)])


def _times(fact: Fact, known: Words, moment: Moment) -> list[str]:
    if fact.kind is FactKind.ATTEMPT_FAILED:
        time = moment.stamp(datetime.fromisoformat(fact.payload["retry_at"]))
        return [known["next_attempt"].format(attempt=fact.payload["attempt"] + 1, time=time)]
    if fact.kind is not FactKind.NODE_WAITING:
        return []
    told = []
    for key, word in (("until", "until"), ("resend_at", "resend")):
        if fact.payload.get(key):
            told.append(known[word].format(time=moment.stamp(datetime.fromisoformat(fact.payload[key]))))
    return told


def _plain(text: str) -> str:
    """In one line, without anything that steers a terminal."""
    return " ".join(clean(text).split())


def _columns(text: str) -> int:
    return sum(2 if is_wide(character) else 1 for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _columns(text))


_WITH_REASON = frozenset(
    {
        *(FactKind.RUN_ENDED, FactKind.IGNORED, FactKind.NODE_ENDED, FactKind.NODE_RERUN, FactKind.RUN_PAUSED),
        *(FactKind.UNDO_BEGUN, FactKind.RUN_MIGRATED),
    }
)
