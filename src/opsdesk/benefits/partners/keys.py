"""Public keys of partners: what their requests are signed with, and what their link keys are sealed to.

A partner has several at a time while one replaces another. One that was revoked stays listed, and never comes back.
"""

import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import gmalg
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from psycopg.rows import class_row

from opsdesk import access
from opsdesk.benefits.partners.errors import PartnerKeyRefused, PartnerKeyTaken, PartnerKeyUnknown, TooManyPartnerKeys
from opsdesk.benefits.partners.partner import read_partner
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

KEYS_IN_USE_MAX = 10
KEYS_LISTED_MAX = 1000
KEY_CHARACTERS_MAX = 4000
KEY_ID_PATTERN = r"^pk_[0-9a-z]{16}$"
RSA_BITS = (2048, 4096)

_ID_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SM2_DER = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""What stands before the point in the SubjectPublicKeyInfo of an SM2 key."""
_SM2_POINT_BYTES = 65

_SQL = statements(__file__)


class Algorithm(StrEnum):
    """What a key is for, and how."""

    ED25519 = "ed25519"
    """Signs requests."""
    RSA2 = "rsa2"
    """Signs requests: RSA of 2048 bits or more, PKCS #1 v1.5, SHA-256."""
    SM2 = "sm2"
    """Signs requests: SM2 with SM3."""
    X25519 = "x25519"
    """Link keys are sealed to it; it signs nothing."""


@dataclass(frozen=True, slots=True)
class PartnerKey:
    """A public key of a partner."""

    key_id: str
    provider: str
    algorithm: Algorithm
    public_key: bytes
    """SubjectPublicKeyInfo, DER; of SM2 the point, uncompressed."""
    added_at: datetime
    ends_at: datetime | None
    """From when on it is not taken any more; None: nobody has revoked it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "algorithm", Algorithm(self.algorithm))

    def works_at(self, now: datetime) -> bool:
        return self.ends_at is None or now < self.ends_at


async def add_key(
    conn: Connection, provider: str, *, algorithm: Algorithm, public_key: str, actor: access.Actor, now: datetime
) -> PartnerKey:
    """Register a public key, as PEM or the base64 of its DER; those there are go on working. Locks the partner.

    Raises PartnerUnknown, PartnerKeyRefused, PartnerKeyTaken, TooManyPartnerKeys.
    """
    raw = read_public_key(algorithm, public_key)
    await conn.execute(_SQL["lock_partner"], {"provider": provider})
    await read_partner(conn, provider)
    if len([each for each in await list_keys(conn, provider) if each.works_at(now)]) >= KEYS_IN_USE_MAX:
        raise TooManyPartnerKeys(provider, KEYS_IN_USE_MAX)
    if taken := await (await conn.execute(_SQL["same_key"], {"public_key": raw})).fetchone():
        raise PartnerKeyTaken(taken[0])
    key_id = "pk_" + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(16))
    values = {"key_id": key_id, "provider": provider, "algorithm": str(algorithm), "public_key": raw, "now": now}
    await conn.execute(_SQL["add_key"], values)
    after = {"provider": provider, "algorithm": str(algorithm), "public_key": raw.hex()}
    await _record(conn, "add", key_id, after, actor=actor, now=now)
    return await read_key(conn, provider, key_id)


async def revoke_key(
    conn: Connection,
    provider: str,
    key_id: str,
    *,
    actor: access.Actor,
    now: datetime,
    ends_at: datetime | None = None,
) -> PartnerKey:
    """End a key now, or later, as long as its successor takes over. An end can be brought forward, not put off.

    Raises PartnerKeyUnknown, PartnerKeyRefused.
    """
    if ends_at is not None and ends_at < now:
        raise PartnerKeyRefused("a key cannot have ended in the past")
    values = {"provider": provider, "key_id": key_id, "ends_at": ends_at or now}
    if (await conn.execute(_SQL["end_key"], values)).rowcount:
        await _record(conn, "revoke", key_id, {"ends_at": values["ends_at"]}, actor=actor, now=now)
    return await read_key(conn, provider, key_id)


async def read_key(conn: Connection, provider: str, key_id: str) -> PartnerKey:
    """Raises PartnerKeyUnknown."""
    async with conn.cursor(row_factory=class_row(PartnerKey)) as rows:
        found = await (await rows.execute(_SQL["read_key"], {"provider": provider, "key_id": key_id})).fetchone()
    if found is None:
        raise PartnerKeyUnknown(provider, key_id)
    return found


async def list_keys(conn: Connection, provider: str) -> Sequence[PartnerKey]:
    """The newest first, those that were revoked too."""
    async with conn.cursor(row_factory=class_row(PartnerKey)) as rows:
        values = {"provider": provider, "limit": KEYS_LISTED_MAX}
        return await (await rows.execute(_SQL["list_keys"], values)).fetchall()


async def newest_key(conn: Connection, provider: str, algorithm: Algorithm, *, now: datetime) -> PartnerKey | None:
    """The one of a kind that was added last, of those that work."""
    working = [each for each in await list_keys(conn, provider) if each.algorithm is algorithm and each.works_at(now)]
    return working[0] if working else None


def read_public_key(algorithm: Algorithm, text: str) -> bytes:
    """The key as it is kept. Raises PartnerKeyRefused."""
    der = _der(text)
    if algorithm is Algorithm.SM2:
        return _sm2_point(der)
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise PartnerKeyRefused("is no public key as `openssl pkey -pubout` writes it") from None
    match algorithm, key:
        case (Algorithm.ED25519, Ed25519PublicKey()) | (Algorithm.X25519, X25519PublicKey()):
            pass
        case (Algorithm.RSA2, RSAPublicKey()) if RSA_BITS[0] <= key.key_size <= RSA_BITS[1]:
            pass
        case (Algorithm.RSA2, RSAPublicKey()):
            raise PartnerKeyRefused(f"has {key.key_size} bits: it has to have {RSA_BITS[0]} to {RSA_BITS[1]}")
        case _:
            raise PartnerKeyRefused(f"is no key for {algorithm}")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _der(text: str) -> bytes:
    if len(text) > KEY_CHARACTERS_MAX:
        raise PartnerKeyRefused(f"has more than {KEY_CHARACTERS_MAX} characters")
    if "PRIVATE KEY" in text:
        raise PartnerKeyRefused("is a private key: nobody else may ever see it, so make another one")
    lines = [line.strip() for line in text.strip().splitlines()]
    if lines and lines[0] == "-----BEGIN PUBLIC KEY-----" and lines[-1] == "-----END PUBLIC KEY-----":
        lines = lines[1:-1]
    try:
        return b64decode("".join(lines), validate=True)
    except (Base64Error, ValueError):
        raise PartnerKeyRefused("is neither PEM nor base64") from None


def _sm2_point(der: bytes) -> bytes:
    point = der.removeprefix(_SM2_DER)
    if len(point) != _SM2_POINT_BYTES or point[0] != 4 or not _is_on_curve(point):
        raise PartnerKeyRefused("is no public key for sm2")
    return point


def _is_on_curve(point: bytes) -> bool:
    try:
        return bool(gmalg.SM2().verify_pk(point))
    except gmalg.errors.GMError:
        return False


async def _record(
    conn: Connection, verb: str, key_id: str, after: Mapping[str, object], *, actor: access.Actor, now: datetime
) -> None:
    await access.audit.record(
        conn,
        actor=actor,
        action=f"benefit_partner_key.{verb}",
        object_kind="benefit_partner_key",
        object_id=key_id,
        after=after,
        now=now,
    )
