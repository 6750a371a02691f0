"""Addresses that partners answer at: each names one execution of one node, and cannot be made by anybody else."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from opsdesk.kit.errors import Refused

MAC_BYTES = 16
"""HMAC-SHA256 cut to 128 bits, as RFC 2104 §5 allows."""
KEY_BYTES_MIN = 16
TOKEN_CHARS_MAX = 1024
_RUN_BYTES = 16
_ITERATION_BYTES = 4
_PURPOSE = b"opsdesk callback 1\0"
"""Keeps a MAC made for anything else with the same key from being a callback address."""


@dataclass(eq=False)
class CallbackForged(Refused):
    """This callback address was not made by this installation."""

    status: ClassVar[int] = 403


@dataclass(frozen=True, slots=True)
class CallbackTarget:
    run_id: UUID
    node: str
    iteration: int


class CallbackAddresses:
    """Makes and reads callback addresses. Whoever holds an address may answer with it, so it is never logged.

    Addresses are made with `key`. Those that were made with the key of `previous`, if it is given, are read until its
    time.
    """

    def __init__(self, base_url: str, key: bytes, *, previous: tuple[bytes, datetime] | None = None) -> None:
        if any(len(each) < KEY_BYTES_MIN for each in (key, previous[0] if previous else key)):
            raise ValueError(f"the key of callback addresses has at least {KEY_BYTES_MIN} bytes")
        self._prefix = base_url.rstrip("/") + "/v1/callbacks/"
        self._mac = _begun(key)
        self._previous = None if previous is None else (_begun(previous[0]), previous[1])

    def url(self, run_id: UUID, node: str, iteration: int) -> str:
        """The address for the answer to this node in this iteration; always the same one, for as long as the key is."""
        return self._prefix + self.token(run_id, node, iteration)

    def token(self, run_id: UUID, node: str, iteration: int) -> str:
        content = run_id.bytes + iteration.to_bytes(_ITERATION_BYTES, "big") + node.encode()
        return urlsafe_b64encode(_mac(self._mac, content) + content).rstrip(b"=").decode()

    def read(self, token: str, *, now: datetime) -> CallbackTarget:
        """What the address is for.

        Raises CallbackForged, the same for whatever is wrong with it.
        """
        raw = _decoded(token)
        mac, content = raw[:MAC_BYTES], raw[MAC_BYTES:]
        genuine = any(hmac.compare_digest(mac, _mac(begun, content)) for begun in self._macs(now))
        if not genuine or len(content) < _RUN_BYTES + _ITERATION_BYTES:
            raise CallbackForged
        iteration = int.from_bytes(content[_RUN_BYTES : _RUN_BYTES + _ITERATION_BYTES], "big")
        node = content[_RUN_BYTES + _ITERATION_BYTES :].decode()
        return CallbackTarget(UUID(bytes=content[:_RUN_BYTES]), node, iteration)

    def _macs(self, now: datetime) -> "list[hmac.HMAC]":
        if self._previous is None or now >= self._previous[1]:
            return [self._mac]
        return [self._mac, self._previous[0]]


def _begun(key: bytes) -> hmac.HMAC:
    """What every MAC with this key begins with, computed once."""
    return hmac.new(key, _PURPOSE, "sha256")


def _mac(begun: hmac.HMAC, content: bytes) -> bytes:
    mac = begun.copy()
    mac.update(content)
    return mac.digest()[:MAC_BYTES]


def _decoded(token: str) -> bytes:
    """Strict, unlike the standard library: one content has one token."""
    if len(token) > TOKEN_CHARS_MAX:
        raise CallbackForged
    try:
        text = token.encode("ascii")
        raw = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, Base64Error):
        raise CallbackForged from None
    if urlsafe_b64encode(raw).rstrip(b"=") != text:
        raise CallbackForged
    return raw
