"""Sessions: how long they last, and how they end."""

import pytest

from opsdesk.access import people
from opsdesk.access.errors import ScopeMissing, SessionNotFound, SignInNeeded
from opsdesk.access.people import Person
from opsdesk.access.sessions import (
    NewSession,
    Session,
    SignInMethod,
    begin_session,
    coarse,
    csrf_token,
    end_all_sessions,
    end_session,
    list_sessions,
    sign_out,
    visit,
)
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from tests.access.staff import BROWSER, KEEPER, LIMITS, NOBODY, person


async def begin(conn: Connection, clock: ManualClock, whose: Person, *, verified: bool = True) -> NewSession:
    return await begin_session(
        conn,
        person=whose,
        method=SignInMethod.PASSWORD,
        caller=BROWSER,
        limits=LIMITS,
        verified=verified,
        now=clock.now(),
    )


async def opened(conn: Connection, clock: ManualClock, session: NewSession) -> Session:
    return (await visit(conn, token=session.token, limits=LIMITS, now=clock.now()))[0]


async def test_a_session_ends_when_nobody_uses_it(conn: Connection, clock: ManualClock) -> None:
    session = await begin(conn, clock, await person(conn, clock))
    clock.advance(seconds=LIMITS.idle_s - 1)
    await opened(conn, clock, session)
    clock.advance(seconds=LIMITS.idle_s - 1)
    await opened(conn, clock, session)
    clock.advance(seconds=LIMITS.idle_s)
    with pytest.raises(SignInNeeded):
        await opened(conn, clock, session)


async def test_a_session_ends_in_any_case_after_its_time(conn: Connection, clock: ManualClock) -> None:
    session = await begin(conn, clock, await person(conn, clock))
    for _ in range(int(LIMITS.absolute_s / 1200) - 1):
        clock.advance(seconds=1200)
        await opened(conn, clock, session)
    clock.advance(seconds=1200)
    with pytest.raises(SignInNeeded):
        await opened(conn, clock, session)


async def test_use_of_a_session_is_noted_once_a_minute(conn: Connection, clock: ManualClock) -> None:
    session, began = await begin(conn, clock, await person(conn, clock)), clock.now()
    clock.advance(seconds=59)
    await opened(conn, clock, session)
    assert (await opened(conn, clock, session)).last_seen_at == began
    clock.advance(seconds=1)
    await opened(conn, clock, session)
    assert (await opened(conn, clock, session)).last_seen_at == clock.now()


async def test_a_page_that_asks_by_itself_keeps_no_session_from_ending(conn: Connection, clock: ManualClock) -> None:
    session = await begin(conn, clock, await person(conn, clock))
    for _ in range(int(LIMITS.idle_s / 600) - 1):
        clock.advance(seconds=600)
        await visit(conn, token=session.token, limits=LIMITS, now=clock.now(), is_use=False)
    clock.advance(seconds=600)
    with pytest.raises(SignInNeeded):
        await opened(conn, clock, session)


async def test_a_session_without_its_second_factor_opens_nothing(conn: Connection, clock: ManualClock) -> None:
    whose = await person(conn, clock)
    session = await begin(conn, clock, whose, verified=False)
    with pytest.raises(SignInNeeded):
        await opened(conn, clock, session)
    assert await list_sessions(conn, person_id=whose.id, actor=KEEPER, limits=LIMITS, now=clock.now()) == ()


async def test_the_token_of_a_session_is_stored_nowhere(conn: Connection, clock: ManualClock) -> None:
    session = await begin(conn, clock, await person(conn, clock))
    stored = await (await conn.execute(b"select person_session::text from person_session")).fetchall()
    assert session.token not in str(stored) + repr(session) + csrf_token(session.token)


async def test_a_disabled_person_is_out_at_once(conn: Connection, clock: ManualClock) -> None:
    whose = await person(conn, clock)
    session = await begin(conn, clock, whose)
    await people.disable_person(conn, person_id=whose.id, actor=KEEPER, now=clock.now())
    await people.enable_person(conn, person_id=whose.id, actor=KEEPER, now=clock.now())
    with pytest.raises(SignInNeeded):
        await opened(conn, clock, session)


async def test_a_stolen_session_can_be_ended(conn: Connection, clock: ManualClock) -> None:
    whose = await person(conn, clock)
    stolen, own = await begin(conn, clock, whose), await begin(conn, clock, whose)
    listed = await list_sessions(conn, person_id=whose.id, actor=whose.actor, limits=LIMITS, now=clock.now())
    assert {each.id for each in listed} == {stolen.id, own.id}
    await end_session(conn, person_id=whose.id, session_id=stolen.id, actor=whose.actor, now=clock.now())
    with pytest.raises(SignInNeeded):
        await opened(conn, clock, stolen)
    await opened(conn, clock, own)


async def test_all_other_sessions_end_together(conn: Connection, clock: ManualClock) -> None:
    whose = await person(conn, clock)
    own, *others = [await begin(conn, clock, whose) for _ in range(3)]
    ended = await end_all_sessions(conn, person_id=whose.id, actor=whose.actor, now=clock.now(), but=own.id)
    assert ended == len(others)
    await opened(conn, clock, own)


async def test_signing_out_ends_the_session_for_good(conn: Connection, clock: ManualClock) -> None:
    session = await begin(conn, clock, await person(conn, clock))
    await sign_out(conn, token=session.token, now=clock.now())
    with pytest.raises(SignInNeeded):
        await opened(conn, clock, session)


async def test_sessions_of_others_are_seen_and_ended_by_few(conn: Connection, clock: ManualClock) -> None:
    whose = await person(conn, clock)
    auditor = await person(conn, clock, "auditor", email="auditor@example.com")
    session = await begin(conn, clock, whose)
    seen = await list_sessions(conn, person_id=whose.id, actor=auditor.actor, limits=LIMITS, now=clock.now())
    assert [each.id for each in seen] == [session.id]
    with pytest.raises(ScopeMissing):
        await end_session(conn, person_id=whose.id, session_id=session.id, actor=auditor.actor, now=clock.now())
    with pytest.raises(ScopeMissing):
        await list_sessions(conn, person_id=whose.id, actor=NOBODY, limits=LIMITS, now=clock.now())
    with pytest.raises(SessionNotFound):
        await end_session(conn, person_id=auditor.id, session_id=session.id, actor=KEEPER, now=clock.now())


@pytest.mark.parametrize(
    ("address", "kept"),
    [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("", ""), ("testclient", "")],
)
def test_only_the_network_of_an_address_is_kept(address: str, kept: str) -> None:
    assert coarse(address) == kept
