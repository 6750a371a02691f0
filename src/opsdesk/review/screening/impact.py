"""What an edit of a screening type would do to its adapts and tickets: told before it is saved."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements
from opsdesk.review.reference.entries import codes_for_tickets
from opsdesk.review.screening.adapt_document import read_stored
from opsdesk.review.screening.errors import ScreeningTypeInvalid
from opsdesk.review.screening.model import TypeDocument
from opsdesk.review.screening.reading import read_document
from opsdesk.review.screening.types import ScreeningType, show_type

_SQL = statements(__file__)
_ADAPTS_OF_TYPE = _SQL["adapts_of_type"]
_COUNT_WAITING = _SQL["count_waiting"]


@dataclass(frozen=True, slots=True)
class Impact:
    """What follows from saving."""

    version: int
    """The one that the edit would make."""
    adapts: int
    """How many go up a version with it."""
    keys_added: tuple[str, ...]
    """Their names; no adapt says where they come from."""
    keys_removed: tuple[str, ...]
    mappings_lost: int
    """Of the removed keys, in all adapts together."""
    waiting: int
    """Tickets that keep the version that they were made with."""

    @property
    def is_felt(self) -> bool:
        """Whether anything beside the type itself changes or has to be known."""
        return bool(self.adapts or self.waiting)


async def impact_of_edit(conn: Connection, *, type_id: int, document: Any) -> Impact:
    """What saving this document, JSON as `read_document` takes it, would do.

    Raises ScreeningTypeUnknown, ScreeningTypeInvalid.
    """
    before = await show_type(conn, type_id=type_id)
    codes = await codes_for_tickets(conn)
    read, problems = read_document(document, previous=before.document, codes=codes, new_id=lambda: new_id().hex)
    if read is None:
        raise ScreeningTypeInvalid(problems)
    return await impact_of(conn, before=before, document=read)


async def impact_of(conn: Connection, *, before: ScreeningType, document: TypeDocument) -> Impact:
    """Nothing is locked: by the time of saving it may be otherwise."""
    rows = conn.cursor(row_factory=dict_row)
    found = await (await rows.execute(_ADAPTS_OF_TYPE, {"type_id": before.type_id})).fetchall()
    adapts = [read_stored(row["document"]) for row in found]
    waiting = await (await conn.execute(_COUNT_WAITING, {"type_id": before.type_id})).fetchone()
    assert waiting is not None
    old = {key.id: key.name for key in before.document.every_key}
    new = {key.id: key.name for key in document.every_key}
    removed = [key for key in old if key not in new]
    return Impact(
        version=before.version + 1,
        adapts=len(adapts),
        keys_added=tuple(name for key, name in new.items() if key not in old),
        keys_removed=tuple(old[key] for key in removed),
        mappings_lost=sum(adapt.mapped.get(key) is not None for adapt in adapts for key in removed),
        waiting=waiting[0],
    )
