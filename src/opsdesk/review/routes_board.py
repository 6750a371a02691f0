"""The queue board over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import INTEGER_MAX, Moment, View
from opsdesk.review import board
from opsdesk.review.answers import TEXT_PATTERN
from opsdesk.review.board import Counts, Group, QueueList
from opsdesk.review.errors import TicketFilterInvalid

routes = APIRouter(prefix="/v1", tags=["tickets"], route_class=StrictRoute)


class CountsView(View):
    """How many open tickets stand how."""

    open: int
    """All of them: the sum of the three that follow."""
    waiting: int
    """Nobody holds it, and nobody has answered."""
    in_review: int
    """Somebody holds it."""
    awaiting_second: int
    """Nobody holds it, and somebody has answered: another person has to."""
    late: int
    """Past its due time, whoever holds it."""
    oldest_at: datetime | None
    """When the oldest of them was opened; null: there is none."""

    @staticmethod
    def of(counts: Counts) -> "CountsView":
        return CountsView(**_counts(counts))


class TypeCounts(CountsView):
    """The open tickets of a screening type."""

    type_id: int | None
    """The id of the screening type; null: those that procedures ask for."""
    name: str | None
    """Its name."""

    @staticmethod
    def of_group(group: Group) -> "TypeCounts":
        return TypeCounts(**_counts(group.counts), type_id=group.type_id, name=group.name)


class SceneCounts(CountsView):
    """The open tickets of a scene."""

    application: str | None
    """The application; null: those that procedures ask for."""
    scene: str | None
    """The scene of the application."""

    @staticmethod
    def of_group(group: Group) -> "SceneCounts":
        return SceneCounts(**_counts(group.counts), application=group.application, scene=group.scene)


class ReviewerCounts(View):
    """What somebody has answered, and holds."""

    by: str
    """The id of the actor."""
    decided: int
    """How many tickets they have answered since."""
    in_hand: int
    """How many they hold now."""
    median_s: float | None
    """The median time from claiming a ticket to answering it, in seconds; null: nothing of it is known."""


class BoardView(View):
    """How the queue stands now."""

    counts: CountsView
    """All tickets that pass the filters."""
    by_type: list[TypeCounts]
    """By screening type, what has most late ones first."""
    by_scene: list[SceneCounts]
    """By application and scene."""
    by_reviewer: list[ReviewerCounts]
    """By who has answered since, or holds tickets now."""
    since: datetime
    """From when the answers of reviewers are counted."""

    @staticmethod
    def of(found: board.Board) -> "BoardView":
        return BoardView(
            counts=CountsView.of(found.counts),
            by_type=list(map(TypeCounts.of_group, found.by_type)),
            by_scene=list(map(SceneCounts.of_group, found.by_scene)),
            by_reviewer=[
                ReviewerCounts(by=each.actor, decided=each.decided, in_hand=each.in_hand, median_s=each.median_s)
                for each in found.by_reviewer
            ],
            since=found.since,
        )


def _counts(counts: Counts) -> dict[str, datetime | int | None]:
    names = ("open", "waiting", "in_review", "awaiting_second", "late", "oldest_at")
    return {name: getattr(counts, name) for name in names}


@routes.get("/queue", summary="Show the queue board", responses=documented(*access.guard.REFUSALS, TicketFilterInvalid))
async def show_queue(
    _: access.guard.TicketReader,
    conn: Conn,
    now: Now,
    bucket: Annotated[
        QueueList | SkipJsonSchema[None], Query(alias="list", description="Only this list, or those of procedures.")
    ] = None,
    application: Annotated[
        str | SkipJsonSchema[None],
        Query(
            description="Only tickets of this application.",
            json_schema_extra={"pattern": TEXT_PATTERN, "maxLength": board.FILTER_CHARS_MAX},
        ),
    ] = None,
    type_id: Annotated[
        int | SkipJsonSchema[None],
        Query(alias="type", ge=1, le=INTEGER_MAX, description="Only tickets of the screening type with this id."),
    ] = None,
    since: Annotated[
        Moment | SkipJsonSchema[None],
        Query(description="From when answers are counted; else since midnight in Shanghai."),
    ] = None,
) -> BoardView:
    """What waits, since when, what is late and who is at it, counted now."""
    found = await board.queue_board(
        conn,
        now=now,
        since=since or board.business_day(now),
        bucket=bucket,
        application=application,
        type_id=type_id,
    )
    return BoardView.of(found)
