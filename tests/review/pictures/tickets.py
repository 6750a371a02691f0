"""Tickets with pictures: a type whose values are the features of an application."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from opsdesk.access import Actor
from opsdesk.kit.db import Connection
from opsdesk.review import Ticket, show_ticket
from opsdesk.review.screening import adapts
from opsdesk.review.screening.generation import Generated, Hit, generate
from opsdesk.review.screening.sources import Facts
from opsdesk.review.screening.types import ScreeningType
from tests.configured import OPERATOR, add_type, type_document

ENGINE = Actor(id="key:engine", name="engine", roles=frozenset(), scopes=frozenset())
PICTURES = ("身份证正面", "身份证背面", "活体照片")
NAME, CITY = "姓名", "城市"

MakeTicket = Callable[..., Awaitable[Ticket]]
"""Called with the addresses of its pictures."""


async def add_pictured_type(conn: Connection, *, now: datetime, name: str = "证件比对") -> ScreeningType:
    document: dict[str, Any] = type_document() | {
        "modules": [
            {"code": "picture", "keys": [{"name": each} for each in PICTURES]},
            {"code": "personal", "keys": [{"name": NAME}, {"name": CITY}]},
            {"code": "others", "keys": []},
        ]
    }
    found = await add_type(conn, now=now, name=name, document=document)
    mapped = {each.id: {"source": "feature", "value": each.name} for each in found.document.every_key}
    await adapts.add_adapt(
        conn,
        type_id=found.type_id,
        application="cash_loan",
        scene="activation",
        document={"methods": ["face"], "mapped": mapped},
        actor=OPERATOR,
        now=now,
    )
    return found


async def pictured_ticket(
    conn: Connection, found: ScreeningType, *urls: str, now: datetime, flow_no: str = "F-1", **features: Any
) -> Ticket:
    facts = Facts(features=dict(zip(PICTURES, urls, strict=False)) | features)
    made = await generate(
        conn, Hit(flow_no, "cash_loan", "activation", found.type_id, "U-1"), facts=facts, actor=ENGINE, now=now
    )
    assert isinstance(made, Generated)
    return await show_ticket(conn, ticket_id=made.ticket_id)
