"""Requests of partners: signed, of this moment, and taken once."""

import asyncio
from base64 import b64encode
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from opsdesk.access import Scope, may
from opsdesk.benefits.partners import keys, requests
from opsdesk.benefits.partners.errors import PartnerTooFast, SignatureRefused
from opsdesk.benefits.partners.keys import Algorithm, PartnerKey
from opsdesk.benefits.partners.requests import (
    NONCE_S,
    NONCES_FORGOTTEN_AT_ONCE,
    REQUESTS_PER_S_MAX,
    WINDOW_S,
    PartnerActor,
)
from opsdesk.benefits.partners.signatures import Signed, mistakes
from opsdesk.kit.db import Database
from tests.benefits.partners.partnering import (
    CLINIC,
    OTHERS_SIGNING,
    RECEIVING,
    a_request,
    added,
    checked,
    put,
    signature_of,
)
from tests.benefits.partners.test_keys import sm2_public, sm2_signature
from tests.points.moving import BANK, NOW

SECOND = timedelta(seconds=1)


@pytest.fixture
async def key(bank: Database) -> PartnerKey:
    """The key of a partner that signs."""
    await put(bank)
    return await added(bank)


async def taken(bank: Database, request: Signed, key: PartnerKey, **how: object) -> PartnerActor:
    async with bank.transaction() as conn:
        return await checked(conn, request, key, **how)  # type: ignore[arg-type]  # as `checked` names them


async def refused(bank: Database, request: Signed, key: PartnerKey, **how: object) -> SignatureRefused:
    with pytest.raises(SignatureRefused) as caught:
        await taken(bank, request, key, **how)
    return caught.value


async def test_a_signed_request_is_its_partners(bank: Database, key: PartnerKey) -> None:
    partner = await taken(bank, a_request(), key)
    assert (partner.provider, partner.key_id) == ("airport", key.key_id)
    assert (partner.owns("airport"), partner.owns("clinic")) == (True, False)


async def test_a_partner_may_nothing_that_people_and_channels_may(bank: Database, key: PartnerKey) -> None:
    partner = await taken(bank, a_request(), key)
    assert [scope for scope in Scope if may(partner.actor, scope)] == []
    assert (partner.actor.id, partner.actor.scopes) == ("partner:airport", frozenset({"partner:airport"}))


@pytest.mark.parametrize("off_s", [-WINDOW_S, WINDOW_S])
async def test_the_clock_of_a_partner_may_be_off_by_the_window(bank: Database, key: PartnerKey, off_s: int) -> None:
    early = a_request(timestamp=str(int(NOW.timestamp()) + off_s))
    await taken(bank, early, key)


@pytest.mark.parametrize("off_s", [-WINDOW_S - 1, WINDOW_S + 1])
async def test_a_request_of_another_time_is_refused(bank: Database, key: PartnerKey, off_s: int) -> None:
    late = a_request(timestamp=str(int(NOW.timestamp()) + off_s))
    found = await refused(bank, late, key)
    assert (found.problem, found.line) == ("timestamp_outside", "timestamp")


async def test_milliseconds_are_recognized_in_the_timestamp(bank: Database, key: PartnerKey) -> None:
    found = await refused(bank, a_request(timestamp=f"{int(NOW.timestamp())}00"), key)
    assert "milliseconds" in found.explanation


async def test_a_request_is_taken_once(bank: Database, key: PartnerKey) -> None:
    await taken(bank, a_request(), key)
    found = await refused(bank, a_request(), key)
    assert (found.problem, found.line) == ("nonce_used", "nonce")


async def test_a_nonce_is_remembered_as_long_as_its_request_could_be_taken(bank: Database, key: PartnerKey) -> None:
    first = a_request(timestamp=str(int(NOW.timestamp()) + WINDOW_S))
    await taken(bank, first, key)
    last_moment = NOW + timedelta(seconds=NONCE_S)
    assert (await refused(bank, first, key, now=last_moment)).problem == "nonce_used"
    assert (await refused(bank, first, key, now=last_moment + SECOND)).problem == "timestamp_outside"
    again = a_request(timestamp=str(int((last_moment + SECOND).timestamp())))
    await taken(bank, again, key, now=last_moment + SECOND)


async def test_of_two_requests_at_once_with_one_nonce_one_is_taken(bank: Database, key: PartnerKey) -> None:
    both = await asyncio.gather(*(taken(bank, a_request(), key) for _ in range(2)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["PartnerActor", "SignatureRefused"]


async def test_partners_do_not_use_up_each_others_nonces(bank: Database, key: PartnerKey) -> None:
    await put(bank, CLINIC)
    other = await added(bank, OTHERS_SIGNING, provider="clinic")
    await taken(bank, a_request(), key)
    signature = signature_of(a_request().text, OTHERS_SIGNING)
    assert (await taken(bank, a_request(), other, provider="clinic", signature=signature)).provider == "clinic"


async def test_what_is_refused_uses_up_no_nonce(bank: Database, key: PartnerKey) -> None:
    await refused(bank, a_request(), key, signature=signature_of("another text"))
    await taken(bank, a_request(), key)


async def test_nonces_are_forgotten_when_nobody_could_use_them(bank: Database, key: PartnerKey) -> None:
    await taken(bank, a_request(), key)
    async with bank.transaction() as conn:
        assert await requests.forget_nonces(conn, now=NOW + timedelta(seconds=NONCE_S)) == 0
        assert await requests.forget_nonces(conn, now=NOW + timedelta(seconds=NONCE_S) + SECOND) == 1
    assert NONCES_FORGOTTEN_AT_ONCE == 10_000


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"},
        {"target": "/open/v1/cancellations"},
        {"target": "/open/v1/bookings?again"},
        {"nonce": "nonce-0123456780"},
        {"timestamp": str(int(NOW.timestamp()) + 1)},
        {"idempotency_key": "key-2"},
        {"idempotency_key": ""},
        {"body": b"{}"},
        {"body": a_request().body + b" "},
    ],
)
async def test_a_request_that_was_changed_on_the_way_is_refused(
    bank: Database, key: PartnerKey, changed: dict[str, object]
) -> None:
    found = await refused(bank, a_request(**changed), key, signature=signature_of(a_request().text))
    assert found.problem == "signature_wrong"
    assert found.signed_text == a_request(**changed).text


@pytest.mark.req("PTS-214")
async def test_the_key_of_another_partner_is_none_of_this_one(bank: Database, key: PartnerKey) -> None:
    await put(bank, CLINIC)
    other = await added(bank, OTHERS_SIGNING, provider="clinic")
    found = await refused(bank, a_request(), other, signature=signature_of(a_request().text, OTHERS_SIGNING))
    assert found.problem == "key_unknown"


async def test_a_key_counts_until_its_end_and_not_longer(bank: Database, key: PartnerKey) -> None:
    async with bank.transaction() as conn:
        await keys.revoke_key(conn, "airport", key.key_id, actor=BANK, now=NOW, ends_at=NOW + SECOND)
    await taken(bank, a_request(), key)
    assert (
        await refused(bank, a_request(nonce="nonce-of-a-later-one"), key, now=NOW + SECOND)
    ).problem == "key_revoked"


async def test_a_key_for_link_keys_signs_nothing(bank: Database, key: PartnerKey) -> None:
    receiving = await added(bank, RECEIVING, algorithm=Algorithm.X25519)
    assert (await refused(bank, a_request(), receiving)).problem == "key_signs_nothing"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"timestamp": ""}, "timestamp_unreadable"),
        ({"timestamp": "2026-01-05"}, "timestamp_unreadable"),
        ({"timestamp": "٣"}, "timestamp_unreadable"),
        ({"timestamp": "1\n"}, "timestamp_unreadable"),
        ({"nonce": "short"}, "nonce_unreadable"),
        ({"nonce": "n" * 65}, "nonce_unreadable"),
        ({"nonce": "nonce 0123456789"}, "nonce_unreadable"),
    ],
)
async def test_what_cannot_be_read_is_refused(
    bank: Database, key: PartnerKey, changed: dict[str, str], problem: str
) -> None:
    assert (await refused(bank, a_request(**changed), key)).problem == problem


@pytest.mark.parametrize("signature", ["é", "%%%%", "A" * 2000])
async def test_what_is_no_base64_is_no_signature(bank: Database, key: PartnerKey, signature: str) -> None:
    assert (await refused(bank, a_request(), key, signature=signature)).problem == "signature_unreadable"


async def test_what_was_signed_instead_is_found_by_trying(bank: Database, key: PartnerKey) -> None:
    request = a_request(target="/open/v1/files?month=2026-01")
    for mistake in mistakes(request):
        found = await refused(bank, request, key, signature=signature_of(mistake.text))
        assert (found.line, found.explanation) == (mistake.line, mistake.explanation)


async def test_a_signature_by_another_key_of_the_partner_says_by_which(bank: Database, key: PartnerKey) -> None:
    other = await added(bank, OTHERS_SIGNING)
    found = await refused(bank, a_request(), key, signature=signature_of(a_request().text, OTHERS_SIGNING))
    assert other.key_id in found.explanation


async def test_rsa_signs_as_well(bank: Database, key: PartnerKey) -> None:
    private = generate_private_key(65537, 2048)
    rsa = await added(bank, private, algorithm=Algorithm.RSA2)
    request = a_request(body=b'{"a":1}')
    signature = b64encode(private.sign(request.text.encode(), PKCS1v15(), SHA256())).decode()
    assert (await taken(bank, request, rsa, signature=signature)).key_id == rsa.key_id
    assert (await refused(bank, a_request(body=b'{"a": 1}'), rsa, signature=signature)).line == "body"


async def test_sm2_signs_as_well(bank: Database, key: PartnerKey) -> None:
    async with bank.transaction() as conn:
        sm2 = await keys.add_key(
            conn,
            "airport",
            algorithm=Algorithm.SM2,
            public_key=b64encode(sm2_public()).decode(),
            actor=BANK,
            now=NOW,
        )
    signature = b64encode(sm2_signature(a_request().text.encode())).decode()
    assert (await taken(bank, a_request(), sm2, signature=signature)).key_id == sm2.key_id
    assert (await refused(bank, a_request(body=b"{}"), sm2, signature=signature)).problem == "signature_wrong"


async def test_more_than_a_partner_may_send_in_a_second_is_put_off_and_its_nonce_stays_good(
    bank: Database, key: PartnerKey
) -> None:
    for number in range(REQUESTS_PER_S_MAX):
        await taken(bank, a_request(nonce=f"nonce-{number:016}"), key)
    one_more = a_request(nonce="nonce-of-one-too-many")
    with pytest.raises(PartnerTooFast):
        await taken(bank, one_more, key)
    assert (await taken(bank, one_more, key, now=NOW + SECOND)).provider == "airport"
