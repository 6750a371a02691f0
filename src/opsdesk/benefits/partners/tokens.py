"""Link tokens: what a customer's browser carries to a provider as `request`. Pure.

A token is sealed with a key that only the bank and this provider have, and says for what, until when and with which key
in clear, so that an edge can drop a stale one without a key. Changing any of it breaks the seal.

`gcm` and `sm`: version 1 (1 byte), purpose (1), kid (2), expiry (4, unix seconds), nonce (12), ciphertext, tag (16), in
base64url without padding; the first 8 bytes and the provider's id are authenticated with it. `legacy-ecb`:
`2.<purpose>.<kid>.<expiry>.<ciphertext>.<mac>`, the last two in base64url.
"""

import hmac
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from opsdesk.benefits.model import Channel

LINK_TTL_S = 1200
TOKEN_CHARACTERS_MAX = 512
KID_MAX = 2**16 - 1
JTI_BYTES = 8

_VERSION = 1
_LEGACY_VERSION = "2"
_HEADER = struct.Struct(">BBHI")
_NONCE_BYTES = 12
_TAG_BYTES = 16
_CODE_CHARACTERS = 16
_CONTENT = struct.Struct(f">{_CODE_CHARACTERS}sBI{JTI_BYTES}s")
_LEGACY_AES_BYTES = 16
_BLOCK_BITS = 128
_CHANNELS = {Channel.MOBILE: 1, Channel.PHONE: 2, Channel.CRM: 3}
_CHANNEL_OF = {number: channel for channel, number in _CHANNELS.items()}


class Profile(StrEnum):
    """With what the links of a partner are sealed."""

    GCM = "gcm"
    """AES-256-GCM."""
    SM = "sm"
    """SM4-GCM."""
    LEGACY_ECB = "legacy-ecb"
    """AES-128 in ECB with PKCS #5 padding, kept by an HMAC: for partners that can read nothing else."""


class Purpose(IntEnum):
    """What a link is for, by the number that its token carries."""

    BOOKING = 1
    CANCELLATION = 2


class Fault(StrEnum):
    """What is wrong with a token."""

    TRUNCATED = "truncated"
    """It is not a whole token."""
    FORGED = "forged"
    """It was not sealed for this provider, or was changed."""
    WRONG_PURPOSE = "wrong_purpose"
    EXPIRED = "expired"
    UNKNOWN_KEY = "unknown_key"
    """This provider has no such link key."""
    DESTROYED_KEY = "destroyed_key"
    """The link key is too old: nothing is opened with it any more."""


_SECRETS = {
    Profile.GCM: ("opsdesk/link/v1", 32),
    Profile.SM: ("opsdesk/link-sm/v1", 16),
    # The first half of the second is for AES, the rest for the HMAC.
    Profile.LEGACY_ECB: ("opsdesk/link-ecb/v1", _LEGACY_AES_BYTES + 32),
}


@dataclass(frozen=True, slots=True)
class LinkKey:
    """What the links of a partner are sealed with, for as long as this epoch of it lasts."""

    provider: str
    kid: int
    profile: Profile
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Content:
    """What a token says, to who can open it."""

    benefit_code: str
    service: str
    channel: Channel
    issued_at: int
    """Unix seconds."""
    jti: bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a token does not count; `content` is what it says, where it is genuine."""

    fault: Fault
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What a token says to everybody."""

    purpose: int
    kid: int
    expires_at: int
    """Unix seconds."""


def derive_key(master: bytes, *, provider: str, kid: int, profile: Profile) -> LinkKey:
    """The link key of one epoch of a partner."""
    label, length = _SECRETS[profile]
    info = f"{label}|{provider}|{kid}".encode()
    return LinkKey(provider, kid, profile, HKDF(SHA256(), length=length, salt=None, info=info).derive(master))


def seal(key: LinkKey, content: Content, *, purpose: Purpose, expires_at: int, nonce: bytes | None = None) -> str:
    """A token; `nonce` is given by test vectors alone: sealing twice with the same one gives the key away."""
    header = Header(int(purpose), key.kid, expires_at)
    if key.profile is Profile.LEGACY_ECB:
        return _seal_legacy(key, header, content)
    packed = _packed(header)
    nonce = nonce or os.urandom(_NONCE_BYTES)
    plain = _CONTENT.pack(
        content.benefit_code.encode("ascii"), _CHANNELS[content.channel], content.issued_at, content.jti
    )
    sealed = _encrypt(key, nonce, plain + content.service.encode(), packed + key.provider.encode())
    return _to_text(packed + nonce + sealed)


def read_header(token: str) -> Header | None:
    """What it says in clear, before anything of it is known to be true; None if it is not a whole token."""
    if len(token) > TOKEN_CHARACTERS_MAX:
        return None
    if "." in token:
        return _legacy_header(token)
    raw = _from_text(token)
    if raw is None or len(raw) < _HEADER.size + _NONCE_BYTES + _CONTENT.size + _TAG_BYTES + 1:
        return None
    version, purpose, kid, expires_at = _HEADER.unpack_from(raw)
    return Header(purpose, kid, expires_at) if version == _VERSION else None


def open_token(
    token: str, *, keys: Mapping[int, LinkKey | None], purpose: Purpose, now: datetime
) -> Content | Rejected:
    """What a token says to the provider whose link keys are given by kid; None stands for one that was destroyed."""
    header = read_header(token)
    if header is None:
        return Rejected(Fault.TRUNCATED)
    if header.kid not in keys:
        return Rejected(Fault.UNKNOWN_KEY)
    key = keys[header.kid]
    if key is None:
        return Rejected(Fault.DESTROYED_KEY)
    is_legacy = "." in token
    if is_legacy is not (key.profile is Profile.LEGACY_ECB):
        return Rejected(Fault.FORGED)
    content = _open_legacy(key, token) if is_legacy else _open(key, token)
    if content is None:
        return Rejected(Fault.FORGED)
    if header.purpose != purpose:
        return Rejected(Fault.WRONG_PURPOSE, content)
    if now.timestamp() >= header.expires_at:
        return Rejected(Fault.EXPIRED, content)
    return content


def expiry(issued_at: datetime) -> int:
    """From which unix second on a token says that it has expired; never before its link has, at the bank."""
    return int(issued_at.timestamp()) + (issued_at.microsecond > 0) + LINK_TTL_S


def _packed(header: Header) -> bytes:
    return _HEADER.pack(_VERSION, header.purpose, header.kid, header.expires_at)


def _open(key: LinkKey, token: str) -> Content | None:
    raw = _from_text(token)
    assert raw is not None, "its header was read"
    packed, nonce = raw[: _HEADER.size], raw[_HEADER.size : _HEADER.size + _NONCE_BYTES]
    try:
        plain = _decrypt(key, nonce, raw[_HEADER.size + _NONCE_BYTES :], packed + key.provider.encode())
    except InvalidTag:
        return None
    code, channel, issued_at, jti = _CONTENT.unpack_from(plain)
    return _content(code, plain[_CONTENT.size :], _CHANNEL_OF.get(channel), issued_at, jti)


def _content(code: bytes, service: bytes, channel: Channel | None, issued_at: int, jti: bytes) -> Content | None:
    """None for what the bank does not write: a partner has the key, and could seal anything with it."""
    try:
        texts = code.decode("ascii"), service.decode()
    except UnicodeDecodeError:
        return None
    return None if channel is None else Content(texts[0], texts[1], channel, issued_at, jti)


def _encrypt(key: LinkKey, nonce: bytes, plain: bytes, authenticated: bytes) -> bytes:
    if key.profile is Profile.GCM:
        return AESGCM(key.secret).encrypt(nonce, plain, authenticated)
    encryptor = Cipher(algorithms.SM4(key.secret), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(authenticated)
    return encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def _decrypt(key: LinkKey, nonce: bytes, sealed: bytes, authenticated: bytes) -> bytes:
    if key.profile is Profile.GCM:
        return AESGCM(key.secret).decrypt(nonce, sealed, authenticated)
    tag = sealed[-_TAG_BYTES:]
    decryptor = Cipher(algorithms.SM4(key.secret), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(authenticated)
    return decryptor.update(sealed[:-_TAG_BYTES]) + decryptor.finalize()


def _seal_legacy(key: LinkKey, header: Header, content: Content) -> str:
    plain = "|".join(
        (content.benefit_code, content.service, content.channel, str(content.issued_at), content.jti.hex())
    )
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(plain.encode()) + padder.finalize()
    ciphertext = _through(_ecb(key).encryptor(), padded)
    text = f"{_LEGACY_VERSION}.{header.purpose}.{header.kid}.{header.expires_at}.{_to_text(ciphertext)}"
    return f"{text}.{_to_text(_legacy_mac(key, text))}"


def _legacy_header(token: str) -> Header | None:
    parts = token.split(".")
    if len(parts) != 6 or parts[0] != _LEGACY_VERSION or not parts[4] or not parts[5]:
        return None
    numbers = parts[1:4]
    if not all(each.isascii() and each.isdigit() and len(each) <= 12 for each in numbers):
        return None
    return Header(*map(int, numbers))


def _open_legacy(key: LinkKey, token: str) -> Content | None:
    text, _dot, mac = token.rpartition(".")
    given = _from_text(mac)
    if given is None or not hmac.compare_digest(given, _legacy_mac(key, text)):
        return None
    ciphertext = _from_text(text.rpartition(".")[2])
    if ciphertext is None or len(ciphertext) % (_BLOCK_BITS // 8):
        return None
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    try:
        plain = unpadder.update(_through(_ecb(key).decryptor(), ciphertext)) + unpadder.finalize()
        code, service, channel, issued_at, jti = plain.decode().split("|")
        return Content(code, service, Channel(channel), int(issued_at), bytes.fromhex(jti))
    except ValueError:  # not what the bank writes
        return None


def _ecb(key: LinkKey) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES(key.secret[:_LEGACY_AES_BYTES]), modes.ECB())  # noqa: S305  named so by its profile, off by default


def _legacy_mac(key: LinkKey, text: str) -> bytes:
    return hmac.digest(key.secret[_LEGACY_AES_BYTES:], f"{key.provider}|{text}".encode(), "sha256")


def _through(context: CipherContext, data: bytes) -> bytes:
    return context.update(data) + context.finalize()


def _to_text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _from_text(text: str) -> bytes | None:
    """None also for another spelling of the same bytes: each token is written in one way only."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return None
    return raw if _to_text(raw) == text else None
