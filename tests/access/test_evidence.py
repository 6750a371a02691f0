"""Whatever is written about people is in the audit chain, with who did it and without what it was."""

from dataclasses import replace

import pyotp

from opsdesk.access import links, people, second_factor, sessions, sign_in
from opsdesk.access.sign_in import CodeNeeded
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.access.staff import BROWSER, KEEPER, PASSWORD, RULES, enter, knock, person, with_password


async def entries(conn: Connection, *, since: int = 0) -> list[tuple[str, str]]:
    found = await conn.execute("select action, actor from audit_entry where entry_id > %s order by entry_id", (since,))
    return [(action, actor) for action, actor in await found.fetchall()]


async def test_every_change_of_an_account_is_recorded_once(conn: Connection, clock: ManualClock) -> None:
    made = await person(conn, clock)
    for _ in range(2):
        await people.change_roles(conn, person_id=made.id, roles=["auditor"], actor=KEEPER, now=clock.now())
        await people.disable_person(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    await people.enable_person(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    link = await links.make_link(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    await links.use_link(conn, code=link.code, password=PASSWORD, now=clock.now())
    keeper, own = "cli:root", "person:reviewer@example.com"
    assert await entries(conn) == [
        ("person.create", keeper),
        ("person.change_roles", keeper),
        ("person.disable", keeper),
        ("person.enable", keeper),
        ("person.make_code", keeper),
        ("person.set_password", own),
    ]


async def test_every_sign_in_and_its_end_is_recorded(db: Database, clock: ManualClock) -> None:
    made = await with_password(db, clock)
    signed_in = await enter(db, clock)
    other = await enter(db, clock)
    await sign_in.change_password(
        db,
        person=made,
        present=PASSWORD,
        new="another horse battery",
        session_id=signed_in.session.id,
        actor=made.actor,
        now=clock.now(),
    )
    async with db.transaction() as conn:
        await sessions.end_session(conn, person_id=made.id, session_id=other.session.id, actor=KEEPER, now=clock.now())
        await sessions.sign_out(conn, token=signed_in.session.token, now=clock.now())
        recorded = await entries(conn)
    assert [action for action, _ in recorded[3:]] == [
        "session.begin",
        "session.begin",
        "person.change_password",
        "session.end",
        "session.end",
    ]
    assert {actor for _, actor in recorded[3:]} == {"person:reviewer@example.com"}


async def test_every_step_of_a_second_factor_is_recorded(db: Database, clock: ManualClock) -> None:
    made = await with_password(db, clock)
    enrolment = await second_factor.enrol(
        db, person=made, password=PASSWORD, totp_key=RULES.totp_key, actor=made.actor, now=clock.now()
    )
    async with db.transaction() as conn:
        code = pyotp.TOTP(enrolment.secret.replace(" ", "")).at(clock.now())
        codes = await second_factor.confirm(
            conn, person=made, code=code, totp_key=RULES.totp_key, actor=made.actor, now=clock.now()
        )
    half = await knock(db, clock)
    assert isinstance(half, CodeNeeded)
    caller = replace(BROWSER, session_token=half.session.token)
    await sign_in.finish_sign_in(db, code=codes[0], caller=caller, rules=RULES, now=clock.now())
    await second_factor.renew_recovery_codes(db, person=made, password=PASSWORD, actor=made.actor, now=clock.now())
    await second_factor.disable(db, person=made, password=PASSWORD, actor=made.actor, now=clock.now())
    async with db.transaction() as conn:
        recorded = await entries(conn)
    assert [action for action, _ in recorded[3:]] == [
        "second_factor.enrol",
        "second_factor.confirm",
        "session.begin",
        "second_factor.recover",
        "session.end",
        "session.begin",
        "second_factor.renew_recovery_codes",
        "second_factor.remove",
    ]
