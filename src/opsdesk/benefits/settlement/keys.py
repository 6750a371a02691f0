"""The keys of settlement: one signs files, one hides who customers are, and one signs addresses."""

import hashlib
import hmac
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from opsdesk.benefits.settlement.errors import FileKeyInvalid
from opsdesk.kit.secrets import Secrets

FILE_KEY = "SETTLEMENT_FILE_KEY"
CUSTOMER_KEY = "SETTLEMENT_CUSTOMER_KEY"
ADDRESS_KEY = "SETTLEMENT_ADDRESS_KEY"
KEY_ID_CHARS = 16
_BLOCK_BYTES = 64
_INNER, _OUTER = b"\x36" * _BLOCK_BYTES, b"\x5c" * _BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class CustomerKey:
    """A key of HMAC-SHA256 as its two padded blocks, so that a database can hash with it which knows SHA-256 only."""

    inner: bytes = field(repr=False)
    outer: bytes = field(repr=False)

    @staticmethod
    def of(key: bytes) -> "CustomerKey":
        """Of a key that is no longer than a block."""
        assert len(key) <= _BLOCK_BYTES, "a longer key would have to be hashed first"
        padded = key.ljust(_BLOCK_BYTES, b"\0")
        return CustomerKey(_xor(padded, _INNER), _xor(padded, _OUTER))


@dataclass(frozen=True, slots=True)
class SettlementKeys:
    """All three, as they are now."""

    signing: Ed25519PrivateKey = field(repr=False)
    customers: bytes = field(repr=False)
    addresses: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        return key_id_of(self.signing.public_key())

    @property
    def public_key(self) -> str:
        """Base64 of the 32 bytes, as providers get it."""
        return b64encode(_raw(self.signing.public_key())).decode()

    def customer_key(self, provider: str) -> CustomerKey:
        """A key of the provider's own: what it hashes to tells other providers nothing."""
        return CustomerKey.of(
            hmac.digest(self.customers, f"opsdesk/settlement-customer/v1|{provider}".encode(), "sha256")
        )


def settlement_keys(secrets: Secrets, data_dir: Path) -> SettlementKeys:
    """Those that are set, or that the installation has made for itself. Raises FileKeyInvalid."""
    return SettlementKeys(
        signing=_signing_key(secrets.get_or_create(FILE_KEY, data_dir)),
        customers=secrets.get_or_create(CUSTOMER_KEY, data_dir).encode(),
        addresses=secrets.get_or_create(ADDRESS_KEY, data_dir).encode(),
    )


def key_id_of(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(_raw(key)).hexdigest()[:KEY_ID_CHARS]


def is_signed(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _signing_key(text: str) -> Ed25519PrivateKey:
    try:
        if text.startswith("-----BEGIN"):
            key = load_pem_private_key(text.encode(), password=None)
        else:
            key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))
    except (ValueError, TypeError):
        raise FileKeyInvalid from None
    if not isinstance(key, Ed25519PrivateKey):
        raise FileKeyInvalid
    return key


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
