"""Tickets with pictures that are kept already, so that no worker has to fetch anything."""

import hashlib
from datetime import datetime

from opsdesk.kit.db import Connection
from opsdesk.review import Ticket
from opsdesk.review.pictures import keeping
from opsdesk.review.pictures.images import Cleaned, clean
from opsdesk.review.pictures.model import WhyNot
from opsdesk.review.screening.frozen import modules_of
from opsdesk.review.screening.types import ScreeningType
from tests.review.pictures.drawing import drawn
from tests.review.pictures.tickets import pictured_ticket

NAME = "王小明"
CARD = drawn("PNG", size=(640, 400))
FACE = drawn("JPEG", size=(480, 640), colour="navy")


async def kept_ticket(
    conn: Connection, found: ScreeningType, *, now: datetime, flow_no: str = "F-1", settled: bool = True
) -> Ticket:
    """The front of a card and a face that are there, and the back of the card, which is gone; or all on their way."""
    urls = [f"https://pictures.example.com/{name}.png" for name in ("front", "back", "face")]
    ticket = await pictured_ticket(conn, found, *urls, now=now, flow_no=flow_no, 姓名=NAME, 城市="上海")
    front, back, face = (key.key.id for key in modules_of(ticket.shown)[0].keys)
    for key_id, came in ((front, CARD), (face, FACE)) if settled else ():
        cleaned = clean(came)
        assert isinstance(cleaned, Cleaned)
        source = hashlib.sha256(came).hexdigest()
        await keeping.keep_picture(
            conn, ticket_id=ticket.id, key_id=key_id, source_sha256=source, cleaned=cleaned, now=now
        )
    if settled:
        await keeping.give_up_picture(conn, ticket_id=ticket.id, key_id=back, reason=WhyNot.GONE, now=now)
    return ticket
