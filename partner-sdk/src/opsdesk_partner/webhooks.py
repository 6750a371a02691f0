"""What the bank tells by itself: the proof is in a header, over the bytes as they came."""

import hmac
from collections.abc import Sequence

from opsdesk_partner.errors import SignatureError

TOLERANCE_S = 300
SIGNATURES_MAX = 10


def verify_webhook(body: bytes, header: str, *, secrets: Sequence[str], now: float) -> int:
    """When a message was sent, in Unix seconds, if it is genuine and recent.

    `body` is the raw body: JSON that was parsed and written again has other bytes. `header` is `t=…,v1=…`, with one v1
    for each secret while secrets change over. Raises SignatureError.
    """
    if not isinstance(body, bytes):
        raise SignatureError("give the raw body, before anything parsed it")
    pairs = [item.strip().partition("=") for item in header.split(",")[: SIGNATURES_MAX + 1]]
    stamps = [value for name, _, value in pairs if name == "t"]
    given = [value for name, _, value in pairs if name == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) <= 12) or not given:
        raise SignatureError("the header is not t=…,v1=…")
    text = stamps[0].encode() + b"." + body
    wanted = [hmac.digest(secret.encode(), text, "sha256").hex() for secret in secrets]
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in given]
    if not any(matches):
        raise SignatureError("no signature of the message was made with a secret that is known here")
    if abs(now - int(stamps[0])) > TOLERANCE_S:
        raise SignatureError(f"the message is more than {TOLERANCE_S} s old, or the clock here is wrong")
    return int(stamps[0])


def sign_webhook(body: bytes, *, secret: str, now: float) -> str:
    """The header for a body: for the tests of a receiver."""
    stamp = str(int(now))
    return f"t={stamp},v1={hmac.digest(secret.encode(), stamp.encode() + b'.' + body, 'sha256').hex()}"
