"""The key that reports of audits are signed with, and the proof that a report is one of ours."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from opsdesk import access
from opsdesk.points.errors import AuditKeyInvalid

_SECRET = re.compile(r"[0-9a-fA-F]{64}")
_PURPOSE = b"opsdesk points audit 1\0"
"""Keeps a signature made for anything else with the same key from being one of a report."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A report as it leaves the installation."""

    report: Mapping[str, Any]
    key_id: str
    public_key: str
    """In base64: whoever noted it elsewhere can check the signature without the installation."""
    signature: str


class AuditKey:
    """An Ed25519 key pair."""

    def __init__(self, secret: str) -> None:
        """`secret` is 32 bytes as 64 hexadecimal digits. Raises AuditKeyInvalid."""
        if not _SECRET.fullmatch(secret):
            raise AuditKeyInvalid
        self._private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
        self._public = self._private.public_key().public_bytes_raw()
        self.id = hashlib.sha256(self._public).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"AuditKey(id={self.id!r})"

    @property
    def public_key(self) -> str:
        """In base64."""
        return base64.b64encode(self._public).decode()

    def sign(self, report: Mapping[str, Any]) -> Signed:
        signature = self._private.sign(_signed_bytes(report))
        return Signed(report, self.id, self.public_key, base64.b64encode(signature).decode())

    def has_signed(self, report: Mapping[str, Any], signature: bytes) -> bool:
        """Whether this key, and no other, made the signature, of exactly this report."""
        try:
            Ed25519PublicKey.from_public_bytes(self._public).verify(signature, _signed_bytes(report))
        except InvalidSignature:
            return False
        return True


def _signed_bytes(report: Mapping[str, Any]) -> bytes:
    return _PURPOSE + access.audit.canonical(report)
