"""Tickets with pictures, in an installation that people look at."""

from uuid import uuid4

from opsdesk.review import Ticket
from tests.browser.console import Console
from tests.review.pictures.kept import kept_ticket
from tests.review.pictures.tickets import add_pictured_type


async def pictured(there: Console) -> Ticket:
    """A ticket with two pictures that are kept and one that was given up, of a type of its own."""
    unique = uuid4().hex
    async with there.writing() as conn:
        found = await add_pictured_type(conn, now=there.now(), name=f"证件比对 {unique[:8]}")
        # In one transaction, so that the worker of the installation finds nothing left to fetch.
        return await kept_ticket(conn, found, now=there.now(), flow_no=unique)
