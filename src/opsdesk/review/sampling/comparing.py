"""Two judgements of one ticket side by side: the one that decided it, and the blind one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from opsdesk.access import Actor, Scope, may, require
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_place, page_of
from opsdesk.kit.sql import backwards, statements
from opsdesk.review.claims import is_of
from opsdesk.review.model import Verdict
from opsdesk.review.sampling.errors import NotJudgedYet, SampledTicketUnknown
from opsdesk.review.sampling.samples import PAGE_ROWS, show_sample
from opsdesk.review.screening.deciding import screening_decisions
from opsdesk.review.screening.model import Reason

_SQL = statements(__file__)
_LIST_JUDGED = _SQL["list_judged"]
_LIST_BEFORE = backwards(_LIST_JUDGED)
_SHOW_BOTH = _SQL["show_both"]


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """A sampled ticket that was judged again, as a line of a list."""

    sampled_id: int
    sample_id: int
    ticket_id: UUID
    type_id: int
    type_name: str
    reviewer: str
    first_verdict: Verdict
    second_verdict: Verdict
    judge: str
    judged_at: datetime

    @property
    def is_agreed(self) -> bool:
        return self.first_verdict is self.second_verdict


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two judgements."""

    verdict: Verdict
    reasons: Sequence[Reason]
    codes: Sequence[str]
    """Those of the blind one went to nobody."""
    remark: str
    rejection_version: int
    at: datetime
    by: str | None
    """Who gave it; None: not for this reader to know."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Both judgements of a sampled ticket."""

    sampled_id: int
    sample_id: int
    ticket_id: UUID
    type_id: int
    type_name: str
    first: Side
    second: Side

    @property
    def is_agreed(self) -> bool:
        return self.first.verdict is self.second.verdict


async def list_judged(
    conn: Connection,
    *,
    sample_id: int,
    overturned: bool = False,
    actor: Actor,
    limit: int = PAGE_ROWS,
    cursor: str | None = None,
) -> Page[JudgedLine]:
    """A page of the tickets of a sample that were judged again, in the order of the draw; those that were not are not
    listed, so that nobody learns of a verdict before they judge it.

    Raises SampleUnknown, BadCursor, ScopeMissing.
    """
    await show_sample(conn, sample_id=sample_id, actor=actor)
    place = decode_place(cursor, shape=(int,))
    values = {
        "sample_id": sample_id,
        "overturned": overturned,
        "after_id": place.key[0] if place.key else None,
        "rows": limit + 1,
    }
    statement = _LIST_BEFORE if place.backwards else _LIST_JUDGED
    rows = await (await conn.cursor(row_factory=dict_row).execute(statement, values)).fetchall()
    return page_of([_line(row) for row in rows], size=limit, key=lambda line: (line.sampled_id,), place=place)


async def compare(conn: Connection, *, sampled_id: int, actor: Actor) -> Compared:
    """Both judgements of a sampled ticket, once there are both: for whoever reads samples, and for whoever gave the
    second one, who is not told who gave the first.

    Raises SampledTicketUnknown, NotJudgedYet, ScopeMissing.
    """
    found = await (await conn.cursor(row_factory=dict_row).execute(_SHOW_BOTH, {"sampled_id": sampled_id})).fetchone()
    sees_all = may(actor, Scope.QUALITY_READ)
    if found is None:
        raise SampledTicketUnknown(sampled_id)
    is_judge = found["judge"] is not None and is_of(found["judge_actor"], found["judge"], actor)
    if not is_judge:
        require(actor, Scope.QUALITY_READ)
    if found["judge"] is None:
        raise NotJudgedYet(sampled_id)
    decisions = await screening_decisions(conn, ticket_id=found["ticket_id"])
    first = next(each for each in decisions if each.number == found["number"])
    by = found["reviewer"] if sees_all else None
    return Compared(
        **{name: found[name] for name in ("sampled_id", "sample_id", "ticket_id", "type_id", "type_name")},
        first=Side(
            first.verdict, first.reasons, first.codes, first.remark, first.rejection_version, found["decided_at"], by
        ),
        second=_second(found),
    )


def _second(row: dict[str, Any]) -> Side:
    return Side(
        verdict=Verdict(row["verdict"]),
        reasons=tuple(Reason(**reason) for reason in row["reasons"]),
        codes=row["codes"],
        remark=row["remark"],
        rejection_version=row["rejection_version"],
        at=row["judged_at"],
        by=row["judge"],
    )


def _line(row: dict[str, Any]) -> JudgedLine:
    verdicts = {name: Verdict(row[name]) for name in ("first_verdict", "second_verdict")}
    return JudgedLine(**row | verdicts)
