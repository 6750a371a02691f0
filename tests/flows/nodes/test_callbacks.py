"""Callback addresses: made here or refused."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.nodes.callbacks import (
    KEY_BYTES_MIN,
    TOKEN_CHARS_MAX,
    CallbackAddresses,
    CallbackForged,
    CallbackTarget,
)

KEY = b"k" * KEY_BYTES_MIN
NOW = datetime(2026, 1, 5, tzinfo=UTC)
RUN = UUID("0190a0b0-0000-7000-8000-000000000001")
ADDRESSES = CallbackAddresses("https://opsdesk.example/", KEY)


@pytest.mark.req("FLO-003")
@given(run_id=st.uuids(), node=st.text(st.characters(codec="utf-8"), max_size=40), n=st.integers(0, 2**32 - 1))
def test_an_address_leads_back_to_its_node_and_iteration(run_id: UUID, node: str, n: int) -> None:
    prefix, token = ADDRESSES.url(run_id, node, n).rsplit("/", 1)
    assert prefix == "https://opsdesk.example/v1/callbacks"
    assert ADDRESSES.read(token, now=NOW) == CallbackTarget(run_id, node, n)


def test_the_address_of_a_node_is_always_the_same() -> None:
    assert ADDRESSES.url(RUN, "verify_email", 1) == ADDRESSES.url(RUN, "verify_email", 1)


def test_a_token_needs_no_escaping_in_a_url() -> None:
    assert ADDRESSES.token(RUN, "核验/邮箱?", 1).replace("-", "").replace("_", "").isalnum()


@pytest.mark.req("FLO-003")
def test_a_token_changed_in_any_character_is_forged() -> None:
    token = ADDRESSES.token(RUN, "verify_email", 1)
    for index, char in enumerate(token):
        changed = token[:index] + ("A" if char != "A" else "B") + token[index + 1 :]
        with pytest.raises(CallbackForged):
            ADDRESSES.read(changed, now=NOW)


def test_a_token_cannot_be_moved_to_another_node_or_key() -> None:
    raw = urlsafe_b64decode(ADDRESSES.token(RUN, "verify_email", 1) + "==")
    moved = urlsafe_b64encode(raw.replace(b"verify_email", b"kyc_identity")).rstrip(b"=").decode()
    for addresses, token in [(ADDRESSES, moved), (CallbackAddresses("", b"l" * 32), ADDRESSES.token(RUN, "a", 1))]:
        with pytest.raises(CallbackForged):
            addresses.read(token, now=NOW)


@pytest.mark.parametrize(
    "token", ["", "A", "AAAA", "A" * TOKEN_CHARS_MAX, "A" * (TOKEN_CHARS_MAX + 1), "客户", "a b", "\0", "===="]
)
def test_anything_else_is_forged_and_nothing_more_is_said(token: str) -> None:
    with pytest.raises(CallbackForged) as error:
        ADDRESSES.read(token, now=NOW)
    assert error.value.status == 403
    assert error.value.detail == {}


@pytest.mark.parametrize("added", ["=", "==", "\n", " ", "!", "."])
def test_one_address_has_one_spelling(added: str) -> None:
    with pytest.raises(CallbackForged):
        ADDRESSES.read(ADDRESSES.token(RUN, "verify_email", 1) + added, now=NOW)


def test_an_address_longer_than_any_node_needs_is_not_even_read() -> None:
    with pytest.raises(CallbackForged):
        ADDRESSES.read(ADDRESSES.token(RUN, "n" * TOKEN_CHARS_MAX, 1), now=NOW)


def test_a_short_key_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        CallbackAddresses("https://opsdesk.example", b"k" * (KEY_BYTES_MIN - 1))


def test_an_address_of_the_previous_key_is_taken_until_its_time() -> None:
    rotated = CallbackAddresses("https://opsdesk.example", b"n" * KEY_BYTES_MIN, previous=(KEY, NOW))
    old, new = ADDRESSES.token(RUN, "verify_email", 1), rotated.token(RUN, "verify_email", 1)
    assert new != old
    just_before = NOW - timedelta(microseconds=1)
    assert {rotated.read(token, now=just_before).node for token in (old, new)} == {"verify_email"}
    assert rotated.read(new, now=NOW).node == "verify_email"
    with pytest.raises(CallbackForged):
        rotated.read(old, now=NOW)


def test_a_short_previous_key_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        CallbackAddresses("https://opsdesk.example", KEY, previous=(b"k", NOW))
