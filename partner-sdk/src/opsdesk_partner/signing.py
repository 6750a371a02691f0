"""How a request is signed: six lines, and a key."""

import secrets
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from opsdesk_partner import sm2
from opsdesk_partner.errors import Misconfigured
from opsdesk_partner.sm2 import Sm2PublicKey

PARTNER, KEY, TIMESTAMP, NONCE = "Opsdesk-Partner", "Opsdesk-Key", "Opsdesk-Timestamp", "Opsdesk-Nonce"
SIGNATURE, IDEMPOTENCY_KEY = "Opsdesk-Signature", "Idempotency-Key"
WINDOW_S = 300
RSA_BITS_MIN = 2048

PublicKey = Ed25519PublicKey | RSAPublicKey | Sm2PublicKey


class Signer(Protocol):
    """Whatever signs: a key in a file, or one that never leaves its hardware."""

    def sign(self, text: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a request is signed."""

    method: str
    target: str
    """Path and query, exactly as they are sent."""
    timestamp: str
    nonce: str
    idempotency_key: str
    """Empty where the request has none."""
    body: bytes

    @property
    def lines(self) -> tuple[str, ...]:
        digest = sha256(self.body).hexdigest()
        return (self.method, self.target, self.timestamp, self.nonce, self.idempotency_key, digest)

    @property
    def text(self) -> bytes:
        return "\n".join(self.lines).encode()


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """The default."""

    key: Ed25519PrivateKey

    def sign(self, text: bytes) -> bytes:
        return self.key.sign(text)


@dataclass(frozen=True, slots=True)
class Rsa2Signer:
    """RSA with SHA-256, for those who have such keys already."""

    key: RSAPrivateKey

    def sign(self, text: bytes) -> bytes:
        return self.key.sign(text, PKCS1v15(), hashes.SHA256())


def signer_of(pem: bytes, *, password: bytes | None = None) -> Signer:
    """The signer for a private key in PEM. Raises Misconfigured."""
    if sm2.looks_private(pem):
        return sm2.read_private(pem)
    key = private_key(pem, password=password)
    return Ed25519Signer(key) if isinstance(key, Ed25519PrivateKey) else Rsa2Signer(key)


def load_signer(path: Path, *, password: bytes | None = None) -> Signer:
    """The signer for the private key in a file. Raises Misconfigured, or OSError."""
    return signer_of(path.read_bytes(), password=password)


def private_key(pem: bytes, *, password: bytes | None = None) -> Ed25519PrivateKey | RSAPrivateKey:
    """Raises Misconfigured."""
    try:
        key = serialization.load_pem_private_key(pem, password)
    except (ValueError, TypeError) as error:
        raise Misconfigured(f"this is no private key in PEM: {error}") from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, RSAPrivateKey) and key.key_size >= RSA_BITS_MIN:
        return key
    raise Misconfigured("a signing key is Ed25519, or RSA with at least 2048 bits")


def public_key(pem: bytes) -> PublicKey:
    """The public key of a PEM that holds it, or its private one. Raises Misconfigured."""
    if sm2.looks_private(pem):
        return sm2.read_private(pem).public_key()
    if b"PRIVATE KEY" in pem:
        return private_key(pem).public_key()
    if (found := sm2.read_public(pem)) is not None:
        return found
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError as error:
        raise Misconfigured(f"this is no public key in PEM: {error}") from None
    if isinstance(key, Ed25519PublicKey | RSAPublicKey):
        return key
    raise Misconfigured("a signing key is Ed25519, RSA or SM2")


def signed_headers(
    signer: Signer, *, partner: str, key_id: str, method: str, target: str, body: bytes, key: str = "", now: float
) -> dict[str, str]:
    """The headers of one request. Each attempt takes new ones: a nonce is good for once, the key stays the same."""
    parts = Parts(method, target, str(int(now)), secrets.token_urlsafe(24), key, body)
    headers = {
        PARTNER: partner,
        KEY: key_id,
        TIMESTAMP: parts.timestamp,
        NONCE: parts.nonce,
        SIGNATURE: b64encode(signer.sign(parts.text)).decode(),
    }
    return headers | ({IDEMPOTENCY_KEY: key} if key else {})


def is_signed_by(key: PublicKey, text: bytes, signature: bytes) -> bool:
    if isinstance(key, Sm2PublicKey):
        return key.is_signed(text, signature)
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, text)
        else:
            key.verify(signature, text, PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def signature_in(headers: Mapping[str, str]) -> bytes | None:
    """None where it is missing or is no base64."""
    try:
        return b64decode(headers.get(SIGNATURE, "").encode("ascii"), validate=True) or None
    except (Base64Error, UnicodeEncodeError):
        return None
