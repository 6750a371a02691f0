"""A screening type and its adapts, made and edited as a risk operator does."""

from typing import Any

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection
from opsdesk.review.screening import adapts, types
from opsdesk.review.screening.model import stored
from opsdesk.review.screening.types import ScreeningType
from tests.review.screening.samples import given, key


async def add(conn: Connection, actor: Actor, clock: ManualClock, name: str = "Face", **more: Any) -> ScreeningType:
    document = more.pop("document", given())
    return await types.add_type(
        conn, name=name, description="Is it them?", document=document, actor=actor, now=clock.now(), **more
    )


async def edit(
    conn: Connection,
    found: ScreeningType,
    document: Any,
    *,
    actor: Actor,
    clock: ManualClock,
    version: int | None = None,
) -> types.Saved:
    return await types.edit_type(
        conn,
        type_id=found.type_id,
        opened_version=found.version,
        description=found.description,
        document=document,
        actor=actor,
        now=clock.now(),
    )


def with_key(found: ScreeningType, name: str) -> dict[str, Any]:
    document = stored(found.document)
    document["modules"][2]["keys"].append(key(name))
    return document


async def add_adapt(
    conn: Connection, found: ScreeningType, actor: Actor, clock: ManualClock, scene: str = "activation"
) -> adapts.ScreeningAdapt:
    front = found.document.every_key[0].id
    document = {"methods": ["face"], "mapped": {front: {"source": "verify", "value": "liveness_check_url1"}}}
    return await adapts.add_adapt(
        conn,
        type_id=found.type_id,
        application="cash_loan",
        scene=scene,
        document=document,
        actor=actor,
        now=clock.now(),
    )
