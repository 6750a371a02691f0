"""Sampled tickets are judged again on a page that tells nothing of the first verdict; then both stand side by side."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Request, Response

from opsdesk import access, review
from opsdesk.app.console.frame import done, fragment, is_partial, page, see_other, translate, warning
from opsdesk.app.console.picture_sight import pictures_of
from opsdesk.app.console.problems import said
from opsdesk.app.console.quality import PATH, SAMPLES, rights
from opsdesk.app.console.review_words import RESULTS
from opsdesk.app.console.screening_panel import panel_of
from opsdesk.app.console.screening_ticket import Typed, frozen_info, modules_of, verdicts_of
from opsdesk.app.console.screening_verdicts import REASONS_MAX
from opsdesk.app.console.screening_verdicts import version_of as version
from opsdesk.app.console.screening_words import MODULES
from opsdesk.app.console.viewer import TicketDecider, TicketReader, Visitor
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

TAKES = f"{PATH}/takes"
TICKETS = f"{PATH}/tickets"
ONE = TICKETS + "/{sampled_id}"

judging = review.sampling.judging
refusals = review.sampling.errors
routes = APIRouter(include_in_schema=False)
Line = Annotated[str, Form(max_length=200)]


@routes.post(TAKES)
async def take_next(request: Request, visitor: TicketDecider, conn: Conn, now: Now) -> Response:
    """The next one for this person, or that there is none."""
    _ = translate(request, visitor)
    taken = await judging.take_next(conn, actor=visitor.actor, now=now)
    if taken is None:
        return see_other(request, PATH, done(_("Nothing waits to be judged again by you.")))
    return see_other(request, f"{TICKETS}/{taken.sampled_id}")


@routes.get(ONE)
async def show_sampled(
    request: Request, sampled_id: CountedId, visitor: TicketReader, conn: Conn, now: Now
) -> Response:
    """Blind for whoever has taken it; both judgements for those who may see them, once there are both."""
    try:
        both = await review.sampling.comparing.compare(conn, sampled_id=sampled_id, actor=visitor.actor)
    except (access.errors.ScopeMissing, refusals.NotJudgedYet):
        taken = await judging.taken(conn, sampled_id=sampled_id, actor=visitor.actor, now=now)
        return await _blind(request, visitor, conn, taken, now=now)
    return page(
        request,
        visitor,
        "quality/compared.html",
        path=PATH,
        both=review.sampling.views.ComparedView.of(both, actor=visitor.actor),
        samples=SAMPLES,
        takes=TAKES,
        results=RESULTS,
        waiting=await judging.count_waiting(conn, actor=visitor.actor, now=now),
        **rights(visitor),
    )


@routes.post(ONE + "/judgement")
async def judge_sampled(
    request: Request,
    sampled_id: CountedId,
    visitor: TicketDecider,
    conn: Conn,
    now: Now,
    verdict: Line = "",
    reason: Annotated[list[str], Form(max_length=REASONS_MAX)] = [],  # noqa: B006 - read, and never changed
    remark: Annotated[str, Form()] = "",
    rejection_version: Line = "",
    key: Line = "",
) -> Response:
    """Judge it, and show both. Where it cannot be judged so, it is shown again with all that was ticked and typed."""
    typed = Typed(tuple(reason), remark, version(rejection_version), key or str(uuid4()))
    verdicts = review.model.Verdict
    if verdict not in (*verdicts,):
        return await _again(request, visitor, conn, sampled_id, typed, now=now)
    given = verdicts(verdict)
    ticked = typed.ticked if given is verdicts.REJECT else ()
    judgement = review.screening.deciding.Judgement(given, ticked, remark, typed.rejection_version)
    try:
        await judging.judge(
            conn, sampled_id=sampled_id, judgement=judgement, actor=visitor.actor, key=typed.key, now=now
        )
    except review.screening.errors.VerdictInvalid as error:
        return await _again(request, visitor, conn, sampled_id, typed, now=now, problems=error.problems)
    except review.screening.errors.ReasonsChanged as error:
        return await _again(request, visitor, conn, sampled_id, typed, now=now, refused=error)
    except review.sampling.routes.JUDGING_REFUSALS as error:
        return see_other(request, PATH, warning(translate(request, visitor)(error.message)))
    return see_other(request, f"{TICKETS}/{sampled_id}")


@routes.post(ONE + "/reveal")
async def reveal_values(
    request: Request, sampled_id: CountedId, visitor: TicketDecider, conn: Conn, now: Now
) -> Response:
    """Show the values that are named, or all: the ticket tells that this person has seen them."""
    _ = translate(request, visitor)
    taken = await judging.taken(conn, sampled_id=sampled_id, actor=visitor.actor, now=now)
    named = [str(key_id) for key_id in (await request.form()).getlist("reveal")]
    await review.pictures.reading.reveal(
        conn, ticket_id=taken.ticket.id, key_ids=named or None, actor=visitor.actor, now=now
    )
    path = f"{TICKETS}/{sampled_id}"
    if not is_partial(request):
        return see_other(request, path, done(_("It is noted that you have seen it.")))
    sight = await pictures_of(conn, taken.ticket, actor=visitor.actor, now=now, path=path)
    return fragment(request, visitor, "tickets/pictures_part.html", sight=sight, others=True)


async def _again(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    sampled_id: int,
    typed: Typed,
    *,
    now: datetime,
    problems: Mapping[str, Sequence[str]] | None = None,
    refused: OpsdeskError | None = None,
) -> Response:
    """Under another panel it would be another judgement, so it gets another key."""
    taken = await judging.taken(conn, sampled_id=sampled_id, actor=visitor.actor, now=now)
    anew = Typed(typed.ticked, typed.remark, typed.rejection_version, str(uuid4()) if refused else typed.key)
    return await _blind(request, visitor, conn, taken, now=now, typed=anew, problems=problems, refused=refused)


async def _blind(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    taken: review.sampling.judging.Taken,
    *,
    now: datetime,
    typed: Typed | None = None,
    problems: Mapping[str, Sequence[str]] | None = None,
    refused: OpsdeskError | None = None,
) -> Response:
    """Only what the ticket showed, and what it can be rejected for; whatever was said of it stays away from here."""
    _ = translate(request, visitor)
    ticket, actor, given = taken.ticket, visitor.actor, typed or Typed()
    assert ticket.screening is not None
    path = f"{TICKETS}/{taken.sampled_id}"
    shown = review.views.seen_shown(actor, ticket.shown, personal=ticket.shown_personal)
    first, versions = frozen_info(ticket, shown["base"])
    panel = await panel_of(
        conn, type_id=ticket.screening.type_id, ticked=given.ticked, seen_version=given.rejection_version
    )
    return page(
        request,
        visitor,
        "quality/judge.html",
        status=refused.status if refused else 422 if problems else 200,
        path=PATH,
        title=ticket.title,
        sampled_id=taken.sampled_id,
        until=taken.until,
        action=f"{path}/judgement",
        base=[*first, *versions],
        modules=modules_of(shown, is_masked=access.Scope.PERSONAL_READ not in actor.scopes),
        sight=await pictures_of(conn, ticket, actor=actor, now=now, path=path),
        panel=panel,
        verdicts=verdicts_of(ticket),
        typed=given,
        errors={name: " ".join(said(text, _) for text in texts) for name, texts in (problems or {}).items()},
        refused=refused.message if refused else None,
        results=RESULTS,
        module_names=MODULES,
        remark_max=review.screening.asked.REMARK_CHARS_MAX,
    )
