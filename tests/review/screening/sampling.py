"""Tickets that reviewers decided, and a sample of them."""

from datetime import timedelta
from typing import Any

from opsdesk.access import Actor, Scope
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from opsdesk.review import Ticket
from opsdesk.review.model import Verdict
from opsdesk.review.sampling.judging import Taken, judge, take_next
from opsdesk.review.sampling.samples import DrawnFrom, Sample, draw_sample
from opsdesk.review.screening.deciding import Judgement
from opsdesk.review.screening.types import ScreeningType
from tests.review.screening.generating import judged, made

KEEPER = Actor(
    id="person:keeper@example.com",
    name="keeper",
    roles=frozenset({"admin"}),
    scopes=frozenset({Scope.QUALITY_READ, Scope.QUALITY_WRITE, Scope.TICKETS_READ}),
)


def reviewing(name: str, *scopes: Scope, **more: Any) -> Actor:
    """A system that may decide tickets, because people's roles are read again from their accounts."""
    held = frozenset({Scope.TICKETS_DECIDE, Scope.TICKETS_READ, Scope.PERSONAL_READ, *scopes})
    return Actor(id=f"key:{name}", name=name, roles=frozenset({"reviewer"}), scopes=held, **more)


ANNA, BO, CY = (reviewing(name) for name in ("anna", "bo", "cy"))


def ticks(found: ScreeningType, verdict: Verdict) -> list[str]:
    return [found.document.rejection.reasons[0].id] if verdict is Verdict.REJECT else []


async def decided(
    conn: Connection,
    found: ScreeningType,
    *verdicts: Verdict,
    by: Actor = ANNA,
    clock: ManualClock,
    prefix: str = "F",
    **more: Any,
) -> list[Ticket]:
    tickets = []
    for number, verdict in enumerate(verdicts):
        ticket = await made(conn, found, clock, flow_no=f"{prefix}-{number}")
        key = f"{prefix}-{number}"
        tickets.append(
            await judged(conn, ticket, verdict, *ticks(found, verdict), actor=by, clock=clock, key=key, **more)
        )
    clock.advance(seconds=1)
    return tickets


def today(clock: ManualClock, **more: Any) -> DrawnFrom:
    begin = clock.now() - timedelta(days=1)
    return DrawnFrom(
        **{"application": "cash_loan", "scene": "activation"} | more, decided_from=begin, decided_to=clock.now()
    )


async def drawn(
    conn: Connection, clock: ManualClock, *, size: int = 100, actor: Actor = KEEPER, key: str = "s-1", **more: Any
) -> Sample:
    drawn_from = more.pop("drawn_from", None) or today(clock)
    return await draw_sample(conn, drawn_from, size=size, actor=actor, key=key, now=clock.now(), **more)


async def taken(conn: Connection, actor: Actor, clock: ManualClock) -> Taken:
    found = await take_next(conn, actor=actor, now=clock.now())
    assert found is not None, "something waits"
    return found


async def rejudged(
    conn: Connection,
    found: ScreeningType,
    verdict: Verdict,
    *,
    actor: Actor,
    clock: ManualClock,
    key: str = "j-1",
    remark: str = "",
) -> int:
    """The next one taken and judged."""
    next_one = await taken(conn, actor, clock)
    judgement = Judgement(verdict, tuple(ticks(found, verdict)), remark, found.version)
    await judge(conn, sampled_id=next_one.sampled_id, judgement=judgement, actor=actor, key=key, now=clock.now())
    return next_one.sampled_id
