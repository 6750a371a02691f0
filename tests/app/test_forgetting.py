"""The hourly forgetting of what signing in leaves behind."""

from opsdesk import jobs
from opsdesk.access import attempts
from opsdesk.access.attempts import FORGOTTEN_AFTER_S
from opsdesk.app.forgetting import forget_sign_ins
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.access.staff import BROWSER


async def test_what_signing_in_leaves_behind_is_forgotten_by_the_cron(db: Database, clock: ManualClock) -> None:
    async with db.transaction() as conn:
        await attempts.count_code_attempt(conn, caller=BROWSER, now=clock.now())
    clock.advance(seconds=FORGOTTEN_AFTER_S + 1)
    assert await forget_sign_ins(clock)(db, {}) == jobs.Done()
    async with db.connection() as conn:
        assert await (await conn.execute("select count(*) from sign_in_attempt")).fetchone() == (0,)
