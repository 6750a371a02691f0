"""The two lists of screening tickets, kyc and transaction, and the next ticket of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from opsdesk import access, review
from opsdesk.app.console.flash import Flash
from opsdesk.app.console.formats import zone_of
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.review_words import BUCKETS, RESULTS, STATUSES
from opsdesk.app.console.ticket_lead import bar
from opsdesk.app.console.ticket_words import PATH as TICKETS
from opsdesk.app.console.viewer import TicketDecider, TicketReader, Visitor
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

PATH = "/review"
Bucket = review.reference.model.Bucket
Status = review.model.ScreeningStatus
Verdict = review.model.Verdict

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters as they are in the address."""

    name: str
    application: str
    scene: str
    status: str
    result: str
    reviewer: str
    number: str
    opened_from: str
    opened_to: str

    @property
    def query(self) -> Mapping[str, str]:
        return {name: text for name in self.__slots__ if (text := getattr(self, name))}

    def only(self, visitor: Visitor) -> review.screening.review_list.ReviewFilter:
        """Days begin and end in the viewer's zone; what is no day, no status and no result is no filter."""
        return review.screening.review_list.ReviewFilter(
            type_name=self.name or None,
            application=self.application or None,
            scene=self.scene or None,
            status=Status(self.status) if self.status in (*Status,) else None,
            result=Verdict(self.result) if self.result in (*Verdict,) else None,
            reviewer=self.reviewer or None,
            number=self.number or None,
            opened_from=midnight(self.opened_from, visitor),
            opened_to=midnight(self.opened_to, visitor, days_later=1),
        )


Typed = Annotated[str, Query(max_length=200)]


def _wanted(
    name: Typed = "",
    application: Typed = "",
    scene: Typed = "",
    status: Typed = "",
    result: Typed = "",
    reviewer: Typed = "",
    number: Typed = "",
    opened_from: Typed = "",
    opened_to: Typed = "",
) -> Wanted:
    texts = (name, application, scene, status, result, reviewer, number, opened_from, opened_to)
    return Wanted(*[text.strip() for text in texts])


Filters = Annotated[Wanted, Depends(_wanted)]


def midnight(given: str, visitor: Visitor, *, days_later: int = 0) -> datetime | None:
    """When a day begins for the viewer; None for what is no day."""
    try:
        day = date.fromisoformat(given) + timedelta(days=days_later)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(day, time(), zone_of(visitor.person.time_zone))


@routes.get(PATH + "/{bucket}")
async def list_for_review(
    request: Request,
    bucket: Bucket,
    visitor: TicketReader,
    wanted: Filters,
    conn: Conn,
    now: Now,
    sort: Typed = "",
    cursor: Annotated[str, Query(max_length=1000)] = "",
    all_: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """The newest first, or the oldest; with a box to tick at each, for whoever leads the desk."""
    lists, only = review.screening.review_list, wanted.only(visitor)
    oldest_first = sort == "oldest"
    found = await lists.list_for_review(
        conn, bucket=bucket, only=only, oldest_first=oldest_first, cursor=cursor or None, now=now
    )
    return page(
        request,
        visitor,
        "review/list.html",
        bucket=bucket.value,
        title=BUCKETS[bucket],
        tickets=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        all=all_,
        oldest_first=oldest_first,
        asked=wanted.query,
        count=await lists.count_for_review(conn, bucket=bucket, only=only, now=now),
        counted_max=lists.COUNTED_MAX,
        statuses=STATUSES,
        results=RESULTS,
        may_decide=access.may(visitor.actor, access.Scope.TICKETS_DECIDE),
        **await bar(conn, visitor),
        **await _choices(conn, bucket, wanted, visitor),
    )


async def _choices(conn: Connection, bucket: Bucket, wanted: Wanted, visitor: Visitor) -> dict[str, Any]:
    """What can be chosen in the filters: scenes of the chosen application, and reviewers of this list."""
    entries = review.reference.entries
    scenes = await entries.list_scenes(conn, application=wanted.application or None)
    reviewers = await review.screening.review_list.reviewers(conn, bucket=bucket)
    own = visitor.actor.id
    return {
        "applications": await entries.list_applications(conn),
        "scenes": _scene_names([scene for scene in scenes if scene.bucket == bucket]),
        "scene": wanted.scene,
        "names": await review.screening.listing.type_names(conn),
        "reviewers": [own, *(each for each in reviewers if each != own)] if own in reviewers else reviewers,
    }


def _scene_names(scenes: Sequence[review.reference.model.Scene]) -> list[tuple[str, str]]:
    """Each name once, also where several applications have a scene of it."""
    return list({each.scene: each.name for each in scenes}.items())


@routes.post(PATH + "/{bucket}/next")
async def claim_next(request: Request, bucket: Bucket, visitor: TicketDecider, conn: Conn, now: Now) -> Response:
    """Claim what has priority, then what is due, then what is oldest, and show it."""
    return await show_next(request, bucket, visitor, conn, now=now)


async def show_next(
    request: Request, bucket: Bucket, visitor: Visitor, conn: Connection, *, now: datetime, before: Sequence[Flash] = ()
) -> Response:
    """The next ticket of the list, claimed; the list where there is none. `before` is said there first."""
    _ = translate(request, visitor)
    ticket = await review.screening.taking.claim_next(conn, bucket=bucket, actor=visitor.actor, now=now)
    if ticket is None:
        return see_other(request, f"{PATH}/{bucket}", *before, done(_("Nothing else waits for you.")))
    return see_other(request, f"{TICKETS}/{ticket.id}", *before)
