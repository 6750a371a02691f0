"""The published vectors, which the bank's own tests hold to be true, hold here as well."""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from opsdesk_partner import FixedKeys, LinkExpired, LinkKey, Profile, Purpose, open_link
from opsdesk_partner.errors import LinkError, LinkForged, LinkMalformed, LinkWrongPurpose
from opsdesk_partner.explain import LINES, Sent, explain
from opsdesk_partner.link_keys import unseal_link_key
from opsdesk_partner.signing import Parts, is_signed_by

FILE = Path(__file__).parents[2] / "docs" / "reference" / "partner-vectors.json"
VECTORS: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
PROVIDER = VECTORS["provider"]
KEYS = {
    each["profile"]: LinkKey(each["kid"], Profile(each["profile"]), bytes.fromhex(each["secret"]))
    for each in VECTORS["link_keys"]
}
FAULTS: dict[str, tuple[type[LinkError], ...]] = {
    "expired": (LinkExpired,),
    "wrong_purpose": (LinkWrongPurpose,),
    "forged": (LinkForged, LinkMalformed),
    "unknown_key": (LinkForged,),
    "truncated": (LinkMalformed,),
}


def purpose(vector: dict[str, Any]) -> Purpose:
    return Purpose[vector["purpose"].upper()]


@pytest.mark.req("PTS-204")
@pytest.mark.parametrize("vector", VECTORS["links"])
def test_every_link_that_is_published_opens(vector: dict[str, Any]) -> None:
    keys = FixedKeys(PROVIDER, [KEYS[vector["profile"]]])
    link = open_link(vector["request"], keys=keys, purpose=purpose(vector), now=vector["expires_at"] - 1)
    names = ("benefit_code", "service", "channel", "issued_at", "expires_at", "kid", "purpose")
    assert {name: getattr(link, name) for name in names} == {name: vector[name] for name in names}


@pytest.mark.parametrize("vector", VECTORS["rejected_links"], ids=lambda each: f"{each['profile']}: {each['why']}")
def test_every_link_that_is_published_as_bad_is_refused_for_the_same_reason(vector: dict[str, Any]) -> None:
    keys = FixedKeys(PROVIDER, [KEYS[vector["profile"]]])
    with pytest.raises(FAULTS[vector["fault"]]):
        open_link(vector["request"], keys=keys, purpose=purpose(vector), now=vector["now"])


@pytest.mark.parametrize("vector", VECTORS["deliveries"])
def test_every_link_key_that_is_published_is_unsealed(vector: dict[str, Any]) -> None:
    agreement = X25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private_key"]))
    key = unseal_link_key(vector["answer"], provider=PROVIDER, agreement=agreement)
    assert key.secret.hex() == vector["secret"]


@pytest.mark.parametrize("vector", VECTORS["requests"])
def test_every_request_that_is_published_is_signed_alike(vector: dict[str, Any]) -> None:
    method, target, timestamp, nonce, key = (
        vector[name] for name in ("method", "target", "timestamp", "nonce", "idempotency_key")
    )
    parts = Parts(method, target, timestamp, nonce, key, vector["body"].encode())
    assert parts.text.decode() == vector["signed_text"]
    signer = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private_key"]))
    assert b64encode(signer.sign(parts.text)).decode() == vector["signature"]
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(vector["public_key"]))
    assert is_signed_by(public, parts.text, b64decode(vector["signature"]))


@pytest.mark.parametrize("mistake", VECTORS["mistakes"])
def test_every_mistake_that_is_published_is_explained_by_its_line(mistake: dict[str, Any]) -> None:
    vector = VECTORS["requests"][0]
    signer = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private_key"]))
    headers = {
        "Opsdesk-Partner": PROVIDER,
        "Opsdesk-Key": "pk_0123456789abcdef",
        "Opsdesk-Timestamp": vector["timestamp"],
        "Opsdesk-Nonce": vector["nonce"],
        "Opsdesk-Signature": b64encode(signer.sign(mistake["signed_text"].encode())).decode(),
        "Idempotency-Key": vector["idempotency_key"],
    }
    sent = Sent(vector["method"], vector["target"], headers, vector["body"].encode())
    told = explain(sent, signer.public_key(), now=int(vector["timestamp"]))
    assert [_line(finding.line) for finding in told.findings] == [mistake["line"]]


def _line(number: int | None) -> str:
    return "text" if number is None else "body" if number == len(LINES) else LINES[number - 1]
