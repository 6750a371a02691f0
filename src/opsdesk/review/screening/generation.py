"""Screening tickets are made: the newest versions of a type and its adapt, with the values of an application."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import dict_row

from opsdesk.access import Actor, audit
from opsdesk.kit.db import Connection
from opsdesk.kit.ids import new_id
from opsdesk.kit.sql import statements
from opsdesk.review.alerts import Alert, tell
from opsdesk.review.answers import text_problem
from opsdesk.review.canonical import canonical, digest_of, sha256_of
from opsdesk.review.errors import TicketDiffers
from opsdesk.review.model import SCREENING, Verdict
from opsdesk.review.pictures.keeping import ask_for_pictures, picture_keys
from opsdesk.review.screening import adapt_document
from opsdesk.review.screening.asked import asked_fields
from opsdesk.review.screening.due import times_of
from opsdesk.review.screening.errors import FlowInvalid
from opsdesk.review.screening.frozen import PERSONAL, BaseInfo, frozen
from opsdesk.review.screening.model import TypeDocument, read_stored
from opsdesk.review.screening.origin import Origin
from opsdesk.review.screening.sources import Facts
from opsdesk.review.tickets import find_ticket, insert_screening_ticket

FLOW_NO_CHARS_MAX = 128
USER_ID_CHARS_MAX = 128

ASKED = asked_fields(verdicts=[*Verdict], remark_required=False)
_ASKED = canonical([asdict(field) for field in ASKED])

DOCUMENTS_KEPT = 2048
"""Of types, and of adapts, read once in a process as long as their text is the same."""

_SQL = statements(__file__)
_CONFIGURATION = _SQL["configuration"]


@dataclass(frozen=True, slots=True)
class Hit:
    """An application that a screening type is to look at."""

    flow_no: str
    application: str
    scene: str
    type_id: int
    user_id: str


@dataclass(frozen=True, slots=True)
class Generated:
    """The ticket of a hit; `is_new` is False where it had been made before, with what was known then."""

    ticket_id: UUID
    is_new: bool
    bucket: str
    type_version: int
    adapt_version: int


@dataclass(frozen=True, slots=True)
class AdaptMissing:
    """No ticket was made: the type has no adapt to the application and scene. Whoever asked lets nobody pass by it."""

    hit: Hit


def node_of(adapt_id: int) -> str:
    """What a ticket of this adapt is called, beside its flow number."""
    return f"adapt:{adapt_id}"


async def generate(
    conn: Connection, hit: Hit, *, facts: Facts, actor: Actor, now: datetime, origin: Origin | None = None
) -> Generated | AdaptMissing:
    """Make the ticket of a hit, once for a flow number and an adapt, whoever else asks for it at the same moment.

    Type, adapt and scene are read in one snapshot: of an edit at the same moment either all of it is in the ticket or
    nothing. Whether the adapt is paused does not matter: what is live goes on. Values that are not there are empty.
    Pictures are fetched once this transaction has committed, and nobody decides before they are there or given up.
    Where there is no adapt, operators are told, in this transaction. `origin`: a procedure asks for it, which names the
    ticket and says who decides it.

    Raises FlowInvalid, TicketDiffers (there is a ticket of this name that no screening type made).
    """
    check_flow(flow_no=hit.flow_no, user_id=hit.user_id)
    row = await (await conn.cursor(row_factory=dict_row).execute(_CONFIGURATION, asdict(hit))).fetchone()
    if row is None:
        about = {"flow_no": hit.flow_no, "application": hit.application, "scene": hit.scene, "type_id": hit.type_id}
        await tell(conn, Alert.ADAPT_MISSING, about, now=now)
        return AdaptMissing(hit)
    values = _ticket_row(hit, row, facts, actor=actor, now=now) | _asked_by(origin)
    ticket_id = await insert_screening_ticket(conn, values)
    if ticket_id is None:
        found = await find_ticket(conn, values)
        if found.screening is None:
            raise TicketDiffers(ticket_id=str(found.id))
        made = found.screening
        return Generated(found.id, False, made.bucket, made.type_version, made.adapt_version)
    if values["picture_keys"]:
        await ask_for_pictures(conn, ticket_id=ticket_id, key_ids=values["picture_keys"])
    told = ("subject", "node", "shown_sha256", "content_sha256")  # the versions are in what is shown
    await audit.record(
        conn,
        actor=actor,
        action="ticket.open",
        object_kind="ticket",
        object_id=str(ticket_id),
        after={name: values[name] for name in told},
        now=now,
    )
    return Generated(ticket_id, True, values["bucket"], values["type_version"], values["adapt_version"])


@lru_cache(maxsize=DOCUMENTS_KEPT)
def _outer(text: str) -> TypeDocument:
    return read_stored(orjson.loads(text))


@lru_cache(maxsize=DOCUMENTS_KEPT)
def _inner(text: str) -> adapt_document.AdaptDocument:
    return adapt_document.read_stored(orjson.loads(text))


def _ticket_row(hit: Hit, row: Mapping[str, Any], facts: Facts, *, actor: Actor, now: datetime) -> dict[str, Any]:
    document, adapt = _outer(row["type_document"]), _inner(row["adapt_document"])
    values = adapt_document.values_of(adapt, facts)
    due = document.review.due
    times = times_of(due, adapt_minutes=adapt.due_minutes, opened_at=now)
    base = BaseInfo(
        type_name=row["type_name"],
        description=row["description"],
        application=hit.application,
        application_name=row["application_name"],
        scene=hit.scene,
        scene_name=row["scene_name"],
        user_id=hit.user_id,
        flow_no=hit.flow_no,
        created_at=now,
        type_version=row["type_version"],
        adapt_version=row["adapt_version"],
    )
    shown = frozen(base, document, values)
    text = canonical(shown)
    pictures = picture_keys(shown)
    return asdict(hit) | {
        "id": new_id(),
        "source": SCREENING,
        "subject": hit.flow_no,
        "node": node_of(row["adapt_id"]),
        "title": row["type_name"],
        "purpose": row["description"],
        "shown": text,
        "shown_sha256": digest_of(shown),
        "shown_personal": sorted(PERSONAL),
        "asked": _ASKED,
        "requested_by": actor.id,
        "content_sha256": sha256_of(text),
        "now": now,
        "bucket": row["bucket"],
        "type_version": row["type_version"],
        "adapt_id": row["adapt_id"],
        "adapt_version": row["adapt_version"],
        "picture_keys": pictures,
        "pictures_waiting": len(pictures),
        "due_at": times.due_at,
        "escalate_at": times.escalate_at,
        "escalate_priority": due.escalation and due.escalation.priority,
        "escalate_role": due.escalation and due.escalation.role,
    }


def _asked_by(origin: Origin | None) -> dict[str, Any]:
    """What is not as it is for tickets of the anti-fraud engine."""
    if origin is None:
        return {"iteration": 1, "generation": 1, "role": None, "required_approvers": 1}
    fields = asdict(origin)
    for name in ("verdicts", "remark_required", "remark_chars_max"):
        del fields[name]
    # When such a ticket is due, and what happens before, its procedure says.
    fields |= dict.fromkeys(("escalate_at", "escalate_priority", "escalate_role"))
    return fields | {"asked": canonical([asdict(field) for field in origin.asked])}


def check_flow(*, flow_no: str, user_id: str) -> None:
    """Raises FlowInvalid."""
    for name, text, chars_max in (
        ("flow_no", flow_no, FLOW_NO_CHARS_MAX),
        ("user_id", user_id, USER_ID_CHARS_MAX),
    ):
        problem = text_problem(text, chars_max=chars_max) or (None if text.isprintable() else "cannot be printed")
        if not text.strip() or problem:
            raise FlowInvalid(field=name, problem=problem or "is empty")
