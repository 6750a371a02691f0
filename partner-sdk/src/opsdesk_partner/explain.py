"""Why a signature is not taken: the text that the bank would sign, beside what was signed in its place."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from urllib.parse import unquote, urlsplit

from opsdesk_partner.signing import (
    IDEMPOTENCY_KEY,
    KEY,
    NONCE,
    PARTNER,
    SIGNATURE,
    TIMESTAMP,
    WINDOW_S,
    Parts,
    PublicKey,
    is_signed_by,
    signature_in,
)

LINES = ("method", "target", "timestamp", "nonce", "idempotency key", "digest of the body")
PREFIX = "/open/v1"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it left, or as a proxy's log has it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for each, value in self.headers.items() if each.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    zh: str
    en: str
    line: int | None = None
    """Which of the six lines differs, from 1."""

    def __str__(self) -> str:
        where = "" if self.line is None else f"[{self.line} {LINES[self.line - 1]}] "
        return f"{where}{self.zh} / {self.en}"


@dataclass(frozen=True, slots=True)
class Explanation:
    is_valid: bool
    """Whether the bank would take the request."""
    text: str
    """What the bank signs of this request: six lines."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Variant:
    """What somebody may have signed in place of what was sent."""

    line: int
    code: str
    zh: str
    en: str
    change: Callable[[Parts], Parts]


def explain(
    sent: Sent,
    key: PublicKey,
    *,
    now: float,
    signed_text: str | None = None,
    other_keys: Mapping[str, PublicKey] | None = None,
) -> Explanation:
    """Say what the bank finds wrong with a request, and which line it is.

    `key` is the one that the bank has under the key id. `signed_text` is what was signed, if the sender wrote it down:
    then the lines are compared; without it, the usual mistakes are tried one by one and two by two.
    """
    parts = Parts(
        sent.method.upper(),
        sent.target,
        sent.header(TIMESTAMP),
        sent.header(NONCE),
        sent.header(IDEMPOTENCY_KEY),
        sent.body,
    )
    findings = [*_missing(sent), *_skewed(parts.timestamp, now)]
    signature = signature_in({SIGNATURE: sent.header(SIGNATURE)})
    if signature is None:
        findings.append(Finding("no_signature", "缺少签名,或不是标准Base64", f"{SIGNATURE} is missing, or no base64"))
    elif not is_signed_by(key, parts.text, signature):
        findings += _wrong(parts, sent, key, signature, signed_text, other_keys or {})
    return Explanation(not findings, parts.text.decode(errors="replace"), tuple(findings))


def _missing(sent: Sent) -> Iterator[Finding]:
    for name in (PARTNER, KEY, TIMESTAMP, NONCE):
        if not sent.header(name):
            yield Finding("no_header", f"缺少请求头 {name}", f"the header {name} is missing")
    if sent.method.upper() in WRITES and not sent.header(IDEMPOTENCY_KEY):
        yield Finding("no_idempotency_key", "写操作缺少 Idempotency-Key", "a write needs an Idempotency-Key", 5)
    nonce = sent.header(NONCE)
    if nonce and not (16 <= len(nonce) <= 64 and nonce.replace("-", "").replace("_", "").isalnum() and nonce.isascii()):
        yield Finding("bad_nonce", "随机串须为16–64位字母、数字、-、_", "a nonce is 16 to 64 of A-Z a-z 0-9 - _", 4)


def _skewed(timestamp: str, now: float) -> Iterator[Finding]:
    if not (timestamp.isascii() and timestamp.isdigit()):
        if timestamp:
            yield Finding("bad_timestamp", "时间戳不是Unix秒", "the timestamp is not in Unix seconds", 3)
        return
    skew = int(timestamp) - now if len(timestamp) < 16 else float("inf")
    if abs(skew) > WINDOW_S:
        is_milliseconds = abs(int(timestamp) / 1000 - now) < 86_400 if len(timestamp) < 16 else False
        if is_milliseconds:
            yield Finding("milliseconds", "时间戳是毫秒,应为秒", "the timestamp is in milliseconds, not seconds", 3)
        else:
            told = f"{skew:+.0f} s"
            english = f"the clock differs by {told}, more than {WINDOW_S} s are not taken"
            yield Finding("clock_skew", f"时钟相差{told},超过{WINDOW_S}秒", english, 3)


def _wrong(
    parts: Parts,
    sent: Sent,
    key: PublicKey,
    signature: bytes,
    signed_text: str | None,
    other_keys: Mapping[str, PublicKey],
) -> list[Finding]:
    if signed_text is not None:
        return _compared(parts, key, signature, signed_text)
    for name, other in other_keys.items():
        if is_signed_by(other, parts.text, signature):
            english = f"signed with the key {name}, and not with the one that the key id names"
            return [Finding("wrong_key", f"使用了密钥 {name},与密钥编号不符", english)]
    found = _tried(parts, sent, key, signature)
    if found:
        return found
    english = "no usual mistake explains it: most likely another key, or a body that was changed on the way"
    return [Finding("unexplained", "未发现常见错误:很可能密钥不符,或报文在途中被改写", english)]


def _compared(parts: Parts, key: PublicKey, signature: bytes, signed_text: str) -> list[Finding]:
    if not is_signed_by(key, signed_text.encode(), signature):
        english = "the signature does not belong to this text and key: it is another key, or another text was signed"
        return [Finding("wrong_key", "签名与该文本及密钥不符:密钥有误,或实际签名的文本不同", english)]
    found = []
    signed = signed_text.split("\n")
    for number, (wanted, given) in enumerate(zip(parts.lines, signed, strict=False), start=1):
        if wanted != given:
            english = f"the bank has {wanted!r}, and {given!r} was signed"
            found.append(Finding("line_differs", f"银行为 {wanted!r},实际签名为 {given!r}", english, number))
    if len(signed) != len(parts.lines):
        english = f"{len(signed)} lines were signed, and there are {len(parts.lines)}, without a newline at the end"
        found.append(Finding("line_count", f"签名文本有{len(signed)}行,应为{len(parts.lines)}行", english))
    return found


def _tried(parts: Parts, sent: Sent, key: PublicKey, signature: bytes) -> list[Finding]:
    variants = list(_variants(parts, sent))
    for chosen in (*((each,) for each in variants), *_pairs(variants)):
        changed = parts
        for each in chosen:
            changed = each.change(changed)
        if is_signed_by(key, changed.text, signature):
            return [Finding(each.code, each.zh, each.en, each.line) for each in chosen]
    for text, finding in _texts(parts):
        if is_signed_by(key, text, signature):
            return [finding]
    return []


def _pairs(variants: Sequence[_Variant]) -> Iterator[tuple[_Variant, _Variant]]:
    return ((one, two) for one, two in product(variants, variants) if one.line < two.line)


def _variants(parts: Parts, sent: Sent) -> Iterator[_Variant]:
    for body in _other_bodies(parts.body):
        zh = "签名的是重新序列化的报文,发送的是另一串字节;请签名实际发送的字节"
        en = "the body that was signed was serialised again: sign the very bytes that are sent"
        yield _Variant(6, "reserialised_body", zh, en, _with(body=body))
    for body, code, zh, en in (
        (b"", "no_body", "签名时未包含报文", "the body was left out of what was signed"),
        (
            parts.body + b"\n",
            "newline_in_body",
            "签名的报文末尾多一个换行",
            "the signed body ends with a newline",
        ),
    ):
        if body != parts.body:
            yield _Variant(6, code, zh, en, _with(body=body))
    for target in _other_targets(parts.target, sent):
        zh = f"签名的目标是 {target},发送的是 {parts.target}"
        en = f"the target that was signed is {target}, and {parts.target} was sent"
        yield _Variant(2, "wrong_target", zh, en, _with(target=target))
    for method in {parts.method.lower(), sent.method, "GET", "POST"} - {parts.method}:
        yield _Variant(1, "wrong_method", f"签名的方法是 {method}", f"{method} was signed", _with(method=method))
    if parts.idempotency_key:
        zh, en = "签名时未包含幂等键", "the idempotency key was left out of what was signed"
        yield _Variant(5, "key_not_signed", zh, en, _with(idempotency_key=""))
    if parts.timestamp.isdigit():
        zh, en = "签名的时间戳是毫秒", "the timestamp that was signed is in milliseconds"
        yield _Variant(3, "milliseconds", zh, en, _with(timestamp=parts.timestamp + "000"))
    zh, en = "签名时未包含随机串", "the nonce was left out of what was signed"
    yield _Variant(4, "nonce_not_signed", zh, en, _with(nonce=""))


def _with(**changes: str | bytes) -> Callable[[Parts], Parts]:
    def change(parts: Parts) -> Parts:
        return replace(parts, **changes)  # type: ignore[arg-type]  # the names are those of Parts, a few lines above

    return change


def _texts(parts: Parts) -> Iterator[tuple[bytes, Finding]]:
    end = Finding("newline_at_end", "签名文本末尾多一个换行", "the text that was signed ends with a newline")
    yield parts.text + b"\n", end
    crlf = Finding("crlf", "签名文本用了CRLF换行", "the lines that were signed end in CRLF")
    yield parts.text.replace(b"\n", b"\r\n"), crlf
    without_key = (*parts.lines[:4], parts.lines[5])
    english = "the line of the idempotency key is missing: without a key it is there, and empty"
    yield "\n".join(without_key).encode(), Finding("line_missing", "缺少幂等键一行;没有幂等键时该行为空", english, 5)
    upper = Finding("upper_digest", "摘要用了大写十六进制", "the digest was written in capital letters", 6)
    yield "\n".join((*parts.lines[:5], parts.lines[5].upper())).encode(), upper
    raw = Finding("body_not_digested", "第6行应为报文的SHA-256,而不是报文", "line 6 is a digest, not the body", 6)
    yield "\n".join(parts.lines[:5]).encode() + b"\n" + parts.body, raw


def _other_bodies(body: bytes) -> list[bytes]:
    """What other programs make of the same JSON."""
    try:
        value = json.loads(body)
    except ValueError:
        return []
    found: list[bytes] = []
    for ascii_only, by_name, separators in product((True, False), (True, False), ((",", ":"), (", ", ": "))):
        written = json.dumps(value, ensure_ascii=ascii_only, sort_keys=by_name, separators=separators).encode()
        found += [written, written.replace(b"/", b"\\/")]
    for indent in (2, 4):
        found.append(json.dumps(value, ensure_ascii=False, indent=indent).encode())
    return [each for each in dict.fromkeys(found) if each != body]


def _other_targets(target: str, sent: Sent) -> list[str]:
    path, _, query = target.partition("?")
    host = sent.header("Host") or urlsplit(target).netloc
    found = [path, unquote(target), target.rstrip("/"), target + "/", target.lower(), target.lstrip("/"), f"{path}?"]
    found += [f"https://{host}{target}", f"http://{host}{target}", f"{host}{target}"]
    if PREFIX in target:
        before, _, behind = target.partition(PREFIX)
        found += [f"{PREFIX}{behind}", behind, f"{before}{behind}"]
    found += ["&".join(sorted(query.split("&"))).join([f"{path}?", ""])] if query else []
    return [each for each in dict.fromkeys(found) if each != target]
