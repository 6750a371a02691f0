"""What the bank tells by itself is believed by the proof over its raw bytes."""

import pytest

from opsdesk_partner import verify_webhook
from opsdesk_partner.errors import SignatureError
from opsdesk_partner.webhooks import sign_webhook

BODY, NOW = b'{"file": "spa-202512.txt.gz"}', 1_790_000_000
HEADER = sign_webhook(BODY, secret="new", now=NOW)


def test_a_genuine_message_tells_when_it_was_sent() -> None:
    assert verify_webhook(BODY, HEADER, secrets=["new", "old"], now=NOW + 299) == NOW


def test_one_of_two_secrets_is_enough_while_they_change_over() -> None:
    both = f"{HEADER},v1={sign_webhook(BODY, secret='old', now=NOW).partition('v1=')[2]}"
    assert verify_webhook(BODY, both, secrets=["old"], now=NOW) == NOW


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_message_outside_of_five_minutes_is_not_believed(seconds: int) -> None:
    assert verify_webhook(BODY, HEADER, secrets=["new"], now=NOW + seconds - (1 if seconds > 0 else -1)) == NOW
    with pytest.raises(SignatureError, match="300 s"):
        verify_webhook(BODY, HEADER, secrets=["new"], now=NOW + seconds)


def test_a_body_that_was_written_again_is_not_believed() -> None:
    with pytest.raises(SignatureError):
        verify_webhook(BODY.replace(b": ", b":"), HEADER, secrets=["new"], now=NOW)


@pytest.mark.parametrize("header", ["", "t=1", "v1=00", "t=1,t=1,v1=00", "t=x,v1=00", f"t={NOW},v1=ä"])
def test_a_header_of_another_form_is_not_believed(header: str) -> None:
    with pytest.raises(SignatureError):
        verify_webhook(BODY, header, secrets=["new"], now=NOW)
