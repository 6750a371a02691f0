"""What the page after this one says once: carried by a signed cookie, so that no address says anything."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

FLASH_AGE_S = 300
FLASHES_MAX = 3
FLASH_CHARS_MAX = 200
COOKIE_CHARS_MAX = 4000

Kind = Literal["done", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Flash:
    """One message, in the language of whoever reads it."""

    kind: Kind
    text: str


def sealed(flashes: Sequence[Flash], *, key: bytes, now: datetime) -> str:
    """The value of the cookie."""
    shortened = [asdict(Flash(flash.kind, flash.text[:FLASH_CHARS_MAX])) for flash in flashes[:FLASHES_MAX]]
    content = base64.urlsafe_b64encode(json.dumps([int(now.timestamp()), shortened], ensure_ascii=False).encode())
    content = content.rstrip(b"=")  # which would have to be quoted in a cookie
    return f"{content.decode()}.{_signature(content, key)}"


def opened(value: str, *, key: bytes, now: datetime) -> Sequence[Flash]:
    """What a cookie says; nothing if it is not ours, or is too old."""
    content, _, signature = value[:COOKIE_CHARS_MAX].partition(".")
    if not hmac.compare_digest(_signature(content.encode(), key).encode(), signature.encode()):
        return ()
    try:
        made_at, flashes = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    except (binascii.Error, ValueError):
        return ()
    if not 0 <= now.timestamp() - made_at + 1 <= FLASH_AGE_S:
        return ()
    return [Flash(**flash) for flash in flashes]


def _signature(content: bytes, key: bytes) -> str:
    return hmac.new(key, b"flash\0" + content, hashlib.sha256).hexdigest()
