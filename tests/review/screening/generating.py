"""Tickets made of a screening type, as the anti-fraud engine has them made."""

from typing import Any

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from opsdesk.review import Ticket, TicketDecision, claim, show_ticket
from opsdesk.review.model import Verdict
from opsdesk.review.screening.deciding import Judgement, decide_screening
from opsdesk.review.screening.generation import AdaptMissing, Generated, Hit, generate
from opsdesk.review.screening.sources import Facts
from opsdesk.review.screening.types import ScreeningType

ENGINE = Actor(id="key:engine", name="engine", roles=frozenset(), scopes=frozenset())
FACTS = Facts(
    request={"customer": {"name": "王小明", "card_url": "https://pictures.example.com/front.png"}},
    verifications={"liveness_check_result": "pass"},
    features={"device_score": 0.7},
)


def hit(found: ScreeningType, flow_no: str = "F-1", scene: str = "activation") -> Hit:
    return Hit(flow_no, "cash_loan", scene, found.type_id, "U-1")


async def made(
    conn: Connection, found: ScreeningType, clock: ManualClock, *, facts: Facts = FACTS, **at: Any
) -> Ticket:
    generated = await generate(conn, hit(found, **at), facts=facts, actor=ENGINE, now=clock.now())
    assert isinstance(generated, Generated), generated
    return await show_ticket(conn, ticket_id=generated.ticket_id)


async def missing(conn: Connection, found: ScreeningType, clock: ManualClock, **at: Any) -> AdaptMissing:
    generated = await generate(conn, hit(found, **at), facts=FACTS, actor=ENGINE, now=clock.now())
    assert isinstance(generated, AdaptMissing), generated
    return generated


async def nobody_is_told(conn: Connection, ticket: Ticket, decision: TicketDecision) -> None:
    """What hears of a decision where nothing follows from it."""


async def judged(
    conn: Connection,
    ticket: Ticket,
    verdict: Verdict,
    *ticked: str,
    actor: Actor,
    clock: ManualClock,
    version: int | None = 1,
    **more: Any,
) -> Ticket:
    """Claimed and decided by one person."""
    await claim(conn, ticket_id=ticket.id, actor=actor, now=clock.now())
    return await decide_screening(
        conn,
        ticket_id=ticket.id,
        judgement=Judgement(verdict, ticked, more.pop("remark", ""), version),
        actor=actor,
        key=more.pop("key", "k-1"),
        now=clock.now(),
        on_decided=more.pop("on_decided", nobody_is_told),
    )
