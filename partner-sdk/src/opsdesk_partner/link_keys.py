"""Keys of links: picked up from the bank by their number, unsealed with the provider's own key, and acknowledged."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from opsdesk_partner.errors import Misconfigured, PartnerError, Refused, SignatureError
from opsdesk_partner.link_values import LinkKey, Profile

KEYS_MAX = 64
UNKNOWN_S = 60.0
"""For how long a number that the bank does not know is not asked for again: anybody can write one into a link."""
_SECRET_BYTES = {Profile.GCM: (32,), Profile.SM: (16,), Profile.LEGACY_ECB: (48,)}
_NONCE_BYTES = 12


def load_agreement_key(path: Path, *, password: bytes | None = None) -> X25519PrivateKey:
    """The provider's X25519 key, which link keys are sealed to. Raises Misconfigured, or OSError."""
    try:
        key = load_pem_private_key(path.read_bytes(), password)
    except (ValueError, TypeError) as error:
        raise Misconfigured(f"this is no private key in PEM: {error}") from None
    if not isinstance(key, X25519PrivateKey):
        raise Misconfigured("the key that link keys are sealed to is X25519")
    return key


def unseal_link_key(answer: Mapping[str, Any], *, provider: str, agreement: X25519PrivateKey) -> LinkKey:
    """The link key that the bank sealed for this provider. Raises SignatureError."""
    try:
        kid, profile = int(answer["kid"]), Profile(answer["profile"])
        ephemeral = X25519PublicKey.from_public_bytes(b64decode(answer["ephemeral"], validate=True))
        sealed = b64decode(answer["sealed"], validate=True)
    except (KeyError, TypeError, ValueError, Base64Error):
        raise SignatureError("the bank's answer is no sealed link key") from None
    info = f"opsdesk/link-key/v1|{provider}|{kid}".encode()
    secret = HKDF(SHA256(), length=32, salt=None, info=info).derive(agreement.exchange(ephemeral))
    try:
        plain = AESGCM(secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], info)
    except (InvalidTag, ValueError):
        raise SignatureError("the link key does not open: is the X25519 key the one that the bank has?") from None
    if len(plain) not in _SECRET_BYTES[profile]:
        raise SignatureError("the link key is not as long as keys of its profile are")
    return LinkKey(kid, profile, plain)


class KeyRing:
    """Asks the bank for a key when a link first names it, keeps it, and tells the bank that it arrived.

    It may be used from several threads. A key that was revoked stays known until `forget` is called or the program
    ends; the bank decides by itself what it still accepts.
    """

    def __init__(
        self,
        *,
        provider: str,
        agreement: X25519PrivateKey,
        fetch: Callable[[int], Mapping[str, Any]],
        acknowledge: Callable[[int], object],
        clock: Callable[[], float],
    ) -> None:
        self._provider = provider
        self._agreement = agreement
        self._fetch = fetch
        self._acknowledge = acknowledge
        self._clock = clock
        self._keys: dict[int, LinkKey] = {}
        self._unknown: dict[int, float] = {}
        self._lock = Lock()

    @property
    def provider(self) -> str:
        return self._provider

    def key(self, kid: int) -> LinkKey | None:
        """None where the bank has no key of this number for this provider. Raises PartnerError."""
        with self._lock:
            if kid in self._keys:
                return self._keys[kid]
            if self._clock() < self._unknown.get(kid, 0.0):
                return None
            return self._picked_up(kid)

    def forget(self, kid: int) -> None:
        """Ask for a key again when it is next needed."""
        with self._lock:
            self._keys.pop(kid, None)
            self._unknown.pop(kid, None)

    def _picked_up(self, kid: int) -> LinkKey | None:
        try:
            answer = self._fetch(kid)
        except Refused as error:
            if error.status not in {403, 404, 409}:
                raise
            self._remember_unknown(kid)
            return None
        key = unseal_link_key(answer, provider=self._provider, agreement=self._agreement)
        if key.kid != kid:
            raise SignatureError("the bank sent the key of another number")
        if len(self._keys) >= KEYS_MAX:
            self._keys.pop(min(self._keys))
        self._keys[kid] = key
        with suppress(PartnerError):  # the key works all the same, and is acknowledged when it is next picked up
            self._acknowledge(kid)
        return key

    def _remember_unknown(self, kid: int) -> None:
        if len(self._unknown) >= KEYS_MAX:
            self._unknown.clear()
        self._unknown[kid] = self._clock() + UNKNOWN_S
