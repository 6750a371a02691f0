"""Quality sampling over HTTP: samples are drawn, their tickets judged again, and both judgements compared."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.kit.db import Connection
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, NeededKey, Now
from opsdesk.kit.http_shapes import INTEGER_MAX, Body, CountedId, Cursor, Limit, Moment, Text
from opsdesk.kit.paging import BadCursor, BadPageSize, page_rows
from opsdesk.review.errors import AlreadyAnswered, AnswerKeyReused, OwnAmendment, OwnRequest, RoleMissing
from opsdesk.review.model import Verdict
from opsdesk.review.reference.errors import SceneUnknown
from opsdesk.review.routes_verdicts import REASONS_MAX, ReasonId
from opsdesk.review.sampling import comparing, judging, samples
from opsdesk.review.sampling import figures as counting
from opsdesk.review.sampling.errors import (
    AlreadyJudged,
    JudgedElsewhere,
    NothingToSample,
    NotJudgedYet,
    NotTaken,
    PopulationTooLarge,
    SampledTicketUnknown,
    SampleInvalid,
    SampleKeyReused,
    SampleUnknown,
)
from opsdesk.review.sampling.figures import FiguresBy
from opsdesk.review.sampling.views import (
    BlindView,
    ComparedView,
    DrawnAgainView,
    FiguresPage,
    FiguresView,
    JudgedPage,
    JudgedView,
    NextView,
    SamplePage,
    SampleView,
)
from opsdesk.review.screening.asked import REMARK_CHARS_MAX
from opsdesk.review.screening.deciding import Judgement, rejection_panel
from opsdesk.review.screening.errors import ReasonsChanged, VerdictInvalid

JUDGING_REFUSALS = (
    *(SampledTicketUnknown, AlreadyJudged, NotTaken, JudgedElsewhere, RoleMissing, OwnRequest, OwnAmendment),
    *(AlreadyAnswered, AnswerKeyReused, VerdictInvalid, ReasonsChanged),
)
"""What a blind judgement may be refused for."""
DRAWING_REFUSALS = (SampleInvalid, SceneUnknown, NothingToSample, PopulationTooLarge, SampleKeyReused)
"""What a draw may be refused for."""

SampleId = Annotated[CountedId, Path(description="The id of the sample.")]
SampledId = Annotated[CountedId, Path(description="The id that the ticket has in its sample.")]
TypeId = Annotated[int, Field(ge=1, le=INTEGER_MAX)]


class SampleWanted(Body):
    """What is to be drawn."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "application": "cash_loan",
                    "scene": "activation",
                    "decided_from": "2026-11-01T00:00:00Z",
                    "decided_to": "2026-11-15T00:00:00Z",
                    "size": 50,
                }
            ]
        }
    )

    application: Text
    """The id of the application."""
    scene: Text
    """The id of the scene."""
    decided_from: Moment
    """Tickets that were decided from then on,"""
    decided_to: Moment
    """and before then, which has to be past."""
    types: list[TypeId] = Field(default_factory=list, max_length=samples.TYPES_MAX)
    """Only those of the screening types with these ids; else all."""
    size: Annotated[int, Field(ge=1, le=samples.SIZE_MAX)]
    """How many tickets; all, where there are not so many."""
    seed: Annotated[Text, Field(min_length=1, max_length=samples.SEED_CHARS_MAX)] | None = None
    """What the lots are drawn with; left out: one that nobody could choose, which the answer tells."""


class JudgementGiven(Body):
    """What somebody says of a sampled ticket, not knowing what was said before."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"verdict": "pass"}]})

    verdict: Verdict
    """`pass`, `reject`, or `resubmit`."""
    reasons: list[ReasonId] = Field(default_factory=list, max_length=REASONS_MAX)
    """The ids of the reasons; a rejection has at least one, and exactly one where the type takes one."""
    remark: Annotated[Text, Field(max_length=REMARK_CHARS_MAX)] = ""
    """What else there is to say."""
    rejection_version: Annotated[int, Field(ge=1, le=INTEGER_MAX)] | None = None
    """The version of the type whose reasons were seen, as the sampled ticket tells it; needed to reject."""


quality_routes = APIRouter(prefix="/v1/quality", tags=["quality"], route_class=StrictRoute)


@quality_routes.post(
    "/samples",
    status_code=201,
    summary="Draw a quality sample",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, *DRAWING_REFUSALS),
)
async def draw_sample(
    wanted: SampleWanted, actor: access.guard.QualityKeeper, key: NeededKey, conn: Conn, now: Now
) -> SampleView:
    """Some of every screening type, verdict and reviewer, in proportion. Its tickets then wait to be judged again."""
    drawn_from = samples.DrawnFrom(
        wanted.application, wanted.scene, wanted.decided_from, wanted.decided_to, tuple(wanted.types)
    )
    return SampleView.of(
        await samples.draw_sample(conn, drawn_from, size=wanted.size, seed=wanted.seed, actor=actor, key=key, now=now)
    )


@quality_routes.get(
    "/samples",
    summary="List quality samples",
    responses=documented(*access.guard.REFUSALS, BadPageSize, BadCursor),
)
async def list_samples(
    actor: access.guard.QualityReader, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> SamplePage:
    """The last drawn first, each with how far it is judged."""
    page = await samples.list_samples(conn, actor=actor, limit=page_rows(limit), cursor=cursor)
    return SamplePage(items=list(map(SampleView.of, page.items)), next=page.next)


@quality_routes.get(
    "/samples/{sample_id}",
    summary="Show a quality sample",
    responses=documented(*access.guard.REFUSALS, SampleUnknown),
)
async def show_sample(sample_id: SampleId, actor: access.guard.QualityReader, conn: Conn) -> SampleView:
    """What it was drawn from, with which seed, and how far it is judged."""
    return SampleView.of(await samples.show_sample(conn, sample_id=sample_id, actor=actor))


@quality_routes.get(
    "/samples/{sample_id}/verification",
    summary="Draw a quality sample again",
    responses=documented(*access.guard.REFUSALS, SampleUnknown, PopulationTooLarge),
)
async def verify_sample(sample_id: SampleId, actor: access.guard.QualityReader, conn: Conn) -> DrawnAgainView:
    """With its seed, from what was decided in its time; nothing is kept of it."""
    return DrawnAgainView(**asdict(await samples.draw_again(conn, sample_id=sample_id, actor=actor)))


@quality_routes.get(
    "/samples/{sample_id}/tickets",
    summary="List what was judged again",
    responses=documented(*access.guard.REFUSALS, SampleUnknown, BadPageSize, BadCursor),
)
async def list_judged(
    sample_id: SampleId,
    actor: access.guard.QualityReader,
    conn: Conn,
    overturned: Annotated[bool, Query(description="Only those whose second verdict was another.")] = False,
    limit: Limit = None,
    cursor: Cursor = None,
) -> JudgedPage:
    """Of one sample. What nobody has judged again yet is not told: whoever is to judge it could be reading."""
    page = await comparing.list_judged(
        conn, sample_id=sample_id, overturned=overturned, actor=actor, limit=page_rows(limit), cursor=cursor
    )
    return JudgedPage(items=list(map(JudgedView.of, page.items)), next=page.next)


@quality_routes.post(
    "/takes",
    status_code=201,
    summary="Take the next sampled ticket",
    responses=documented(*access.guard.REFUSALS),
)
async def take_next(actor: access.guard.TicketDecider, conn: Conn, now: Now) -> NextView:
    """To judge it; the same one again until it is judged. Of tickets that the actor had no part in, and without
    anything that was said of them."""
    return await next_view(conn, actor=actor, reader=actor, now=now)


@quality_routes.get(
    "/tickets/{sampled_id}",
    summary="Compare both judgements of a sampled ticket",
    responses=documented(*access.guard.REFUSALS, SampledTicketUnknown, NotJudgedYet),
)
async def compare_judgements(sampled_id: SampledId, actor: access.guard.TicketReader, conn: Conn) -> ComparedView:
    """For whoever reads samples, and for whoever gave the second one."""
    return ComparedView.of(await comparing.compare(conn, sampled_id=sampled_id, actor=actor), actor=actor)


@quality_routes.post(
    "/tickets/{sampled_id}/judgement",
    status_code=201,
    summary="Judge a sampled ticket",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, *JUDGING_REFUSALS),
)
async def judge_sampled(
    sampled_id: SampledId,
    given: JudgementGiven,
    actor: access.guard.TicketDecider,
    key: NeededKey,
    conn: Conn,
    now: Now,
) -> ComparedView:
    """By whoever has taken it; only the answer tells what was decided. Neither the ticket nor its result changes."""
    judgement = Judgement(given.verdict, tuple(given.reasons), given.remark, given.rejection_version)
    await judging.judge(conn, sampled_id=sampled_id, judgement=judgement, actor=actor, key=key, now=now)
    return ComparedView.of(await comparing.compare(conn, sampled_id=sampled_id, actor=actor), actor=actor)


@quality_routes.get(
    "/figures",
    summary="Show how often verdicts held",
    responses=documented(*access.guard.REFUSALS, BadPageSize, BadCursor),
)
async def show_figures(
    actor: access.guard.TicketReader,
    conn: Conn,
    by: Annotated[FiguresBy, Query(description="Whose verdicts are counted together.")] = FiguresBy.REVIEWER,
    sample: Annotated[
        int | SkipJsonSchema[None],
        Query(ge=1, le=INTEGER_MAX, description="Only those of the sample with this id."),
    ] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> FiguresPage:
    """By name. Whoever has no `quality:read` gets the figures of their own verdicts, and not who judged them."""
    page = await counting.figures(conn, by=by, actor=actor, sample_id=sample, limit=page_rows(limit), cursor=cursor)
    return FiguresPage(items=list(map(FiguresView.of, page.items)), next=page.next)


async def next_view(conn: Connection, *, actor: access.Actor, reader: access.Actor, now: datetime) -> NextView:
    """Take the next one for the actor, as `reader` may see it."""
    taken = await judging.take_next(conn, actor=actor, now=now)
    waiting = await judging.count_waiting(conn, actor=actor, now=now)
    if taken is None:
        return NextView(sampled=None, waiting=waiting)
    assert taken.ticket.screening is not None
    panel = await rejection_panel(conn, type_id=taken.ticket.screening.type_id)
    return NextView(sampled=BlindView.of(taken, panel, actor=reader), waiting=waiting)
