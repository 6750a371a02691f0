"""What came for a trigger: kept once for its key with what came of it, a run or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import class_row

from opsdesk import access
from opsdesk.flows.errors import InputsInvalid, KeyReused
from opsdesk.flows.runs import content_digest, start_run
from opsdesk.flows.triggers.errors import DeliveryNotFound, DeliveryNotRefused, TriggerStateWrong
from opsdesk.flows.triggers.occurrence import Unfit, inputs_from, lasting, matches
from opsdesk.flows.triggers.standing import OBJECT, Standing, TriggerState
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_cursor, page_of, page_rows
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
INSERT = _SQL["insert"]
OUTCOME = _SQL["outcome"]
SHOW = _SQL["show"]
BY_KEY = _SQL["by_key"]
BY_ID = _SQL["by_id"]
FOR_UPDATE = _SQL["for_update"]
PAGE = _SQL["page"]

_LATEST = 2**63 - 1


class DeliveryState(StrEnum):
    """What came of a delivery."""

    STARTED = "started"
    """There is a run."""
    REFUSED = "refused"
    """No run can be made of it as it is; it is kept, and can be taken again."""
    PASSED = "passed"
    """The condition of the trigger says that it is not meant."""
    MISSED = "missed"
    """A time that went by while no worker was there, of a trigger that skips those."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that came. `content` is raw: mask it before anybody sees it. `missed`: times that it stands for too."""

    delivery_id: int
    trigger_id: int
    key: str
    digest: str
    state: DeliveryState
    at: datetime
    by: str
    run_id: UUID | None
    reason: str
    missed: int
    content: Mapping[str, Any]
    definition_id: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", DeliveryState(self.state))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comes of a content: inputs for a run, or none and the reason why."""

    state: DeliveryState
    inputs: Mapping[str, Any] | None = None
    reason: str = ""


def judged(standing: Standing, content: Mapping[str, Any]) -> Verdict:
    """Pure: whether the trigger is meant, and the inputs that it makes of it."""
    trigger = standing.trigger
    try:
        if not matches(trigger, content):
            return Verdict(DeliveryState.PASSED, reason="the condition does not hold")
        return Verdict(DeliveryState.STARTED, inputs_from(trigger, content))
    except Unfit as unfit:
        return Verdict(DeliveryState.REFUSED, reason=unfit.reason)


async def deliver(
    conn: Connection,
    standing: Standing,
    *,
    key: str,
    content: Mapping[str, Any],
    verdict: Verdict,
    by: access.Actor,
    now: datetime,
    missed: int = 0,
) -> Delivery:
    """Keep what came, and start the run; once for the key, which gives the first answer again.

    Raises KeyReused where the key came with other content.
    """
    digest = content_digest(lasting(content))
    values = {
        "trigger_id": standing.trigger_id,
        "definition_id": standing.definition_id,
        "key": key,
        "digest": digest,
        "state": (verdict if verdict.inputs is None else Verdict(DeliveryState.REFUSED)).state.value,
        "at": now,
        "by": by.id,
        "reason": verdict.reason,
        "missed": missed,
        "content": orjson.dumps(content).decode(),
    }
    row = await (await conn.execute(INSERT, values)).fetchone()
    if row is None:
        return await _first(conn, standing, key=key, digest=digest)
    await access.audit.record(
        conn,
        actor=by,
        action="trigger.deliver",
        object_kind=OBJECT,
        object_id=standing.called,
        after={"key": key, "content": content},
        now=now,
    )
    if verdict.inputs is not None:
        await _start(conn, standing, row[0], key=key, inputs=verdict.inputs, now=now)
    return await show_delivery(conn, standing, row[0])


async def deliver_again(
    conn: Connection, standing: Standing, delivery_id: int, *, actor: access.Actor, now: datetime
) -> Delivery:
    """Take a delivery that was refused once more, by the version that the trigger starts now.

    Raises DeliveryNotFound, DeliveryNotRefused, and TriggerStateWrong where the trigger is not active.
    """
    if standing.state is not TriggerState.ACTIVE:
        raise TriggerStateWrong(standing.procedure_id, standing.name, standing.state)
    delivery = await show_delivery(conn, standing, delivery_id, lock=True)
    if delivery.state is not DeliveryState.REFUSED:
        raise DeliveryNotRefused(delivery_id, delivery.state)
    await access.audit.record(
        conn,
        actor=actor,
        action="trigger.deliver_again",
        object_kind=OBJECT,
        object_id=standing.called,
        after={"key": delivery.key},
        now=now,
    )
    verdict = judged(standing, delivery.content)
    if verdict.inputs is not None:
        await _start(conn, standing, delivery_id, key=delivery.key, inputs=verdict.inputs, now=now)
    else:
        await _say(conn, standing, delivery_id, state=verdict.state, reason=verdict.reason)
    return await show_delivery(conn, standing, delivery_id)


async def show_delivery(conn: Connection, standing: Standing, delivery_id: int, *, lock: bool = False) -> Delivery:
    """Raises DeliveryNotFound."""
    text = b"\n".join([SHOW, BY_ID, *([FOR_UPDATE] if lock else [])])
    values = {"trigger_id": standing.trigger_id, "delivery_id": delivery_id}
    async with conn.cursor(row_factory=class_row(Delivery)) as rows:
        found = await (await rows.execute(text, values)).fetchone()
    if found is None:
        raise DeliveryNotFound(delivery_id)
    return found


async def list_deliveries(
    conn: Connection,
    standing: Standing,
    *,
    state: DeliveryState | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[Delivery]:
    """A page of what came, the latest first. Raises BadCursor, BadPageSize."""
    size = page_rows(limit)
    [before] = decode_cursor(cursor, shape=(int,)) if cursor else (_LATEST,)
    values = {"trigger_id": standing.trigger_id, "before": before, "state": state, "limit": size + 1}
    async with conn.cursor(row_factory=class_row(Delivery)) as rows:
        found = await (await rows.execute(SHOW + b"\n" + PAGE, values)).fetchall()
    return page_of(found, size=size, key=lambda row: (row.delivery_id,))


def starter(standing: Standing) -> access.Actor:
    """Who starts the runs of a trigger: the trigger, whose kind and name say what that was."""
    name = f"{standing.kind}:{standing.called}"
    return access.Actor(id=f"trigger:{name}", name=name, roles=frozenset(), scopes=frozenset())


async def _start(
    conn: Connection, standing: Standing, delivery_id: int, *, key: str, inputs: Mapping[str, Any], now: datetime
) -> None:
    try:
        run, _new = await start_run(
            conn,
            procedure_id=standing.procedure_id,
            inputs=inputs,
            actor=starter(standing),
            now=now,
            key=f"trigger:{standing.trigger_id}:{key}",
            definition_id=standing.definition_id,
        )
    except InputsInvalid as error:
        await _say(conn, standing, delivery_id, state=DeliveryState.REFUSED, reason="; ".join(error.problems))
    else:
        await _say(conn, standing, delivery_id, state=DeliveryState.STARTED, run_id=run.run_id)


async def _say(
    conn: Connection,
    standing: Standing,
    delivery_id: int,
    *,
    state: DeliveryState,
    run_id: UUID | None = None,
    reason: str = "",
) -> None:
    values = {
        "delivery_id": delivery_id,
        "state": state.value,
        "run_id": run_id,
        "reason": reason,
        "definition_id": standing.definition_id,
    }
    await conn.execute(OUTCOME, values)


async def _first(conn: Connection, standing: Standing, *, key: str, digest: str) -> Delivery:
    async with conn.cursor(row_factory=class_row(Delivery)) as rows:
        found = await (
            await rows.execute(SHOW + b"\n" + BY_KEY, {"trigger_id": standing.trigger_id, "key": key})
        ).fetchone()
    assert found is not None, "the insert did nothing because this row is there"
    if found.digest != digest:
        raise KeyReused(key)
    return found
