"""Webhooks: whoever holds the secret of a trigger may have it start a run, once for each delivery."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.flows.trigger import Trigger
from opsdesk.flows.triggers.deliveries import Delivery, DeliveryState, Verdict, deliver, judged
from opsdesk.flows.triggers.errors import WebhookPaused, WebhookRefused
from opsdesk.flows.triggers.occurrence import of_webhook
from opsdesk.flows.triggers.standing import SHOW, Secret, Standing, TriggerState
from opsdesk.kit.db import Connection
from opsdesk.kit.http_json import BodyUnreadable, read_json
from opsdesk.kit.log import get_logger
from opsdesk.kit.secrets import BadSecretName, SecretMissing
from opsdesk.kit.sql import statements
from opsdesk.kit.webhook_signatures import Signed, is_genuine, read_signed

_SQL = statements(__file__)
BY_PATH = _SQL["by_path"]

BODY_BYTES_MAX = 256 * 1024
PREVIOUS = "_PREVIOUS"
"""Behind the name of a secret: the one before it, which is taken for as long as it is set."""
_NOBODYS = "no secret of anybody"

_log = get_logger(__name__)


async def accept_webhook(
    conn: Connection, *, path: str, headers: Mapping[str, str], body: bytes, secret: Secret, now: datetime
) -> Delivery:
    """Keep a delivery and start its run; the same one may come any number of times, and starts no other.

    Raises WebhookRefused for a path, a signature or a time that is not right, each in the same words; WebhookPaused;
    and KeyReused for another body under the id of a delivery that came.
    """
    standing = await _on_path(conn, path)
    signed = read_signed(headers)
    reason = _distrust(standing, signed, body, secret=secret, now=now)
    if reason is not None or standing is None or signed is None:
        # The log tells our own people what the answer tells nobody.
        _log.warning("webhook_refused", trigger=standing.called if standing else None, reason=reason)
        raise WebhookRefused
    if standing.state is TriggerState.PAUSED:
        raise WebhookPaused
    content, verdict = _read(standing, signed, body)
    return await deliver(
        conn, standing, key=signed.delivery, content=content, verdict=verdict, by=_sender(standing), now=now
    )


def _read(standing: Standing, signed: Signed, body: bytes) -> tuple[dict[str, Any], Verdict]:
    """What was signed is kept, also where it cannot be read."""
    try:
        content = of_webhook(signed.delivery, signed.sent_at, read_json(body))
    except BodyUnreadable as error:
        text = body.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        content = of_webhook(signed.delivery, signed.sent_at, None) | {"unreadable": text}
        return content, Verdict(DeliveryState.REFUSED, reason=f"the body {error.problem}")
    return content, judged(standing, content)


def _distrust(
    standing: Standing | None, signed: Signed | None, body: bytes, *, secret: Secret, now: datetime
) -> str | None:
    """Why this is not taken, for the log; None if it is. One is computed in any case, so that all take as long."""
    trigger = standing.trigger if standing else None
    secrets = _secrets(trigger, secret)
    stranger = Signed("", now, "0", ("v1,",))
    genuine = is_genuine(signed or stranger, body, secrets=secrets or [_NOBODYS])
    if trigger is None:
        return "no trigger has this path"
    if signed is None:
        return "the headers are missing or malformed"
    if not secrets:
        return f"the secret {trigger.secret_ref} is not set"
    if not genuine:
        return "the signature is wrong"
    if abs(now - signed.sent_at) > timedelta(seconds=trigger.tolerance_s):
        return "the time is too far from ours"
    return None


def _secrets(trigger: Trigger | None, secret: Secret) -> list[str]:
    """The secret, and the one before it if that is set."""
    found = []
    for name in (trigger.secret_ref, trigger.secret_ref + PREVIOUS) if trigger else ():
        try:
            found.append(secret(name))
        except (SecretMissing, BadSecretName):
            continue
    return found


async def _on_path(conn: Connection, path: str) -> Standing | None:
    async with conn.cursor(row_factory=class_row(Standing)) as rows:
        return await (await rows.execute(SHOW + b"\n" + BY_PATH, {"path": path})).fetchone()


def _sender(standing: Standing) -> access.Actor:
    """Whoever holds the secret; nothing more is known of them."""
    return access.Actor(id=f"webhook:{standing.called}", name=standing.name, roles=frozenset(), scopes=frozenset())
