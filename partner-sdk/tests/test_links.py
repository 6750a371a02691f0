"""What a customer brings along is read only if it is genuine, for this provider and purpose, and in time."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from opsdesk_partner import FixedKeys, KeyRing, LinkExpired, LinkKey, Profile, Purpose, Refused, open_link
from opsdesk_partner.errors import LinkForAnother, LinkForged, LinkMalformed, LinkWrongPurpose, SignatureError
from opsdesk_partner.links import PROMPT_OF_THE_CODE, PROMPT_OF_THE_PAGE
from sealing import CODE, ISSUED_AT, SERVICE, TTL_S, sealed, sealed_key

GCM, SM = LinkKey(7, Profile.GCM, bytes(32)), LinkKey(8, Profile.SM, bytes(16))
LEGACY = LinkKey(9, Profile.LEGACY_ECB, bytes(range(48)))
KEYS = FixedKeys("spa-one", [GCM, SM, LEGACY])
OTHERS = FixedKeys("spa-two", [LinkKey(7, Profile.GCM, b"2" * 32)])
LAST = ISSUED_AT + TTL_S


@pytest.mark.req("PTS-204")
@pytest.mark.parametrize("key", [GCM, SM, LEGACY], ids=["gcm", "sm", "legacy"])
def test_a_genuine_link_says_what_the_bank_put_in(key: LinkKey) -> None:
    link = open_link(sealed(key, channel=3), keys=KEYS, purpose=Purpose.BOOKING, now=ISSUED_AT)
    assert (link.benefit_code, link.service, link.channel, link.purpose) == (CODE, SERVICE, "crm", "booking")
    assert (link.issued_at, link.expires_at, link.kid) == (ISSUED_AT, LAST, key.kid)


def test_a_link_opens_until_the_last_moment_before_its_end() -> None:
    assert open_link(sealed(GCM), keys=KEYS, purpose=Purpose.BOOKING, now=LAST - 0.001).service == SERVICE
    with pytest.raises(LinkExpired):
        open_link(sealed(GCM), keys=KEYS, purpose=Purpose.BOOKING, now=LAST)


@pytest.mark.req("PTS-206")
@pytest.mark.parametrize(
    ("channel", "prompt"), [(1, PROMPT_OF_THE_PAGE), (2, PROMPT_OF_THE_PAGE), (3, PROMPT_OF_THE_CODE)]
)
def test_a_link_that_is_over_says_what_the_customer_is_shown(channel: int, prompt: str) -> None:
    with pytest.raises(LinkExpired) as raised:
        open_link(sealed(GCM, channel=channel), keys=KEYS, purpose=Purpose.BOOKING, now=LAST + 1)
    assert (raised.value.prompt, raised.value.message) == (prompt, "权益码已失效")


@pytest.mark.req("PTS-306")
def test_a_booking_link_does_not_open_the_page_that_cancels() -> None:
    with pytest.raises(LinkWrongPurpose, match="for booking, and one for cancellation"):
        open_link(sealed(GCM), keys=KEYS, purpose=Purpose.CANCELLATION, now=ISSUED_AT)


def test_a_link_for_another_provider_is_told_from_a_forged_one_where_their_key_is_at_hand() -> None:
    theirs = sealed(OTHERS.keys[0], provider="spa-two")
    with pytest.raises(LinkForAnother) as raised:
        open_link(theirs, keys=KEYS, purpose=Purpose.BOOKING, now=ISSUED_AT, others=[OTHERS])
    assert raised.value.provider == "spa-two"
    with pytest.raises(LinkForged):
        open_link(theirs, keys=KEYS, purpose=Purpose.BOOKING, now=ISSUED_AT)


@given(place=st.integers(0, 200), change=st.integers(1, 64), key=st.sampled_from([GCM, SM, LEGACY]))
def test_no_character_of_a_link_can_be_changed(place: int, change: int, key: LinkKey) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    text = sealed(key)
    at = place % len(text)
    other = alphabet[(alphabet.index(text[at]) + change) % 65]
    with pytest.raises((LinkForged, LinkMalformed)):
        open_link(text[:at] + other + text[at + 1 :], keys=KEYS, purpose=Purpose.BOOKING, now=ISSUED_AT)


def test_a_link_is_written_in_one_way_only() -> None:
    text = sealed(LEGACY)
    assert len(text.rpartition(".")[2]) % 4 == 3  # so that two bits of the last character stand for nothing
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(text[-1]) + 1]
    with pytest.raises(LinkMalformed, match="last character"):
        open_link(text[:-1] + other, keys=KEYS, purpose=Purpose.BOOKING, now=ISSUED_AT)


@pytest.mark.parametrize(
    "text", ["", "A", "AAAA", "AQEA=", "AQ+A", "一", "A" * 600, "2.1.9.0.AA", "3.1.9.0.AA.AA"], ids=range(9)
)
def test_what_is_no_link_is_called_malformed(text: str) -> None:
    with pytest.raises(LinkMalformed):
        open_link(text, keys=KEYS, purpose=Purpose.BOOKING, now=ISSUED_AT)


class Desk:
    """The bank's two addresses for keys, as plain functions, with what was asked of them."""

    def __init__(self, agreement: X25519PrivateKey) -> None:
        self.asked: list[int] = []
        self.acknowledged: list[int] = []
        self._to = agreement.public_key()

    def fetch(self, kid: int) -> dict[str, object]:
        self.asked.append(kid)
        if kid != GCM.kid:
            raise Refused(code="unknown_key", message="密钥不存在", status=404)
        return sealed_key(GCM, provider="spa-one", to=self._to)

    def ring(self, agreement: X25519PrivateKey, clock: list[float]) -> KeyRing:
        return KeyRing(
            provider="spa-one",
            agreement=agreement,
            fetch=self.fetch,
            acknowledge=self.acknowledged.append,
            clock=lambda: clock[0],
        )


def test_a_key_is_picked_up_once_and_acknowledged() -> None:
    agreement = X25519PrivateKey.generate()
    desk = Desk(agreement)
    ring = desk.ring(agreement, [0.0])
    for _time in range(3):
        assert open_link(sealed(GCM), keys=ring, purpose=Purpose.BOOKING, now=ISSUED_AT).service == SERVICE
    assert (desk.asked, desk.acknowledged) == ([7], [7])


def test_a_number_that_the_bank_does_not_know_is_not_asked_for_each_time() -> None:
    agreement, clock = X25519PrivateKey.generate(), [0.0]
    desk = Desk(agreement)
    ring = desk.ring(agreement, clock)
    assert [ring.key(9), ring.key(9)] == [None, None]
    clock[0] = 61.0
    assert ring.key(9) is None
    assert desk.asked == [9, 9]


def test_a_key_that_was_sealed_to_somebody_else_is_not_taken() -> None:
    mine, theirs = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    with pytest.raises(SignatureError, match="X25519 key"):
        Desk(theirs).ring(mine, [0.0]).key(7)


def test_a_key_does_not_show_its_secret() -> None:
    assert "secret" not in repr(GCM)
    assert "x00" not in repr(KEYS)
