"""What a partner signs of a request, whether a signature fits, and what is likely wrong where it does not. Pure.

The signed text is UTF-8, its lines joined by a line feed, without one at the end: method, target as sent, timestamp,
nonce, idempotency key (empty if there is none), lower-case hexadecimal SHA-256 of the raw body.
"""

import hashlib
import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import gmalg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from opsdesk.benefits.partners.keys import Algorithm

LINES = ("method", "target", "timestamp", "nonce", "idempotency key", "body")
SIGNATURE_CHARACTERS_MAX = 1000
SM2_UID = b"1234567812345678"
"""The identity that SM2 signatures are made with where nobody agrees on another."""
_SM2_NUMBER_BYTES = 32


@dataclass(frozen=True, slots=True)
class Signed:
    """What of a request is signed."""

    method: str
    target: str
    """Path and query as they were sent."""
    timestamp: str
    nonce: str
    idempotency_key: str
    body: bytes

    @property
    def lines(self) -> tuple[str, ...]:
        digest = hashlib.sha256(self.body).hexdigest()
        return (self.method, self.target, self.timestamp, self.nonce, self.idempotency_key, digest)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A way of signing something else, and what to do about it."""

    line: str
    """Which line of the signed text it is in, or `text` for the text as a whole."""
    explanation: str
    text: str
    """What is signed by mistake."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A line that a partner has signed otherwise than the bank would have."""

    line: str
    ours: str
    theirs: str
    explanation: str


def verify(algorithm: Algorithm, public_key: bytes, *, signature: bytes, text: bytes) -> bool:
    """Whether the signature is of this text, by whoever has the private key to this public one."""
    if algorithm is Algorithm.SM2:
        return _verify_sm2(public_key, signature, text)
    key = load_der_public_key(public_key)
    try:
        match key:
            case Ed25519PublicKey():
                key.verify(signature, text)
            case RSAPublicKey():
                key.verify(signature, text, PKCS1v15(), SHA256())
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _verify_sm2(point: bytes, signature: bytes, text: bytes) -> bool:
    """The signature is the DER sequence of r and s. Nothing here is secret, so the time that it takes may vary."""
    try:
        r, s = decode_dss_signature(signature)
        numbers = [number.to_bytes(_SM2_NUMBER_BYTES, "big") for number in (r, s)]
    except (ValueError, OverflowError):
        return False
    return bool(gmalg.SM2(uid=SM2_UID, pk=point).verify(text, *numbers))


def read_signature(text: str) -> bytes | None:
    """The bytes of a signature in base64; None if it is none."""
    if len(text) > SIGNATURE_CHARACTERS_MAX:
        return None
    try:
        return b64decode(text.encode("ascii"), validate=True) or None
    except (UnicodeEncodeError, Base64Error):
        return None


def likely_mistake(signed: Signed, fits: Callable[[bytes], bool]) -> Mistake | None:
    """The mistake that explains a signature: with it, the signature `fits`."""
    return next((each for each in mistakes(signed) if fits(each.text.encode())), None)


def mistakes(signed: Signed) -> Iterator[Mistake]:
    """What is signed by mistake, the commonest first."""
    for line, wrong, explanation in _wrong_lines(signed):
        lines = list(signed.lines)
        if lines[LINES.index(line)] != wrong:
            lines[LINES.index(line)] = wrong
            yield Mistake(line, explanation, "\n".join(lines))
    yield Mistake("text", "a line feed stands at the end of the signed text: leave it out", signed.text + "\n")
    yield Mistake("text", "lines end with CR LF: join them with LF alone", "\r\n".join(signed.lines))
    without_key = (*signed.lines[:4], signed.lines[5])
    yield Mistake(
        "idempotency key",
        "the line of the idempotency key is missing: without a key it is there, and empty",
        "\n".join(without_key),
    )
    yield Mistake(
        "body", "the body itself stands in the last line: put the hexadecimal SHA-256 of it there", _with_body(signed)
    )


def _with_body(signed: Signed) -> str:
    return "\n".join((*signed.lines[:5], signed.body.decode(errors="replace")))


def _wrong_lines(signed: Signed) -> Iterator[tuple[str, str, str]]:
    for body, explanation in _wrong_bodies(signed.body):
        yield "body", hashlib.sha256(body).hexdigest(), explanation
    yield "body", signed.lines[5].upper(), "the SHA-256 is in upper case: write it in lower case"
    path, question, _query = signed.target.partition("?")
    if question:
        yield "target", path, "the query is missing: sign path and query as they are sent"
    yield "target", unquote(signed.target), "the target is decoded: sign it as it is sent"
    yield "target", signed.target.rstrip("/"), "a slash at the end is missing: sign the target as it is sent"
    yield "target", f"{path}/{signed.target[len(path) :]}", "a slash too much: sign the target as it is sent"
    yield "target", path.removeprefix("/open/v1"), "the path begins with /open/v1, which is signed too"
    yield "method", signed.method.lower(), "the method is in lower case: write it in upper case"
    yield "idempotency key", "", "the idempotency key is missing: sign what the header Idempotency-Key says"
    if signed.timestamp.isdigit():
        yield "timestamp", f"{signed.timestamp}000", "milliseconds were signed: sign the seconds of the header"


def _wrong_bodies(body: bytes) -> Iterator[tuple[bytes, str]]:
    """The body as a client may have written it before another part of the client wrote it anew."""
    again = "the body was written anew after it was signed: sign the very bytes that are sent"
    if not body:
        yield b"{}", "an empty body was signed as {}: its SHA-256 is that of nothing"
        return
    yield b"", "nothing was signed as the body: sign the very bytes that are sent"
    yield body.strip(), again
    yield body + b"\n", again
    try:
        value = json.loads(body)
    except ValueError:
        return
    for separators in ((",", ":"), (", ", ": ")):
        for sort_keys in (False, True):
            for ensure_ascii in (False, True):
                written = json.dumps(value, separators=separators, sort_keys=sort_keys, ensure_ascii=ensure_ascii)
                yield written.encode("utf-8", "replace"), again
    yield json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace"), again


def explain(signed: Signed, theirs: str) -> Sequence[Difference]:
    """Where a text that a partner has signed differs from the one that it should have; nothing where they are equal."""
    if theirs == signed.text:
        return []
    known = next((each for each in mistakes(signed) if each.text == theirs), None)
    if known is not None and known.line == "text":
        return [Difference("text", signed.text, theirs, known.explanation)]
    given = theirs.split("\n")
    if len(given) != len(LINES):
        explanation = known.explanation if known else f"there are {len(given)} lines: there have to be {len(LINES)}"
        return [Difference(known.line if known else "text", signed.text, theirs, explanation)]
    wrong = [(name, ours, each) for name, ours, each in zip(LINES, signed.lines, given, strict=True) if ours != each]
    if known is not None and len(wrong) == 1:
        return [Difference(*wrong[0], known.explanation)]
    return [Difference(name, ours, each, _explanation(signed, name, each)) for name, ours, each in wrong]


def _explanation(signed: Signed, name: str, theirs: str) -> str:
    for line, wrong, explanation in _wrong_lines(signed):
        if line == name and wrong == theirs:
            return explanation
    if theirs.strip() == signed.lines[LINES.index(name)]:
        return "white space stands around it: leave it out"
    return {
        "body": "it is no SHA-256 of these bytes: sign the very bytes that are sent",
        "idempotency key": "it is not what the header Idempotency-Key says",
        "timestamp": "it is not what the header Opsdesk-Timestamp says",
        "nonce": "it is not what the header Opsdesk-Nonce says",
    }.get(name, "it is not what is sent")
