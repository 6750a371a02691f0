"""Partners in tests: set up, with keys of their own, and what they send."""

from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from opsdesk.benefits.model import Answer, Channel, Order
from opsdesk.benefits.partners import keys, link_keys, links, partner
from opsdesk.benefits.partners.keys import Algorithm, PartnerKey
from opsdesk.benefits.partners.link_keys import Epoch
from opsdesk.benefits.partners.links import IssuedLink, Link
from opsdesk.benefits.partners.partner import Partner
from opsdesk.benefits.partners.requests import PartnerActor, check_request
from opsdesk.benefits.partners.signatures import Signed
from opsdesk.benefits.partners.tokens import Purpose
from opsdesk.kit.db import Connection, Database
from tests.points.moving import BANK, NOW

MASTER = bytes(range(32))
SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHERS_SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
RECEIVING = X25519PrivateKey.from_private_bytes(bytes(range(32)))
AIRPORT = Partner("airport", "https://airport.example.com/use", "https://airport.example.com/cancel?lang=zh")
CLINIC = Partner("clinic", "https://clinic.example.com/use", "https://clinic.example.com/cancel")
LIVES = timedelta(seconds=1200)


def public_text(key: Ed25519PrivateKey | X25519PrivateKey | RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


async def put(db: Database, which: Partner = AIRPORT, **changed: Any) -> Partner:
    async with db.transaction() as conn:
        return await partner.put_partner(conn, replace(which, **changed), actor=BANK, now=NOW)


async def a_partner(db: Database, which: Partner = AIRPORT, **changed: Any) -> Partner:
    """One that has acknowledged its first link key."""
    put_up = await put(db, which, **changed)
    await rotated(db, which.provider)
    await acknowledged(db, 1, provider=which.provider)
    return put_up


async def rotated(db: Database, provider: str = "airport", *, now: datetime = NOW) -> Epoch:
    async with db.transaction() as conn:
        return await link_keys.rotate(conn, provider, actor=BANK, now=now)


async def acknowledged(db: Database, kid: int, *, provider: str = "airport", now: datetime = NOW) -> Epoch:
    async with db.transaction() as conn:
        return await link_keys.acknowledge(conn, provider, kid, actor=BANK, now=now)


async def added(
    db: Database,
    key: Ed25519PrivateKey | X25519PrivateKey | RSAPrivateKey = SIGNING,
    *,
    algorithm: Algorithm = Algorithm.ED25519,
    provider: str = "airport",
    now: datetime = NOW,
) -> PartnerKey:
    async with db.transaction() as conn:
        return await keys.add_key(conn, provider, algorithm=algorithm, public_key=public_text(key), actor=BANK, now=now)


async def asked_for_link(
    db: Database,
    order: Order,
    *,
    purpose: Purpose = Purpose.BOOKING,
    channel: Channel = Channel.MOBILE,
    now: datetime = NOW,
) -> IssuedLink | Answer:
    async with db.transaction() as conn:
        return await links.issue_link(
            conn,
            order,
            purpose=purpose,
            channel=channel,
            master=MASTER,
            actor=BANK,
            now=now,
            trace_id="0" * 31 + "2",
            path="Customer>MobileBank",
        )


async def issued(db: Database, order: Order, **how: Any) -> IssuedLink:
    link = await asked_for_link(db, order, **how)
    assert isinstance(link, IssuedLink), link
    return link


async def judged(
    db: Database,
    request: str | None,
    *,
    provider: str = "airport",
    purpose: Purpose = Purpose.BOOKING,
    now: datetime = NOW,
    order: Order | None = None,
) -> Link | Answer:
    async with db.transaction() as conn:
        return await links.judge_link(
            conn,
            request,
            provider=provider,
            purpose=purpose,
            master=MASTER,
            now=now,
            order_id=None if order is None else order.order_id,
        )


def a_request(**other: Any) -> Signed:
    given = {
        "method": "POST",
        "target": "/open/v1/bookings",
        "timestamp": str(int(NOW.timestamp())),
        "nonce": "nonce-0123456789",
        "idempotency_key": "key-1",
        "body": '{"service": "lounge", "text": "预约"}'.encode(),
    }
    return Signed(**{**given, **other})


def signature_of(text: str, key: Ed25519PrivateKey = SIGNING) -> str:
    return b64encode(key.sign(text.encode())).decode()


async def checked(
    conn: Connection,
    request: Signed,
    key: PartnerKey,
    *,
    signature: str | None = None,
    provider: str = "airport",
    now: datetime = NOW,
) -> PartnerActor:
    return await check_request(
        conn,
        request,
        provider=provider,
        key_id=key.key_id,
        signature=signature or signature_of(request.text),
        now=now,
    )
