"""Triggers and what came for them, as the HTTP API shows them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor
from opsdesk.flows.definitions import read_definition
from opsdesk.flows.trigger import Missed, TriggerKind
from opsdesk.flows.triggers.deliveries import Delivery, DeliveryState
from opsdesk.flows.triggers.standing import Standing, TriggerState
from opsdesk.flows.views import Sight, sight
from opsdesk.kit.db import Connection
from opsdesk.kit.http_shapes import Next, Sha256, View
from opsdesk.kit.masking import mask_text


class TriggerView(View):
    """A trigger of a stored procedure, and the version that it starts."""

    procedure: str
    """The id of the procedure."""
    name: str
    """What the trigger is called within the procedure."""
    kind: TriggerKind
    """What it waits for."""
    state: TriggerState
    """`inactive`: declared, and nothing comes of it; `active`; `paused`: what comes is asked to come again."""
    digest: Sha256 | None
    """The version that it starts; null while it is inactive."""
    version: str | None
    """What that version calls itself; null while the trigger is inactive."""
    newest: Sha256
    """The newest version of the procedure, which it starts only after somebody has moved it there."""
    cron: str | None
    """Of kind cron: five fields."""
    time_zone: str | None
    """Of kind cron: where the five fields are read."""
    missed: Missed | None
    """Of kind cron: what is done about times that go by while no worker is there."""
    path: str | None
    """Of kind webhook: what it is sent to is `/v1/webhooks/` and this."""
    event: str | None
    """Of kind event: the name of the events."""
    condition: str | None
    """What has to hold besides, as a CEL expression."""
    due_at: datetime | None
    """When it fires next; null unless it is active and of kind cron."""
    last_at: datetime | None
    """When something last came for it."""
    last_state: DeliveryState | None
    """What came of that."""
    last_run: UUID | None
    """The run that was started by it."""
    changed_at: datetime
    """When somebody last put it into its state."""
    changed_by: str
    """The id of that actor."""

    @staticmethod
    def of(standing: Standing) -> "TriggerView":
        trigger, by_clock = standing.trigger, standing.kind is TriggerKind.CRON
        return TriggerView(
            procedure=standing.procedure_id,
            name=standing.name,
            kind=standing.kind,
            state=standing.state,
            digest=standing.digest,
            version=standing.version,
            newest=standing.newest,
            cron=trigger.cron or None,
            time_zone=trigger.time_zone if by_clock else None,
            missed=trigger.missed if by_clock else None,
            path=trigger.path or None,
            event=trigger.event or None,
            condition=trigger.condition,
            due_at=standing.due_at,
            last_at=standing.last_at,
            last_state=DeliveryState(standing.last_state) if standing.last_state else None,
            last_run=standing.last_run_id,
            changed_at=standing.changed_at,
            changed_by=standing.changed_by,
        )


class TriggerPage(View):
    """Some triggers, by procedure and name."""

    items: list[TriggerView]
    """The triggers."""
    next: Next


class FiresView(View):
    """When a trigger fires next; empty unless it is of kind cron."""

    items: list[datetime]
    """In order. Clock changes are in them already."""


class DeliveryView(View):
    """Something that came for a trigger."""

    id: int
    """What names it among the deliveries of the trigger."""
    key: str
    """What makes it once-only: the id of the webhook, the key of the event, the time that was due."""
    state: DeliveryState
    """`started` a run; `refused`, because no run can be made of it; `passed`, because the condition does not hold;
    `missed`, because no worker was there."""
    at: datetime
    """When it came."""
    by: str
    """The id of the actor who sent it."""
    run: UUID | None
    """The run that was started by it; null where none was."""
    reason: str
    """Why there is no run; empty where there is one."""
    missed: int
    """How many times by the clock went by before it that it stands for too."""
    content: dict[str, Any]
    """What came."""

    @staticmethod
    def of(delivery: Delivery, seen: Sight) -> "DeliveryView":
        return DeliveryView(
            id=delivery.delivery_id,
            key=mask_text(delivery.key),
            state=delivery.state,
            at=delivery.at,
            by=delivery.by,
            run=delivery.run_id,
            reason=delivery.reason,
            missed=delivery.missed,
            content=dict(seen(delivery.content)),
        )


class DeliveryPage(View):
    """Some deliveries of a trigger, the latest first."""

    items: list[DeliveryView]
    """The deliveries."""
    next: Next


async def shown(conn: Connection, delivery: Delivery, *, actor: Actor) -> DeliveryView:
    """A delivery as this actor may see it."""
    return (await all_shown(conn, [delivery], actor=actor))[0]


async def all_shown(conn: Connection, deliveries: list[Delivery], *, actor: Actor) -> list[DeliveryView]:
    """The same for several: what is personal is told by the version that each of them was for."""
    sights = {}
    for definition_id in {delivery.definition_id for delivery in deliveries}:
        sights[definition_id] = sight(actor, await read_definition(conn, definition_id))
    return [DeliveryView.of(delivery, sights[delivery.definition_id]) for delivery in deliveries]
