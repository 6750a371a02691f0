"""What a customer brings along: the `request` of the page's address, sealed by the bank for one provider."""

import struct
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from opsdesk_partner.errors import LinkExpired, LinkForAnother, LinkForged, LinkMalformed, LinkWrongPurpose
from opsdesk_partner.link_values import Channel, Link, LinkKeys, Profile, Purpose, unpadded
from opsdesk_partner.links_legacy import looks_legacy, open_legacy

TOKEN_CHARACTERS_MAX = 512
PROMPT_OF_THE_PAGE = "当前页面停留时间过长,请您重新进入该页面"
PROMPT_OF_THE_CODE = "二维码20分钟内有效,现已超时失效,请联系理财经理重新生成二维码!"
_HEAD, _INNER = struct.Struct(">BBHI"), struct.Struct(">16sBI8s")
_NONCE_BYTES, _TAG_BYTES, _VERSION = 12, 16, 1


def open_link(
    request: str,
    *,
    keys: LinkKeys,
    purpose: Purpose,
    now: float,
    others: Sequence[LinkKeys] = (),
) -> Link:
    """Read a link that has to be genuine, for this provider, for this purpose and in time.

    `others` are the keys of further providers that the same program serves: with them a link that was made for another
    one is told from a forged one, which one key alone cannot do.
    Raises LinkMalformed, LinkForged, LinkForAnother, LinkWrongPurpose, LinkExpired.
    """
    if not 0 < len(request) <= TOKEN_CHARACTERS_MAX or not request.isascii():
        raise LinkMalformed("the request is empty, too long, or no ASCII")
    opened = open_legacy if looks_legacy(request) else _open_sealed
    link = opened(request, keys)
    if link is None:
        for other in others:
            if opened(request, other) is not None:
                raise LinkForAnother(other.provider)
        raise LinkForged("no key of this provider opens it: it was altered, or made for another provider")
    return _checked(link, purpose=purpose, now=now)


def prompt_for(channel: str) -> str:
    """What a customer is shown whose link is over."""
    return PROMPT_OF_THE_CODE if channel == Channel.CRM.name.lower() else PROMPT_OF_THE_PAGE


def _checked(link: Link, *, purpose: Purpose, now: float) -> Link:
    wanted = purpose.name.lower()
    if link.purpose != wanted:
        raise LinkWrongPurpose(purpose=link.purpose, wanted=wanted)
    if now >= link.expires_at:
        raise LinkExpired(channel=link.channel, prompt=prompt_for(link.channel), expired_at=link.expires_at)
    return link


def _open_sealed(request: str, keys: LinkKeys) -> Link | None:
    """None where no key of `keys` opens it. Raises LinkMalformed."""
    raw = unpadded(request)
    if len(raw) < _HEAD.size + _NONCE_BYTES + _INNER.size + 1 + _TAG_BYTES:
        raise LinkMalformed("the request is too short to be whole")
    head, nonce, sealed = raw[: _HEAD.size], raw[_HEAD.size : _HEAD.size + _NONCE_BYTES], raw[20:]
    version, purpose, kid, expires_at = _HEAD.unpack(head)
    if version != _VERSION or purpose not in {each.value for each in Purpose}:
        raise LinkMalformed("the request is of a version or for a purpose that this package does not know")
    key = keys.key(kid)
    if key is None or key.profile not in _OPENERS:
        return None
    plain = _OPENERS[key.profile](key.secret, nonce, sealed, head + keys.provider.encode())
    return None if plain is None else _link(plain, purpose=purpose, kid=kid, expires_at=expires_at, request=request)


def _link(plain: bytes, *, purpose: int, kid: int, expires_at: int, request: str) -> Link:
    code, channel, issued_at, _jti = _INNER.unpack_from(plain)
    try:
        return Link(
            benefit_code=code.decode("ascii"),
            service=plain[_INNER.size :].decode(),
            channel=Channel(channel).name.lower(),
            purpose=Purpose(purpose).name.lower(),
            issued_at=issued_at,
            expires_at=expires_at,
            kid=kid,
            request=request,
        )
    except ValueError:
        raise LinkMalformed("the request is genuine and says what this package does not know") from None


def _open_gcm(secret: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    try:
        return AESGCM(secret).decrypt(nonce, sealed, aad)
    except InvalidTag:
        return None


def _open_sm(secret: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    tag = sealed[-_TAG_BYTES:]
    opener = Cipher(algorithms.SM4(secret), modes.GCM(nonce, tag)).decryptor()
    opener.authenticate_additional_data(aad)
    try:
        return opener.update(sealed[:-_TAG_BYTES]) + opener.finalize()
    except InvalidTag:
        return None


_OPENERS: dict[Profile, Callable[[bytes, bytes, bytes, bytes], bytes | None]] = {
    Profile.GCM: _open_gcm,
    Profile.SM: _open_sm,
}
