"""A run as somebody at the command line sees it now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from opsdesk import flows
from opsdesk.access import Actor
from opsdesk.kit.db import Connection

LEAVING_ALONE = frozenset({"person", "partner"})
"""Waits that end only when somebody outside acts, and not by themselves in a moment."""
UNDER_WAY = frozenset({"active", "retrying"})


@dataclass(frozen=True, slots=True)
class Seen:
    """A run at one moment: `detail` is masked for its reader, `rows` are its journal so far and are not."""

    name: str
    """Of its procedure."""
    run: "flows.runs.Run"
    detail: "flows.views.RunDetail"
    rows: Sequence["flows.runs.JournalRow"]
    goes_on: bool
    """Something came in that nobody has taken in yet."""

    @property
    def ended(self) -> bool:
        return self.detail.ended_at is not None

    @property
    def resting(self) -> bool:
        """It has ended, or nothing is left but to wait for a person, a partner or an operator."""
        if self.ended:
            return True
        if self.goes_on or self.run.owned or self.detail.status.value == "running":
            return False
        if self.detail.status.value == "paused":
            return True
        busy = any(node.phase.value in UNDER_WAY for node in self.detail.nodes)
        return not busy and all(node.wait.reason in LEAVING_ALONE for node in self.detail.nodes if node.wait)

    @property
    def went_wrong(self) -> bool:
        """It ended otherwise than completed, or stands still with an incident."""
        return self.detail.status.value not in ("completed", "running", "waiting")


async def see(conn: Connection, run_id: UUID, *, reader: Actor, before: Seen | None = None) -> Seen:
    """How the run stands now for its reader. `before`: how it was seen, so that only what is new is read.

    Raises RunNotFound.
    """
    # Before the header: what is taken in between the two shows there.
    goes_on = await flows.runs.has_arrivals(conn, run_id)
    run = await flows.runs.show_run(conn, run_id)
    rows = list(before.rows) if before else []
    while more := await flows.runs.read_journal(conn, run_id, after=len(rows)):
        rows += more
    if before is not None and len(rows) == len(before.rows):
        return replace(
            before, run=run, goes_on=goes_on, detail=before.detail.model_copy(update=dict(flows.views.RunView.of(run)))
        )
    procedure, state, _facts = await flows.runs.read_state(conn, run_id)
    detail = flows.views.RunDetail.whole(run, procedure, state, flows.views.sight(reader, procedure))
    return Seen(name=procedure.name, run=run, detail=detail, rows=rows, goes_on=goes_on)
