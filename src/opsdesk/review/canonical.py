"""One text for one JSON value, so that what a person saw can be named by a digest and verified by anyone."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from opsdesk.access import audit


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces, and `\\u` for everything beyond ASCII. Raises ValueError for NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def sha256_of(text: str) -> str:
    """Hexadecimal SHA-256 of a canonical text."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def digest_of(shown: Mapping[str, Any]) -> str:
    """What names the data that people are shown: the hexadecimal SHA-256 of its RFC 8785 JSON."""
    return hashlib.sha256(audit.canonical(shown)).hexdigest()


def alike(one: Any, other: Any) -> bool:
    """Whether two values are one to whoever reads their digests: 1 and 1.0 are."""
    return audit.canonical(one) == audit.canonical(other)


def names(digest: str, shown: Mapping[str, Any]) -> bool:
    """Whether it is the digest of this data; tickets from before RFC 8785 have that of the text that is stored."""
    return digest in (digest_of(shown), sha256_of(canonical(shown)))
