"""Sampled tickets are judged again: by somebody who had no part in them, and who is not told what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.claims import check_is_apart
from opsdesk.review.decisions import check_key
from opsdesk.review.errors import AnswerKeyReused
from opsdesk.review.model import Ticket
from opsdesk.review.sampling.errors import (
    AlreadyJudged,
    JudgedElsewhere,
    NotTaken,
    SampledTicketUnknown,
)
from opsdesk.review.screening.deciding import Judgement, weigh
from opsdesk.review.tickets import show_ticket, ticket_answers

TAKE_TTL_S = 1800
"""For so long nobody else is given it."""
COUNTED_MAX = 1000
"""Counts of what waits go no further."""
_TRIES = 20

_SQL = statements(__file__)
_PICK = b"\n".join([_SQL["pick_of"], _SQL["waiting"], _SQL["pick_first"]])
_COUNT_WAITING = b"\n".join([_SQL["count_of"], _SQL["waiting"], _SQL["count_no_further"]])
_LOCK_SAMPLED = _SQL["lock_sampled"]
_SHOW_SAMPLED = _SQL["show_sampled"]
_INSERT_TAKE = _SQL["insert_take"]
_INSERT_JUDGEMENT = _SQL["insert_judgement"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A sampled ticket that somebody was given to judge: nothing here tells what was decided."""

    sampled_id: int
    ticket: Ticket
    """Of it only what it shows and asks is for the eyes of whoever judges it."""
    until: datetime
    """Until when nobody else is given it."""


@dataclass(frozen=True, slots=True)
class _Sampled:
    sampled_id: int
    sample_id: int
    ticket_id: UUID
    type_id: int
    judge: str | None
    key: str | None
    verdict: str | None
    reasons: Sequence[Mapping[str, Any]] | None
    remark: str | None
    taken_by: str | None
    taken_until: datetime | None
    is_known: bool
    """Whether whoever asks has judged the ticket in another sample."""


async def take_next(conn: Connection, *, actor: Actor, now: datetime) -> Taken | None:
    """Give the actor a sampled ticket to judge, for TAKE_TTL_S: the one they hold, else the one that waits longest.

    None of those that they answered, amended, asked for or judged before; None where nothing is left for them. People
    at the same moment get different ones.

    Raises ScopeMissing.
    """
    require(actor, Scope.TICKETS_DECIDE)
    actor = await access.standing.as_of_now(conn, actor)
    require(actor, Scope.TICKETS_DECIDE)
    passed: list[int] = []
    for _ in range(_TRIES):
        row = await (await conn.execute(_PICK, {**_asking(actor, now), "not_these": passed})).fetchone()
        if row is None:
            return None
        found = await _sampled(conn, row[0], actor)
        if _is_free(found, actor=actor, now=now) and await _is_apart(conn, found.ticket_id, actor):
            return await _take(conn, found, actor=actor, now=now)
        passed.append(found.sampled_id)
    return None


async def taken(conn: Connection, *, sampled_id: int, actor: Actor, now: datetime) -> Taken:
    """What the actor was given to judge, again. Raises SampledTicketUnknown, NotTaken, AlreadyJudged, ScopeMissing."""
    require(actor, Scope.TICKETS_DECIDE)
    found = await _sampled(conn, sampled_id, actor)
    if found.judge is not None:
        raise AlreadyJudged(sampled_id)
    if found.taken_by != actor.id or found.taken_until is None:
        raise NotTaken(sampled_id)
    return Taken(sampled_id, await show_ticket(conn, ticket_id=found.ticket_id), found.taken_until)


async def count_waiting(conn: Connection, *, actor: Actor, now: datetime) -> int:
    """How many sampled tickets wait that the actor may judge; COUNTED_MAX stands for that many or more."""
    if not access.may(actor, Scope.TICKETS_DECIDE):
        return 0
    row = await (await conn.execute(_COUNT_WAITING, {**_asking(actor, now), "rows": COUNTED_MAX})).fetchone()
    assert row is not None, "a count is a row"
    return int(row[0])


async def judge(
    conn: Connection, *, sampled_id: int, judgement: Judgement, actor: Actor, key: str, now: datetime
) -> None:
    """Judge a sampled ticket that the actor was given, by the rules of a first judgement; once.

    The ticket stays as it was decided, and nobody is told. Locks the sampled ticket, so that of two people at the same
    moment one judges it, and the other hears so. The same key with the same judgement changes nothing.

    Raises SampledTicketUnknown, AlreadyJudged, NotTaken, JudgedElsewhere, VerdictInvalid, ReasonsChanged,
    AnswerKeyInvalid, AnswerKeyReused, and what `check_is_apart` raises.
    """
    require(actor, Scope.TICKETS_DECIDE)
    check_key(key)
    await conn.execute(_LOCK_SAMPLED, {"sampled_id": sampled_id})
    found = await _sampled(conn, sampled_id, actor)
    if found.judge is not None:
        _check_is_repeated(found, judgement, actor=actor, key=key)
        return
    ticket = await show_ticket(conn, ticket_id=found.ticket_id)
    answers = await ticket_answers(conn, ticket_id=ticket.id)
    actor = await check_is_apart(conn, ticket=ticket, answers=answers, actor=actor)
    if found.is_known:
        raise JudgedElsewhere(sampled_id)
    if found.taken_by != actor.id:
        raise NotTaken(sampled_id)
    weighed = await weigh(conn, ticket, judgement)
    kept = {
        "verdict": judgement.verdict.value,
        "rejection_version": weighed.panel.version,
        "codes": weighed.codes,
        "remark": judgement.remark.strip(),
        "shown_sha256": ticket.shown_sha256,
        "person": actor.person,
        "roles": sorted(actor.roles),
    }
    row = {
        **kept,
        "sampled_id": sampled_id,
        "reasons": weighed.stored_reasons,
        "actor": actor.id,
        "key": key,
        "now": now,
    }
    if await (await conn.execute(_INSERT_JUDGEMENT, row)).fetchone() is None:
        raise AnswerKeyReused(ticket_id=str(ticket.id), actor=actor.id)
    reasons = [reason.id for reason in weighed.reasons]
    await _record(conn, found, "judge", actor=actor, after={**kept, "reasons": reasons}, now=now)


def _check_is_repeated(found: _Sampled, judgement: Judgement, *, actor: Actor, key: str) -> None:
    """Raises AlreadyJudged, AnswerKeyReused."""
    if (found.judge, found.key) != (actor.id, key):
        raise AlreadyJudged(found.sampled_id)
    said = {reason["id"] for reason in found.reasons or ()}
    if (found.verdict, said, found.remark) != (
        judgement.verdict.value,
        set(judgement.ticked),
        judgement.remark.strip(),
    ):
        raise AnswerKeyReused(ticket_id=str(found.ticket_id), actor=actor.id)


async def _take(conn: Connection, found: _Sampled, *, actor: Actor, now: datetime) -> Taken:
    """The caller holds its lock. Who has it already has it for as long again."""
    until = now + timedelta(seconds=TAKE_TTL_S)
    row = {"sampled_id": found.sampled_id, "actor": actor.id, "person": actor.person, "now": now, "until": until}
    await conn.execute(_INSERT_TAKE, row)
    await _record(conn, found, "take", actor=actor, after={"taken_by": actor.id, "taken_until": until}, now=now)
    return Taken(found.sampled_id, await show_ticket(conn, ticket_id=found.ticket_id), until)


async def _record(
    conn: Connection, found: _Sampled, action: str, *, actor: Actor, after: Mapping[str, Any], now: datetime
) -> None:
    await audit.record(
        conn,
        actor=actor,
        action=f"sampled_ticket.{action}",
        object_kind="sampled_ticket",
        object_id=str(found.sampled_id),
        after=after,
        now=now,
    )


async def _is_apart(conn: Connection, ticket_id: UUID, actor: Actor) -> bool:
    """Whether nobody who may stand behind the actor asked for the ticket; the rest was looked for in the database."""
    ticket = await show_ticket(conn, ticket_id=ticket_id)
    asked_by = await access.standing.people_behind(conn, ticket.requested_by)
    return asked_by.isdisjoint((actor.id, actor.person))


def _is_free(found: _Sampled, *, actor: Actor, now: datetime) -> bool:
    held = found.taken_until is not None and found.taken_until > now and found.taken_by != actor.id
    return found.judge is None and not held


def _asking(actor: Actor, now: datetime) -> dict[str, Any]:
    return {"me": [actor.id, actor.person], "actor": actor.id, "roles": sorted(actor.roles), "now": now}


async def _sampled(conn: Connection, sampled_id: int, actor: Actor) -> _Sampled:
    """Raises SampledTicketUnknown."""
    rows = conn.cursor(row_factory=class_row(_Sampled))
    values = {"sampled_id": sampled_id, "me": [actor.id, actor.person]}
    found = await (await rows.execute(_SHOW_SAMPLED, values)).fetchone()
    if found is None:
        raise SampledTicketUnknown(sampled_id)
    return found
