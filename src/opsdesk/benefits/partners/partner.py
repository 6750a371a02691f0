"""How each provider is served on the open platform: where its links lead, and how they are sealed and judged."""

from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import urlsplit

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.benefits.catalogue import read_provider
from opsdesk.benefits.partners.errors import PartnerInvalid, PartnerUnknown
from opsdesk.benefits.partners.tokens import Profile, Purpose
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_cursor, page_of
from opsdesk.kit.sql import statements

GRACE_S_MAX = 300
URL_CHARACTERS_MAX = 1000

_SQL = statements(__file__)


@dataclass(frozen=True, slots=True)
class Partner:
    """A provider that the open platform serves."""

    provider: str
    booking_url: str
    """Where customers book; what they carry is added as `request`."""
    cancellation_url: str
    """Where they cancel."""
    profile: Profile = Profile.GCM
    """With what the next link key seals."""
    is_legacy_allowed: bool = False
    """Has to be given before the profile `legacy-ecb` is taken."""
    grace_s: int = 0
    """How long after its 20 minutes a link is still taken."""
    is_newest_only: bool = False
    """Only the newest link of an order counts."""
    is_token_optional: bool = False
    """Its requests may come without the token: the newest link of the order counts then."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile", Profile(self.profile))

    def url(self, purpose: Purpose, request: str) -> str:
        """The provider's page with what the customer carries there."""
        page = self.booking_url if purpose is Purpose.BOOKING else self.cancellation_url
        return f"{page}{'&' if '?' in page else '?'}request={request}"


async def put_partner(conn: Connection, partner: Partner, *, actor: access.Actor, now: datetime) -> Partner:
    """Set one up, or change how it is served from now on. Raises PartnerInvalid, ProviderUnknown."""
    _check(partner)
    await read_provider(conn, partner.provider)
    await conn.execute(_SQL["put_partner"], asdict(partner))
    await access.audit.record(
        conn,
        actor=actor,
        action="benefit_partner.put",
        object_kind="benefit_partner",
        object_id=partner.provider,
        after=asdict(partner),
        now=now,
    )
    return partner


def _check(partner: Partner) -> None:
    for field in ("booking_url", "cancellation_url"):
        if problem := _url_problem(getattr(partner, field)):
            raise PartnerInvalid(field, problem)
    if partner.profile is Profile.LEGACY_ECB and not partner.is_legacy_allowed:
        raise PartnerInvalid("profile", "legacy-ecb keeps too little of what it seals: it has to be allowed expressly")
    if not 0 <= partner.grace_s <= GRACE_S_MAX:
        raise PartnerInvalid("grace_s", f"has to be 0 to {GRACE_S_MAX} seconds")


def _url_problem(url: str) -> str | None:
    if not (url.isascii() and url.isprintable() and " " not in url) or len(url) > URL_CHARACTERS_MAX:
        return f"has to be a URL of at most {URL_CHARACTERS_MAX} ASCII characters"
    try:
        parts = urlsplit(url)
        name = parts.hostname
    except ValueError:
        return "has to be a URL"
    if parts.scheme not in ("https", "http") or not name:
        return "has to begin with https:// or http:// and a host"
    if parts.scheme == "http" and name not in ("127.0.0.1", "localhost", "::1"):
        return "has to be https: what customers carry there is for nobody else"
    return "cannot have a fragment" if "#" in url else None


async def read_partner(conn: Connection, provider: str) -> Partner:
    """Raises PartnerUnknown."""
    async with conn.cursor(row_factory=class_row(Partner)) as rows:
        found = await (await rows.execute(_SQL["read_partner"], {"provider": provider})).fetchone()
    if found is None:
        raise PartnerUnknown(provider)
    return found


async def page_of_partners(conn: Connection, *, limit: int, cursor: str | None = None) -> Page[Partner]:
    """By the ids of the providers. Raises BadCursor."""
    after = decode_cursor(cursor, shape=(str,))[0] if cursor else None
    async with conn.cursor(row_factory=class_row(Partner)) as rows:
        values = {"after": after, "limit": limit + 1}
        found = await (await rows.execute(_SQL["list_partners"], values)).fetchall()
    return page_of(found, size=limit, key=lambda each: [each.provider])
