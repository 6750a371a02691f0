"""Quality sampling: which samples there are, what waits to be judged again, and how often verdicts held."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from opsdesk import access, review
from opsdesk.app.console.frame import page
from opsdesk.app.console.review_words import RESULTS
from opsdesk.app.console.viewer import QualityReader, TicketReader, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

PATH = "/quality"
SAMPLES = f"{PATH}/samples"
KINDS = {"reviewer": N_("by reviewer"), "type": N_("by screening type")}

FiguresBy = review.sampling.figures.FiguresBy
CursorText = Annotated[str, Query(max_length=1000)]
Word = Annotated[str, Query(max_length=200)]

routes = APIRouter(include_in_schema=False)


@routes.get(PATH)
async def overview(
    request: Request,
    visitor: TicketReader,
    conn: Conn,
    now: Now,
    by: Word = "",
    cursor: CursorText = "",
    after: CursorText = "",
) -> Response:
    """Samples and figures for those who read them, and what waits for those who judge."""
    kind = FiguresBy(by) if by in KINDS else FiguresBy.REVIEWER
    reads = access.may(visitor.actor, access.Scope.QUALITY_READ)
    samples: Any = None
    if reads:
        samples = await review.sampling.samples.list_samples(conn, actor=visitor.actor, cursor=cursor or None)
    figures = await review.sampling.figures.figures(conn, by=kind, actor=visitor.actor, cursor=after or None)
    return page(
        request,
        visitor,
        "quality/overview.html",
        samples=samples,
        cursor=cursor,
        figures=figures,
        after=after,
        by=kind.value,
        kinds=KINDS,
        judged_min=review.sampling.intervals.JUDGED_MIN,
        waiting=await review.sampling.judging.count_waiting(conn, actor=visitor.actor, now=now),
        counted_max=review.sampling.judging.COUNTED_MAX,
        **rights(visitor),
    )


@routes.get(SAMPLES + "/{sample_id}")
async def show_sample(
    request: Request,
    sample_id: CountedId,
    visitor: QualityReader,
    conn: Conn,
    overturned: Word = "",
    again: Word = "",
    cursor: CursorText = "",
) -> Response:
    """A sample, with those of its tickets that were judged again. `again`: it is drawn again, and compared."""
    actor, only = visitor.actor, overturned == "1"
    sample = await review.sampling.samples.show_sample(conn, sample_id=sample_id, actor=actor)
    found = await review.sampling.comparing.list_judged(
        conn, sample_id=sample_id, overturned=only, actor=actor, cursor=cursor or None
    )
    return page(
        request,
        visitor,
        "quality/sample.html",
        path=PATH,
        sample=sample,
        type_names=await _type_names(conn, sample),
        tickets=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        overturned=only,
        drawn_again=await review.sampling.samples.draw_again(conn, sample_id=sample_id, actor=actor) if again else None,
        results=RESULTS,
        **rights(visitor),
    )


def rights(visitor: Visitor) -> dict[str, bool]:
    """What this person may do here."""
    scopes = access.Scope
    return {
        "may_read": access.may(visitor.actor, scopes.QUALITY_READ),
        "may_draw": access.may(visitor.actor, scopes.QUALITY_WRITE),
        "may_judge": access.may(visitor.actor, scopes.TICKETS_DECIDE),
    }


async def _type_names(conn: Connection, sample: review.sampling.samples.Sample) -> list[str]:
    types = review.screening.types
    return [(await types.show_type(conn, type_id=type_id)).name for type_id in sample.type_ids]
