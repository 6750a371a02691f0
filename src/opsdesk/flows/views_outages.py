"""What HTTP and the command line show of outages."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from opsdesk.flows.outage_control import Outage
from opsdesk.kit.http_shapes import View


class OutageView(View):
    """An endpoint that does not answer, or that a person keeps calls from."""

    id: UUID
    """The identifier of the outage."""
    endpoint: str
    """Scheme, host and port of what is called."""
    state: Literal["open", "held", "releasing"]
    """`open`: one call at a time tries whether it answers. `held`: a person keeps calls from it. `releasing`: it
    answers, and what waited is let through."""
    since: datetime
    """When it began."""
    code: str | None
    """What the last failure that counted was; null: nothing failed."""
    message: str | None
    """The same in a sentence."""
    next_try_at: datetime | None
    """When a call tries next; null: none by itself, or one is under way."""
    tries: int
    """Calls that tried in vain."""
    trying: bool
    """Whether a call tries now."""
    held_by: str | None
    """Who keeps calls from it; null: nobody."""
    held_because: str | None
    """Why; null: nobody does."""
    waiting_runs: int
    """Runs that wait for it."""
    waiting_customers: int
    """Different customers that these runs are about, as far as they say so."""
    waiting_since: datetime | None
    """Since when the first of them waits; null: none waits."""

    @staticmethod
    def of(outage: Outage) -> "OutageView":
        circuit = outage.circuit
        assert circuit.since is not None, "what is only watched is no outage"
        return OutageView(
            id=circuit.outage_id,
            endpoint=circuit.endpoint,
            state=circuit.state.value,
            since=circuit.since,
            code=circuit.code,
            message=circuit.message,
            next_try_at=None if circuit.canary_run else circuit.probe_at,
            tries=circuit.probes,
            trying=circuit.canary_run is not None,
            held_by=circuit.held_by,
            held_because=circuit.held_because,
            waiting_runs=outage.runs,
            waiting_customers=outage.customers,
            waiting_since=outage.waiting_since,
        )
