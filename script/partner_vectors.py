"""Test vectors for partners: tokens of links, deliveries of link keys, signed requests, by keys for tests alone."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from opsdesk.benefits.model import Channel
from opsdesk.benefits.partners.delivery import seal_key
from opsdesk.benefits.partners.signatures import Signed, mistakes
from opsdesk.benefits.partners.tokens import (
    LINK_TTL_S,
    Content,
    LinkKey,
    Profile,
    Purpose,
    Rejected,
    derive_key,
    open_token,
    seal,
)

FILE = Path(__file__).parents[1] / "docs" / "reference" / "partner-vectors.json"
PROVIDER, OTHER, KID = "airport-lounge", "spa-resort", 7
ISSUED_AT = 1_767_578_400
CODE, SERVICE = "7K3M9Q2X5T8V1WZB", "lounge-pass"
_MASTER = bytes(range(32))
_JTI, _NONCE = bytes(range(8)), bytes(range(12))
_SIGNING = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"ed25519 for tests").digest())
_RECEIVING = X25519PrivateKey.from_private_bytes(hashlib.sha256(b"x25519 for tests").digest())
_EPHEMERAL = X25519PrivateKey.from_private_bytes(hashlib.sha256(b"x25519 made once").digest())


def written() -> str:
    """The file as it is published."""
    return json.dumps(vectors(), indent=2, ensure_ascii=False) + "\n"


def vectors() -> Mapping[str, Any]:
    return {
        "about": "Written by script/partner-vectors. Nothing but these tests is ever sealed or signed with these keys.",
        "provider": PROVIDER,
        "master": _MASTER.hex(),
        "link_keys": [_link_key(profile) for profile in Profile],
        "links": [_link(profile, purpose) for profile in Profile for purpose in Purpose],
        "rejected_links": [each for profile in Profile for each in _rejected(profile)],
        "deliveries": [_delivery(profile) for profile in Profile],
        "requests": [_request(each) for each in _requests()],
        "mistakes": [_mistake(each.line, each.explanation, each.text) for each in mistakes(_requests()[0])],
    }


def _key(profile: Profile, provider: str = PROVIDER) -> LinkKey:
    return derive_key(_MASTER, provider=provider, kid=KID, profile=profile)


def _link_key(profile: Profile) -> Mapping[str, Any]:
    return {"profile": str(profile), "kid": KID, "secret": _key(profile).secret.hex()}


def _content(channel: Channel = Channel.MOBILE) -> Content:
    return Content(CODE, SERVICE, channel, ISSUED_AT, _JTI)


def _token(key: LinkKey, purpose: Purpose = Purpose.BOOKING) -> str:
    return seal(key, _content(), purpose=purpose, expires_at=ISSUED_AT + LINK_TTL_S, nonce=_NONCE)


def _link(profile: Profile, purpose: Purpose) -> Mapping[str, Any]:
    content = _content()
    return {
        "profile": str(profile),
        "purpose": purpose.name.lower(),
        "kid": KID,
        "request": _token(_key(profile), purpose),
        "benefit_code": content.benefit_code,
        "service": content.service,
        "channel": str(content.channel),
        "issued_at": content.issued_at,
        "expires_at": ISSUED_AT + LINK_TTL_S,
        "jti": content.jti.hex(),
    }


def _rejected(profile: Profile) -> Sequence[Mapping[str, Any]]:
    token = _token(_key(profile))
    last = "A" if token[-5] != "A" else "B"
    cases = (
        ("not opened before it expires", token, "booking", ISSUED_AT + LINK_TTL_S),
        ("sealed for booking, opened to cancel", token, "cancellation", ISSUED_AT),
        ("sealed for another provider", _token(_key(profile, OTHER)), "booking", ISSUED_AT),
        ("one character was changed", f"{token[:-5]}{last}{token[-4:]}", "booking", ISSUED_AT),
        ("the end is missing", token[:20], "booking", ISSUED_AT),
    )
    return [
        {
            "profile": str(profile),
            "why": why,
            "request": request,
            "purpose": purpose,
            "now": now,
            "fault": _fault(profile, request, Purpose[purpose.upper()], now),
        }
        for why, request, purpose, now in cases
    ]


def _fault(profile: Profile, request: str, purpose: Purpose, now: int) -> str:
    opened = open_token(request, keys={KID: _key(profile)}, purpose=purpose, now=datetime.fromtimestamp(now, UTC))
    assert isinstance(opened, Rejected), "it is among those that are rejected"
    return str(opened.fault)


def _delivery(profile: Profile) -> Mapping[str, Any]:
    public = _RECEIVING.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    sealed = seal_key(_key(profile), to=public, ephemeral=_EPHEMERAL, nonce=_NONCE)
    return {
        "private_key": _RECEIVING.private_bytes_raw().hex(),
        "answer": {
            "kid": sealed.kid,
            "profile": str(sealed.profile),
            "ephemeral": b64encode(sealed.ephemeral).decode(),
            "sealed": b64encode(sealed.sealed).decode(),
        },
        "secret": _key(profile).secret.hex(),
    }


def _requests() -> Sequence[Signed]:
    body = f'{{"benefit_code": "{CODE}", "service": "{SERVICE}", "note": "预约"}}'.encode()
    stamp = str(ISSUED_AT)
    return (
        Signed("POST", "/open/v1/bookings", stamp, "bm9uY2Utb2YtdGVzdHM", "booking-1", body),
        Signed("GET", "/open/v1/files?month=2025-12", stamp, "bm9uY2Utb2YtdGVzdHMy", "", b""),
    )


def _request(signed: Signed) -> Mapping[str, Any]:
    text = signed.text.encode()
    return {
        "method": signed.method,
        "target": signed.target,
        "timestamp": signed.timestamp,
        "nonce": signed.nonce,
        "idempotency_key": signed.idempotency_key,
        "body": signed.body.decode(),
        "signed_text": signed.text,
        "private_key": _SIGNING.private_bytes_raw().hex(),
        "public_key": _SIGNING.public_key().public_bytes_raw().hex(),
        "algorithm": "ed25519",
        "signature": b64encode(_SIGNING.sign(text)).decode(),
    }


def _mistake(line: str, explanation: str, text: str) -> Mapping[str, Any]:
    return {"line": line, "explanation": explanation, "signed_text": text}
