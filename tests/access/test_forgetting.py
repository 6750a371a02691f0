"""What is kept of signing in for a while only."""

from opsdesk.access import attempts, links
from opsdesk.access.attempts import FORGOTTEN_AFTER_S
from opsdesk.access.forgetting import KEPT_S, forget_old
from opsdesk.access.sessions import SignInMethod, begin_session
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from tests.access.staff import BROWSER, KEEPER, LIMITS, RULES, person

TABLES = ("sign_in_attempt", "person_session", "person_link", "audit_entry")


async def rows(conn: Connection) -> dict[str, int]:
    counts = {}
    for table in TABLES:
        row = await (await conn.execute(f"select count(*) from {table}".encode())).fetchone()
        assert row is not None
        counts[table] = row[0]
    return counts


async def test_what_ended_long_ago_is_forgotten_and_stays_in_the_audit_chain(
    conn: Connection, clock: ManualClock
) -> None:
    whose = await person(conn, clock)
    await links.make_link(conn, person_id=whose.id, actor=KEEPER, now=clock.now())
    await begin_session(
        conn,
        person=whose,
        method=SignInMethod.PASSWORD,
        caller=BROWSER,
        limits=LIMITS,
        verified=True,
        now=clock.now(),
    )
    await attempts.count_attempt(
        conn, account=whose.email, caller=BROWSER, device_key=RULES.device_key, now=clock.now()
    )
    clock.advance(seconds=FORGOTTEN_AFTER_S)
    await forget_old(conn, now=clock.now())
    assert await rows(conn) == {"sign_in_attempt": 3, "person_session": 1, "person_link": 1, "audit_entry": 3}
    clock.advance(seconds=1)
    await forget_old(conn, now=clock.now())
    assert (await rows(conn))["sign_in_attempt"] == 0
    clock.advance(seconds=KEPT_S)
    await forget_old(conn, now=clock.now())
    assert await rows(conn) == {"sign_in_attempt": 0, "person_session": 0, "person_link": 0, "audit_entry": 3}
