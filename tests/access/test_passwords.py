"""Passwords: what may be one, and how it is kept."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher, extract_parameters

from opsdesk.access import passwords
from opsdesk.access.errors import PasswordRefused, PasswordsBusy
from opsdesk.access.passwords import (
    HASHES_WAITING_MAX,
    PASSWORD_CHARS_MAX,
    PASSWORD_CHARS_MIN,
    Hashing,
    check_password,
    hash_password,
    is_outdated,
    password_matches,
)
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from tests.access.staff import PASSWORD, enter, with_password

EMAIL = "reviewer-of-tickets@example.com"


def test_a_password_may_have_its_limits_and_no_more() -> None:
    check_password("ab" * (PASSWORD_CHARS_MIN // 2), email=EMAIL)
    check_password("ab" * (PASSWORD_CHARS_MAX // 2), email=EMAIL)
    for password in ("ab" * (PASSWORD_CHARS_MIN // 2 - 1) + "a", "ab" * (PASSWORD_CHARS_MAX // 2) + "a"):
        with pytest.raises(PasswordRefused):
            check_password(password, email=EMAIL)


@pytest.mark.parametrize("password", [EMAIL, " Reviewer-of-Tickets@Example.com", "reviewer-of-tickets", "x" * 20])
def test_what_anybody_would_try_first_is_no_password(password: str) -> None:
    with pytest.raises(PasswordRefused):
        check_password(password, email=EMAIL)


@pytest.mark.parametrize(
    "password", ["correct horse battery", "密码密码密码密码密码密碼", "            a", "ａ" * 12 + "b"]
)
async def test_every_character_may_be_in_a_password(password: str) -> None:
    check_password(password, email=EMAIL)
    kept = await hash_password(password)
    assert await password_matches(password, kept)
    assert not await password_matches(password + "x", kept)


async def test_one_password_is_one_however_it_was_typed() -> None:
    kept = await hash_password("cafe\u0301 cafe\u0301 cafe\u0301")
    assert await password_matches("caf\u00e9 caf\u00e9 caf\u00e9", kept)


async def test_equal_passwords_are_kept_differently() -> None:
    assert await hash_password(PASSWORD) != await hash_password(PASSWORD)


async def test_without_a_hash_no_password_is_right() -> None:
    assert not await password_matches(PASSWORD, None)
    assert not await password_matches("", None)
    assert not await password_matches("x" * 10_000, None)
    assert not await password_matches(PASSWORD, "$argon2id$broken")


async def test_nobodys_hash_takes_as_long_as_anybodys() -> None:
    assert extract_parameters(passwords._nobodys_hash()) == extract_parameters(await hash_password(PASSWORD))


async def test_who_comes_when_too_many_wait_is_sent_away_at_once() -> None:
    hashing, go_on = Hashing(), threading.Event()
    waiting = [asyncio.create_task(hashing.run(go_on.wait)) for _ in range(HASHES_WAITING_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(PasswordsBusy):
        await hashing.run(go_on.wait)
    go_on.set()
    assert all(await asyncio.gather(*waiting))
    assert await hashing.run(go_on.wait)


async def test_a_hash_of_other_parameters_is_made_anew_at_a_sign_in(db: Database, clock: ManualClock) -> None:
    whose = await with_password(db, clock)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    assert is_outdated(weak)
    async with db.transaction() as conn:
        await conn.execute("update person set password_hash = %s where id = %s", (weak, whose.id))
    await enter(db, clock)
    async with db.transaction() as conn:
        row = await (await conn.execute("select password_hash from person where id = %s", (whose.id,))).fetchone()
    assert row is not None
    assert not is_outdated(row[0])
