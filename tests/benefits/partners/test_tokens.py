"""Link tokens: what opens them, and everything that does not."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.benefits.model import Channel
from opsdesk.benefits.partners.tokens import (
    LINK_TTL_S,
    TOKEN_CHARACTERS_MAX,
    Content,
    Fault,
    LinkKey,
    Profile,
    Purpose,
    Rejected,
    derive_key,
    expiry,
    open_token,
    read_header,
    seal,
)

MASTER = bytes(range(32))
ISSUED = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
CONTENT = Content("0123456789ABCDEF", "airport-lounge", Channel.CRM, int(ISSUED.timestamp()), bytes(8))
EVERY_PROFILE = pytest.mark.parametrize("profile", list(Profile))
SERVICES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
CONTENTS = st.builds(
    Content,
    benefit_code=st.from_regex(r"[0-9A-HJKMNP-TV-Z]{16}", fullmatch=True),
    service=SERVICES,
    channel=st.sampled_from(Channel),
    issued_at=st.integers(0, 2**32 - 1 - LINK_TTL_S),
    jti=st.binary(min_size=8, max_size=8),
)


def key(profile: Profile = Profile.GCM, *, provider: str = "lounge-co", kid: int = 7) -> LinkKey:
    return derive_key(MASTER, provider=provider, kid=kid, profile=profile)


def sealed(key: LinkKey, purpose: Purpose = Purpose.BOOKING) -> str:
    return seal(key, CONTENT, purpose=purpose, expires_at=expiry(ISSUED))


def opened(
    token: str, key: LinkKey | None, *, purpose: Purpose = Purpose.BOOKING, after_s: float = 0, kid: int = 7
) -> Content | Rejected:
    return open_token(token, keys={kid: key}, purpose=purpose, now=ISSUED + timedelta(seconds=after_s))


def fault(found: Content | Rejected) -> Fault:
    assert isinstance(found, Rejected)
    return found.fault


@given(
    content=CONTENTS,
    provider=SERVICES,
    kid=st.integers(1, 2**16 - 1),
    profile=st.sampled_from(Profile),
    purpose=st.sampled_from(Purpose),
)
@pytest.mark.req("PTS-202")
def test_whoever_has_the_key_reads_what_was_sealed(
    content: Content, provider: str, kid: int, profile: Profile, purpose: Purpose
) -> None:
    its_key = derive_key(MASTER, provider=provider, kid=kid, profile=profile)
    token = seal(its_key, content, purpose=purpose, expires_at=content.issued_at + LINK_TTL_S)
    now = datetime.fromtimestamp(content.issued_at, UTC)
    assert open_token(token, keys={kid: its_key}, purpose=purpose, now=now) == content


@EVERY_PROFILE
@pytest.mark.req("PTS-202")
def test_every_flipped_bit_of_a_token_is_refused(profile: Profile) -> None:
    token = sealed(key(profile)).encode()
    bits = [(place, 1 << bit) for place in range(len(token)) for bit in range(8)]
    flipped = [token[:place] + bytes([token[place] ^ bit]) + token[place + 1 :] for place, bit in bits]
    texts = [each.decode("latin-1") for each in flipped]
    assert [text for text in texts if not isinstance(opened(text, key(profile)), Rejected)] == []


@pytest.mark.parametrize("profile", [Profile.GCM, Profile.SM])
@pytest.mark.req("PTS-202")
def test_every_flipped_bit_of_what_a_token_is_made_of_is_refused(profile: Profile) -> None:
    text = sealed(key(profile))
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    bits = [(place, 1 << bit) for place in range(len(raw)) for bit in range(8)]
    flipped = [raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :] for place, bit in bits]
    texts = [urlsafe_b64encode(each).decode().rstrip("=") for each in flipped]
    assert [each for each in texts if not isinstance(opened(each, key(profile)), Rejected)] == []


@EVERY_PROFILE
def test_every_part_of_a_token_is_too_little(profile: Profile) -> None:
    token = sealed(key(profile))
    found = {fault(opened(token[:length], key(profile))) for length in range(len(token))}
    assert found <= {Fault.TRUNCATED, Fault.FORGED}


@given(text=st.text(max_size=200))
def test_any_other_text_is_no_token(text: str) -> None:
    assert isinstance(opened(text, key()), Rejected)


def test_a_text_that_is_too_long_is_not_looked_into() -> None:
    assert fault(opened("A" * (TOKEN_CHARACTERS_MAX + 1), key())) is Fault.TRUNCATED
    assert fault(opened("A" * TOKEN_CHARACTERS_MAX, key())) is Fault.TRUNCATED


@EVERY_PROFILE
@pytest.mark.req("PTS-209")
def test_a_token_expires_exactly_twenty_minutes_after_it_was_issued(profile: Profile) -> None:
    token = sealed(key(profile))
    assert opened(token, key(profile), after_s=LINK_TTL_S - 0.001) == CONTENT
    assert opened(token, key(profile), after_s=LINK_TTL_S) == Rejected(Fault.EXPIRED, CONTENT)


@pytest.mark.req("PTS-209")
def test_a_token_never_expires_before_its_link() -> None:
    begun = ISSUED + timedelta(microseconds=1)
    assert expiry(ISSUED) == ISSUED.timestamp() + LINK_TTL_S
    assert expiry(begun) == ISSUED.timestamp() + LINK_TTL_S + 1


@EVERY_PROFILE
@pytest.mark.req("PTS-306")
def test_a_link_for_booking_cancels_nothing(profile: Profile) -> None:
    token = sealed(key(profile))
    assert opened(token, key(profile), purpose=Purpose.CANCELLATION) == Rejected(Fault.WRONG_PURPOSE, CONTENT)


@EVERY_PROFILE
@pytest.mark.req("PTS-214")
def test_the_token_of_another_partner_does_not_open(profile: Profile) -> None:
    token = sealed(key(profile, provider="spa-co"))
    assert fault(opened(token, key(profile))) is Fault.FORGED


@EVERY_PROFILE
def test_even_with_the_same_secret_a_token_is_one_partners(profile: Profile) -> None:
    token = sealed(replace(key(profile), provider="spa-co"))
    assert fault(opened(token, key(profile))) is Fault.FORGED


@EVERY_PROFILE
def test_a_token_of_a_key_that_is_not_there_is_refused(profile: Profile) -> None:
    token = sealed(key(profile))
    assert fault(opened(token, key(profile), kid=8)) is Fault.UNKNOWN_KEY
    assert fault(opened(token, None)) is Fault.DESTROYED_KEY


@pytest.mark.parametrize(
    ("sealed_as", "read_as"), [(one, other) for one in Profile for other in Profile if one != other]
)
def test_a_token_of_another_profile_is_refused(sealed_as: Profile, read_as: Profile) -> None:
    assert fault(opened(sealed(key(sealed_as)), key(read_as))) is Fault.FORGED


@EVERY_PROFILE
def test_a_token_says_in_clear_for_what_and_until_when_it_is(profile: Profile) -> None:
    header = read_header(sealed(key(profile), Purpose.CANCELLATION))
    assert header is not None
    assert (header.purpose, header.kid, header.expires_at) == (2, 7, expiry(ISSUED))


def test_a_token_is_small_enough_for_a_code_that_is_scanned() -> None:
    assert len(seal(key(), replace(CONTENT, service="spa"), purpose=Purpose.BOOKING, expires_at=expiry(ISSUED))) == 91


def test_no_two_tokens_of_the_same_content_are_equal() -> None:
    assert len({sealed(key()) for _ in range(100)}) == 100


def test_the_keys_of_partners_epochs_and_profiles_are_different() -> None:
    keys = [
        key(profile, provider=provider, kid=kid) for profile in Profile for provider in ("a", "b") for kid in (1, 2)
    ]
    assert len({each.secret[:16] for each in keys}) == len(keys)


def test_a_secret_is_not_shown_with_its_key() -> None:
    assert key().secret.hex() not in repr(key())
    assert repr(key().secret) not in repr(key())
