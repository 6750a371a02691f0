"""What is told of procedures and of the work as a whole, beside single runs."""

from opsdesk.flows.comparison import Change, ChangeKind, Comparison, PartKind, compare
from opsdesk.flows.conformance import Conformance, conformance_of
from opsdesk.flows.durations import NodeTimes, ProcedureTimes, Took, durations
from opsdesk.flows.outages import Outage, TroubledNode, Worker, list_workers, outages

__all__ = [
    "Change",
    "ChangeKind",
    "Comparison",
    "Conformance",
    "NodeTimes",
    "Outage",
    "PartKind",
    "ProcedureTimes",
    "Took",
    "TroubledNode",
    "Worker",
    "compare",
    "conformance_of",
    "durations",
    "list_workers",
    "outages",
]
