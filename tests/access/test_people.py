"""Accounts: who has one, in which roles."""

import asyncio
from uuid import UUID

import pytest

from opsdesk.access import people
from opsdesk.access.errors import LastAdmin, PersonExists, PersonRefused, PersonUnknown, ScopeMissing
from opsdesk.access.people import NAME_CHARS_MAX
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.paging import BadCursor
from tests.access.staff import KEEPER, NOBODY, emails, person


async def test_a_new_person_can_be_found_in_any_spelling(conn: Connection, clock: ManualClock) -> None:
    made = await person(conn, clock, email=" Reviewer@Example.COM")
    assert made.email == "reviewer@example.com"
    assert await people.find_person(conn, email="ＲEVIEWER@example.com") == made
    assert not any((made.has_password, made.has_second_factor, made.disabled_at))


async def test_one_address_is_one_person_however_it_is_spelt(conn: Connection, clock: ManualClock) -> None:
    await person(conn, clock)
    with pytest.raises(PersonExists):
        await person(conn, clock, email="REVIEWER@EXAMPLE.COM")
    assert len((await people.list_people(conn)).items) == 1


@pytest.mark.parametrize("email", ["", "@", "a@", "@a", "a b@example.com", "a\0@example.com", "x" * 250 + "@a.de"])
async def test_what_is_no_address_is_refused(conn: Connection, clock: ManualClock, email: str) -> None:
    with pytest.raises(PersonRefused, match="email"):
        await person(conn, clock, email=email)


async def test_the_name_of_a_person_may_have_its_limit_and_no_more(conn: Connection, clock: ManualClock) -> None:
    await person(conn, clock, name="审" * NAME_CHARS_MAX)
    for name in ("审" * (NAME_CHARS_MAX + 1), " ", "a\nb"):
        with pytest.raises(PersonRefused, match="name"):
            await person(conn, clock, email="b@example.com", name=name)


async def test_a_role_that_does_not_exist_is_given_to_nobody(conn: Connection, clock: ManualClock) -> None:
    with pytest.raises(PersonRefused, match="emperor"):
        await person(conn, clock, "reviewer", "emperor")


async def test_people_are_listed_by_address_in_pages(conn: Connection, clock: ManualClock) -> None:
    for email in ("c@example.com", "a@example.com", "b@example.com"):
        await person(conn, clock, email=email)
    first = await people.list_people(conn, limit=2)
    assert emails(first.items) == ["a@example.com", "b@example.com"]
    rest = await people.list_people(conn, limit=2, cursor=first.next)
    assert (emails(rest.items), rest.next) == (["c@example.com"], None)
    with pytest.raises(BadCursor):
        await people.list_people(conn, cursor="x")


async def test_people_are_found_by_part_role_and_state(conn: Connection, clock: ManualClock) -> None:
    await person(conn, clock, "auditor", email="a@example.com", name="Ana")
    gone = await person(conn, clock, "reviewer", email="b@example.com", name="Bo")
    await people.disable_person(conn, person_id=gone.id, actor=KEEPER, now=clock.now())
    assert emails((await people.list_people(conn, search="ANA")).items) == ["a@example.com"]
    assert emails((await people.list_people(conn, role="reviewer")).items) == ["b@example.com"]
    assert emails((await people.list_people(conn, disabled=False)).items) == ["a@example.com"]


async def test_roles_that_are_given_count_at_once(conn: Connection, clock: ManualClock) -> None:
    made = await person(conn, clock, "auditor")
    changed = await people.change_roles(
        conn, person_id=made.id, roles=["reviewer", "auditor"], actor=KEEPER, now=clock.now()
    )
    assert changed.roles == ["auditor", "reviewer"]
    assert "tickets:decide" in changed.actor.scopes
    assert changed.actor.id == "person:reviewer@example.com"


async def test_a_disabled_person_may_nothing_until_enabled_again(conn: Connection, clock: ManualClock) -> None:
    made = await person(conn, clock)
    gone = await people.disable_person(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    clock.advance(seconds=9)
    assert await people.disable_person(conn, person_id=made.id, actor=KEEPER, now=clock.now()) == gone
    assert not gone.actor.scopes
    assert await people.enable_person(conn, person_id=made.id, actor=KEEPER, now=clock.now()) == made


async def test_the_last_admin_stays_one(conn: Connection, clock: ManualClock) -> None:
    only = await person(conn, clock, "admin", email="a@example.com")
    with pytest.raises(LastAdmin):
        await people.change_roles(conn, person_id=only.id, roles=["auditor"], actor=KEEPER, now=clock.now())
    with pytest.raises(LastAdmin):
        await people.disable_person(conn, person_id=only.id, actor=KEEPER, now=clock.now())
    await person(conn, clock, "admin", email="b@example.com")
    await people.change_roles(conn, person_id=only.id, roles=[], actor=KEEPER, now=clock.now())


async def test_two_admins_cannot_end_each_other_at_once(db: Database, clock: ManualClock) -> None:
    async with db.transaction() as conn:
        both = [await person(conn, clock, "admin", email=f"{name}@example.com") for name in "ab"]

    async def end(person_id: UUID) -> bool:
        try:
            async with db.transaction() as conn:
                await people.change_roles(conn, person_id=person_id, roles=[], actor=KEEPER, now=clock.now())
        except LastAdmin:
            return False
        return True

    assert sorted(await asyncio.gather(*(end(each.id) for each in both))) == [False, True]


async def test_who_may_not_change_people_changes_nothing(conn: Connection, clock: ManualClock) -> None:
    made = await person(conn, clock)
    with pytest.raises(ScopeMissing):
        await people.change_roles(conn, person_id=made.id, roles=["admin"], actor=made.actor, now=clock.now())
    with pytest.raises(ScopeMissing):
        await people.disable_person(conn, person_id=made.id, actor=NOBODY, now=clock.now())
    with pytest.raises(ScopeMissing):
        await people.create_person(conn, email="b@example.com", name="b", roles=[], actor=NOBODY, now=clock.now())


async def test_preferences_are_each_persons_own_affair(conn: Connection, clock: ManualClock) -> None:
    made = await person(conn, clock)
    wanted = {"name": "Reviewer One", "language": "en", "time_zone": "Europe/Vienna", "theme": "dark"}
    changed = await people.set_preferences(conn, person_id=made.id, **wanted, actor=made.actor, now=clock.now())
    assert (changed.name, changed.language, changed.time_zone, changed.theme) == tuple(wanted.values())
    with pytest.raises(ScopeMissing):
        await people.set_preferences(conn, person_id=made.id, **wanted, actor=NOBODY, now=clock.now())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "de"),
        ("theme", "pink"),
        ("time_zone", "Asia"),
        ("time_zone", "Mars/Base"),
        ("time_zone", "../../etc/passwd"),
        ("time_zone", ""),
        ("time_zone", "a\0b"),
    ],
)
async def test_a_preference_that_nothing_could_follow_is_refused(
    conn: Connection, clock: ManualClock, field: str, value: str
) -> None:
    made = await person(conn, clock)
    wanted = {"name": "R", "language": "en", "time_zone": "Europe/Vienna", "theme": "dark"} | {field: value}
    with pytest.raises(PersonRefused, match=field):
        await people.set_preferences(conn, person_id=made.id, **wanted, actor=made.actor, now=clock.now())


async def test_who_is_not_there_is_not_found(conn: Connection, clock: ManualClock) -> None:
    with pytest.raises(PersonUnknown):
        await people.find_person(conn, email="nobody@example.com")
