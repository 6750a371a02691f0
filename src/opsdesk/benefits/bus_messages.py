"""What goes over the bank's bus: one envelope for requests, one for answers, in both directions."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from opsdesk.benefits.model import Channel
from opsdesk.benefits.way import PATH_PATTERN
from opsdesk.kit.http_requests import KEY_CHARACTERS_MAX
from opsdesk.kit.http_shapes import Body, Moment, Text, Values, View, text_schema

OUTCOME_UNKNOWN = "outcome_unknown"
KEY_PATTERN = r"^[\x21-\x7e]+$"
REQUEST_CHARACTERS_MAX = 1000

ServiceName = Annotated[Text, Field(min_length=1, max_length=32, json_schema_extra=text_schema())]
CodeText = Annotated[Text, Field(min_length=1, max_length=64, json_schema_extra=text_schema())]


class BusService(StrEnum):
    """What is asked for over the bus."""

    REDEEM = "benefit.redeem"
    BOOK = "benefit.book"
    QUOTE = "benefit.quote"
    CANCEL = "benefit.cancel"
    COMPLETE = "benefit.complete"


class BusHead(Body):
    """Who asks for what, under which key."""

    service: BusService
    """What is asked for."""
    consumer: Annotated[Text, Field(min_length=1, max_length=40, json_schema_extra=text_schema())]
    """Who asks, as the bus calls it: `channel2`, `crm`, `open-platform`; nothing is decided by it, nor kept of it."""
    trace_id: Annotated[str, Field(pattern="^([0-9a-f]{32})?$")] = ""
    """The trace that it belongs to."""
    key: Annotated[str, Field(pattern=KEY_PATTERN, min_length=1, max_length=KEY_CHARACTERS_MAX)]
    """Makes the request once-only: the same key with the same content gets the first answer again."""
    sent_at: Moment | None = None
    """When it was sent, by the clock of whoever sent it; nothing is decided by it."""
    path: Annotated[str, Field(pattern=f"{PATH_PATTERN[:-1]}$|^$", max_length=200)] = ""
    """The participants that it came through, the caller last."""


class BusMessage(Body):
    """A request that comes over the bus."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "head": {
                        "service": "benefit.redeem",
                        "consumer": "channel2",
                        "trace_id": "0af7651916cd43dd8448eb211c80319c",
                        "key": "8d3f2c",
                        "path": "Customer>MobileBank>Channel2>ESB",
                    },
                    "body": {"channel": "mobile", "customer_id": "C-1029", "service": "airport-lounge"},
                }
            ]
        }
    )

    head: BusHead
    """Who asks for what."""
    body: Values
    """As the service takes it."""


class RedeemBody(Body):
    """A customer wants a service."""

    channel: Channel
    customer_id: CodeText
    service: ServiceName


class BenefitBody(Body):
    """A provider means an order."""

    provider: ServiceName
    benefit_code: CodeText
    service: ServiceName


class LinkBody(BenefitBody):
    """With the link that the customer came by; a provider that cannot send it back leaves it out."""

    request: Annotated[Text, Field(max_length=REQUEST_CHARACTERS_MAX, json_schema_extra=text_schema())] = ""


class CancelBody(LinkBody):
    """What the customer agreed to."""

    quote_id: UUID


class CompleteBody(BenefitBody):
    """When the service was performed."""

    completed_at: Annotated[str, Field(min_length=12, max_length=40)]


class BusReplyHead(View):
    """Whether it was done."""

    code: str
    """`OK`, or the code of the message that says why not."""
    message: str
    """In Chinese, ready to be shown; empty where there is nothing to say."""
    retry: bool
    """Whether the same request may work later."""


class BusReply(View):
    """The answer to a request that came over the bus."""

    head: BusReplyHead
    """Yes, or why not."""
    body: dict[str, Any]
    """What was done, or the facts of why not."""
