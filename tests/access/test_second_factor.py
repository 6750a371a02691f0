"""The second factor: set up, asked for at sign-in, never taken twice, and replaced when it is lost."""

import asyncio
from dataclasses import dataclass, replace

import pyotp
import pytest

from opsdesk.access import links, people, second_factor, sign_in
from opsdesk.access.attempts import PLACE
from opsdesk.access.errors import (
    PasswordWrong,
    ScopeMissing,
    SecondFactorRefused,
    SignInDelayed,
    SignInNeeded,
    SignInRefused,
)
from opsdesk.access.people import Person
from opsdesk.access.second_factor import RECOVERY_CODES, STEP_S, Enrolment, Resealed
from opsdesk.access.sessions import SECOND_FACTOR_S, visit
from opsdesk.access.sign_in import CodeNeeded, SignedIn
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.access.staff import BROWSER, KEEPER, LIMITS, NOBODY, PASSWORD, RULES, knock, person, with_password


@dataclass(frozen=True)
class Enrolled:
    person: Person
    totp: pyotp.TOTP
    recovery_codes: tuple[str, ...]

    def code(self, clock: ManualClock) -> str:
        return self.totp.at(clock.now())


async def begin(db: Database, clock: ManualClock, whose: Person, *, password: str = PASSWORD) -> Enrolment:
    return await second_factor.enrol(
        db, person=whose, password=password, totp_key=RULES.totp_key, actor=whose.actor, now=clock.now()
    )


async def set_up(db: Database, clock: ManualClock, whose: Person) -> Enrolled:
    enrolment = await begin(db, clock, whose)
    totp = pyotp.TOTP(enrolment.secret.replace(" ", ""))
    async with db.transaction() as conn:
        codes = await second_factor.confirm(
            conn,
            person=whose,
            code=totp.at(clock.now()),
            totp_key=RULES.totp_key,
            actor=whose.actor,
            now=clock.now(),
        )
        clock.advance(seconds=STEP_S)
        return Enrolled(await people.show_person(conn, person_id=whose.id), totp, codes)


async def enrolled(db: Database, clock: ManualClock) -> Enrolled:
    return await set_up(db, clock, await with_password(db, clock))


async def half(db: Database, clock: ManualClock) -> str:
    """The token of a session that lacks its second factor."""
    needed = await knock(db, clock)
    assert isinstance(needed, CodeNeeded)
    return needed.session.token


async def finish(db: Database, clock: ManualClock, code: str, token: str) -> SignedIn:
    caller = replace(BROWSER, session_token=token)
    return await sign_in.finish_sign_in(db, code=code, caller=caller, rules=RULES, now=clock.now())


async def test_an_authenticator_is_told_by_picture_and_by_text(db: Database, clock: ManualClock) -> None:
    enrolment = await begin(db, clock, await with_password(db, clock))
    secret = enrolment.secret.replace(" ", "")
    assert pyotp.parse_uri(enrolment.uri).secret == secret
    assert enrolment.qr_svg.startswith("<svg")
    assert "style" not in enrolment.qr_svg
    assert secret not in repr(enrolment)


async def takes(
    conn: Connection, clock: ManualClock, whose: Person, code: str, *, totp_key: bytes = RULES.totp_key
) -> bool:
    return await second_factor.take_code(conn, person_id=whose.id, code=code, totp_key=totp_key, now=clock.now())


async def test_the_secret_is_stored_encrypted_for_its_person(db: Database, clock: ManualClock) -> None:
    first = await enrolled(db, clock)
    async with db.transaction() as conn:
        other = await person(conn, clock, email="other@example.com")
        row = await (await conn.execute(b"select totp_secret from person where totp_secret is not null")).fetchone()
        assert row is not None
        assert first.totp.secret.encode() not in row[0]
        await conn.execute("update person set totp_secret = %s where id = %s", (row[0], other.id))
        assert not await takes(conn, clock, other, first.code(clock))
        assert await takes(conn, clock, first.person, first.code(clock))


async def test_recovery_codes_work_when_the_key_was_changed(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    async with db.transaction() as conn:
        assert not await takes(conn, clock, known.person, known.code(clock), totp_key=b"another")
        assert await takes(conn, clock, known.person, known.recovery_codes[0], totp_key=b"another")


async def test_a_second_factor_counts_only_when_it_was_confirmed(db: Database, clock: ManualClock) -> None:
    whose = await with_password(db, clock)
    await begin(db, clock, whose)
    async with db.transaction() as conn:
        with pytest.raises(SecondFactorRefused):
            await second_factor.confirm(
                conn, person=whose, code="000000", totp_key=RULES.totp_key, actor=whose.actor, now=clock.now()
            )
    assert isinstance(await knock(db, clock), SignedIn)


async def test_a_sign_in_is_finished_with_a_code(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    token = await half(db, clock)
    signed_in = await finish(db, clock, f" {known.code(clock)[:3]} {known.code(clock)[3:]} ", token)
    async with db.transaction() as conn:
        await visit(conn, token=signed_in.session.token, limits=LIMITS, now=clock.now())
    with pytest.raises(SignInNeeded):
        await finish(db, clock, known.code(clock), token)


async def test_a_code_is_not_taken_twice(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    code = known.code(clock)
    await finish(db, clock, code, await half(db, clock))
    with pytest.raises(SignInRefused):
        await finish(db, clock, code, await half(db, clock))
    clock.advance(seconds=STEP_S)
    await finish(db, clock, known.code(clock), await half(db, clock))


async def test_of_two_who_send_one_code_at_once_one_is_refused(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    tokens = [await half(db, clock), await half(db, clock)]
    tried = await asyncio.gather(
        *(finish(db, clock, known.code(clock), token) for token in tokens), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in tried) == ["SignInRefused", "SignedIn"]


async def test_a_code_of_an_earlier_step_counts_for_a_moment(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    early = known.code(clock)
    clock.advance(seconds=STEP_S)
    await finish(db, clock, early, await half(db, clock))
    late = known.code(clock)
    clock.advance(seconds=2 * STEP_S)
    with pytest.raises(SignInRefused):
        await finish(db, clock, late, await half(db, clock))


async def test_the_second_factor_has_to_follow_soon(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    token = await half(db, clock)
    clock.advance(seconds=SECOND_FACTOR_S)
    with pytest.raises(SignInNeeded):
        await finish(db, clock, known.code(clock), token)


async def test_a_right_password_does_not_make_guessing_codes_free(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    for _ in range(PLACE.free):
        with pytest.raises(SignInRefused):
            await finish(db, clock, "000000", await half(db, clock))
    with pytest.raises(SignInDelayed):
        await finish(db, clock, known.code(clock), await half(db, clock))


async def test_each_recovery_code_lets_in_once(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    assert len(set(known.recovery_codes)) == RECOVERY_CODES
    await finish(db, clock, known.recovery_codes[3].lower(), await half(db, clock))
    with pytest.raises(SignInRefused):
        await finish(db, clock, known.recovery_codes[3], await half(db, clock))
    async with db.transaction() as conn:
        assert await second_factor.recovery_codes_left(conn, person_id=known.person.id) == RECOVERY_CODES - 1


async def test_new_recovery_codes_replace_those_before(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    renewed = await second_factor.renew_recovery_codes(
        db, person=known.person, password=PASSWORD, actor=known.person.actor, now=clock.now()
    )
    with pytest.raises(SignInRefused):
        await finish(db, clock, known.recovery_codes[0], await half(db, clock))
    await finish(db, clock, renewed[0], await half(db, clock))


async def test_a_stolen_session_does_not_take_the_second_factor_away(db: Database, clock: ManualClock) -> None:
    whose = (await enrolled(db, clock)).person
    with pytest.raises(PasswordWrong):
        await second_factor.disable(db, person=whose, password="a wrong one", actor=whose.actor, now=clock.now())
    assert isinstance(await knock(db, clock), CodeNeeded)
    await second_factor.disable(db, person=whose, password=PASSWORD, actor=whose.actor, now=clock.now())
    assert isinstance(await knock(db, clock), SignedIn)


async def test_who_lost_everything_is_helped_by_who_keeps_people(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    async with db.transaction() as conn:
        with pytest.raises(ScopeMissing):
            await second_factor.remove(conn, person_id=known.person.id, actor=known.person.actor, now=clock.now())
        await second_factor.remove(conn, person_id=known.person.id, actor=KEEPER, now=clock.now())
    assert isinstance(await knock(db, clock), SignedIn)


async def test_a_one_time_code_does_not_stand_in_for_the_second_factor(db: Database, clock: ManualClock) -> None:
    known = await enrolled(db, clock)
    async with db.transaction() as conn:
        link = await links.make_link(conn, person_id=known.person.id, actor=KEEPER, now=clock.now())
    half = await sign_in.welcome(db, code=link.code, password=PASSWORD, caller=BROWSER, rules=RULES, now=clock.now())
    assert isinstance(half, CodeNeeded)
    await finish(db, clock, known.code(clock), half.session.token)


async def test_a_stolen_session_does_not_set_up_a_second_factor(db: Database, clock: ManualClock) -> None:
    whose = await with_password(db, clock)
    with pytest.raises(PasswordWrong):
        await begin(db, clock, whose, password="a wrong one")


async def test_nobody_sets_up_the_second_factor_of_another(db: Database, clock: ManualClock) -> None:
    whose = await with_password(db, clock)
    with pytest.raises(ScopeMissing):
        await second_factor.enrol(
            db, person=whose, password=PASSWORD, totp_key=RULES.totp_key, actor=KEEPER, now=clock.now()
        )


async def resealed(conn: Connection, clock: ManualClock, *, new: bytes, old: bytes) -> Resealed:
    return await second_factor.reseal(conn, totp_key=new, previous=old, actor=KEEPER, now=clock.now())


async def test_a_new_key_takes_the_place_of_the_one_before(db: Database, clock: ManualClock) -> None:
    whose, new, old = await enrolled(db, clock), b"n" * 32, RULES.totp_key
    async with db.transaction() as conn:
        assert await resealed(conn, clock, new=new, old=old) == Resealed(changed=1, kept=0, unreadable=0)
        assert await resealed(conn, clock, new=new, old=old) == Resealed(changed=0, kept=1, unreadable=0)
        assert await resealed(conn, clock, new=b"y" * 32, old=b"x" * 32) == Resealed(0, 0, unreadable=1)
        code = whose.code(clock)
        assert await second_factor.take_code(conn, person_id=whose.person.id, code=code, totp_key=new, now=clock.now())


async def test_only_who_keeps_accounts_reseals_them(conn: Connection, clock: ManualClock) -> None:
    with pytest.raises(ScopeMissing):
        await second_factor.reseal(conn, totp_key=b"n" * 32, previous=b"o" * 32, actor=NOBODY, now=clock.now())
