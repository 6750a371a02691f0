"""Public keys of partners: what is taken, and how one replaces another."""

import shutil
import subprocess
from base64 import b64encode
from datetime import timedelta

import gmalg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from opsdesk import access
from opsdesk.benefits.partners import keys
from opsdesk.benefits.partners.errors import (
    PartnerKeyRefused,
    PartnerKeyTaken,
    PartnerKeyUnknown,
    PartnerUnknown,
    TooManyPartnerKeys,
)
from opsdesk.benefits.partners.keys import KEYS_IN_USE_MAX, Algorithm, PartnerKey, read_public_key
from opsdesk.benefits.partners.signatures import SM2_UID, verify
from opsdesk.kit.db import Database
from tests.benefits.partners.partnering import CLINIC, OTHERS_SIGNING, RECEIVING, SIGNING, added, public_text, put
from tests.points.moving import BANK, NOW

LATER = NOW + timedelta(days=7)
SM2_PRIVATE = bytes(range(1, 33))
SM2_DER = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")


def sm2_public() -> bytes:
    return bytes(gmalg.SM2().generate_pk(SM2_PRIVATE))


def sm2_signature(text: bytes) -> bytes:
    r, s = gmalg.SM2(sk=SM2_PRIVATE, uid=SM2_UID, pk=sm2_public()).sign(text)
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


async def revoked(bank: Database, key: PartnerKey, **when: object) -> PartnerKey:
    async with bank.transaction() as conn:
        return await keys.revoke_key(conn, key.provider, key.key_id, actor=BANK, now=NOW, **when)  # type: ignore[arg-type]  # one moment


async def test_two_keys_work_side_by_side_until_the_first_one_ends(bank: Database) -> None:
    await put(bank)
    first, second = await added(bank), await added(bank, OTHERS_SIGNING)
    ending = await revoked(bank, first, ends_at=LATER)
    assert (ending.works_at(LATER - timedelta(microseconds=1)), ending.works_at(LATER)) == (True, False)
    assert second.works_at(LATER)


async def test_an_end_is_brought_forward_and_not_put_off(bank: Database) -> None:
    await put(bank)
    key = await added(bank)
    await revoked(bank, key, ends_at=LATER)
    assert (await revoked(bank, key, ends_at=LATER + timedelta(days=1))).ends_at == LATER
    assert (await revoked(bank, key)).ends_at == NOW
    assert (await revoked(bank, key, ends_at=LATER)).ends_at == NOW


async def test_every_change_of_a_key_is_in_the_audit_chain(bank: Database) -> None:
    await put(bank)
    key = await added(bank)
    await revoked(bank, key)
    await revoked(bank, key)
    async with bank.connection() as conn:
        found = await access.audit.entries_about(conn, object_kind="benefit_partner_key", object_id=key.key_id)
    assert [each.entry.action for each in found] == ["benefit_partner_key.add", "benefit_partner_key.revoke"]


async def test_a_key_is_one_partners_and_never_comes_back(bank: Database) -> None:
    await put(bank)
    await put(bank, CLINIC)
    key = await added(bank)
    await revoked(bank, key)
    for provider in ("airport", "clinic"):
        with pytest.raises(PartnerKeyTaken):
            await added(bank, provider=provider)


async def test_a_partner_has_as_many_keys_as_it_may_and_no_more(bank: Database) -> None:
    await put(bank)
    made = [await added(bank, Ed25519PrivateKey.generate()) for _ in range(KEYS_IN_USE_MAX)]
    with pytest.raises(TooManyPartnerKeys):
        await added(bank)
    await revoked(bank, made[0])
    await added(bank)


async def test_nobody_ends_the_key_of_another_partner(bank: Database) -> None:
    await put(bank)
    key = await added(bank)
    async with bank.transaction() as conn:
        with pytest.raises(PartnerKeyUnknown):
            await keys.revoke_key(conn, "clinic", key.key_id, actor=BANK, now=NOW)
        assert (await keys.read_key(conn, "airport", key.key_id)).ends_at is None
        with pytest.raises(PartnerKeyRefused):
            await keys.revoke_key(
                conn, "airport", key.key_id, actor=BANK, now=NOW, ends_at=NOW - timedelta(microseconds=1)
            )


async def test_a_provider_that_is_no_partner_has_no_keys(bank: Database) -> None:
    with pytest.raises(PartnerUnknown):
        await added(bank)


def test_a_key_is_taken_as_text_or_as_its_bytes() -> None:
    der = read_public_key(Algorithm.ED25519, public_text(SIGNING))
    assert read_public_key(Algorithm.ED25519, b64encode(der).decode()) == der


def test_a_key_is_of_the_kind_that_is_said() -> None:
    for algorithm, key in (
        (Algorithm.X25519, SIGNING),
        (Algorithm.ED25519, RECEIVING),
        (Algorithm.RSA2, SIGNING),
        (Algorithm.SM2, SIGNING),
    ):
        with pytest.raises(PartnerKeyRefused):
            read_public_key(algorithm, public_text(key))


@pytest.mark.parametrize("text", ["", "nonsense", "AAAA", "-----BEGIN PUBLIC KEY-----", "é", "A" * 5000])
@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_what_is_no_key_is_refused(algorithm: Algorithm, text: str) -> None:
    with pytest.raises(PartnerKeyRefused):
        read_public_key(algorithm, text)


def test_a_private_key_is_refused_with_a_warning() -> None:
    text = SIGNING.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(PartnerKeyRefused, match="private"):
        read_public_key(Algorithm.ED25519, text)


def test_an_rsa_key_has_enough_bits() -> None:
    short, enough = generate_private_key(65537, 1024), generate_private_key(65537, 2048)
    assert read_public_key(Algorithm.RSA2, public_text(enough))
    with pytest.raises(PartnerKeyRefused, match="1024"):
        read_public_key(Algorithm.RSA2, public_text(short))


def test_a_point_that_is_not_on_the_curve_is_no_key() -> None:
    point = sm2_public()
    assert read_public_key(Algorithm.SM2, b64encode(point).decode()) == point
    assert read_public_key(Algorithm.SM2, b64encode(SM2_DER + point).decode()) == point
    with pytest.raises(PartnerKeyRefused):
        read_public_key(Algorithm.SM2, b64encode(point[:-1] + bytes([point[-1] ^ 1])).decode())


def test_a_signature_by_sm2_is_of_one_text_alone() -> None:
    signature = sm2_signature(b"text")
    assert verify(Algorithm.SM2, sm2_public(), signature=signature, text=b"text")
    assert not verify(Algorithm.SM2, sm2_public(), signature=signature, text=b"texts")
    assert not verify(Algorithm.SM2, sm2_public(), signature=b"nonsense", text=b"text")
    assert not verify(Algorithm.SM2, sm2_public(), signature=encode_dss_signature(0, 1 << 300), text=b"text")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to compare with")
def test_signatures_by_sm2_of_another_implementation_are_taken(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("sm2")

    def openssl(*words: str) -> bytes:
        return subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True).stdout

    (folder / "text").write_bytes(b"POST\n/open/v1/bookings")
    openssl("genpkey", "-algorithm", "SM2", "-out", "key.pem")
    public = openssl("pkey", "-in", "key.pem", "-pubout").decode()
    signature = openssl(
        *("dgst", "-sm3", "-sigopt", f"distid:{SM2_UID.decode()}", "-sign", "key.pem", "-hex", "text"),
    )
    raw = bytes.fromhex(signature.decode().rpartition(" ")[2].strip())
    point = read_public_key(Algorithm.SM2, public)
    assert verify(Algorithm.SM2, point, signature=raw, text=b"POST\n/open/v1/bookings")
    assert not verify(Algorithm.SM2, point, signature=raw, text=b"POST\n/open/v1/booking")
