"""Signing in by password and by one-time code, and what is counted against guessing."""

import asyncio
from dataclasses import replace

import pytest

from opsdesk.access import attempts, links, people, sign_in
from opsdesk.access.attempts import ADDRESS, PLACE, STRANGERS
from opsdesk.access.errors import (
    CodeRefused,
    PasswordRefused,
    PasswordWrong,
    PersonDisabled,
    SignInDelayed,
    SignInNeeded,
    SignInRefused,
)
from opsdesk.access.links import CODE_LASTS_S
from opsdesk.access.sessions import Caller, visit
from opsdesk.access.sign_in import SignedIn
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.access.staff import BROWSER, KEEPER, LIMITS, PASSWORD, RULES, enter, knock, person, with_password

WRONG = "not the right password"


async def fail(db: Database, clock: ManualClock, *, times: int, caller: Caller = BROWSER, email: str = "") -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            await knock(db, clock, password=WRONG, caller=caller, email=email or "reviewer@example.com")


async def count(db: Database, clock: ManualClock, *, caller: Caller, email: str = "reviewer@example.com") -> None:
    """An attempt that fails, without the password that takes its time."""
    async with db.transaction() as conn:
        await attempts.count_attempt(conn, account=email, caller=caller, device_key=RULES.device_key, now=clock.now())


def stranger(number: int) -> Caller:
    return Caller(user_agent="curl", address=f"198.51.{number // 256}.{number % 256}")


async def test_the_right_password_begins_a_session(db: Database, clock: ManualClock) -> None:
    made = await with_password(db, clock)
    signed_in = await knock(db, clock, email="Reviewer@Example.com ")
    assert isinstance(signed_in, SignedIn)
    async with db.transaction() as conn:
        session, seen = await visit(conn, token=signed_in.session.token, limits=LIMITS, now=clock.now())
    assert (seen.id, session.user_agent, session.address) == (made.id, "Firefox", "192.0.2.0/24")


async def test_whatever_is_wrong_is_refused_in_the_same_words(db: Database, clock: ManualClock) -> None:
    await with_password(db, clock)
    async with db.transaction() as conn:
        await person(conn, clock, email="fresh@example.com")
        gone = await people.find_person(conn, email="reviewer@example.com")
        await people.disable_person(conn, person_id=gone.id, actor=KEEPER, now=clock.now())
    said = []
    for email in ("reviewer@example.com", "fresh@example.com", "nobody@example.com", "a\0b", "x" * 5000):
        with pytest.raises(SignInRefused) as refused:
            await knock(db, clock, email=email)
        said.append(refused.value.body())
    assert all(body == said[0] for body in said)


async def test_a_session_that_the_browser_had_ends_when_another_begins(db: Database, clock: ManualClock) -> None:
    await with_password(db, clock)
    first = await enter(db, clock)
    await enter(db, clock, caller=replace(BROWSER, session_token=first.session.token))
    async with db.transaction() as conn:
        with pytest.raises(SignInNeeded):
            await visit(conn, token=first.session.token, limits=LIMITS, now=clock.now())


async def test_failures_from_one_place_have_to_wait_longer_and_longer(db: Database, clock: ManualClock) -> None:
    await with_password(db, clock)
    await fail(db, clock, times=PLACE.free)
    waits = []
    for _ in range(3):
        with pytest.raises(SignInDelayed) as delayed:
            await knock(db, clock)
        waits.append(delayed.value.wait_s)
        clock.advance(seconds=delayed.value.wait_s)
        await fail(db, clock, times=1)
    assert waits == sorted(set(waits))
    clock.advance(seconds=PLACE.wait_s_max)
    await enter(db, clock)
    await fail(db, clock, times=PLACE.free - 1)


async def test_many_attempts_at_once_are_no_way_around_the_limit(db: Database, clock: ManualClock) -> None:
    await with_password(db, clock)
    tried = await asyncio.gather(*(knock(db, clock, password=WRONG) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(each, SignInRefused) for each in tried) == PLACE.free
    assert sum(isinstance(each, SignInDelayed) for each in tried) == 12 - PLACE.free


async def test_many_right_and_wrong_attempts_at_once_do_not_get_into_each_others_way(
    db: Database, clock: ManualClock
) -> None:
    await with_password(db, clock)
    passwords = [PASSWORD, WRONG] * 4
    tried = await asyncio.gather(
        *(knock(db, clock, password=password) for password in passwords), return_exceptions=True
    )
    assert {type(each).__name__ for each in tried} <= {"SignedIn", "SignInRefused", "SignInDelayed"}
    assert await failures(db) <= len(passwords)


async def failures(db: Database) -> float:
    async with db.connection() as conn:
        row = await (await conn.execute("select max(failures) from sign_in_attempt")).fetchone()
    return float(row[0]) if row else 0.0


async def test_strangers_from_everywhere_do_not_keep_the_owner_out(db: Database, clock: ManualClock) -> None:
    await with_password(db, clock)
    known = replace(BROWSER, device_token=(await enter(db, clock)).device_token)
    for number in range(STRANGERS.free):
        await count(db, clock, caller=stranger(number))
    with pytest.raises(SignInDelayed):
        await knock(db, clock, caller=stranger(1000))
    await enter(db, clock, caller=known)
    clock.advance(seconds=STRANGERS.wait_s_max)
    await enter(db, clock, caller=stranger(1001))


async def test_a_device_that_another_account_is_known_by_is_a_stranger(db: Database, clock: ManualClock) -> None:
    await with_password(db, clock)
    await with_password(db, clock, email="other@example.com")
    others = replace(BROWSER, device_token=(await enter(db, clock, email="other@example.com")).device_token)
    await fail(db, clock, times=PLACE.free, caller=others)
    with pytest.raises(SignInDelayed):
        await knock(db, clock)


async def test_one_address_cannot_try_many_accounts(db: Database, clock: ManualClock) -> None:
    for number in range(ADDRESS.free):
        await count(db, clock, caller=BROWSER, email=f"nobody{number}@example.com")
    with pytest.raises(SignInDelayed):
        await knock(db, clock, email="one-more@example.com")
    clock.advance(seconds=ADDRESS.wait_s_max)
    await fail(db, clock, times=1, email="one-more@example.com")


async def test_one_network_of_a_customer_is_one_place(db: Database, clock: ManualClock) -> None:
    await with_password(db, clock)
    for number in range(PLACE.free):
        await fail(db, clock, times=1, caller=Caller(user_agent="", address=f"2001:db8::{number}"))
    with pytest.raises(SignInDelayed):
        await knock(db, clock, caller=Caller(user_agent="", address="2001:db8::ffff"))


async def test_a_one_time_code_sets_the_password_once(db: Database, clock: ManualClock) -> None:
    async with db.transaction() as conn:
        made = await person(conn, clock)
        link = await links.make_link(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    typed = f" {link.code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "
    arguments = {"code": typed, "password": PASSWORD, "caller": BROWSER, "rules": RULES, "now": clock.now()}
    signed_in = await sign_in.welcome(db, **arguments)  # type: ignore[arg-type] # of several types
    assert isinstance(signed_in, SignedIn)
    with pytest.raises(CodeRefused):
        await sign_in.welcome(db, **arguments)  # type: ignore[arg-type] # as above
    await enter(db, clock)


async def test_of_two_who_use_one_code_at_once_one_is_refused(db: Database, clock: ManualClock) -> None:
    async with db.transaction() as conn:
        made = await person(conn, clock)
        link = await links.make_link(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    tried = await asyncio.gather(
        *(
            sign_in.welcome(db, code=link.code, password=password, caller=BROWSER, rules=RULES, now=clock.now())
            for password in (PASSWORD, "another horse battery")
        ),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in tried) == ["CodeRefused", "SignedIn"]


async def test_a_password_that_is_refused_leaves_the_code_usable(db: Database, clock: ManualClock) -> None:
    async with db.transaction() as conn:
        made = await person(conn, clock)
        link = await links.make_link(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    for password in ("too short", "reviewer@example.com", "a" * 12, "x" * 201):
        with pytest.raises(PasswordRefused):
            await sign_in.welcome(db, code=link.code, password=password, caller=BROWSER, rules=RULES, now=clock.now())
    await sign_in.welcome(db, code=link.code, password=PASSWORD, caller=BROWSER, rules=RULES, now=clock.now())


async def test_a_code_works_until_it_expires_or_another_is_made(conn: Connection, clock: ManualClock) -> None:
    made = await person(conn, clock)
    older = await links.make_link(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    newer = await links.make_link(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    with pytest.raises(CodeRefused):
        await links.use_link(conn, code=older.code, password=PASSWORD, now=clock.now())
    clock.advance(seconds=CODE_LASTS_S)
    with pytest.raises(CodeRefused):
        await links.use_link(conn, code=newer.code, password=PASSWORD, now=clock.now())


async def test_a_code_is_stored_nowhere(conn: Connection, clock: ManualClock) -> None:
    made = await person(conn, clock)
    link = await links.make_link(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    assert link.code not in repr(link)
    stored = await (await conn.execute(b"select person_link::text from person_link")).fetchall()
    assert link.code not in str(stored)
    assert len(link.code.replace("-", "")) * 5 >= 80


async def test_nobody_disabled_gets_or_uses_a_code(conn: Connection, clock: ManualClock) -> None:
    made = await person(conn, clock)
    link = await links.make_link(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    await people.disable_person(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    with pytest.raises(CodeRefused):
        await links.use_link(conn, code=link.code, password=PASSWORD, now=clock.now())
    with pytest.raises(PersonDisabled):
        await links.make_link(conn, person_id=made.id, actor=KEEPER, now=clock.now())


async def test_another_password_ends_the_other_sessions(db: Database, clock: ManualClock) -> None:
    made = await with_password(db, clock)
    here, elsewhere = await enter(db, clock), await enter(db, clock)
    await sign_in.change_password(
        db,
        person=made,
        present=PASSWORD,
        new="another horse battery",
        session_id=here.session.id,
        actor=made.actor,
        now=clock.now(),
    )
    async with db.transaction() as conn:
        await visit(conn, token=here.session.token, limits=LIMITS, now=clock.now())
        with pytest.raises(SignInNeeded):
            await visit(conn, token=elsewhere.session.token, limits=LIMITS, now=clock.now())
    await knock(db, clock, password="another horse battery")


async def test_a_stolen_session_does_not_change_the_password(db: Database, clock: ManualClock) -> None:
    made = await with_password(db, clock)
    here = await enter(db, clock)
    errors = []
    for _ in range(11):
        try:
            await sign_in.change_password(
                db,
                person=made,
                present=WRONG,
                new="another horse battery",
                session_id=here.session.id,
                actor=made.actor,
                now=clock.now(),
            )
        except (PasswordWrong, SignInDelayed) as error:
            errors.append(type(error))
    assert errors == [PasswordWrong] * 10 + [SignInDelayed]
