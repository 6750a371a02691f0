"""How a link key comes to its partner: sealed to the partner's X25519 key, so that nobody on the way reads it. Pure.

X25519 of a key pair made for this once and the partner's gives, by HKDF-SHA256 without salt and with the info
`opsdesk/link-key/v1|<provider>|<kid>`, a key for AES-256-GCM, whose additional data is the same info.
"""

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_der_public_key

from opsdesk.benefits.partners.tokens import LinkKey, Profile

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A link key that only its partner can open."""

    kid: int
    profile: Profile
    ephemeral: bytes
    """The public key made for this, 32 bytes."""
    sealed: bytes
    """Nonce, ciphertext, tag."""


def seal_key(
    key: LinkKey, *, to: bytes, ephemeral: X25519PrivateKey | None = None, nonce: bytes | None = None
) -> SealedKey:
    """`to` is the partner's public key as DER; the last two are given by test vectors alone."""
    theirs = load_der_public_key(to)
    assert isinstance(theirs, X25519PublicKey), "the key was looked at when it was added"
    ephemeral = ephemeral or X25519PrivateKey.generate()
    nonce = nonce or os.urandom(_NONCE_BYTES)
    info = _info(key.provider, key.kid)
    sealed = AESGCM(_wrapping(ephemeral.exchange(theirs), info)).encrypt(nonce, key.secret, info)
    return SealedKey(key.kid, key.profile, ephemeral.public_key().public_bytes_raw(), nonce + sealed)


def open_key(sealed: SealedKey, *, provider: str, private: X25519PrivateKey) -> LinkKey | None:
    """What the partner does with it; None if it was not sealed to it, or changed."""
    info = _info(provider, sealed.kid)
    shared = private.exchange(X25519PublicKey.from_public_bytes(sealed.ephemeral))
    nonce, ciphertext = sealed.sealed[:_NONCE_BYTES], sealed.sealed[_NONCE_BYTES:]
    try:
        secret = AESGCM(_wrapping(shared, info)).decrypt(nonce, ciphertext, info)
    except InvalidTag:
        return None
    return LinkKey(provider, sealed.kid, sealed.profile, secret)


def _info(provider: str, kid: int) -> bytes:
    return f"opsdesk/link-key/v1|{provider}|{kid}".encode()


def _wrapping(shared: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(shared)
