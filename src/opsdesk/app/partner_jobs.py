"""What is done with the keys of partners every hour."""

from collections.abc import Mapping
from typing import Any

from opsdesk import access, benefits, jobs
from opsdesk.kit import log
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database

EVERY_HOUR = "37 * * * *"

_log = log.get_logger("opsdesk.operations")


def keep_partner_keys(clock: Clock) -> jobs.Handler:
    """The handler of the cron: offers link keys that are due, destroys those that are over, and forgets old nonces.

    Run twice, or on two nodes at once, it offers nothing twice: the second waits for the first, and finds nothing due.
    """

    async def keep(database: Database, payload: Mapping[str, Any]) -> jobs.JobOutcome:
        actor, now = access.system_actor("scheduler"), clock.now()
        with log.bound(request_id=f"keep_partner_keys:{payload.get('due_at')}"):
            async with database.transaction() as conn:
                offered = await benefits.partners.link_keys.rotate_due(conn, actor=actor, now=now)
                destroyed = await benefits.partners.link_keys.destroy_due(conn, actor=actor, now=now)
            async with database.transaction() as conn:
                forgotten = await benefits.partners.requests.forget_nonces(conn, now=now)
            for epoch in offered:
                _log.info("link_key_offered", provider=epoch.provider, kid=epoch.kid)
            for provider, kid in destroyed:
                _log.info("link_key_destroyed", provider=provider, kid=kid)
            _log.info("nonces_forgotten", nonces=forgotten)
        return jobs.Done()

    return keep
