"""Whose fault a refused signature is, is said line by line."""

import json
from base64 import b64encode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from opsdesk_partner.explain import Explanation, Sent, explain
from opsdesk_partner.signing import Ed25519Signer, Parts, signed_headers

KEY, NOW = Ed25519PrivateKey.generate(), 1_790_000_000
PUBLIC, SIGNER = KEY.public_key(), Ed25519Signer(KEY)
BODY = json.dumps({"service": "体检", "benefit_code": "0123456789ABCDEF"}, ensure_ascii=False).encode()
PARTS = Parts("POST", "/open/v1/bookings?x=1", str(NOW), "n" * 16, "visit-1", BODY)


def sent(signed: bytes, *, now: int = NOW, key: str = "visit-1", target: str = PARTS.target) -> Sent:
    headers = signed_headers(
        SIGNER, partner="spa", key_id="k", method="POST", target=target, body=BODY, key=key, now=now
    )
    headers["Opsdesk-Nonce"] = PARTS.nonce
    return Sent("POST", target, headers | {"Opsdesk-Signature": b64encode(SIGNER.sign(signed)).decode()}, BODY)


def found(signed: bytes, *, now: int = NOW) -> list[tuple[str, int | None]]:
    return codes(explain(sent(signed), PUBLIC, now=now))


def codes(explanation: Explanation) -> list[tuple[str, int | None]]:
    return [(each.code, each.line) for each in explanation.findings]


def test_a_request_that_is_right_is_called_right() -> None:
    told = explain(sent(PARTS.text), PUBLIC, now=NOW)
    assert (told.is_valid, told.text) == (True, PARTS.text.decode())


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(json.loads(BODY)).encode(),
        json.dumps(json.loads(BODY), separators=(",", ":"), ensure_ascii=False).encode(),
        json.dumps(json.loads(BODY), sort_keys=True, ensure_ascii=False).encode(),
        json.dumps(json.loads(BODY), indent=2, ensure_ascii=False).encode(),
    ],
    ids=["ascii", "compact", "by name", "indented"],
)
def test_a_body_that_was_serialised_again_is_named(body: bytes) -> None:
    assert found(replace(PARTS, body=body).text) == [("reserialised_body", 6)]


@pytest.mark.parametrize(
    ("parts", "code", "line"),
    [
        (replace(PARTS, target="/open/v1/bookings"), "wrong_target", 2),
        (replace(PARTS, target="/bookings?x=1"), "wrong_target", 2),
        (replace(PARTS, target="/elsewhere?x=1"), None, None),
        (replace(PARTS, method="post"), "wrong_method", 1),
        (replace(PARTS, idempotency_key=""), "key_not_signed", 5),
        (replace(PARTS, timestamp=f"{NOW}000"), "milliseconds", 3),
        (replace(PARTS, nonce=""), "nonce_not_signed", 4),
        (replace(PARTS, body=b""), "no_body", 6),
    ],
)
def test_the_line_that_was_signed_wrongly_is_named(parts: Parts, code: str | None, line: int | None) -> None:
    assert found(parts.text) == [(code or "unexplained", line)]


def test_two_mistakes_at_once_are_both_named() -> None:
    wrong = replace(PARTS, target="/open/v1/bookings", body=json.dumps(json.loads(BODY)).encode())
    assert sorted(found(wrong.text)) == [("reserialised_body", 6), ("wrong_target", 2)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PARTS.text + b"\n", "newline_at_end"),
        (PARTS.text.replace(b"\n", b"\r\n"), "crlf"),
        (b"\n".join(PARTS.text.split(b"\n")[:5]) + b"\n" + BODY, "body_not_digested"),
    ],
)
def test_a_text_of_another_form_is_named(text: bytes, code: str) -> None:
    assert [each for each, _line in found(text)] == [code]


def test_the_key_that_was_used_in_its_place_is_named() -> None:
    other = Ed25519PrivateKey.generate()
    told = explain(sent(PARTS.text), other.public_key(), now=NOW, other_keys={"test": PUBLIC})
    assert [each.code for each in told.findings] == ["wrong_key"]
    assert "test" in told.findings[0].zh


@pytest.mark.parametrize(("seconds", "expected"), [(300, []), (301, [("clock_skew", 3)]), (-301, [("clock_skew", 3)])])
def test_a_clock_that_is_wrong_is_named(seconds: int, expected: list[tuple[str, int]]) -> None:
    assert found(PARTS.text, now=NOW + seconds) == expected


def test_a_write_without_an_idempotency_key_is_named() -> None:
    without = sent(replace(PARTS, idempotency_key="").text, key="")
    assert codes(explain(without, PUBLIC, now=NOW)) == [("no_idempotency_key", 5)]


def test_the_text_that_was_written_down_is_compared_line_by_line() -> None:
    wrong = replace(PARTS, target="/v1/bookings", nonce="m" * 16)
    told = explain(sent(wrong.text), PUBLIC, now=NOW, signed_text=wrong.text.decode())
    assert codes(told) == [("line_differs", 2), ("line_differs", 4)]
    assert all(each.zh and each.en for each in told.findings)
