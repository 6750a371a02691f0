"""Whether a request on the open platform is a partner's: signed with its key, of this moment, and not seen before."""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from opsdesk import access
from opsdesk.benefits.partners.errors import PartnerKeyUnknown, PartnerTooFast, SignatureRefused
from opsdesk.benefits.partners.keys import Algorithm, PartnerKey, list_keys, read_key
from opsdesk.benefits.partners.signatures import Signed, likely_mistake, read_signature, verify
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

WINDOW_S = 300
"""How far the clock of a partner may be off, to either side."""
NONCE_S = 600
"""How long a nonce is remembered: as long as a request with it could be taken."""
NONCES_FORGOTTEN_AT_ONCE = 10_000
REQUESTS_PER_S_MAX = 50
"""Of one partner, on all servers together: what was taken counts, by its nonce."""
NONCE_PATTERN = r"^[A-Za-z0-9_-]{16,64}$"
TIMESTAMP_PATTERN = r"^[0-9]{1,12}$"

_NONCE = re.compile(NONCE_PATTERN.removesuffix("$") + r"\Z")
_TIMESTAMP = re.compile(TIMESTAMP_PATTERN.removesuffix("$") + r"\Z")
_SQL = statements(__file__)


class Problem(StrEnum):
    """Which rule of signing a request breaks."""

    TIMESTAMP_UNREADABLE = "timestamp_unreadable"
    TIMESTAMP_OUTSIDE = "timestamp_outside"
    NONCE_UNREADABLE = "nonce_unreadable"
    NONCE_USED = "nonce_used"
    KEY_UNKNOWN = "key_unknown"
    KEY_REVOKED = "key_revoked"
    KEY_SIGNS_NOTHING = "key_signs_nothing"
    SIGNATURE_UNREADABLE = "signature_unreadable"
    SIGNATURE_WRONG = "signature_wrong"


@dataclass(frozen=True, slots=True)
class PartnerActor:
    """A partner that has signed a request, and may do nothing but what is its own."""

    provider: str
    key_id: str
    actor: access.Actor

    def owns(self, provider: str) -> bool:
        return provider == self.provider


def partner_actor(provider: str, key_id: str = "") -> PartnerActor:
    """Its one scope names the provider, and opens nothing of what people and channels use."""
    scope = f"partner:{provider}"
    return PartnerActor(
        provider, key_id, access.Actor(id=scope, name=provider, roles=frozenset(), scopes=frozenset({scope}))
    )


async def check_request(
    conn: Connection, signed: Signed, *, provider: str, key_id: str, signature: str, now: datetime
) -> PartnerActor:
    """Who has signed it. Remembers the nonce: commit, and only then do what is asked.

    Raises SignatureRefused, PartnerTooFast.
    """
    _check_form(signed, now)
    key = await _key(conn, provider, key_id, now)
    raw = read_signature(signature)
    if raw is None:
        raise _refused(Problem.SIGNATURE_UNREADABLE, "Opsdesk-Signature is not base64")
    if not await _fits(key, raw, signed.text.encode()):
        raise await _signature_wrong(conn, signed, key, raw, now)
    values = {
        "provider": provider,
        "nonce": signed.nonce,
        "now": now,
        "before": now - timedelta(seconds=NONCE_S),
    }
    if not (await conn.execute(_SQL["remember_nonce"], values)).rowcount:
        raise _refused(Problem.NONCE_USED, "Opsdesk-Nonce was used before: make a new one for each request", "nonce")
    await _check_pace(conn, provider, now)
    return partner_actor(provider, key_id)


async def _check_pace(conn: Connection, provider: str, now: datetime) -> None:
    values = {"provider": provider, "since": now - timedelta(seconds=1)}
    row = await (await conn.execute(_SQL["count_since"], values)).fetchone()
    assert row is not None
    if row[0] > REQUESTS_PER_S_MAX:
        raise PartnerTooFast(REQUESTS_PER_S_MAX)


async def forget_nonces(conn: Connection, *, now: datetime) -> int:
    """Forget those that no request could use any more, some at a time; returns how many these were."""
    values = {"before": now - timedelta(seconds=NONCE_S), "limit": NONCES_FORGOTTEN_AT_ONCE}
    return (await conn.execute(_SQL["forget_nonces"], values)).rowcount


def _check_form(signed: Signed, now: datetime) -> None:
    if not _TIMESTAMP.match(signed.timestamp):
        raise _refused(Problem.TIMESTAMP_UNREADABLE, "Opsdesk-Timestamp has to be unix seconds", "timestamp")
    off_s = now.timestamp() - int(signed.timestamp)
    if abs(off_s) > WINDOW_S:
        side = "old" if off_s > 0 else "early"
        explanation = f"Opsdesk-Timestamp is {abs(off_s):.0f} s too {side}: at most {WINDOW_S} s are taken"
        if len(signed.timestamp) > len(str(int(now.timestamp()))):
            explanation += "; these look like milliseconds"
        raise _refused(Problem.TIMESTAMP_OUTSIDE, explanation, "timestamp")
    if not _NONCE.match(signed.nonce):
        raise _refused(
            Problem.NONCE_UNREADABLE, "Opsdesk-Nonce has to have 16 to 64 of A-Z, a-z, 0-9, _ and -", "nonce"
        )


async def _key(conn: Connection, provider: str, key_id: str, now: datetime) -> PartnerKey:
    try:
        key = await read_key(conn, provider, key_id)
    except PartnerKeyUnknown:
        raise _refused(Problem.KEY_UNKNOWN, "Opsdesk-Key is no key of this partner") from None
    if not key.works_at(now):
        raise _refused(Problem.KEY_REVOKED, "Opsdesk-Key was revoked: sign with another one")
    if key.algorithm is Algorithm.X25519:
        raise _refused(Problem.KEY_SIGNS_NOTHING, "Opsdesk-Key is an X25519 key, which signs nothing")
    return key


async def _fits(key: PartnerKey, signature: bytes, text: bytes) -> bool:
    if key.algorithm is not Algorithm.SM2:
        return verify(key.algorithm, key.public_key, signature=signature, text=text)
    # It takes tens of milliseconds, in which others are to be answered.
    return await asyncio.to_thread(verify, key.algorithm, key.public_key, signature=signature, text=text)


async def _signature_wrong(
    conn: Connection, signed: Signed, key: PartnerKey, signature: bytes, now: datetime
) -> SignatureRefused:
    """With what is likely wrong, as far as that is found by trying; with SM2 each try would take too long."""

    def fits(text: bytes) -> bool:
        return verify(key.algorithm, key.public_key, signature=signature, text=text)

    if key.algorithm is not Algorithm.SM2:
        if found := likely_mistake(signed, fits):
            return _refused(Problem.SIGNATURE_WRONG, found.explanation, found.line, signed.text)
        for other in await list_keys(conn, key.provider):
            same = other.algorithm is key.algorithm and other.key_id != key.key_id and other.works_at(now)
            if same and verify(other.algorithm, other.public_key, signature=signature, text=signed.text.encode()):
                explanation = f"it was signed with the key {other.key_id}, which is not the one in Opsdesk-Key"
                return _refused(Problem.SIGNATURE_WRONG, explanation)
    explanation = "the signature is not of this text: compare it with yours by `opsdesk partner explain`"
    return _refused(Problem.SIGNATURE_WRONG, explanation, None, signed.text)


def _refused(
    problem: Problem, explanation: str, line: str | None = None, signed_text: str | None = None
) -> SignatureRefused:
    return SignatureRefused(str(problem), explanation, line, signed_text)
