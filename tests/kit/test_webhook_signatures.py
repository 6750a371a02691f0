"""How senders of webhooks prove themselves."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest

from opsdesk.kit.webhook_signatures import is_genuine, read_signed
from tests.flows.triggers.documents import SECRET, signed

AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
BODY = b'{"order": "A-1"}'


def genuine(headers: dict[str, str], *secrets: str, body: bytes = BODY) -> bool:
    read = read_signed(headers)
    return read is not None and is_genuine(read, body, secrets=secrets or (SECRET,))


def test_the_example_of_the_specification_is_genuine() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert genuine(headers, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body=b'{"test": 2432232314}')


def test_a_signature_is_over_id_time_and_body() -> None:
    headers = dict(signed(BODY, at=AT))
    assert genuine(headers)
    assert not genuine(headers, body=BODY + b" ")
    assert not genuine({**headers, "webhook-id": "msg-2"})
    assert not genuine({**headers, "webhook-timestamp": "1"})


def test_one_of_two_secrets_and_one_of_several_signatures_is_enough() -> None:
    headers = dict(signed(BODY, at=AT))
    assert genuine(headers, "another", SECRET)
    several = {**headers, "webhook-signature": f"v1,AAAA v2,x {headers['webhook-signature']}"}
    assert genuine(several)


def test_a_secret_that_is_no_base64_is_its_text() -> None:
    headers = dict(signed(BODY, at=AT, key=b"a plain secret"))
    assert genuine(headers, "a plain secret")
    assert genuine(dict(signed(BODY, at=AT, key=b"whsec_no base64!")), "whsec_no base64!")


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": ""},
        {"webhook-id": "a b"},
        {"webhook-id": "ü"},
        {"webhook-id": "x" * 201},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "1.5"},
        {"webhook-timestamp": "9" * 12},
        {"webhook-timestamp": "9" * 13},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,ü"},
        {"webhook-signature": "v2," + b64encode(bytes(32)).decode()},
    ],
)
def test_headers_that_are_none_of_it_prove_nothing(changed: dict[str, str]) -> None:
    assert not genuine({**signed(BODY, at=AT), **changed})
