import re
from datetime import datetime, timedelta

import psycopg
import pytest

from opsdesk.access import Scope, people
from opsdesk.access.errors import KeyNotFound, KeyRefused, KeyUnknown, PasswordWrong
from opsdesk.access.keys import (
    KEY_NAME_CHARS_MAX,
    ROLE_CHARS_MAX,
    ROLES_MAX,
    NewKey,
    authenticate,
    create_key,
    create_own_key,
    list_keys,
    revoke_key,
)
from opsdesk.access.people import Person
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from tests.access.staff import KEEPER, PASSWORD, person, with_password
from tests.actors import actor

READ_RUNS = [Scope.RUNS_READ]


async def make_key(conn: Connection, clock: ManualClock, *, name: str = "Anna", lives_s: float | None = None) -> NewKey:
    expires_at = None if lives_s is None else clock.now() + timedelta(seconds=lives_s)
    return await create_key(
        conn,
        name=name,
        scopes=READ_RUNS,
        roles=["compliance_officer"],
        actor=actor(),
        now=clock.now(),
        expires_at=expires_at,
    )


async def last_used_at(conn: Connection, key: NewKey) -> datetime | None:
    return next(known.last_used_at for known in await list_keys(conn) if known.id == key.id)


async def test_a_new_key_lets_its_owner_in(conn: Connection, clock: ManualClock) -> None:
    actor = await authenticate(conn, key=(await make_key(conn, clock)).key, now=clock.now())
    assert (actor.id, actor.name) == ("key:anna", "Anna")
    assert (set(actor.roles), set(actor.scopes)) == ({"compliance_officer"}, {"runs:read"})


async def test_a_key_has_the_form_that_secret_scanners_find(conn: Connection, clock: ManualClock) -> None:
    key = await make_key(conn, clock)
    assert re.fullmatch(rf"opsdesk_{key.id}_[0-9A-Za-z]{{43}}", key.key)


async def test_the_secret_part_of_a_key_is_stored_nowhere(conn: Connection, clock: ManualClock) -> None:
    key = await make_key(conn, clock)
    secret = key.key.rsplit("_", 1)[1]
    stored = await (await conn.execute(b"select api_key::text from api_key")).fetchall()
    assert stored
    assert not any(secret in row[0] for row in stored)


async def test_a_new_key_does_not_print_its_secret(conn: Connection, clock: ManualClock) -> None:
    key = await make_key(conn, clock)
    assert key.key not in repr(key)


async def test_a_right_id_with_a_wrong_secret_is_unknown(conn: Connection, clock: ManualClock) -> None:
    first, second = await make_key(conn, clock), await make_key(conn, clock)
    mixed = f"opsdesk_{first.id}_{second.key.rsplit('_', 1)[1]}"
    with pytest.raises(KeyUnknown):
        await authenticate(conn, key=mixed, now=clock.now())


@pytest.mark.parametrize(
    "key",
    [
        "",
        "opsdesk_",
        "opsdesk_ABCDEFGHIJKL",
        "opsdesk_ABCDEFGHIJKL_" + "0" * 42,
        "opsdesk_ABCDEFGHIJKL_" + "0" * 43,
        "opsdesk_ABCDEFGHIJKL_" + "0" * 43 + "\n",
        "opsdesk_ABCDEFGHIJKL_" + "٣" * 43,
        "' or 1=1 --",
        "x\x00y",
        "x" * 100_000,
    ],
)
async def test_what_is_no_key_is_unknown(conn: Connection, clock: ManualClock, key: str) -> None:
    with pytest.raises(KeyUnknown):
        await authenticate(conn, key=key, now=clock.now())


async def test_a_key_works_until_it_expires_and_not_then(conn: Connection, clock: ManualClock) -> None:
    key = await make_key(conn, clock, lives_s=60)
    clock.advance(seconds=59)
    await authenticate(conn, key=key.key, now=clock.now())
    clock.advance(seconds=1)
    with pytest.raises(KeyUnknown):
        await authenticate(conn, key=key.key, now=clock.now())


async def test_unknown_expired_and_revoked_look_the_same_outside(conn: Connection, clock: ManualClock) -> None:
    expired, revoked = await make_key(conn, clock, lives_s=1), await make_key(conn, clock)
    await revoke_key(conn, key_id=revoked.id, actor=actor(), now=clock.now())
    clock.advance(seconds=1)
    bodies = []
    for key in (expired.key, revoked.key, "opsdesk_ABCDEFGHIJKL_" + "0" * 43):
        with pytest.raises(KeyUnknown) as unknown:
            await authenticate(conn, key=key, now=clock.now())
        bodies.append((unknown.value.status, unknown.value.body()))
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0][0] == 401


async def test_revoking_twice_keeps_the_first_moment(conn: Connection, clock: ManualClock) -> None:
    key = await make_key(conn, clock)
    first = await revoke_key(conn, key_id=key.id, actor=actor(), now=clock.now())
    clock.advance(seconds=5)
    assert await revoke_key(conn, key_id=key.id, actor=actor(), now=clock.now()) == first


async def test_revoking_a_key_that_never_was_is_not_found(conn: Connection, clock: ManualClock) -> None:
    with pytest.raises(KeyNotFound):
        await revoke_key(conn, key_id="nothing", actor=actor(), now=clock.now())


async def test_two_keys_of_one_name_are_one_person(conn: Connection, clock: ManualClock) -> None:
    first = await make_key(conn, clock, name="Anna ")
    second = await make_key(conn, clock, name="ａnna")  # a full-width letter
    actors = [await authenticate(conn, key=key.key, now=clock.now()) for key in (first, second)]
    assert actors[0].id == actors[1].id == "key:anna"


async def test_use_is_noted_once_a_minute(conn: Connection, clock: ManualClock) -> None:
    key, start = await make_key(conn, clock), clock.now()
    await authenticate(conn, key=key.key, now=clock.now())
    clock.advance(seconds=59)
    await authenticate(conn, key=key.key, now=clock.now())
    assert await last_used_at(conn, key) == start
    clock.advance(seconds=1)
    await authenticate(conn, key=key.key, now=clock.now())
    assert await last_used_at(conn, key) == start + timedelta(seconds=60)


async def test_noting_the_use_never_waits_for_another_request(db: Database, clock: ManualClock) -> None:
    async with db.transaction() as conn:
        key = await make_key(conn, clock)
    async with db.transaction() as first, db.transaction() as second:
        await authenticate(first, key=key.key, now=clock.now())
        await second.execute(b"set local lock_timeout = '1ms'")
        actor = await authenticate(second, key=key.key, now=clock.now())
    assert actor.id == "key:anna"


async def test_keys_are_listed_newest_first(conn: Connection, clock: ManualClock) -> None:
    older = await make_key(conn, clock, name="older")
    clock.advance(seconds=1)
    newer = await make_key(conn, clock, name="newer")
    assert [key.id for key in await list_keys(conn)] == [newer.id, older.id]


async def test_an_unknown_scope_is_refused_by_name(conn: Connection, clock: ManualClock) -> None:
    with pytest.raises(KeyRefused, match="runs:delete"):
        await create_key(conn, name="anna", scopes=["runs:delete"], roles=[], actor=actor(), now=clock.now())


async def test_a_name_may_have_its_limit_and_no_more(conn: Connection, clock: ManualClock) -> None:
    await make_key(conn, clock, name="一" * KEY_NAME_CHARS_MAX)
    with pytest.raises(KeyRefused, match="name"):
        await make_key(conn, clock, name="一" * (KEY_NAME_CHARS_MAX + 1))


@pytest.mark.parametrize("name", ["", "  ", "an\x00na", "an\nna", "an\u202ena"])
async def test_a_name_that_cannot_be_read_is_refused(conn: Connection, clock: ManualClock, name: str) -> None:
    with pytest.raises(KeyRefused, match="name"):
        await make_key(conn, clock, name=name)


async def test_roles_have_a_limit_in_number_and_length(conn: Connection, clock: ManualClock) -> None:
    roles = [f"{number:0{ROLE_CHARS_MAX}}" for number in range(ROLES_MAX)]
    await create_key(conn, name="anna", scopes=[], roles=roles, actor=actor(), now=clock.now())
    for refused in ([*roles, "one more"], ["r" * (ROLE_CHARS_MAX + 1)], [""], [" officer"]):
        with pytest.raises(KeyRefused, match="roles"):
            await create_key(conn, name="anna", scopes=[], roles=refused, actor=actor(), now=clock.now())


async def test_a_key_that_has_expired_already_is_refused(conn: Connection, clock: ManualClock) -> None:
    with pytest.raises(KeyRefused, match="expires_at"):
        await make_key(conn, clock, lives_s=0)


async def test_the_table_takes_no_secret_in_clear(conn: Connection, clock: ManualClock) -> None:
    await make_key(conn, clock)
    with pytest.raises(psycopg.errors.CheckViolation):
        await conn.execute(b"update api_key set secret_sha256 = 'a secret in clear'")


async def make_own_key(conn: Connection, clock: ManualClock, owner: Person, *scopes: str) -> NewKey:
    return await create_key(
        conn, name="script", scopes=scopes, roles=[], actor=owner.actor, now=clock.now(), person=owner
    )


async def test_a_persons_key_acts_as_the_person_within_its_scopes(conn: Connection, clock: ManualClock) -> None:
    owner = await person(conn, clock, "reviewer")
    key = await make_own_key(conn, clock, owner, "runs:read", "runs:write")
    acting = await authenticate(conn, key=key.key, now=clock.now())
    assert (acting.id, acting.name) == ("person:reviewer@example.com", "Reviewer")
    assert (set(acting.roles), set(acting.scopes)) == ({"reviewer"}, {"runs:read"})
    assert [each.person for each in await list_keys(conn)] == ["reviewer@example.com"]


async def test_a_persons_key_follows_what_becomes_of_the_person(conn: Connection, clock: ManualClock) -> None:
    owner = await person(conn, clock, "reviewer")
    key = await make_own_key(conn, clock, owner, "people:read", "runs:read")
    await people.change_roles(conn, person_id=owner.id, roles=["auditor"], actor=KEEPER, now=clock.now())
    assert set((await authenticate(conn, key=key.key, now=clock.now())).scopes) == {"people:read", "runs:read"}
    await people.disable_person(conn, person_id=owner.id, actor=KEEPER, now=clock.now())
    with pytest.raises(KeyUnknown):
        await authenticate(conn, key=key.key, now=clock.now())
    await people.enable_person(conn, person_id=owner.id, actor=KEEPER, now=clock.now())
    await authenticate(conn, key=key.key, now=clock.now())


async def test_nobody_makes_a_key_to_act_as_somebody_else(conn: Connection, clock: ManualClock) -> None:
    owner = await person(conn, clock, "reviewer")
    admin = await person(conn, clock, "admin", email="admin@example.com")
    with pytest.raises(KeyRefused, match="person"):
        await create_key(conn, name="script", scopes=[], roles=[], actor=admin.actor, now=clock.now(), person=owner)
    with pytest.raises(KeyRefused, match="roles"):
        await create_key(
            conn, name="script", scopes=[], roles=["auditor"], actor=owner.actor, now=clock.now(), person=owner
        )
    # Who reaches the database itself could do so anyway.
    await create_key(conn, name="script", scopes=[], roles=[], actor=KEEPER, now=clock.now(), person=owner)


async def test_a_stolen_session_makes_no_key(db: Database, clock: ManualClock) -> None:
    owner = await with_password(db, clock)

    async def make(password: str) -> NewKey:
        return await create_own_key(
            db,
            person=owner,
            password=password,
            name="script",
            scopes=["runs:read"],
            actor=owner.actor,
            now=clock.now(),
            expires_at=None,
        )

    with pytest.raises(PasswordWrong):
        await make("a wrong one")
    made = await make(PASSWORD)
    async with db.transaction() as conn:
        assert (await authenticate(conn, key=made.key, now=clock.now())).id == owner.actor.id
