"""Which run or ticket is meant: its whole identifier, or its beginning or end."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from opsdesk import flows, review
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import NotFound, Refused

PART_DIGITS_MIN = 8
UUID_DIGITS = 32
_DIGITS = re.compile(rf"[0-9a-f]{{{PART_DIGITS_MIN},{UUID_DIGITS}}}")

Find = Callable[[Connection, str], Awaitable[list[UUID]]]


@dataclass(eq=False)
class IdUnknown(NotFound):
    """Nothing has an identifier that begins or ends like this."""

    what: str
    given: str
    least: str = f"{PART_DIGITS_MIN} hexadecimal digits"


@dataclass(eq=False)
class IdAmbiguous(Refused):
    """Several identifiers begin or end like this."""

    what: str
    given: str
    found: list[str]


def short(identifier: object) -> str:
    """The end of an identifier, which is what differs: identifiers made at one time begin alike."""
    return str(identifier)[-12:]


async def run_id(conn: Connection, given: str) -> UUID:
    """Raises IdUnknown, IdAmbiguous."""
    return await _chosen(conn, given, what="run", find=flows.runs.find_runs)


async def ticket_id(conn: Connection, given: str) -> UUID:
    """Raises IdUnknown, IdAmbiguous."""
    return await _chosen(conn, given, what="ticket", find=review.find_tickets)


async def _chosen(conn: Connection, given: str, *, what: str, find: Find) -> UUID:
    digits = given.strip().replace("-", "").lower()
    if not _DIGITS.fullmatch(digits):
        raise IdUnknown(what, given)
    if len(digits) == UUID_DIGITS:
        return UUID(digits)
    found = await find(conn, digits)
    if not found:
        raise IdUnknown(what, given)
    if len(found) > 1:
        raise IdAmbiguous(what, given, [str(each) for each in found])
    return found[0]
