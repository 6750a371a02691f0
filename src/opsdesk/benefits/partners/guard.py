"""The dependency that lets a request of a partner in.

The nonce is remembered in a transaction of its own: whatever becomes of the request, it is not taken a second time.
"""

from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request

from opsdesk import access
from opsdesk.benefits.partners.errors import PartnerTooFast, SignatureRefused
from opsdesk.benefits.partners.keys import KEY_ID_PATTERN
from opsdesk.benefits.partners.requests import NONCE_PATTERN, TIMESTAMP_PATTERN, PartnerActor, check_request
from opsdesk.benefits.partners.signatures import SIGNATURE_CHARACTERS_MAX, Signed
from opsdesk.kit.http_requests import GivenKey, Now

REFUSALS = (SignatureRefused, PartnerTooFast)
"""What every route with this dependency may refuse a request for."""

_PROVIDER = Header(
    description="The id of the partner.", json_schema_extra={"pattern": "^[a-z0-9][a-z0-9-]{0,31}$", "minLength": 1}
)
_KEY = Header(
    description="The id of the public key that goes with the signature.",
    json_schema_extra={"pattern": KEY_ID_PATTERN, "minLength": 1},
)
_TIMESTAMP = Header(
    description="When the request was signed, in unix seconds.", json_schema_extra={"pattern": TIMESTAMP_PATTERN}
)
_NONCE = Header(description="Different in every request.", json_schema_extra={"pattern": NONCE_PATTERN})
_SIGNATURE = Header(
    description="The signature of the six lines that stand for the request, in base64.",
    json_schema_extra={"pattern": "^[A-Za-z0-9+/]+={0,2}$", "maxLength": SIGNATURE_CHARACTERS_MAX},
)


async def signed_partner(
    request: Request,
    database: access.guard.Db,
    now: Now,
    opsdesk_partner: Annotated[str, _PROVIDER],
    opsdesk_key: Annotated[str, _KEY],
    opsdesk_timestamp: Annotated[str, _TIMESTAMP],
    opsdesk_nonce: Annotated[str, _NONCE],
    opsdesk_signature: Annotated[str, _SIGNATURE],
    key: GivenKey,
) -> PartnerActor:
    """The partner that has signed the request: name it before the connection, as it takes one of its own for a moment.

    Raises SignatureRefused.
    """
    signed = Signed(
        method=request.method,
        target=target_of(request),
        timestamp=opsdesk_timestamp,
        nonce=opsdesk_nonce,
        idempotency_key=key or "",
        body=await request.body(),
    )
    async with database.transaction() as conn:
        partner = await check_request(
            conn, signed, provider=opsdesk_partner, key_id=opsdesk_key, signature=opsdesk_signature, now=now
        )
    request.state.actor = partner.actor.id
    return partner


def target_of(request: Request) -> str:
    """Path and query as they were sent."""
    query = request.scope["query_string"]
    target: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return (target + (b"?" + query if query else b"")).decode("latin-1")


def provide(app: FastAPI, *, master: bytes) -> None:
    """Give an application the master secret of the link keys."""
    app.state.link_master = master


async def _master(request: Request) -> bytes:
    master: bytes = request.app.state.link_master
    return master


SignedPartner = Annotated[PartnerActor, Depends(signed_partner)]
"""The partner that has signed the request."""
LinkMaster = Annotated[bytes, Depends(_master)]
"""The master secret that link keys come from."""
