"""A procedure with triggers, for the tests of the API, the command line and the pages, and a sender of webhooks."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime

SECRET_NAME = "SHOP"
SECRET_TEXT = "signed by the shop"
ORDERS = """\
osop_version: "2.0"
id: orders
name: Orders
inputs:
  order: {type: string}
  email: {type: string, default: "nobody@example.com", x-personal: true}
triggers:
  - {type: cron, config: {cron: "0 9 * * *", inputs: {order: "${schedule.date}"}}}
  - {type: webhook, config: {path: orders, secret_ref: SHOP}}
  - {type: event, config: {event: order.paid, inputs: {order: "${event.data.order}"}}}
nodes:
  - {id: ship, type: system, name: Ship, purpose: p, runtime: {operation: log, message: shipped}}
edges: []
"""
NEWER = f"{ORDERS}x-note: another version\n"
ALWAYS = NEWER.replace("${event.data.order}", "always")


def signed(body: bytes, *, at: datetime, delivery: str = "msg-1") -> Mapping[str, str]:
    """The headers of a sender."""
    stamp = str(int(at.timestamp()))
    mac = hmac.digest(SECRET_TEXT.encode(), f"{delivery}.{stamp}.".encode() + body, "sha256")
    return {
        "Content-Type": "application/json",
        "webhook-id": delivery,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{b64encode(mac).decode()}",
    }
