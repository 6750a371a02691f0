"""Triggers that a stored version declares: known from then on, and started by nothing until a person activates them."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

import orjson

from opsdesk import access
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.trigger import Missed, Trigger, TriggerKind
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
DECLARE = _SQL["declare"]

_KEPT = tuple(field.name for field in fields(Trigger) if field.name != "position")


async def declare(conn: Connection, procedure: Procedure, *, actor: access.Actor, now: datetime) -> None:
    """Make the triggers of a version known. Those that are known stay as they are, with the version they start."""
    for trigger in procedure.triggers:
        if trigger.fires:
            values = {
                "procedure_id": procedure.id,
                "name": trigger.id,
                "kind": trigger.kind.value,
                "declared": packed(trigger),
                "by": actor.id,
                "now": now,
            }
            await conn.execute(DECLARE, values)


def packed(trigger: Trigger) -> str:
    """A trigger as JSON, without where it stands in its document."""
    return orjson.dumps({name: getattr(trigger, name) for name in _KEPT}).decode()


def unpacked(declared: Mapping[str, Any]) -> Trigger:
    kind, missed = TriggerKind(declared["kind"]), Missed(declared["missed"])
    return Trigger(**{**declared, "kind": kind, "missed": missed})
