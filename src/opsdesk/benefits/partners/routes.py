"""Partners and their keys over HTTP, for whoever keeps the benefits; and, for partners, their link keys."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import ConfigDict, Field

from opsdesk import access
from opsdesk.benefits.errors import ProviderUnknown
from opsdesk.benefits.partners import guard, keys, link_keys, partner
from opsdesk.benefits.partners.errors import (
    LinkKeyDestroyed,
    LinkKeyOffered,
    LinkKeysUsedUp,
    LinkKeyUndeliverable,
    LinkKeyUnknown,
    PartnerInvalid,
    PartnerKeyRefused,
    PartnerKeyTaken,
    PartnerKeyUnknown,
    PartnerUnknown,
    TooManyPartnerKeys,
)
from opsdesk.benefits.partners.guard import LinkMaster, SignedPartner
from opsdesk.benefits.partners.keys import KEY_CHARACTERS_MAX, Algorithm
from opsdesk.benefits.partners.partner import GRACE_S_MAX, URL_CHARACTERS_MAX, Partner
from opsdesk.benefits.partners.tokens import KID_MAX, Profile
from opsdesk.benefits.partners.views import (
    LinkKeyView,
    PartnerDetailView,
    PartnerKeyView,
    PartnerPage,
    PartnerView,
    SealedKeyView,
)
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Cursor, Limit, Moment, Text, named
from opsdesk.kit.paging import BadCursor, BadPageSize, page_rows

ProviderId = Annotated[str, named("The id of the provider.")]
KeyId = Annotated[str, named("The id of the public key.")]
Kid = Annotated[int, Path(description="The number of the link key.", ge=1, le=KID_MAX)]
Url = Annotated[Text, Field(min_length=1, max_length=URL_CHARACTERS_MAX)]

partner_routes = APIRouter(prefix="/v1/partners", tags=["partners"], route_class=StrictRoute)
link_key_routes = APIRouter(prefix="/open/v1/link-keys", tags=["open platform"], route_class=StrictRoute)


class PartnerWanted(Body):
    """How a provider is to be served."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "booking_url": "https://lounge.example.com/use",
                    "cancellation_url": "https://lounge.example.com/cancel",
                }
            ]
        }
    )

    booking_url: Url
    """Where customers book, https; the link token is added as `request`."""
    cancellation_url: Url
    """Where customers cancel, https."""
    profile: Profile = Profile.GCM
    """With what the next link key seals: `gcm`, `sm`, or `legacy-ecb` where that is allowed."""
    is_legacy_allowed: bool = False
    """Allows `legacy-ecb`, which keeps little of what it seals."""
    grace_s: Annotated[int, Field(ge=0, le=GRACE_S_MAX)] = 0
    """Seconds that a link is still taken for after its 20 minutes."""
    is_newest_only: bool = False
    """Only the newest link of an order counts."""
    is_token_optional: bool = False
    """Requests may come without the link token: the newest link of the order counts then."""


class PublicKeyGiven(Body):
    """A public key of a partner."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "algorithm": "ed25519",
                    "public_key": "MCowBQYDK2VwAyEAebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ=",
                }
            ]
        }
    )

    algorithm: Algorithm
    """What it is for: `ed25519`, `rsa2` or `sm2` sign requests, to `x25519` link keys are sealed."""
    public_key: Annotated[Text, Field(min_length=1, max_length=KEY_CHARACTERS_MAX)]
    """As PEM, or the base64 of its DER."""


class KeyEnd(Body):
    """When a key ends."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ends_at": "2999-01-01T00:00:00Z"}]})

    ends_at: Moment | None = None
    """As long as both work, the partner changes over; null or left out: at once."""


@partner_routes.get("", summary="List partners", responses=documented(*access.guard.REFUSALS, BadPageSize, BadCursor))
async def list_partners(
    _: access.guard.BenefitReader, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> PartnerPage:
    """Providers that are served on the open platform, by their ids."""
    page = await partner.page_of_partners(conn, limit=page_rows(limit), cursor=cursor)
    return PartnerPage(items=list(map(PartnerView.of, page.items)), next=page.next)


@partner_routes.get(
    "/{provider}", summary="Show a partner", responses=documented(*access.guard.REFUSALS, PartnerUnknown)
)
async def show_partner(provider: ProviderId, _: access.guard.BenefitReader, conn: Conn, now: Now) -> PartnerDetailView:
    """With its public keys and its link keys."""
    return PartnerDetailView.whole(
        await partner.read_partner(conn, provider),
        await keys.list_keys(conn, provider),
        await link_keys.list_epochs(conn, provider),
        now=now,
    )


@partner_routes.put(
    "/{provider}",
    summary="Set up a partner",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, PartnerInvalid, ProviderUnknown),
)
async def put_partner(
    provider: ProviderId, wanted: PartnerWanted, actor: access.guard.BenefitKeeper, conn: Conn, now: Now
) -> PartnerView:
    """Serve a provider of the catalogue on the open platform, or serve it otherwise from now on."""
    put = Partner(provider=provider, **wanted.model_dump())
    return PartnerView.of(await partner.put_partner(conn, put, actor=actor, now=now))


@partner_routes.post(
    "/{provider}/keys",
    status_code=201,
    summary="Register a public key",
    responses=documented(
        *(*access.guard.REFUSALS, *BODY_REFUSALS),
        *(PartnerUnknown, PartnerKeyRefused, PartnerKeyTaken, TooManyPartnerKeys),
    ),
)
async def add_partner_key(
    provider: ProviderId, given: PublicKeyGiven, actor: access.guard.BenefitKeeper, conn: Conn, now: Now
) -> PartnerKeyView:
    """Those there are go on working until they are revoked."""
    added = await keys.add_key(
        conn, provider, algorithm=given.algorithm, public_key=given.public_key, actor=actor, now=now
    )
    return PartnerKeyView.of(added)


@partner_routes.post(
    "/{provider}/keys/{key_id}/revocations",
    status_code=201,
    summary="Revoke a public key",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, PartnerKeyUnknown, PartnerKeyRefused),
)
async def revoke_partner_key(
    provider: ProviderId, key_id: KeyId, end: KeyEnd, actor: access.guard.BenefitKeeper, conn: Conn, now: Now
) -> PartnerKeyView:
    """At once, or at a time until which its successor takes over. It stays listed, and never comes back."""
    return PartnerKeyView.of(await keys.revoke_key(conn, provider, key_id, actor=actor, now=now, ends_at=end.ends_at))


@partner_routes.post(
    "/{provider}/link-keys",
    status_code=201,
    summary="Offer a partner its next link key",
    responses=documented(*access.guard.REFUSALS, PartnerUnknown, LinkKeyOffered, LinkKeysUsedUp),
)
async def rotate_link_key(provider: ProviderId, actor: access.guard.BenefitKeeper, conn: Conn, now: Now) -> LinkKeyView:
    """Links are sealed with it once the partner has acknowledged that it has it."""
    return LinkKeyView.of(await link_keys.rotate(conn, provider, actor=actor, now=now), now)


@partner_routes.post(
    "/{provider}/link-keys/{kid}/acknowledgements",
    status_code=201,
    summary="Acknowledge a link key for a partner",
    responses=documented(*access.guard.REFUSALS, LinkKeyUnknown, LinkKeyDestroyed),
)
async def acknowledge_link_key_for(
    provider: ProviderId, kid: Kid, actor: access.guard.BenefitKeeper, conn: Conn, now: Now
) -> LinkKeyView:
    """For a partner that has said so some other way. From now on links are sealed with the key."""
    return LinkKeyView.of(await link_keys.acknowledge(conn, provider, kid, actor=actor, now=now), now)


@link_key_routes.get(
    "/{kid}",
    summary="Fetch a link key",
    responses=documented(*guard.REFUSALS, LinkKeyUnknown, LinkKeyDestroyed, LinkKeyUndeliverable),
)
async def fetch_link_key(signed: SignedPartner, kid: Kid, master: LinkMaster, conn: Conn, now: Now) -> SealedKeyView:
    """Sealed to the newest X25519 key of the partner: what opens it never left the partner."""
    return SealedKeyView.of(await link_keys.deliver(conn, signed.provider, kid, master=master, now=now))


@link_key_routes.post(
    "/{kid}/acknowledgements",
    status_code=201,
    summary="Acknowledge a link key",
    responses=documented(*guard.REFUSALS, LinkKeyUnknown, LinkKeyDestroyed),
)
async def acknowledge_link_key(signed: SignedPartner, kid: Kid, conn: Conn, now: Now) -> LinkKeyView:
    """The partner has it. From now on its links are sealed with it; the one before opens for a day and 20 minutes."""
    return LinkKeyView.of(await link_keys.acknowledge(conn, signed.provider, kid, actor=signed.actor, now=now), now)
