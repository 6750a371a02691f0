"""SM2 with SM3, for banks that ask for it. Needs the extra `sm`: `pip install opsdesk-partner[sm]`."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from opsdesk_partner.errors import Misconfigured

UID = b"1234567812345678"
"""The identity that signatures are made with where nobody agrees on another."""
PRIVATE_BYTES, POINT_BYTES, NUMBER_BYTES = 32, 65, 32
_PRIVATE = ("-----BEGIN SM2 PRIVATE KEY-----", "-----END SM2 PRIVATE KEY-----")
_PUBLIC = ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----")
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""What stands before the point in a SubjectPublicKeyInfo."""


@dataclass(frozen=True, slots=True)
class Sm2PublicKey:
    point: bytes
    """Uncompressed."""

    def is_signed(self, text: bytes, signature: bytes) -> bool:
        """Whether the DER sequence of r and s is a signature of the text."""
        try:
            numbers = [number.to_bytes(NUMBER_BYTES, "big") for number in decode_dss_signature(signature)]
        except (ValueError, OverflowError):
            return False
        return bool(_sm2(pk=self.point).verify(text, *numbers))

    def pem(self) -> bytes:
        return _written(_PUBLIC, _SPKI + self.point)


@dataclass(frozen=True, slots=True)
class Sm2Signer:
    secret: bytes = field(repr=False)

    def sign(self, text: bytes) -> bytes:
        r, s = _sm2(sk=self.secret, pk=self.public_key().point).sign(text)
        return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))

    def public_key(self) -> Sm2PublicKey:
        return Sm2PublicKey(bytes(_sm2().generate_pk(self.secret)))

    def pem(self) -> bytes:
        return _written(_PRIVATE, self.secret)


def generate_sm2() -> Sm2Signer:
    """A new key. Raises Misconfigured without the extra `sm`."""
    secret, _point = _sm2().generate_keypair()
    return Sm2Signer(bytes(secret))


def looks_private(pem: bytes) -> bool:
    return pem.lstrip().startswith(_PRIVATE[0].encode())


def read_private(pem: bytes) -> Sm2Signer:
    """Raises Misconfigured."""
    secret = _read(pem, _PRIVATE)
    if secret is None or len(secret) != PRIVATE_BYTES:
        raise Misconfigured("this is no private key for SM2")
    return Sm2Signer(secret)


def read_public(pem: bytes) -> Sm2PublicKey | None:
    """None where it is a key of another kind."""
    der = _read(pem, _PUBLIC)
    if der is None or not der.startswith(_SPKI) or len(der) != len(_SPKI) + POINT_BYTES:
        return None
    return Sm2PublicKey(der.removeprefix(_SPKI))


def _sm2(*, sk: bytes | None = None, pk: bytes | None = None) -> Any:
    try:
        import gmalg
    except ImportError:
        raise Misconfigured("SM2 needs the extra `sm`: pip install opsdesk-partner[sm]") from None
    return gmalg.SM2(sk=sk, uid=UID, pk=pk)


def _read(pem: bytes, marks: tuple[str, str]) -> bytes | None:
    lines = [line.strip() for line in pem.decode("ascii", "replace").strip().splitlines()]
    if len(lines) < 3 or (lines[0], lines[-1]) != marks:
        return None
    try:
        return b64decode("".join(lines[1:-1]), validate=True)
    except (Base64Error, ValueError):
        return None


def _written(marks: tuple[str, str], content: bytes) -> bytes:
    text = b64encode(content).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([marks[0], *lines, marks[1], ""]).encode()
