"""The manifest beside a settlement file: what the file's digest is, and that the bank says so."""

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

from opsdesk_partner.errors import SignatureError
from opsdesk_partner.signing import PublicKey, is_signed_by

_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_manifest(manifest: Mapping[str, Any], *, name: str, bank_key: PublicKey | None) -> str:
    """The digest that a manifest names, if it is of this file and, where the key is given, of this bank.

    Raises SignatureError.
    """
    digest = manifest.get("sha256")
    if manifest.get("name") != name or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise SignatureError("the manifest is of another file, or names no digest")
    if bank_key is not None and not is_signed_by(bank_key, signed_text(manifest), _signature(manifest)):
        raise SignatureError("the manifest is not signed with the bank's key")
    return digest


def signed_text(manifest: Mapping[str, Any]) -> bytes:
    """What the bank signs: the members without the signature, by name, without blanks."""
    members = {name: value for name, value in manifest.items() if name != "signature"}
    return json.dumps(members, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _signature(manifest: Mapping[str, Any]) -> bytes:
    try:
        return b64decode(str(manifest.get("signature", "")), validate=True)
    except (Base64Error, ValueError):
        return b""
