"""Where senders of webhooks knock. They have no API key: whoever holds the secret of a path may send to it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Request
from pydantic.json_schema import SkipJsonSchema

from opsdesk.flows.errors import KeyReused
from opsdesk.flows.triggers.errors import WebhookPaused, WebhookRefused
from opsdesk.flows.triggers.webhooks import BODY_BYTES_MAX, accept_webhook
from opsdesk.kit.http_errors import RequestTooLarge, documented
from opsdesk.kit.http_requests import Conn, Now, SecretOf
from opsdesk.kit.http_shapes import View, text_schema
from opsdesk.kit.webhook_signatures import ID, ID_CHARACTERS_MAX, SIGNATURE, TIMESTAMP

webhook_routes = APIRouter(prefix="/v1", tags=["webhooks"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"JSON, of at most {BODY_BYTES_MAX} bytes; it is signed as it stands.",
        "content": {"application/json": {"schema": {}, "example": {"order": "A-1", "amount": 1200}}},
    }
}


class Delivered(View):
    """The delivery is kept, whether it came now or before."""

    accepted: Literal[True] = True
    """What is not kept is refused with an error."""


async def _body(request: Request) -> bytes:
    """Read before a connection is taken, so that none waits for somebody who sends slowly. Raises RequestTooLarge."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_BYTES_MAX:
            raise RequestTooLarge(BODY_BYTES_MAX)
        parts.append(part)
    return b"".join(parts)


def _said(name: str, words: str, **rules: Any) -> Any:
    return Header(alias=name, description=words, json_schema_extra=text_schema(**rules))


@webhook_routes.post(
    "/webhooks/{path:path}",
    status_code=202,
    summary="Deliver a webhook",
    responses=documented(RequestTooLarge, WebhookRefused, WebhookPaused, KeyReused),
    openapi_extra=_BODY,
)
async def deliver_webhook(
    path: Annotated[str, Path(description="As the trigger declares it.", json_schema_extra=text_schema(minLength=1))],
    body: Annotated[bytes, Depends(_body)],
    secret: SecretOf,
    conn: Conn,
    now: Now,
    delivery: Annotated[
        str | SkipJsonSchema[None],
        _said(ID, "Names the delivery; the same one starts one run.", maxLength=ID_CHARACTERS_MAX),
    ] = None,
    timestamp: Annotated[
        str | SkipJsonSchema[None], _said(TIMESTAMP, "When it was sent, in seconds since 1970.")
    ] = None,
    signature: Annotated[
        str | SkipJsonSchema[None],
        _said(SIGNATURE, "`v1,` and the base64 of HMAC-SHA256 over id, time and body with full stops between."),
    ] = None,
) -> Delivered:
    """Signed as the specification Standard Webhooks has it. What cannot be trusted is refused, always in one way."""
    headers = {ID: delivery or "", TIMESTAMP: timestamp or "", SIGNATURE: signature or ""}
    await accept_webhook(conn, path=path, headers=headers, body=body, secret=secret, now=now)
    return Delivered()
