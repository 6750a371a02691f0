"""A procedure with a trigger of each kind, and what tests do with them."""

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.triggers.standing import Standing, activate
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.secrets import SecretMissing
from tests.actors import actor

SECRET = "whsec_c2lnbmVkIGJ5IHRoZSBzaG9w"
SECRETS = {"SHOP": SECRET}
ORDERS = """
osop_version: "2.0"
id: orders
name: Orders
inputs:
  order: {type: string}
  amount: {type: integer, minimum: 1, default: 1}
triggers:
  - type: cron
    config: {cron: "30 2 * * *", timezone: Europe/Berlin, inputs: {order: "${schedule.date}"}}
  - type: webhook
    config:
      path: /orders/new
      secret_ref: SHOP
      inputs: {order: "${webhook.body.order}"}
      transform: {amount: "webhook.body.total / 100"}
  - type: event
    config:
      event: order.paid
      when: event.data.amount > 10
      inputs: {order: "${event.data.order}", amount: "${event.data.amount}"}
nodes:
  - {id: ship, type: human, purpose: p, role: shipper, inputs: [order]}
edges: []
"""


def secret_of(secrets: Mapping[str, str]) -> Callable[[str], str]:
    """How an installation with these secrets gives them."""

    def get(name: str) -> str:
        if name not in secrets:
            raise SecretMissing(name, ())
        return secrets[name]

    return get


secret = secret_of(SECRETS)


async def store(conn: Connection, clock: ManualClock, text: str = ORDERS) -> str:
    """The digest."""
    stored = await store_procedure(conn, text=text, file_name="a.osop.yaml", actor=actor(), now=clock.now())
    return stored.digest


async def put_in_use(
    db: Database, clock: ManualClock, name: str, text: str = ORDERS, procedure: str = "orders"
) -> Standing:
    """Store a procedure, and activate a trigger of it."""
    async with db.transaction() as conn:
        await store(conn, clock, text)
        return await activate(conn, procedure_id=procedure, name=name, secret=secret, actor=actor(), now=clock.now())


def signed(
    body: bytes, *, at: datetime, delivery: str = "msg-1", key: bytes = b"signed by the shop"
) -> Mapping[str, str]:
    """The headers of a sender."""
    stamp = str(int(at.timestamp()))
    mac = hmac.digest(key, f"{delivery}.{stamp}.".encode() + body, "sha256")
    return {
        "webhook-id": delivery,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{b64encode(mac).decode()}",
    }


async def runs_of(db: Database, procedure: str = "orders") -> list[tuple[str, Any]]:
    """Who started each run, and with what."""
    async with db.connection() as conn:
        rows = await conn.execute(
            "select flow_run.actor, payload->'inputs' from flow_run join flow_journal using (run_id)"
            " where seq = 1 and procedure_id = %s order by run_id",
            [procedure],
        )
        return list(await rows.fetchall())
