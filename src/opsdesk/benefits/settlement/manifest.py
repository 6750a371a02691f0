"""The manifest beside a file: what the file is, and that the bank says so."""

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import rfc8785

from opsdesk.benefits.settlement.keys import SettlementKeys, is_signed

FORMAT = 1
SUFFIX = ".manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file is. The same file has the same manifest, to the byte."""

    name: str
    provider: str
    month: str
    rows: int
    total_fen: int
    generated: str
    """When the month was closed, 14 digits."""
    bytes: int
    sha256: str
    content_sha256: str
    """Of what is in it, before it was compressed."""
    format: int = FORMAT

    def signed(self, keys: SettlementKeys) -> str:
        """As it is written: RFC 8785, with an Ed25519 signature over the same without `signature`."""
        fields: dict[str, Any] = asdict(self) | {"key_id": keys.key_id}
        signature = keys.signing.sign(rfc8785.dumps(fields))
        return rfc8785.dumps(fields | {"signature": b64encode(signature).decode()}).decode() + "\n"


def read_manifest(text: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(text)
    return found


def is_genuine(text: str, keys: SettlementKeys) -> bool:
    """Whether the bank has signed it, with the key that it signs with now."""
    fields = dict(read_manifest(text))
    try:
        signature = b64decode(str(fields.pop("signature", "")), validate=True)
    except Base64Error:
        return False
    return is_signed(keys.signing.public_key(), signature, rfc8785.dumps(fields))
