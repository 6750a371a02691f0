"""What is kept of signing in for a while only: counted attempts, sessions and codes that have ended.

That they were is in the audit chain, which forgets nothing.
"""

from datetime import datetime, timedelta

from opsdesk.access.attempts import forget_old_attempts
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

KEPT_S = 90 * 24 * 3600
"""For how long an ended session, or a code that was used or has expired, can still be looked at."""

_SQL = statements(__file__)
_FORGET_SESSIONS = _SQL["forget_sessions"]
_FORGET_LINKS = _SQL["forget_links"]


async def forget_old(conn: Connection, *, now: datetime) -> None:
    """Drop what is of no use any more; never waits for a sign-in that goes on meanwhile."""
    await forget_old_attempts(conn, now=now)
    before = now - timedelta(seconds=KEPT_S)
    await conn.execute(_FORGET_SESSIONS, {"before": before})
    await conn.execute(_FORGET_LINKS, {"before": before})
