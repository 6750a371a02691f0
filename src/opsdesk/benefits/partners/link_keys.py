"""The epochs of each partner's link key: offered, acknowledged, current, retired, destroyed.

A key comes from the master secret, the partner and the number of its epoch (kid); only the epoch is kept. Links are
sealed with a key once the partner has acknowledged that it has it, and open for a while after the next one took over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.benefits.partners.delivery import SealedKey, seal_key
from opsdesk.benefits.partners.errors import (
    LinkKeyDestroyed,
    LinkKeyMissing,
    LinkKeyOffered,
    LinkKeysUsedUp,
    LinkKeyUndeliverable,
    LinkKeyUnknown,
)
from opsdesk.benefits.partners.keys import Algorithm, newest_key
from opsdesk.benefits.partners.partner import read_partner
from opsdesk.benefits.partners.tokens import KID_MAX, LINK_TTL_S, LinkKey, Profile, derive_key
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

ROTATED_AFTER_DAYS = 90
OPENS_AFTER_S = LINK_TTL_S + 24 * 3600
"""How long a key opens what it sealed after the next one took over."""
LINKS_MAX = 2**32
"""With random nonces, AES-GCM seals this often with one key."""
LINKS_ROTATED_AFTER = LINKS_MAX // 2
"""A partner is offered the next key in time to acknowledge it."""
EPOCHS_LISTED_MAX = 1000

_SQL = statements(__file__)


class EpochState(StrEnum):
    """Where an epoch of a link key stands."""

    OFFERED = "offered"
    """The partner can fetch it, and has not acknowledged it."""
    CURRENT = "current"
    """Links are sealed with it."""
    RETIRED = "retired"
    """It opens what it sealed."""
    DESTROYED = "destroyed"
    """It opens nothing."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """A link key of a partner, without the key."""

    provider: str
    kid: int
    profile: Profile
    offered_at: datetime
    acknowledged_at: datetime | None
    links_before: int | None
    """How many links there were then, of all partners."""
    retired_at: datetime | None
    destroyed_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile", Profile(self.profile))

    @property
    def closes_at(self) -> datetime | None:
        """From when on it opens nothing; None while it is not retired."""
        return self.retired_at and self.retired_at + timedelta(seconds=OPENS_AFTER_S)

    def state(self, now: datetime) -> EpochState:
        """By its dates: it opens nothing from then on, be that written down yet or not."""
        if self.destroyed_at is not None or (self.closes_at is not None and now >= self.closes_at):
            return EpochState.DESTROYED
        if self.retired_at is not None:
            return EpochState.RETIRED
        return EpochState.OFFERED if self.acknowledged_at is None else EpochState.CURRENT

    def key(self, master: bytes) -> LinkKey:
        return derive_key(master, provider=self.provider, kid=self.kid, profile=self.profile)


async def rotate(conn: Connection, provider: str, *, actor: access.Actor, now: datetime) -> Epoch:
    """Offer a partner its next link key, in the profile that is set for it now. Locks the partner.

    Raises PartnerUnknown, LinkKeyOffered, LinkKeysUsedUp.
    """
    await conn.execute(_SQL["lock_partner"], {"provider": provider})
    partner = await read_partner(conn, provider)
    epochs = await list_epochs(conn, provider)
    if offered := [each for each in epochs if each.acknowledged_at is None]:
        raise LinkKeyOffered(provider, offered[0].kid)
    kid = max((each.kid for each in epochs), default=0) + 1
    if kid > KID_MAX:
        raise LinkKeysUsedUp(provider)
    await conn.execute(_SQL["offer"], {"provider": provider, "kid": kid, "profile": partner.profile, "now": now})
    await _record(conn, "rotate", provider, kid, {"profile": str(partner.profile)}, actor=actor, now=now)
    return await read_epoch(conn, provider, kid)


async def acknowledge(conn: Connection, provider: str, kid: int, *, actor: access.Actor, now: datetime) -> Epoch:
    """The partner has the key: links are sealed with it from now on. Doing so again changes nothing. Locks the partner.

    Raises LinkKeyUnknown, LinkKeyDestroyed.
    """
    await conn.execute(_SQL["lock_partner"], {"provider": provider})
    epoch = await read_epoch(conn, provider, kid)
    if epoch.state(now) is EpochState.DESTROYED:
        raise LinkKeyDestroyed(provider, kid, epoch.destroyed_at or epoch.closes_at or now)
    if epoch.acknowledged_at is not None:
        return epoch
    values = {"provider": provider, "kid": kid, "now": now}
    await conn.execute(_SQL["retire"], values)
    await conn.execute(_SQL["acknowledge"], values)
    await _record(conn, "acknowledge", provider, kid, {"acknowledged_at": now}, actor=actor, now=now)
    return await read_epoch(conn, provider, kid)


async def deliver(conn: Connection, provider: str, kid: int, *, master: bytes, now: datetime) -> SealedKey:
    """A link key, sealed to the newest X25519 key of the partner.

    Raises LinkKeyUnknown, LinkKeyDestroyed, LinkKeyUndeliverable.
    """
    epoch = await read_epoch(conn, provider, kid)
    if epoch.state(now) is EpochState.DESTROYED:
        raise LinkKeyDestroyed(provider, kid, epoch.destroyed_at or epoch.closes_at or now)
    to = await newest_key(conn, provider, Algorithm.X25519, now=now)
    if to is None:
        raise LinkKeyUndeliverable(provider)
    return seal_key(epoch.key(master), to=to.public_key)


async def read_epoch(conn: Connection, provider: str, kid: int) -> Epoch:
    """Raises LinkKeyUnknown."""
    async with conn.cursor(row_factory=class_row(Epoch)) as rows:
        found = await (await rows.execute(_SQL["read_epoch"], {"provider": provider, "kid": kid})).fetchone()
    if found is None:
        raise LinkKeyUnknown(provider, kid)
    return found


async def list_epochs(conn: Connection, provider: str) -> Sequence[Epoch]:
    """The newest first."""
    async with conn.cursor(row_factory=class_row(Epoch)) as rows:
        values = {"provider": provider, "limit": EPOCHS_LISTED_MAX}
        return await (await rows.execute(_SQL["list_epochs"], values)).fetchall()


async def current_epoch(conn: Connection, provider: str) -> Epoch:
    """What links are sealed with now. Raises LinkKeyMissing."""
    async with conn.cursor(row_factory=class_row(Epoch)) as rows:
        found = await (await rows.execute(_SQL["current_epoch"], {"provider": provider})).fetchone()
    if found is None:
        raise LinkKeyMissing(provider)
    return found


async def opening_key(
    conn: Connection, provider: str, kid: int, *, master: bytes, now: datetime
) -> Mapping[int, LinkKey | None]:
    """The link key of that number, as `open_token` asks for it: none, or None for one that is destroyed."""
    try:
        epoch = await read_epoch(conn, provider, kid)
    except LinkKeyUnknown:
        return {}
    return {kid: None if epoch.state(now) is EpochState.DESTROYED else epoch.key(master)}


async def rotate_due(conn: Connection, *, actor: access.Actor, now: datetime) -> Sequence[Epoch]:
    """Offer the next link key to whoever has had the current one for long enough, or used it for enough links."""
    values = {"before": now - timedelta(days=ROTATED_AFTER_DAYS), "links": LINKS_ROTATED_AFTER}
    rows = await (await conn.execute(_SQL["due"], values)).fetchall()
    return [await rotate(conn, provider, actor=actor, now=now) for (provider,) in rows]


async def destroy_due(conn: Connection, *, actor: access.Actor, now: datetime) -> Sequence[tuple[str, int]]:
    """Write down which keys open nothing any more; returns whose, and which."""
    values = {"before": now - timedelta(seconds=OPENS_AFTER_S), "now": now}
    rows = await (await conn.execute(_SQL["destroy_due"], values)).fetchall()
    for provider, kid in rows:
        await _record(conn, "destroy", provider, kid, {"destroyed_at": now}, actor=actor, now=now)
    return [(provider, kid) for provider, kid in rows]


async def _record(
    conn: Connection,
    verb: str,
    provider: str,
    kid: int,
    after: Mapping[str, object],
    *,
    actor: access.Actor,
    now: datetime,
) -> None:
    await access.audit.record(
        conn,
        actor=actor,
        action=f"benefit_link_key.{verb}",
        object_kind="benefit_link_key",
        object_id=f"{provider}/{kid}",
        after=after,
        now=now,
    )
