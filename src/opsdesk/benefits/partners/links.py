"""Links: given out for an order and a purpose, and judged when they come back.

The row counts, not the token: the clock of the bank says whether a link still holds, and only what was given out is
taken, although a partner could seal anything with the key that it has.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.benefits.answers import refusal
from opsdesk.benefits.messages import text, text_en
from opsdesk.benefits.model import Answer, Channel, Order
from opsdesk.benefits.partners.errors import LinkKeyExhausted
from opsdesk.benefits.partners.link_keys import LINKS_MAX, Epoch, current_epoch, opening_key
from opsdesk.benefits.partners.partner import Partner, read_partner
from opsdesk.benefits.partners.tokens import (
    JTI_BYTES,
    LINK_TTL_S,
    Content,
    Fault,
    Purpose,
    Rejected,
    expiry,
    open_token,
    read_header,
    seal,
)
from opsdesk.benefits.quotes import not_cancellable
from opsdesk.benefits.serving import JudgeLink, not_bookable
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_DIGEST_BYTES = 16

_SQL = statements(__file__)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was given out."""

    link_no: int
    jti: bytes
    order_id: UUID
    purpose: Purpose
    channel: Channel
    provider: str
    kid: int
    issued_at: datetime
    expires_at: datetime
    trace_id: str
    path: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "purpose", Purpose(self.purpose))
        object.__setattr__(self, "channel", Channel(self.channel))


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A link as the customer gets it."""

    url: str
    request: str
    """The token: what the provider sends back."""
    link: Link


async def issue_link(
    conn: Connection,
    order: Order,
    *,
    purpose: Purpose,
    channel: Channel,
    master: bytes,
    actor: access.Actor,
    now: datetime,
    trace_id: str = "",
    path: str = "",
) -> IssuedLink | Answer:
    """Give out a link to the provider's page; or the refusal, where the order is in no state for it.

    An order may have any number of links. Raises PartnerUnknown, LinkKeyMissing, LinkKeyExhausted.
    """
    if refused := not_bookable(order, now) if purpose is Purpose.BOOKING else not_cancellable(order):
        return refused
    partner = await read_partner(conn, order.provider)
    epoch = await current_epoch(conn, order.provider)
    content = Content(order.benefit_code, order.service, channel, int(now.timestamp()), secrets.token_bytes(JTI_BYTES))
    request = seal(epoch.key(master), content, purpose=purpose, expires_at=expiry(now))
    values = {
        "jti": content.jti,
        "digest": _digest(request),
        "order_id": order.order_id,
        "purpose": int(purpose),
        "channel": str(channel),
        "provider": order.provider,
        "kid": epoch.kid,
        "issued_at": now,
        "expires_at": now + timedelta(seconds=LINK_TTL_S),
        "trace_id": trace_id,
        "path": path,
    }
    async with conn.cursor(row_factory=class_row(Link)) as rows:
        link = await (await rows.execute(_SQL["insert_link"], values)).fetchone()
    assert link is not None, "an insert returns its row"
    _check_number_of_links(epoch, link)
    await _record(conn, link, actor=actor, now=now)
    return IssuedLink(partner.url(purpose, request), request, link)


def _check_number_of_links(epoch: Epoch, link: Link) -> None:
    """What others' links have taken of the numbers is counted too: the count is never too low."""
    assert epoch.links_before is not None, "the current epoch was acknowledged"
    if link.link_no - epoch.links_before > LINKS_MAX:
        raise LinkKeyExhausted(epoch.provider, epoch.kid)


async def _record(conn: Connection, link: Link, *, actor: access.Actor, now: datetime) -> None:
    after = {
        "order_id": str(link.order_id),
        "purpose": link.purpose.name.lower(),
        "channel": str(link.channel),
        "kid": link.kid,
        "jti": link.jti.hex(),
    }
    await access.audit.record(
        conn,
        actor=actor,
        action="benefit_link.issue",
        object_kind="benefit_link",
        object_id=str(link.link_no),
        after=after,
        now=now,
    )


def judging(request: str | None, *, purpose: Purpose, master: bytes) -> JudgeLink:
    """What booking, quoting and cancelling ask of the link that a request came with."""

    async def judge(conn: Connection, order: Order, now: datetime) -> Answer | None:
        judged = await judge_link(
            conn,
            request,
            provider=order.provider,
            purpose=purpose,
            master=master,
            now=now,
            order_id=order.order_id,
        )
        return judged if isinstance(judged, Answer) else None

    return judge


async def judge_link(
    conn: Connection,
    request: str | None,
    *,
    provider: str,
    purpose: Purpose,
    master: bytes,
    now: datetime,
    order_id: UUID | None = None,
) -> Link | Answer:
    """The link that a provider sent back, or why it does not count: `link_expired`, `link_invalid` or `not_yours`.

    It holds as long as `now < issued_at + 1200 s`, and the partner's grace after that. Without a request the newest
    link of the order is judged, where that is agreed with the partner. Raises PartnerUnknown.
    """
    partner = await read_partner(conn, provider)
    if request is not None:
        found = await _find(conn, request, provider=provider, purpose=purpose, master=master, now=now)
    elif partner.is_token_optional and order_id is not None:
        found = await _newest(conn, order_id, purpose) or refusal("link_invalid", fault="never_issued")
    else:
        found = refusal("link_invalid", fault="missing")
    if isinstance(found, Answer):
        return Answer(found.code, found.body, order_id)
    if order_id not in (None, found.order_id):
        return refusal("link_invalid", order_id=order_id, fault="other_order")
    return await _too_old(conn, found, partner, now) or found


async def _find(
    conn: Connection, request: str, *, provider: str, purpose: Purpose, master: bytes, now: datetime
) -> Link | Answer:
    header = read_header(request)
    keys = await opening_key(conn, provider, header.kid, master=master, now=now) if header else {}
    opened = open_token(request, keys=keys, purpose=purpose, now=now)
    async with conn.cursor(row_factory=class_row(Link)) as rows:
        link = await (await rows.execute(_SQL["find_link"], {"digest": _digest(request)})).fetchone()
    if link is not None and link.provider != provider:
        return refusal("not_yours")
    # That a link is too old is for the row to say, that of a destroyed key included.
    if isinstance(opened, Rejected) and opened.fault not in (Fault.EXPIRED, Fault.DESTROYED_KEY):
        return refusal("link_invalid", fault=str(opened.fault))
    if link is None:
        return refusal("link_invalid", fault="never_issued")
    return link if link.purpose is purpose else refusal("link_invalid", fault=str(Fault.WRONG_PURPOSE))


async def _newest(conn: Connection, order_id: UUID, purpose: Purpose) -> Link | None:
    async with conn.cursor(row_factory=class_row(Link)) as rows:
        return await (
            await rows.execute(_SQL["newest_link"], {"order_id": order_id, "purpose": int(purpose)})
        ).fetchone()


async def _too_old(conn: Connection, link: Link, partner: Partner, now: datetime) -> Answer | None:
    if now >= link.expires_at + timedelta(seconds=partner.grace_s):
        return _expired(link, "time")
    if partner.is_newest_only:
        newest = await _newest(conn, link.order_id, link.purpose)
        if newest is not None and newest.link_no != link.link_no:
            return _expired(link, "newer_link")
    return None


def _expired(link: Link, why: str) -> Answer:
    """With the text that the provider shows, by where the customer came from."""
    prompt = "link_prompt_qr" if link.channel is Channel.CRM else "link_prompt_page"
    return refusal(
        "link_expired",
        order_id=link.order_id,
        channel=str(link.channel),
        prompt=text(prompt),
        prompt_en=text_en(prompt),
        why=why,
    )


def _digest(request: str) -> bytes:
    return hashlib.sha256(request.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES]
