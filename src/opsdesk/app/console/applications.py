"""Incoming applications: listed, and one with what came, why it was answered so, and what became of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from opsdesk import access, flows, review
from opsdesk.app.console import group_words
from opsdesk.app.console.application_words import ANSWERS, DELIVERIES, PARTS, delivery_problem
from opsdesk.app.console.frame import page, translate
from opsdesk.app.console.operations import ALERTS
from opsdesk.app.console.results import result_of
from opsdesk.app.console.review_lists import midnight
from opsdesk.app.console.review_words import RESULTS, STATUSES
from opsdesk.app.console.viewer import ApplicationReader, Visitor
from opsdesk.kit.http_requests import Conn, Now

PATH = "/applications"
VALUE_CHARS_SHOWN_MAX = 2000
DEPTH_MAX = 20
Outcome = review.applications.intake.Outcome
DeliveryState = review.applications.results.DeliveryState
Verdict = review.model.Verdict

routes = APIRouter(include_in_schema=False)
Typed = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters as they are in the address."""

    application: str
    scene: str
    answer: str
    result: str
    delivery: str
    number: str
    came_from: str
    came_to: str

    @property
    def query(self) -> Mapping[str, str]:
        return {name: text for name in self.__slots__ if (text := getattr(self, name))}

    def only(self, visitor: Visitor) -> review.applications.listing.ApplicationFilter:
        """Days begin and end in the viewer's zone; what is none of the choices is no filter."""
        return review.applications.listing.ApplicationFilter(
            application=self.application or None,
            scene=self.scene or None,
            answer=Outcome(self.answer) if self.answer in ANSWERS else None,
            result=Verdict(self.result) if self.result in (*Verdict,) else None,
            delivery=DeliveryState(self.delivery) if self.delivery in (*DeliveryState,) else None,
            number=self.number or None,
            since=midnight(self.came_from, visitor),
            until=midnight(self.came_to, visitor, days_later=1),
        )


def _wanted(
    application: Typed = "",
    scene: Typed = "",
    answer: Typed = "",
    result: Typed = "",
    delivery: Typed = "",
    number: Typed = "",
    came_from: Typed = "",
    came_to: Typed = "",
) -> Wanted:
    texts = (application, scene, answer, result, delivery, number, came_from, came_to)
    return Wanted(*[text.strip() for text in texts])


Filters = Annotated[Wanted, Depends(_wanted)]


def address(flow_no: str) -> str:
    """Of the page of one application, whatever its number is made of."""
    return f"{PATH}/{quote(flow_no, safe='')}"


@routes.get(PATH)
async def list_applications(
    request: Request,
    visitor: ApplicationReader,
    wanted: Filters,
    conn: Conn,
    now: Now,
    cursor: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """The latest first."""
    entries = review.reference.entries
    found = await review.applications.listing.list_applications(
        conn, wanted.only(visitor), now=now, cursor=cursor or None
    )
    scenes = await entries.list_scenes(conn, application=wanted.application or None)
    return page(
        request,
        visitor,
        "applications/list.html",
        found=[(each, address(each.flow_no)) for each in found.items],
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        asked=wanted.query,
        applications=await entries.list_applications(conn),
        scenes=list({each.scene: each.name for each in scenes}.items()),
        scene=wanted.scene,
        answers=ANSWERS,
        results=RESULTS,
        deliveries=DELIVERIES,
        statuses=STATUSES,
    )


@routes.get(f"{PATH}/{{flow_no:path}}")
async def show_application(
    request: Request, flow_no: str, visitor: ApplicationReader, conn: Conn, now: Now
) -> Response:
    """What came, without personal values; the rule that answered and what it read; its ticket, and its result."""
    _ = translate(request, visitor)
    found = await review.applications.listing.show_application(conn, flow_no=flow_no, now=now)
    tried = await review.applications.explaining.explain(conn, found, compile_condition=flows.checks.condition_over)
    ticket_id = found.ticket.ticket_id if found.ticket else None
    sees_alerts = access.may(visitor.actor, access.Scope.OPERATIONS_READ)
    alerts = await review.alerts.alerts_about(conn, flow_no=flow_no, ticket_id=ticket_id) if sees_alerts else ()
    return page(
        request,
        visitor,
        "applications/show.html",
        found=found,
        content=None if found.content is None else _content(found.content),
        rules=[] if tried is None else [(each, _read(tried, each)) for each in tried.rules],
        why=group_words.problem_told([tried.problem], _) if tried and tried.problem else "",
        differs=tried is not None and (tried.rule is None or tried.rule.name != found.rule),
        result=await result_of(request, visitor, conn, ticket_id=ticket_id) if ticket_id else None,
        back=address(flow_no),
        alerts=[(each, delivery_problem(each.facts.get("problem"), _)) for each in alerts] if sees_alerts else None,
        alert_words=ALERTS,
        parts=PARTS,
        answers=ANSWERS,
        results=RESULTS,
        statuses=STATUSES,
        deliveries=DELIVERIES,
        words=group_words,
        may_see_tickets=access.may(visitor.actor, access.Scope.TICKETS_READ),
        may_see_groups=access.may(visitor.actor, access.Scope.SCREENING_READ),
    )


def _content(content: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Each part as places and values, the personal ones masked."""
    masked = review.views_applications.masked_content(content)
    return {part: list(_flat(masked.get(part) or {})) for part in PARTS}


def _flat(values: Mapping[str, Any], within: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """What is nested, by names with dots between them."""
    for name, value in values.items():
        place = f"{within}{name}"
        if isinstance(value, Mapping) and value and depth < DEPTH_MAX:
            yield from _flat(value, f"{place}.", depth + 1)
        else:
            yield place, _written(value)


def _read(tried: review.groups.trying.Tried, asked: review.groups.trying.RuleTried) -> list[tuple[str, str]]:
    """What a rule read, masked by what it is and not by what the group calls it."""
    sources = {each.feature.name: each.feature.value for each in tried.features}
    found = []
    for name, value in asked.read.items():
        source = sources.get(name, name.removeprefix("verification."))
        found.append((name, _written(review.views_applications.masked_content({source: value})[source])))
    return found


def _written(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= VALUE_CHARS_SHOWN_MAX else f"{text[:VALUE_CHARS_SHOWN_MAX]}…"
