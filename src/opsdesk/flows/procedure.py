"""A procedure as the runtime sees it: one spelling of everything, whatever version the document was written in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsdesk.flows.trigger import Trigger

from opsdesk.flows.approval import Approval
from opsdesk.kit.calendars import Calendar


class NodeType(StrEnum):
    """The twelve node types of the OSOP specification."""

    HUMAN = "human"
    AGENT = "agent"
    API = "api"
    CLI = "cli"
    DB = "db"
    GIT = "git"
    DOCKER = "docker"
    CICD = "cicd"
    MCP = "mcp"
    SYSTEM = "system"
    INFRA = "infra"
    DATA = "data"


class EdgeMode(StrEnum):
    """The ten edge modes of the OSOP specification."""

    SEQUENTIAL = "sequential"
    CONDITIONAL = "conditional"
    PARALLEL = "parallel"
    LOOP = "loop"
    EVENT = "event"
    FALLBACK = "fallback"
    ERROR = "error"
    TIMEOUT = "timeout"
    SPAWN = "spawn"
    SWITCH = "switch"


FAILURE_MODES = frozenset({EdgeMode.FALLBACK, EdgeMode.ERROR, EdgeMode.TIMEOUT})
"""Edges that only a failure takes."""
PLACES_MAX = 10_000
"""More than a document may have edges."""
ROUNDS_DEFAULT = 100
"""How often a loop goes round whose edge has no `max_iterations`."""


class Backoff(StrEnum):
    FIXED = "fixed"
    EXPONENTIAL = "exponential_backoff"


def with_article(word: str) -> str:
    """`an event`, `a switch`: for the types of nodes and the modes of edges."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the document something stands; both count from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Field:
    """An input or an output of a node or of the procedure. An empty `schema` admits any JSON value."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    required: bool = True
    description: str = ""
    personal: bool = False
    position: Position = Position()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    max_retries: int = 0
    backoff: Backoff = Backoff.FIXED
    backoff_s: float = 0.0
    max_backoff_s: float | None = None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `calls` calls in any `per_s` seconds, over all runs and workers."""

    calls: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Security:
    auth: str | None = None
    """`bearer_token`, or None."""
    secret_ref: str | None = None
    require_ssl: bool = False
    rate_limit: RateLimit | None = None
    credentials: tuple[str, ...] = ()


UNDONE_ON = ("stopped", "timed_out", "cancelled")
"""The outcomes of a run that can have a node undone, and do where it does not say which."""


@dataclass(frozen=True, slots=True)
class Undo:
    """The node that undoes another, in a run that comes to one of these outcomes after it."""

    node: str
    on: frozenset[str] = frozenset(UNDONE_ON)


class OnChildFailure(StrEnum):
    """What becomes of a node when one of the runs that carry it out does not complete."""

    WAIT = "wait"
    """The others end first, then the node fails."""
    CANCEL = "cancel"
    """The node fails at once, and the others are cancelled."""
    IGNORE = "ignore"
    """The node ends with what the others gave."""


@dataclass(frozen=True, slots=True)
class Children:
    """How a node is carried out by runs of their own."""

    count: int = 1
    procedure: str | None = None
    """The id of the stored procedure that they run; None: they run this node alone."""
    inputs: Mapping[str, Any] | None = None
    """What such a procedure is started with, with its `${…}`; None: the inputs that the node declares."""
    on_failure: OnChildFailure = OnChildFailure.WAIT
    may_spawn: bool = True
    """Whether they may start runs of their own."""
    outputs: tuple[Field, ...] = ()
    """What each of them gives. The outputs of the node are lists of it where there are several."""


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    type: NodeType
    name: str
    """Short label: `name`, else the id."""
    purpose: str = ""
    subtype: str | None = None
    runtime: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Field, ...] = ()
    outputs: tuple[Field, ...] = ()
    timeout_s: float | None = None
    retry: RetryPolicy = RetryPolicy()
    security: Security = Security()
    approval: Approval = field(default_factory=Approval)
    undo: Undo | None = None
    waits_for_customer: bool = False
    """Clocks of the run stand while it waits for the answer that was promised to it."""
    explain: str = ""
    position: Position = Position()
    children: Children | None = None
    """None: it is carried out within the run."""
    standing: dict[str, Any] = field(init=False, default_factory=dict, compare=False, repr=False)
    """What a function of nodes has found out about the node alone, and need not find out at every call."""


@dataclass(frozen=True, slots=True)
class Edge:
    index: int
    """The journal names edges by it: the place in the document's list of edges, and for the further ways of a switch
    that place and a multiple of PLACES_MAX."""
    source: str
    target: str
    mode: EdgeMode = EdgeMode.SEQUENTIAL
    condition: str | None = None
    label: str = ""
    join_count: int | None = None
    """How many taken edges release the target, where this edge says so; the target waits for no other then."""
    spawn_count: int = 1
    """How many children the target has, where this edge starts them."""
    for_each: str | None = None
    """The list for whose items a loop has its target run, one after the other."""
    iterator_var: str = "item"
    rounds_max: int = ROUNDS_DEFAULT
    waits_for_customer: bool = False
    """Clocks of the run stand while it waits for its event."""
    position: Position = Position()
    condition_position: Position = Position()
    # Made with the edge, because every fact of every run asks for them.
    by_failure: bool = field(init=False)
    leads_back: bool = field(init=False)
    """A loop with a condition: nothing waits for it."""
    waits: bool = field(init=False)
    """Whether it is decided by an event that comes after its source has ended."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_failure", self.mode in FAILURE_MODES)
        object.__setattr__(self, "leads_back", self.mode is EdgeMode.LOOP and self.for_each is None)
        object.__setattr__(self, "waits", self.mode is EdgeMode.EVENT)

    @property
    def place(self) -> int:
        """In the document's list of edges, from 0."""
        return self.index % PLACES_MAX

    @property
    def expression(self) -> str | None:
        """What is evaluated when the source has ended."""
        return self.for_each or self.condition

    @property
    def told(self) -> str:
        """When the edge is taken, for people."""
        return f"{self.iterator_var} in {self.for_each}" if self.for_each else self.condition or ""


class CaseKind(StrEnum):
    """The kinds of tests that a document declares."""

    UNIT = "unit"
    """One node: what it makes of an answer, and where the run goes on."""
    INTEGRATION = "integration"
    """A whole run in which every node that is asked has a mock."""
    END_TO_END = "e2e"
    """A run in the world; a rehearsal leaves it out."""
    SIMULATION = "simulation"
    """Every path that the mocks leave open."""


@dataclass(frozen=True, slots=True)
class Injected:
    """A failure that a test injects into a node, at its first `times` calls, or at all of them."""

    code: str
    message: str = ""
    times: int | None = None
    timeout: bool = False
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A test that the document declares."""

    id: str
    kind: CaseKind
    target: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    mocks: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    failures: Mapping[str, Injected] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Mapping[str, Any], ...] = ()
    """What happens outside, in order: `name`, `data` and `key` of each."""
    position: Position = Position()


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure, immutable and named by the SHA-256 of its text (`digest`, hexadecimal)."""

    id: str
    name: str
    nodes: Mapping[str, Node]
    """By id, in the order of the document."""
    edges: tuple[Edge, ...]
    osop_version: str = "2.0"
    version: str = ""
    description: str = ""
    inputs: tuple[Field, ...] = ()
    """What a run is started with: the document's own `inputs`, and the inputs of entry nodes."""
    timeout_s: float | None = None
    calendar: Calendar | None = None
    """The time limit is of its working time; None: all time counts."""
    cases: tuple[Case, ...] = ()
    """The tests that the document declares."""
    triggers: "tuple[Trigger, ...]" = ()
    digest: str = ""
    source: str = ""
    conformance: int = 0
    raw: Mapping[str, Any] = field(default_factory=dict)
    positions: Mapping[str, Position] = field(default_factory=dict)
    """Where every value of `raw` stands, by its path, such as `nodes.0.runtime.url`."""
    incoming: Mapping[str, tuple[Edge, ...]] = field(init=False)
    outgoing: Mapping[str, tuple[Edge, ...]] = field(init=False)
    onward: Mapping[str, tuple[Edge, ...]] = field(init=False)
    """By node: the edges that it goes on along when it has ended well."""
    targets: Mapping[str, tuple[str, ...]] = field(init=False)
    """By node: what its edges lead on to, each once."""
    joins: Mapping[str, int] = field(init=False)
    """By node that does not wait for all edges to it: how many taken ones release it."""
    loops: Mapping[str, tuple[Edge, ...]] = field(init=False)
    """By node: the edges that lead back to it. They are not in `incoming`."""
    detours: tuple[str, ...] = field(init=False)
    """Nodes that only going back leads to, from what runs anyway: skipped, until a loop goes there."""
    has_clocks: bool = field(init=False)
    """Whether anything in it counts working time, escalates, or waits for the customer."""
    undo_nodes: Mapping[str, tuple[str, ...]] = field(init=False)
    """By node that undoes others: which ones. No edge leads to it, and a run does not begin with it."""

    def __post_init__(self) -> None:
        ends = [end for edge in self.edges for end in (edge.source, edge.target)]
        names = dict.fromkeys([*self.nodes, *ends])
        incoming = {
            name: tuple(edge for edge in self.edges if edge.target == name and not edge.leads_back) for name in names
        }
        outgoing = {name: tuple(edge for edge in self.edges if edge.source == name) for name in names}
        object.__setattr__(self, "incoming", incoming)
        object.__setattr__(self, "outgoing", outgoing)
        ahead = {name: tuple(edge for edge in edges if not edge.leads_back) for name, edges in outgoing.items()}
        onward = {name: tuple(edge for edge in edges if not edge.by_failure) for name, edges in ahead.items()}
        targets = {name: tuple(dict.fromkeys(edge.target for edge in edges)) for name, edges in ahead.items()}
        object.__setattr__(self, "onward", onward)
        object.__setattr__(self, "targets", targets)
        joins = {edge.target: edge.join_count for edge in reversed(self.edges) if edge.join_count is not None}
        object.__setattr__(self, "joins", joins)
        loops: dict[str, tuple[Edge, ...]] = {}
        for edge in self.edges:
            if edge.leads_back:
                loops[edge.target] = (*loops.get(edge.target, ()), edge)
        object.__setattr__(self, "loops", loops)
        object.__setattr__(self, "has_clocks", self._has_clocks())
        object.__setattr__(self, "undo_nodes", self._undo_nodes())
        object.__setattr__(self, "detours", self._detours() if loops else ())

    @property
    def entries(self) -> tuple[Node, ...]:
        """The nodes that a run begins with: those that no edge leads to, or only loops from behind them."""
        others = {*self.detours, *self.undo_nodes}
        return tuple(node for node in self.nodes.values() if not self.incoming[node.id] and node.id not in others)

    def only(self, node_id: str) -> "Procedure":
        """The part of it that a child runs which carries out one node: that node, with nothing before or behind it."""
        node = self.nodes[node_id]
        outputs = node.children.outputs if node.children is not None else node.outputs
        alone = replace(node, outputs=outputs, children=None, undo=None)
        return replace(self, nodes={node_id: alone}, edges=(), timeout_s=None, cases=())

    def edge(self, index: int) -> Edge:
        """By its index, as the journal names it."""
        return next(edge for edge in self.edges if edge.index == index)

    def behind(self, *node_ids: str) -> frozenset[str]:
        """The nodes and everything that edges lead to from them; loops not followed back."""
        found, more = set(node_ids), list(node_ids)
        while more:
            targets = {edge.target for edge in self.outgoing[more.pop()] if not edge.leads_back} - found
            found |= targets
            more += targets
        return frozenset(found)

    def _has_clocks(self) -> bool:
        waits = [edge.waits_for_customer for edge in self.edges] + [n.waits_for_customer for n in self.nodes.values()]
        approvals = [node.approval for node in self.nodes.values()]
        return self.calendar is not None or any(waits) or any(a.calendar or a.escalations for a in approvals)

    def _undo_nodes(self) -> Mapping[str, tuple[str, ...]]:
        """Only what stands outside of the graph undoes: of anything else lint says what is wrong with it."""
        found: dict[str, tuple[str, ...]] = {}
        for node in self.nodes.values():
            undo = node.undo.node if node.undo is not None else None
            if undo is None or undo not in self.nodes or undo == node.id or self.nodes[undo].undo is not None:
                continue
            if not any(undo in (edge.source, edge.target) for edge in self.edges):
                found[undo] = (*found.get(undo, ()), node.id)
        return found

    def _detours(self) -> tuple[str, ...]:
        starts = [name for name in self.nodes if not self.incoming[name] and name not in self.undo_nodes]
        surely = self.behind(*(name for name in starts if name not in self.loops))
        return tuple(
            name for name in starts if name in self.loops and any(edge.source in surely for edge in self.loops[name])
        )
