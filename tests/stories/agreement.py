"""After a story, the runs, their journals and the review desk say the same, and the audit chain is whole."""

import asyncio
from uuid import UUID

from opsdesk import access, review
from opsdesk.app.sealing import seal_all, verifying_keys
from opsdesk.app.wiring import Opsdesk
from opsdesk.flows import record, runs
from opsdesk.kit.db import Connection
from tests.flows.agreement import headers_agree

TICKETS = b"select id, subject::uuid, status from ticket where source = 'run'"
DECISION_WAITS = b"select from flow_inbox where run_id = %s and key = %s and taken_at is null"


async def everything_agrees(opsdesk: Opsdesk) -> None:
    await headers_agree(opsdesk.database, now=opsdesk.clock.now())
    await the_chain_is_whole(opsdesk)
    async with opsdesk.database.transaction() as conn:
        await conn.execute(b"set transaction isolation level repeatable read")
        for ticket_id, run_id, status in await (await conn.execute(TICKETS)).fetchall():
            asked_for = str(ticket_id) in await _tickets_waited_for(conn, run_id)
            if status == review.TicketStatus.OPEN:
                assert asked_for, f"nobody waits for ticket {ticket_id}"
            elif asked_for:
                waiting = await conn.execute(DECISION_WAITS, (run_id, f"ticket:{ticket_id}"))
                assert waiting.rowcount, f"{run_id} waits for ticket {ticket_id}, which is {status}"


async def the_chain_is_whole(opsdesk: Opsdesk) -> None:
    """With everything in it that was written, whoever was killed while it was sealed."""
    keys = verifying_keys(opsdesk.settings, opsdesk.secrets)
    while await _is_waiting(opsdesk, keys[0]):
        await asyncio.sleep(0.02)
    async with opsdesk.database.transaction() as conn:
        report = await access.audit.verify(conn, keys=keys)
        await record.verify_journals(conn, tell=report.add)
    assert report.findings == []
    assert report.entries > 0


async def _is_waiting(opsdesk: Opsdesk, key: access.audit.SealingKey) -> bool:
    """Whether entries still have no place: a worker of the story may have the turn at this moment."""
    await seal_all(opsdesk.database, key, clock=opsdesk.clock)
    async with opsdesk.database.connection() as conn:
        return bool((await access.audit.chain_state(conn)).unsealed)


async def _tickets_waited_for(conn: Connection, run_id: UUID) -> set[str]:
    _, state, _ = await runs.read_state(conn, run_id)
    if state.outcome is not None:
        return set()
    return {node.wait.ticket for node in state.nodes.values() if node.wait is not None and node.wait.ticket}
