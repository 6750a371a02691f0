"""The signed client on a line that is cut, slow and busy: one idempotency key, however often it asks."""

from base64 import b64decode
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from bank_line import CUT, LOST, PAGE, Line, open_line
from opsdesk_partner import Advice, Bank, Link, OutcomeUnknown, QuoteStale, Refused, Unreachable
from opsdesk_partner.errors import Misconfigured
from opsdesk_partner.signing import Ed25519Signer, Parts, PublicKey, Rsa2Signer, Signer, is_signed_by, public_key
from opsdesk_partner.sm2 import generate_sm2

KEY, NOW = Ed25519PrivateKey.generate(), 1_790_000_000.0
LINK = Link("0123456789ABCDEF", "spa", "mobile", "booking", 1, 2, 7, "AQEA")
ORDER = {"benefit_code": LINK.benefit_code, "service": "spa", "status": 200}


def bank(line: Line, *, signer: Signer | None = None, pauses: list[float] | None = None) -> Bank:
    return Bank(
        line.url,
        partner="spa-one",
        key_id="k1",
        signer=signer or Ed25519Signer(KEY),
        clock=lambda: NOW,
        sleep=([] if pauses is None else pauses).append,
    )


def refusal(code: str, *, retry: bool = False, **detail: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": "不行", "retry": retry, "detail": {"message_en": "No.", **detail}}}


RSA, SM2 = generate_private_key(65_537, 2048), generate_sm2()


@pytest.mark.parametrize(
    ("signer", "public"),
    [
        (Ed25519Signer(KEY), KEY.public_key()),
        (Rsa2Signer(RSA), RSA.public_key()),
        (SM2, public_key(SM2.public_key().pem())),
    ],
    ids=["ed25519", "rsa2", "sm2"],
)
def test_what_is_sent_is_what_was_signed(signer: Signer, public: PublicKey) -> None:
    with open_line((201, ORDER)) as line, bank(line, signer=signer) as client:
        client.book(LINK, key="visit-1")
    ((method, target, headers, body),) = line.asked
    parts = Parts(method, target, headers["opsdesk-timestamp"], headers["opsdesk-nonce"], "visit-1", body)
    assert (target, headers["opsdesk-partner"], headers["opsdesk-key"]) == ("/open/v1/bookings", "spa-one", "k1")
    assert headers["idempotency-key"] == "visit-1"
    assert parts.text.decode().split("\n")[5] == sha256(body).hexdigest()
    assert is_signed_by(public, parts.text, b64decode(headers["opsdesk-signature"]))


@pytest.mark.req("PTS-213")
@pytest.mark.parametrize("fault", [(200, LOST), (201, CUT), (502, PAGE), (504, PAGE), (503, refusal("busy"))])
def test_a_lost_answer_is_asked_for_again_with_the_same_key_and_another_nonce(fault: tuple[int, Any]) -> None:
    pauses: list[float] = []
    with open_line(fault, fault, (201, ORDER)) as line, bank(line, pauses=pauses) as client:
        assert client.book(LINK, key="visit-1").status == 200
    assert {headers["idempotency-key"] for _, _, headers, _ in line.asked} == {"visit-1"}
    assert len({headers["opsdesk-nonce"] for _, _, headers, _ in line.asked}) == 3
    assert len(pauses) == 2
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1.0


def test_a_write_that_is_never_answered_ends_in_doubt_and_names_its_key() -> None:
    with open_line((200, LOST)) as line, bank(line) as client, pytest.raises(OutcomeUnknown) as raised:
        client.book(LINK, key="visit-1")
    assert (raised.value.key, raised.value.attempts, raised.value.advice) == ("visit-1", 5, Advice.UNKNOWN)
    assert len(line.asked) == 5


def test_a_bank_that_is_not_there_leaves_no_doubt() -> None:
    with open_line((200, LOST)) as line:
        pass
    with bank(line) as client, pytest.raises(Unreachable) as raised:
        client.book(LINK)
    assert raised.value.advice is Advice.RETRY


def test_a_read_that_is_never_answered_leaves_no_doubt() -> None:
    with open_line((200, LOST)) as line, bank(line) as client, pytest.raises(Unreachable):
        client.order(LINK.benefit_code)


def test_a_refusal_is_final_and_has_the_text_to_show() -> None:
    over = refusal("link_expired", channel="crm", prompt="二维码已失效")
    with open_line((409, over)) as line, bank(line) as client, pytest.raises(Refused) as raised:
        client.book(LINK)
    error = raised.value
    assert (error.code, error.message, error.message_en) == ("link_expired", "不行", "No.")
    assert error.prompt == "二维码已失效"
    assert (error.advice, len(line.asked)) == (Advice.DO_NOT, 1)


def test_a_refusal_for_now_is_asked_again_and_then_told() -> None:
    with open_line((429, refusal("too_many", retry=True))) as line, bank(line) as client:
        with pytest.raises(Refused) as raised:
            client.book(LINK)
    assert (raised.value.advice, len(line.asked)) == (Advice.RETRY, 5)


@pytest.mark.req("PTS-305")
def test_a_stale_quote_brings_the_new_one() -> None:
    quote = {"quote_id": "q2", "returned": 10, "forfeited": 90}
    with open_line((409, refusal("quote_stale", quote=quote))) as line, bank(line) as client:
        with pytest.raises(QuoteStale) as raised:
            client.cancel(LINK, "q1")
    assert raised.value.detail["quote"] == quote


def test_a_redirect_is_not_followed() -> None:
    with open_line((302, {})) as line, bank(line) as client, pytest.raises(Refused, match="proxy"):
        client.order(LINK.benefit_code)
    assert len(line.asked) == 1


@pytest.mark.parametrize("key", ["", "schlüssel", "a\nb", "a" * 256], ids=["empty", "umlaut", "line", "long"])
def test_a_key_that_no_header_holds_is_not_sent(key: str) -> None:
    with open_line((201, ORDER)) as line, bank(line) as client, pytest.raises(Misconfigured):
        client.book(LINK, key=key)
    assert line.asked == []


def test_an_sm2_signature_of_another_text_is_none() -> None:
    public, signature = SM2.public_key(), SM2.sign(b"text")
    assert is_signed_by(public, b"text", signature)
    assert not is_signed_by(public, b"test", signature)
    assert not is_signed_by(public, b"text", signature[:-1])


def test_the_files_of_all_pages_are_listed() -> None:
    file = {"name": "f", "month": "2025-12", "generated_at": "x", "bytes": 1, "sha256": "0", "rows": 0, "total_fen": 0}
    first, second = {"items": [file], "next": "a/b"}, {"items": [{**file, "name": "g"}], "next": None}
    with open_line((200, first), (200, second)) as line, bank(line) as client:
        assert [each.name for each in client.files()] == ["f", "g"]
    assert [target for _, target, _, _ in line.asked] == ["/open/v1/files", "/open/v1/files?cursor=a%2Fb"]
