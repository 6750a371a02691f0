"""How often verdicts held when they were judged again: by reviewer, and by screening type."""

from dataclasses import dataclass
from enum import StrEnum

from psycopg.rows import class_row

from opsdesk.access import Actor, Scope, may, require
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_cursor, page_of
from opsdesk.kit.sql import statements
from opsdesk.review.sampling.intervals import JUDGED_MIN, wilson_95
from opsdesk.review.sampling.samples import PAGE_ROWS

_SQL = statements(__file__)


class FiguresBy(StrEnum):
    """Whose verdicts are counted together."""

    REVIEWER = "reviewer"
    TYPE = "type"


_STATEMENTS = {FiguresBy.REVIEWER: _SQL["by_reviewer"], FiguresBy.TYPE: _SQL["by_type"]}


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the verdicts of one reviewer, or of one type."""

    name: str
    """The id of the reviewer, or the name of the type."""
    type_id: int | None
    judged: int
    agreed: int

    @property
    def overturned(self) -> int:
        return self.judged - self.agreed

    @property
    def rate(self) -> float:
        """Of those judged again, the share that was overturned."""
        return self.overturned / self.judged

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share among all of them lies, with a confidence of 95 %."""
        found = wilson_95(self.overturned, self.judged)
        assert found is not None, "who has figures was judged"
        return found

    @property
    def is_enough(self) -> bool:
        """Whether there are enough to say something."""
        return self.judged >= JUDGED_MIN


async def figures(
    conn: Connection,
    *,
    by: FiguresBy,
    actor: Actor,
    sample_id: int | None = None,
    limit: int = PAGE_ROWS,
    cursor: str | None = None,
) -> Page[Figures]:
    """A page of figures by name, over all samples or of one; who does not read samples gets those of themselves.

    Raises BadCursor, ScopeMissing.
    """
    require(actor, Scope.TICKETS_READ)
    name, type_id = decode_cursor(cursor, shape=(str, int)) if cursor else (None, None)
    values = {
        "sample_id": sample_id,
        "reviewers": None if may(actor, Scope.QUALITY_READ) else [actor.id, actor.person],
        "after_name": name,
        "after_id": type_id,
        "rows": limit + 1,
    }
    rows = await (await conn.cursor(row_factory=class_row(Figures)).execute(_STATEMENTS[by], values)).fetchall()
    return page_of(rows, size=limit, key=lambda each: (each.name, each.type_id or 0))
