"""Whether a run fits another version of its procedure: every fact of its journal has to mean there what it meant here.

Pure, like the engine: what was decided stays decided, so nothing is evaluated again. First each fact is looked at by
itself, with the edges found by what they are and not by their number; then the whole journal is folded under the new
version, and what has begun has to stand as it stands.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from opsdesk.flows.calls import Failed
from opsdesk.flows.engine import fold
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.nodes.schemas import schema_problem
from opsdesk.flows.procedure import Edge, Field, Node, Procedure
from opsdesk.flows.renumbering import in_numbers, renumbered
from opsdesk.flows.state import NodePhase, NodeState, State

MISFITS_MAX = 100
"""More are not told."""
_UNTOUCHED = frozenset({NodePhase.PENDING, NodePhase.SKIPPED})
_STANDS = ("iteration", "attempt", "sends", "key_generation", "outputs", "retry_at", "wait", "ancestors", "earlier")
"""What of a node that has begun has to be the same, beside its phase and the names that it sees."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a run does not fit, and what of it: the number of the fact, the node, the edge, as far as it is about one."""

    why: str
    fact: int | None = None
    node: str | None = None
    edge: str | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """What came of it. `edges` are the numbers that change, `state` is how the run stands in the new version."""

    misfits: tuple[Misfit, ...]
    edges: Mapping[int, int]
    state: State | None = None


def fit(old: Procedure, new: Procedure, facts: Sequence[Fact], state: State) -> Fit:
    """Put a run of `old`, with its facts and its state, to `new`. Never raises: what does not fit is told."""
    if state.undoing is not None:
        return Fit((Misfit("the run is being undone: what undoes its nodes is what their version says"),), {})
    facts = renumbered(facts)
    numbers, ambiguous = _numbers(old, new)
    found = [*_inputs(new, state), *_facts(old, new, facts, ambiguous), *_under_way(old, new, state)]
    if found:
        return Fit(_told(found), {})
    changed = {index: number for index, number in numbers.items() if index != number}
    moved = fold(new, [in_numbers(fact, numbers) for fact in facts], run_id=state.run_id)
    found = [*_agreement(state, moved), *_waits_agree(old, state, moved, numbers)]
    return Fit(_told(found), changed, moved if not found else None)


def _told(found: Sequence[Misfit]) -> tuple[Misfit, ...]:
    return tuple(dict.fromkeys(found))[:MISFITS_MAX]


def told_edge(edge: Edge) -> str:
    """An edge as what it is: its ends, its mode, and when it is taken."""
    when = f" `{edge.for_each or edge.condition}`" if edge.expression else ""
    return f"{edge.source} → {edge.target} ({edge.mode.value}{when})"


def _identity(edge: Edge) -> tuple[object, ...]:
    return edge.source, edge.target, edge.mode, edge.condition, edge.for_each


def _numbers(old: Procedure, new: Procedure) -> tuple[dict[int, int], set[tuple[object, ...]]]:
    """By index in the old version the index in the new one; and what is there in another number than before."""
    places: dict[tuple[object, ...], list[int]] = {}
    for edge in new.edges:
        places.setdefault(_identity(edge), []).append(edge.index)
    counts = Counter(map(_identity, old.edges))
    ambiguous = {key for key, count in counts.items() if key in places and len(places[key]) != count}
    numbers = {}
    for edge in old.edges:
        key = _identity(edge)
        if places.get(key) and key not in ambiguous:
            numbers[edge.index] = places[key].pop(0)
    return numbers, ambiguous


def _inputs(new: Procedure, state: State) -> Iterator[Misfit]:
    for field in new.inputs:
        if field.name in state.inputs:
            if field.schema and (problem := schema_problem(field.schema, state.inputs[field.name])):
                yield Misfit(f"the run was started with an input {field.name} that does not fit: it{problem}", fact=1)
        elif field.required or "default" in field.schema:
            yield Misfit(f"the run was started without the input {field.name}", fact=1)


def _facts(
    old: Procedure, new: Procedure, facts: Sequence[Fact], ambiguous: set[tuple[object, ...]]
) -> Iterator[Misfit]:
    decided: set[str] = set()
    for seq, fact in enumerate(facts, start=1):
        if not fact.node or fact.kind is FactKind.IGNORED:
            continue
        node = new.nodes.get(fact.node)
        if node is None:
            yield Misfit(f"{fact.node} is not there any more", fact=seq, node=fact.node)
            continue
        if node.type is not old.nodes[fact.node].type:
            was = old.nodes[fact.node].type.value
            yield Misfit(f"{fact.node} was of type {was} and is {node.type.value}", fact=seq, node=fact.node)
            continue
        if fact.node in old.undo_nodes or fact.node in new.undo_nodes:
            yield Misfit(f"{fact.node} has run, and undoes others in one of the versions", fact=seq, node=fact.node)
        if fact.kind is FactKind.NODE_ENDED and fact.payload.get("by") != "skip":
            yield from _answer(node, fact, seq)
        if "taken" in fact.payload and (fact.payload["taken"] or fact.kind is not FactKind.NODE_FAILED):
            if fact.node not in decided:
                yield from _edges(old, new, fact.node, seq, ambiguous)
            decided.add(fact.node)


def _answer(node: Node, fact: Fact, seq: int) -> Iterator[Misfit]:
    """By name, as it was bound: where in the answer it was found does not matter any more."""
    runtime = {name: value for name, value in node.runtime.items() if name != "response_mapping"}
    plain = Node(node.id, node.type, node.name, runtime=runtime, outputs=node.outputs)
    bound = bind_outputs(plain, fact.payload["outputs"])
    if isinstance(bound, Failed):
        yield Misfit(f"what {node.id} answered does not fit: {bound.message}", fact=seq, node=node.id)


def _edges(
    old: Procedure, new: Procedure, node_id: str, seq: int, ambiguous: set[tuple[object, ...]]
) -> Iterator[Misfit]:
    """Every edge out of a node that has ended was decided then, so each has to be there, and no other."""
    before, after = ({_identity(each): each for each in made.outgoing[node_id]} for made in (old, new))
    for key, edge in before.items():
        if key not in after:
            why = "it was decided, and is not there any more, or is decided by something else"
            yield Misfit(why, fact=seq, node=node_id, edge=told_edge(edge))
        elif key in ambiguous:
            yield Misfit("it is there in another number than before", fact=seq, node=node_id, edge=told_edge(edge))
    for key, edge in after.items():
        if key not in before:
            yield Misfit(f"{node_id} had ended before it was there", fact=seq, node=node_id, edge=told_edge(edge))


def _under_way(old: Procedure, new: Procedure, state: State) -> Iterator[Misfit]:
    """Whoever has been asked answers what they were asked."""
    for name, stands in state.nodes.items():
        wait, node = stands.wait, new.nodes.get(name)
        if stands.phase is not NodePhase.WAITING or wait is None or node is None:
            continue
        was = old.nodes[name]
        if wait.reason in ("person", "callback", "children") and _asked(was.outputs) != _asked(node.outputs):
            yield Misfit(f"{name} has been asked, and would have to answer other outputs", node=name)
        if wait.reason == "person":
            if replace(was.approval, timeout_s=None) != replace(node.approval, timeout_s=None):
                yield Misfit(f"the ticket of {name} is open, and others would have to answer it", node=name)
            if _asked(was.inputs) != _asked(node.inputs):
                yield Misfit(f"the ticket of {name} is open, and shows other inputs", node=name)


def _asked(declared: Sequence[Field]) -> list[tuple[object, ...]]:
    return [(field.name, field.required, dict(field.schema)) for field in declared]


def _agreement(state: State, moved: State) -> Iterator[Misfit]:
    for name, stands in state.nodes.items():
        would = moved.nodes.get(name)
        if stands.phase in _UNTOUCHED and (would is None or would.phase in _UNTOUCHED):
            continue
        if would is None:
            yield Misfit(f"{name} is {stands.phase.value}, and is not there any more", node=name)
        elif would.phase is not stands.phase:
            yield Misfit(f"{name} is {stands.phase.value}, and would be {would.phase.value}", node=name)
        else:
            yield from _stands_alike(name, stands, would)
    for name, would in moved.nodes.items():
        if name not in state.nodes and would.phase not in _UNTOUCHED:
            yield Misfit(f"{name} would begin at once, beside what has begun already", node=name)


def _stands_alike(name: str, stands: NodeState, would: NodeState) -> Iterator[Misfit]:
    if stands.released_at != would.released_at:
        yield Misfit(f"{name} has begun, and would not have begun yet", node=name)
        return
    if stands.scope != would.scope:
        names = sorted(set(stands.scope) ^ set(would.scope)) or ["values"]
        yield Misfit(f"{name} has begun, and would see other {', '.join(names)}", node=name)
    for what in _STANDS:
        if getattr(stands, what) != getattr(would, what):
            yield Misfit(f"{name} has begun, and its {what.replace('_', ' ')} would be another", node=name)


def _waits_agree(old: Procedure, state: State, moved: State, numbers: Mapping[int, int]) -> Iterator[Misfit]:
    """Loops, and edges that wait for an event."""
    by_index = {edge.index: edge for edge in old.edges}
    for what in ("loops", "awaited", "events"):
        had = {numbers.get(index, -1): value for index, value in getattr(state, what).items()}
        has = getattr(moved, what)
        for index in getattr(state, what):
            if had[numbers.get(index, -1)] != has.get(numbers.get(index, -1)):
                yield Misfit("it is gone round, or waited for, and would not be", edge=told_edge(by_index[index]))
        if set(has) - set(had):
            yield Misfit(f"more {'loops would be gone round' if what == 'loops' else 'events would be waited for'}")
