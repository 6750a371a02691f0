"""A signal from one run to another: an answer in the partner's place, in a transaction of its own."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from opsdesk import access, flows
from opsdesk.kit import log
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database


def signals(database: Database, clock: Clock) -> "flows.nodes.SendSignal":
    """The port of `system` nodes."""

    async def send(call: "flows.nodes.NodeCall", run_id: UUID, node: str, answer: Mapping[str, Any]) -> None:
        # The key of the call, so that a repetition after a crash is the same signal.
        with log.bound(request_id=call.idempotency_key):
            async with database.transaction() as conn:
                await flows.arrivals.signal(
                    conn,
                    run_id=run_id,
                    node=node,
                    answer=answer,
                    actor=access.system_actor(f"run:{call.run_id}"),
                    now=clock.now(),
                    key=call.idempotency_key,
                )

    return send
