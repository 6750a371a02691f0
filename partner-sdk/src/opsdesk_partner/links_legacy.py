"""Links for programs that can read AES in ECB mode and nothing better: `2.purpose.kid.expiry.ciphertext.mac`.

ECB by itself shows which blocks are alike and lets everybody move them; the HMAC over the whole text, with the name of
the provider, is what makes it bearable. A provider that can read `gcm` asks the bank for that.
"""

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from opsdesk_partner.errors import LinkMalformed
from opsdesk_partner.link_values import Channel, Link, LinkKeys, Profile, Purpose, unpadded

_VERSION = "2"
_AES_BYTES, _BLOCK_BYTES = 16, 16
_PARTS, _DIGITS_MAX = 6, 12
_CHANNELS = frozenset(each.name.lower() for each in Channel)


def looks_legacy(request: str) -> bool:
    return "." in request


def open_legacy(request: str, keys: LinkKeys) -> Link | None:
    """None where no key of `keys` opens it. Raises LinkMalformed."""
    parts = request.split(".")
    numbers = parts[1:4]
    if len(parts) != _PARTS or parts[0] != _VERSION or not all(_is_number(each) for each in numbers):
        raise LinkMalformed("the request has not the six parts of a link of this kind")
    purpose, kid, expires_at = map(int, numbers)
    ciphertext, mac = unpadded(parts[4]), unpadded(parts[5])
    key = keys.key(kid)
    if key is None or key.profile is not Profile.LEGACY_ECB:
        return None
    text = f"{keys.provider}|{request.rpartition('.')[0]}"
    if not hmac.compare_digest(mac, hmac.digest(key.secret[_AES_BYTES:], text.encode(), "sha256")):
        return None
    return _read(_decrypted(key.secret[:_AES_BYTES], ciphertext), purpose, kid, expires_at, request)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX


def _decrypted(secret: bytes, ciphertext: bytes) -> str:
    opener = Cipher(algorithms.AES(secret), modes.ECB()).decryptor()  # noqa: S305  the kind of link is called so
    unpadder = PKCS7(_BLOCK_BYTES * 8).unpadder()
    try:
        padded = opener.update(ciphertext) + opener.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:
        raise LinkMalformed("the request is genuine and its content cannot be read") from None


def _read(content: str, purpose: int, kid: int, expires_at: int, request: str) -> Link:
    match content.split("|"):
        case [code, service, channel, issued_at, _jti] if channel in _CHANNELS and _is_number(issued_at):
            known = {each.value: each.name.lower() for each in Purpose}
            if purpose in known:
                return Link(code, service, channel, known[purpose], int(issued_at), expires_at, kid, request)
    raise LinkMalformed("the request is genuine and says what this package does not know")
