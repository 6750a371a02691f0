"""Applications as they were answered: one by its flow number, and lists of them, the latest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_place, page_of, page_rows
from opsdesk.kit.sql import backwards, statements
from opsdesk.review.answers import text_problem
from opsdesk.review.applications.errors import ApplicationFilterInvalid, FlowUnknown
from opsdesk.review.applications.intake import Outcome
from opsdesk.review.applications.results import DeliveryState
from opsdesk.review.model import ScreeningStatus, TicketStatus, Verdict, screening_status

FILTER_CHARS_MAX = 200
_CURSOR_SHAPE = (datetime, str)

_SQL = statements(__file__)
_SHOW = _SQL["show"]
_BY_FLOW = _SHOW + b"\n" + _SQL["by_flow"]
_OF_LIST = _SQL["of_list"]
_PAGE = _SQL["page"]
_OF_TICKET = _SQL["of_ticket"]
_LAST = datetime.max.replace(tzinfo=UTC), ""
"""Behind every application, whatever its number."""
_CONDITIONS = {
    "application": _SQL["of_application"],
    "scene": _SQL["of_scene"],
    "answer": _SQL["answered"],
    "result": _SQL["with_result"],
    "delivery": _SQL["delivered_so"],
    "user_id": _SQL["of_user"],
    "flow_no": _SQL["of_flow"],
    "number": _SQL["about"],
    "since": _SQL["came_since"],
    "until": _SQL["came_before"],
}
_TEXTS = ("application", "scene", "user_id", "flow_no", "number")


@dataclass(frozen=True, slots=True)
class ApplicationTicket:
    """What became of an application that a person looks at."""

    ticket_id: UUID
    type_name: str
    type_version: int
    adapt_version: int
    status: ScreeningStatus
    result: Verdict | None
    codes: Sequence[str]
    """What goes back to credit, in the order of the rule; empty unless it was rejected."""
    closed_at: datetime | None
    delivery: DeliveryState | None
    """Where the delivery of the result stands; None: there is no result yet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An application, and the answer that it got."""

    flow_no: str
    application: str
    scene: str
    user_id: str
    answer: Outcome
    group_id: int | None
    revision: int | None
    group_name: str | None
    rule: str | None
    methods: Sequence[str]
    received_at: datetime
    actor: str
    content: Mapping[str, Any] | None
    """`request`, `verifications` and `features` as they came, personal values included; None: not kept then."""
    ticket: ApplicationTicket | None


@dataclass(frozen=True, slots=True)
class ApplicationFilter:
    """Which applications; what is left out does not restrict."""

    application: str | None = None
    scene: str | None = None
    answer: Outcome | None = None
    result: Verdict | None = None
    delivery: DeliveryState | None = None
    user_id: str | None = None
    flow_no: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    number: str | None = None
    """A platform user id, or a flow number; whole."""


async def show_application(conn: Connection, *, flow_no: str, now: datetime) -> Answer:
    """Raises FlowUnknown."""
    row = None
    if "\0" not in flow_no:
        row = await (await conn.cursor(row_factory=dict_row).execute(_BY_FLOW, {"flow_no": flow_no})).fetchone()
    if row is None:
        raise FlowUnknown(flow_no)
    return _answer(row, now)


async def list_applications(
    conn: Connection, only: ApplicationFilter, *, now: datetime, limit: int | None = None, cursor: str | None = None
) -> Page[Answer]:
    """A page of the applications that pass every filter, the latest first.

    Raises ApplicationFilterInvalid, BadPageSize, BadCursor.
    """
    size = page_rows(limit)
    place = decode_place(cursor, shape=_CURSOR_SHAPE)
    after_at, after_flow = place.key or _LAST
    given = _given(only)
    page = backwards(_PAGE) if place.backwards else _PAGE
    text = b"\n".join([_SHOW, _OF_LIST, *[_CONDITIONS[name] for name in given], page])
    values = given | {"after_at": after_at, "after_flow": after_flow, "rows": size + 1}
    rows = await (await conn.cursor(row_factory=dict_row).execute(text, values, prepare=False)).fetchall()
    found = [_answer(row, now) for row in rows]
    return page_of(found, size=size, key=lambda answer: (answer.received_at, answer.flow_no), place=place)


async def flow_of_ticket(conn: Connection, *, ticket_id: UUID) -> str | None:
    """The number of the application that a ticket was made for; None: no application came with it."""
    row = await (await conn.execute(_OF_TICKET, {"ticket_id": ticket_id})).fetchone()
    return None if row is None else row[0]


def _given(only: ApplicationFilter) -> dict[str, Any]:
    """What restricts, by name."""
    given = {name: value for name in _CONDITIONS if (value := getattr(only, name)) is not None}
    for name in _TEXTS:
        if name in given and (problem := text_problem(given[name], chars_max=FILTER_CHARS_MAX)):
            raise ApplicationFilterInvalid(name, problem)
    return given


def _answer(row: dict[str, Any], now: datetime) -> Answer:
    names = (
        *("flow_no", "application", "scene", "user_id", "group_id", "revision", "group_name", "rule", "methods"),
        *("received_at", "actor", "content"),
    )
    values = {name: row[name] for name in names}
    return Answer(**values, answer=Outcome(row["answer"]), ticket=_ticket(row, now) if row["ticket_id"] else None)


@dataclass(frozen=True, slots=True)
class _Standing:
    status: TicketStatus
    claimed_by: str | None
    claimed_until: datetime | None
    answers_given: int


def _ticket(row: Mapping[str, Any], now: datetime) -> ApplicationTicket:
    names = ("ticket_id", "type_name", "type_version", "adapt_version", "closed_at")
    standing = _Standing(TicketStatus(row["status"]), row["claimed_by"], row["claimed_until"], row["answers_given"])
    return ApplicationTicket(
        **{name: row[name] for name in names},
        status=screening_status(standing, now),
        result=Verdict(row["result"]) if row["result"] else None,
        codes=tuple(row["codes"] or ()),
        delivery=DeliveryState(row["delivery"]) if row["delivery"] else None,
    )
