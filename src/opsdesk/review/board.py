"""The queue board: what waits, since when, what is late, and who is at it. Counted when asked, in one snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from psycopg.rows import class_row, dict_row

from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.answers import text_problem
from opsdesk.review.errors import TicketFilterInvalid
from opsdesk.review.screening.due import BUSINESS_ZONE

REVIEWERS_MAX = 200
FILTER_CHARS_MAX = 200

_SQL = statements(__file__)
_COUNTS = _SQL["counts"]
_REVIEWERS = _SQL["reviewers"]


class QueueList(StrEnum):
    """Which tickets: those of one list, or those that procedures ask for."""

    KYC = "kyc"
    TRANSACTION = "transaction"
    PROCEDURES = "procedures"


@dataclass(frozen=True, slots=True)
class Counts:
    """Of open tickets. The first three add up to all of them."""

    waiting: int
    """Nobody holds it, and nobody has answered."""
    in_review: int
    """Somebody holds it."""
    awaiting_second: int
    """Nobody holds it, and somebody has answered: another person has to."""
    late: int
    """Past its due time, whoever holds it."""
    oldest_at: datetime | None
    """When the oldest of them was opened."""

    @property
    def open(self) -> int:
        return self.waiting + self.in_review + self.awaiting_second


@dataclass(frozen=True, slots=True)
class Group:
    """The tickets of a screening type, or of a scene; None: those that procedures ask for."""

    type_id: int | None
    application: str | None
    scene: str | None
    name: str | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class ReviewerLine:
    """What somebody has answered since, and has in hand."""

    actor: str
    decided: int
    in_hand: int
    median_s: float | None
    """From claiming to answering; None: nothing of it is known."""


@dataclass(frozen=True, slots=True)
class Board:
    counts: Counts
    by_type: Sequence[Group]
    by_scene: Sequence[Group]
    by_reviewer: Sequence[ReviewerLine]
    since: datetime
    """From when answers of reviewers are counted."""


async def queue_board(
    conn: Connection,
    *,
    now: datetime,
    since: datetime,
    bucket: QueueList | None = None,
    application: str | None = None,
    type_id: int | None = None,
) -> Board:
    """How the queue stands; the filters are those of open tickets and of answers alike. Raises TicketFilterInvalid."""
    if application is not None and (problem := text_problem(application, chars_max=FILTER_CHARS_MAX)):
        raise TicketFilterInvalid(filter="application", problem=problem)
    values = {"now": now, "since": since, "bucket": bucket, "application": application, "type_id": type_id}
    rows = await (await conn.cursor(row_factory=dict_row).execute(_COUNTS, values)).fetchall()
    reviewers = conn.cursor(row_factory=class_row(ReviewerLine))
    lines = await (await reviewers.execute(_REVIEWERS, values | {"rows": REVIEWERS_MAX})).fetchall()
    groups: dict[str, list[Group]] = {"all": [], "type": [], "scene": []}
    for row in rows:
        counts = Counts(row["waiting"], row["in_review"], row["awaiting_second"], row["late"], row["oldest_at"])
        groups[row["kind"]].append(
            Group(row["type_id"], row["application"], row["scene"], _name(row["kind"], row), counts)
        )
    [whole] = groups["all"]
    return Board(whole.counts, groups["type"], groups["scene"], lines, since.astimezone(UTC))


def business_day(now: datetime) -> datetime:
    """When the day of the business began."""
    return day_begin(now, BUSINESS_ZONE)


def day_begin(now: datetime, zone: ZoneInfo) -> datetime:
    """When the day began that it is in a zone."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _name(kind: str, row: dict[str, str | None]) -> str | None:
    if kind == "type":
        return row["type_name"]
    if row["scene"] is None:
        return None
    return f"{row['application_name']} · {row['scene_name']}"
