"""Link keys of partners: offered, acknowledged, used, retired, destroyed."""

from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from opsdesk.benefits.partners import link_keys
from opsdesk.benefits.partners.delivery import SealedKey, open_key
from opsdesk.benefits.partners.errors import (
    LinkKeyDestroyed,
    LinkKeyMissing,
    LinkKeyOffered,
    LinkKeysUsedUp,
    LinkKeyUndeliverable,
    LinkKeyUnknown,
    PartnerInvalid,
    PartnerUnknown,
)
from opsdesk.benefits.partners.keys import Algorithm
from opsdesk.benefits.partners.link_keys import (
    LINKS_ROTATED_AFTER,
    OPENS_AFTER_S,
    ROTATED_AFTER_DAYS,
    EpochState,
)
from opsdesk.benefits.partners.tokens import KID_MAX, Profile, derive_key
from opsdesk.kit.db import Database
from tests.benefits.making import an_order
from tests.benefits.partners.partnering import (
    CLINIC,
    MASTER,
    RECEIVING,
    a_partner,
    acknowledged,
    added,
    issued,
    judged,
    put,
    rotated,
)
from tests.points.moving import BANK, NOW

MOMENT = timedelta(microseconds=1)
CLOSED = NOW + timedelta(seconds=OPENS_AFTER_S)
ROTATED = NOW + timedelta(days=ROTATED_AFTER_DAYS)


async def states(bank: Database, *, now: datetime = NOW) -> list[EpochState]:
    async with bank.connection() as conn:
        return [each.state(now) for each in await link_keys.list_epochs(conn, "airport")]


async def rotated_due(bank: Database, *, now: datetime) -> list[tuple[str, int]]:
    async with bank.transaction() as conn:
        return [(each.provider, each.kid) for each in await link_keys.rotate_due(conn, actor=BANK, now=now)]


async def destroyed(bank: Database, *, now: datetime) -> list[tuple[str, int]]:
    async with bank.transaction() as conn:
        return list(await link_keys.destroy_due(conn, actor=BANK, now=now))


async def delivered(bank: Database, kid: int = 1, *, now: datetime = NOW) -> SealedKey:
    async with bank.transaction() as conn:
        return await link_keys.deliver(conn, "airport", kid, master=MASTER, now=now)


async def test_links_are_sealed_with_a_new_key_once_its_partner_has_it(bank: Database) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    assert (await rotated(bank)).kid == 2
    assert (await issued(bank, order)).link.kid == 1
    await acknowledged(bank, 2)
    assert (await issued(bank, order)).link.kid == 2
    assert await states(bank) == [EpochState.CURRENT, EpochState.RETIRED]


async def test_the_key_before_opens_what_it_sealed_for_a_day_and_the_life_of_a_link(bank: Database) -> None:
    await a_partner(bank)
    await rotated(bank)
    await acknowledged(bank, 2)
    assert await states(bank, now=CLOSED - MOMENT) == [EpochState.CURRENT, EpochState.RETIRED]
    assert await states(bank, now=CLOSED) == [EpochState.CURRENT, EpochState.DESTROYED]


async def test_what_was_sealed_before_the_next_key_still_books(bank: Database) -> None:
    await a_partner(bank)
    link = await issued(bank, await an_order(bank))
    await rotated(bank)
    await acknowledged(bank, 2)
    assert await judged(bank, link.request) == link.link


async def test_a_key_is_destroyed_once_and_that_is_written_down(bank: Database) -> None:
    await a_partner(bank)
    await rotated(bank)
    await acknowledged(bank, 2)
    assert await destroyed(bank, now=CLOSED - MOMENT) == []
    assert await destroyed(bank, now=CLOSED) == [("airport", 1)]
    assert await destroyed(bank, now=CLOSED) == []
    with pytest.raises(LinkKeyDestroyed):
        await acknowledged(bank, 1, now=CLOSED)


async def test_a_key_is_offered_ninety_days_after_the_one_before_was_taken(bank: Database) -> None:
    await a_partner(bank)
    await a_partner(bank, CLINIC)
    assert await rotated_due(bank, now=ROTATED - MOMENT) == []
    assert await rotated_due(bank, now=ROTATED) == [("airport", 2), ("clinic", 2)]
    assert await rotated_due(bank, now=ROTATED) == []


async def test_a_key_that_was_used_often_is_replaced_earlier(bank: Database) -> None:
    await a_partner(bank)
    link = await issued(bank, await an_order(bank))
    async with bank.transaction() as conn:
        values = {"before": link.link.link_no + 1 - LINKS_ROTATED_AFTER}
        await conn.execute(b"update benefit_link_key set links_before = %(before)s", values)
    assert await rotated_due(bank, now=NOW) == []
    await issued(bank, await an_order(bank))
    assert await rotated_due(bank, now=NOW) == [("airport", 2)]


async def test_one_key_is_offered_at_a_time(bank: Database) -> None:
    await put(bank)
    await rotated(bank)
    with pytest.raises(LinkKeyOffered):
        await rotated(bank)


async def test_acknowledging_again_changes_nothing(bank: Database) -> None:
    await a_partner(bank)
    first = await acknowledged(bank, 1, now=NOW + MOMENT)
    assert first.acknowledged_at == NOW
    await rotated(bank)
    await acknowledged(bank, 2)
    assert (await acknowledged(bank, 1, now=NOW + MOMENT)).retired_at == NOW


async def test_an_old_key_does_not_come_back_by_being_acknowledged(bank: Database) -> None:
    await a_partner(bank)
    await rotated(bank)
    await acknowledged(bank, 2)
    await acknowledged(bank, 1)
    assert await states(bank) == [EpochState.CURRENT, EpochState.RETIRED]


async def test_the_profile_counts_from_the_next_key_on(bank: Database) -> None:
    await a_partner(bank)
    await put(bank, profile=Profile.SM)
    assert (await rotated(bank)).profile is Profile.SM
    order = await an_order(bank)
    one = await issued(bank, order)
    await acknowledged(bank, 2)
    other = await issued(bank, order)
    assert [await judged(bank, each.request) for each in (one, other)] == [one.link, other.link]


async def test_the_old_way_of_sealing_has_to_be_allowed_expressly(bank: Database) -> None:
    with pytest.raises(PartnerInvalid):
        await put(bank, profile=Profile.LEGACY_ECB)
    assert (await put(bank, profile=Profile.LEGACY_ECB, is_legacy_allowed=True)).profile is Profile.LEGACY_ECB


@pytest.mark.parametrize("profile", list(Profile))
async def test_a_key_comes_to_its_partner_and_to_nobody_else(bank: Database, profile: Profile) -> None:
    await put(bank, profile=profile, is_legacy_allowed=True)
    await rotated(bank)
    await added(bank, RECEIVING, algorithm=Algorithm.X25519)
    sealed = await delivered(bank)
    wanted = derive_key(MASTER, provider="airport", kid=1, profile=profile)
    assert open_key(sealed, provider="airport", private=RECEIVING) == wanted
    assert open_key(sealed, provider="clinic", private=RECEIVING) is None
    assert open_key(sealed, provider="airport", private=X25519PrivateKey.generate()) is None
    assert wanted.secret not in sealed.sealed


async def test_a_key_is_sealed_to_what_the_partner_registered_last(bank: Database) -> None:
    await a_partner(bank)
    await added(bank, RECEIVING, algorithm=Algorithm.X25519)
    newer = X25519PrivateKey.generate()
    await added(bank, newer, algorithm=Algorithm.X25519, now=NOW + MOMENT)
    assert open_key(await delivered(bank), provider="airport", private=newer) is not None


async def test_without_a_key_of_its_own_a_partner_is_sent_none(bank: Database) -> None:
    await a_partner(bank)
    with pytest.raises(LinkKeyUndeliverable):
        await delivered(bank)


async def test_a_destroyed_key_is_not_sent_to_anybody(bank: Database) -> None:
    await a_partner(bank)
    await added(bank, RECEIVING, algorithm=Algorithm.X25519)
    await rotated(bank)
    await acknowledged(bank, 2)
    assert (await delivered(bank, now=CLOSED - MOMENT)).kid == 1
    with pytest.raises(LinkKeyDestroyed):
        await delivered(bank, now=CLOSED)


async def test_what_is_not_there_is_said_to_be_unknown(bank: Database) -> None:
    with pytest.raises(PartnerUnknown):
        await rotated(bank)
    await put(bank)
    with pytest.raises(LinkKeyUnknown):
        await acknowledged(bank, 1)
    async with bank.connection() as conn:
        with pytest.raises(LinkKeyMissing):
            await link_keys.current_epoch(conn, "airport")


async def test_the_numbers_of_keys_end_some_day(bank: Database) -> None:
    await put(bank)
    await rotated(bank)
    async with bank.transaction() as conn:
        await conn.execute(b"update benefit_link_key set kid = %(kid)s", {"kid": KID_MAX})
    await acknowledged(bank, KID_MAX)
    with pytest.raises(LinkKeysUsedUp):
        await rotated(bank)
