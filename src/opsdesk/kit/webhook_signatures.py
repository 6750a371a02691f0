"""How senders of webhooks prove themselves, others to us and we to others, by the specification "Standard Webhooks".

`webhook-signature` holds `v1,` and the base64 of HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`; several
stand side by side with spaces between them, and one that is right is enough.
"""

import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"
ID_CHARACTERS_MAX = 200
SIGNATURES_MAX = 10
_PREFIX = "whsec_"
_SECONDS_DIGITS_MAX = 12


@dataclass(frozen=True, slots=True)
class Signed:
    """What a sender says of its request."""

    delivery: str
    sent_at: datetime
    stamp: str
    """The time as it was written, which is what is signed."""
    signatures: tuple[str, ...]


def read_signed(headers: Mapping[str, str]) -> Signed | None:
    """None where what is needed is not there, or is none of it."""
    delivery, stamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    signatures = tuple(headers.get(SIGNATURE, "").split()[:SIGNATURES_MAX])
    plain = delivery.isascii() and delivery.isprintable() and " " not in delivery
    if not (0 < len(delivery) <= ID_CHARACTERS_MAX and plain and signatures):
        return None
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _SECONDS_DIGITS_MAX):
        return None
    try:
        sent_at = datetime.fromtimestamp(int(stamp), UTC)
    except (OverflowError, ValueError):
        return None
    return Signed(delivery, sent_at, stamp, signatures)


def is_genuine(signed: Signed, body: bytes, *, secrets: Sequence[str]) -> bool:
    """Whether one of the signatures was made with one of the secrets; every pair is looked at, whatever comes of it."""
    content = f"{signed.delivery}.{signed.stamp}.".encode() + body
    wanted = [hmac.digest(_key(secret), content, "sha256") for secret in secrets]
    given = [_signature(each) for each in signed.signatures]
    return any([hmac.compare_digest(one, other) for one in wanted for other in given])  # noqa: C419  all of them


def signed_headers(delivery: str, body: bytes, *, secret: str) -> dict[str, str]:
    """What a request of ours carries: who receives it verifies it with the same secret, and with a clock of its own.

    Hence the time is the machine's, which no trial of ours moves.
    """
    stamp = str(int(datetime.now(UTC).timestamp()))
    signature = hmac.digest(_key(secret), f"{delivery}.{stamp}.".encode() + body, "sha256")
    return {ID: delivery, TIMESTAMP: stamp, SIGNATURE: f"v1,{b64encode(signature).decode()}"}


def _key(secret: str) -> bytes:
    """A secret that begins with `whsec_` is base64 behind it; any other is its text."""
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(_PREFIX), validate=True)
    except Base64Error:
        return secret.encode()


def _signature(text: str) -> bytes:
    version, _comma, encoded = text.partition(",")
    if version != "v1":
        return b""
    try:
        return b64decode(encoded.encode("ascii"), validate=True)
    except (UnicodeEncodeError, Base64Error):
        return b""
