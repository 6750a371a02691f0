"""What is shown of partners and their keys, over HTTP and at the command line."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import Field

from opsdesk.benefits.partners.delivery import SealedKey
from opsdesk.benefits.partners.keys import KEY_ID_PATTERN, Algorithm, PartnerKey
from opsdesk.benefits.partners.link_keys import Epoch, EpochState
from opsdesk.benefits.partners.partner import Partner
from opsdesk.benefits.partners.tokens import Profile
from opsdesk.kit.http_shapes import Next, View


class PartnerView(View):
    """How a provider is served on the open platform."""

    provider: str
    """The id of the provider."""
    booking_url: str
    """Where customers book; the link token is added as `request`."""
    cancellation_url: str
    """Where customers cancel."""
    profile: Profile
    """With what the next link key seals."""
    is_legacy_allowed: bool
    """Whether the profile `legacy-ecb` may be chosen."""
    grace_s: int
    """Seconds that a link is still taken for after its 20 minutes."""
    is_newest_only: bool
    """Whether only the newest link of an order counts."""
    is_token_optional: bool
    """Whether requests may come without the link token."""

    @classmethod
    def of(cls, partner: Partner) -> "PartnerView":
        return cls(**asdict(partner))


class PartnerKeyView(View):
    """A public key of a partner."""

    key_id: Annotated[str, Field(json_schema_extra={"pattern": KEY_ID_PATTERN})]
    """What the header `Opsdesk-Key` names it by."""
    algorithm: Algorithm
    """What it is for: three kinds sign requests, to `x25519` link keys are sealed."""
    public_key: str
    """The key in base64: SubjectPublicKeyInfo, of `sm2` the point."""
    added_at: datetime
    """When it was registered."""
    ends_at: datetime | None
    """From when on it is not taken; null: it was not revoked."""

    @classmethod
    def of(cls, key: PartnerKey) -> "PartnerKeyView":
        return cls(
            key_id=key.key_id,
            algorithm=key.algorithm,
            public_key=b64encode(key.public_key).decode(),
            added_at=key.added_at,
            ends_at=key.ends_at,
        )


class LinkKeyView(View):
    """An epoch of a partner's link key, without the key."""

    kid: int
    """Its number, which each token carries."""
    profile: Profile
    """With what it seals."""
    state: EpochState
    """`offered` until the partner has acknowledged it, `current`, `retired` while it only opens, `destroyed`."""
    offered_at: datetime
    """When the partner could first fetch it."""
    acknowledged_at: datetime | None
    """When the partner had it."""
    retired_at: datetime | None
    """When the next one took over."""
    closes_at: datetime | None
    """From when on it opens nothing."""

    @classmethod
    def of(cls, epoch: Epoch, now: datetime) -> "LinkKeyView":
        return cls(
            kid=epoch.kid,
            profile=epoch.profile,
            state=epoch.state(now),
            offered_at=epoch.offered_at,
            acknowledged_at=epoch.acknowledged_at,
            retired_at=epoch.retired_at,
            closes_at=epoch.closes_at,
        )


class PartnerDetailView(PartnerView):
    """A partner with its keys."""

    keys: list[PartnerKeyView]
    """Its public keys, the newest first; those that were revoked, too."""
    link_keys: list[LinkKeyView]
    """Its link keys, the newest first."""

    @classmethod
    def whole(
        cls, partner: Partner, keys: Sequence[PartnerKey], epochs: Sequence[Epoch], *, now: datetime
    ) -> "PartnerDetailView":
        return cls(
            **asdict(partner),
            keys=list(map(PartnerKeyView.of, keys)),
            link_keys=[LinkKeyView.of(each, now) for each in epochs],
        )


class PartnerPage(View):
    """Partners, by their ids."""

    items: list[PartnerView]
    """The partners of this page."""
    next: Next


class SealedKeyView(View):
    """A link key that only its partner can open."""

    kid: int
    """Its number."""
    profile: Profile
    """With what it seals links."""
    ephemeral: str
    """The X25519 public key that was made for this, in base64."""
    sealed: str
    """Nonce (12 bytes), ciphertext and tag, in base64."""

    @classmethod
    def of(cls, key: SealedKey) -> "SealedKeyView":
        return cls(
            kid=key.kid,
            profile=key.profile,
            ephemeral=b64encode(key.ephemeral).decode(),
            sealed=b64encode(key.sealed).decode(),
        )
