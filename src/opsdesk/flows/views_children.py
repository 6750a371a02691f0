"""Runs that carry out nodes of other runs, as the HTTP API shows them."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from opsdesk.flows.family import ChildRun
from opsdesk.flows.state import RunStatus
from opsdesk.flows.views import OutcomeView, WakeView
from opsdesk.kit.http_shapes import Next, Sha256, View
from opsdesk.kit.masking import mask_text


class ChildView(View):
    """A run that another one has started."""

    id: UUID
    """The id of the run."""
    node: str
    """The id of the node of the other run that it carries out."""
    iteration: int
    """Which iteration of the node, from 1."""
    index: int
    """Which of the runs of the node it is, from 0."""
    alone: bool
    """Whether it runs that node alone; otherwise it runs a procedure."""
    procedure: str
    """The id of the procedure that it runs, or that the node belongs to."""
    digest: Sha256
    """The version of the procedure that it is pinned to."""
    status: RunStatus
    """As of any run."""
    started_at: datetime
    """When it was started."""
    ended_at: datetime | None
    """When it ended; null while it is open."""
    wake: WakeView | None
    """What it waits for; null where it waits for nothing."""
    outcome: OutcomeView | None
    """Where it ended and why; null while it is open."""

    @staticmethod
    def of(child: ChildRun) -> "ChildView":
        is_open = child.ended_at is None
        ended = OutcomeView(node=child.outcome_node, reason=mask_text(child.outcome_reason or ""))
        return ChildView(
            id=child.run_id,
            node=child.node,
            iteration=child.iteration,
            index=child.index,
            alone=child.is_part,
            procedure=child.procedure_id,
            digest=child.digest,
            status=RunStatus(child.status),
            started_at=child.started_at,
            ended_at=child.ended_at,
            wake=WakeView(at=child.wake_at, name=child.wake_name) if is_open and child.wake_name else None,
            outcome=None if is_open else ended,
        )


class ChildrenPage(View):
    """Some of the runs that a run has started."""

    items: list[ChildView]
    """The runs."""
    next: Next
    counts: Mapping[str, Mapping[RunStatus, int]]
    """By node, then by status: how many there are."""
