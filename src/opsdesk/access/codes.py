"""Codes that people type in once: easy to read and to type, impossible to guess, and kept as a digest only.

The shortest has 80 random bits: a fast hash is enough, as for API keys.
"""

import hashlib
import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that could be taken for a digit."""
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": "", "\t": ""})


def new_code(*, groups: int, characters: int) -> str:
    """A code of so many groups with so many characters each, five random bits a character."""
    assert groups * characters * 5 >= 80
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(characters)) for _ in range(groups))


def code_digest(typed: str) -> bytes:
    """The SHA-256 of a code, in whatever case and with whatever gaps it was typed."""
    return hashlib.sha256(typed.upper().translate(_READ_AS).encode(errors="replace")).digest()
