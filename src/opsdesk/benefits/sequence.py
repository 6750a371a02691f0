"""What really happened to an order, as messages between participants, out of the rows that it left behind. Pure.

Each request left its trace and the participants that it came through; they are told in the words of the bank's drawing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import yaml

from opsdesk.benefits.history import Kept, Kind
from opsdesk.benefits.messages import MESSAGES
from opsdesk.benefits.model import OK, Status

US = "PointSystem"
_TEXTS: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
PARTICIPANTS: Mapping[str, tuple[str, str]] = {name: (zh, en) for name, (zh, en) in _TEXTS["participants"].items()}
"""In the order of the drawing: what each is called in Chinese and English."""
_FLOWS: Mapping[str, Any] = _TEXTS["flows"]
_OTHERWISE: Mapping[str, Sequence[str]] = _TEXTS["otherwise"]
_BOOKING, _COMPLETION, _CANCELLATION, _REFUND = "book", "complete", "cancel", "refund"
_BY_CODE = {
    "already_booked": _BOOKING,
    "order_completed": _BOOKING,
    "order_cancelled": _BOOKING,
    "already_completed": _COMPLETION,
    "complete_cancelled": _COMPLETION,
    "complete_unbooked": _COMPLETION,
    "complete_expired": _COMPLETION,
    "completion_time": _COMPLETION,
    "cancel_unbooked": _CANCELLATION,
    "refund_booked": _REFUND,
}
"""What was asked for where it was refused; other codes are said to several requests."""

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a participant said to another one, or did by itself."""

    source: str
    target: str
    kind: Literal["call", "return", "self"]
    label: str
    is_refusal: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with all that it caused."""

    at: datetime
    flow: str
    name: str
    trace_id: str
    messages: Sequence[Message]


def exchanges(history: Sequence[Kept], *, language: Language = "zh") -> Sequence[Exchange]:
    """The requests of an order, the first one first."""
    told, status = [], Status.UNBOOKED
    for rows in _requests(history):
        told.append(_exchange(rows, status, language))
        status = next((Status(row.facts["status"]) for row in rows if row.kind is Kind.EVENT), status)
    return told


def participants(told: Sequence[Exchange]) -> Sequence[str]:
    """Who took part, in the order of the drawing; those that it does not know come last."""
    names = {name for each in told for message in each.messages for name in (message.source, message.target)}
    return [name for name in PARTICIPANTS if name in names] + sorted(names - set(PARTICIPANTS))


def called(participant: str, language: Language) -> str:
    """What a participant is called."""
    zh, en = PARTICIPANTS.get(participant, (participant, participant))
    return zh if language == "zh" else en


def _requests(history: Sequence[Kept]) -> Iterator[Sequence[Kept]]:
    """Rows of one request have its trace and its moment."""
    found: dict[tuple[str, datetime], list[Kept]] = {}
    for row in history:
        found.setdefault((row.trace_id, row.at), []).append(row)
    yield from found.values()


def _exchange(rows: Sequence[Kept], status: Status, language: Language) -> Exchange:
    flow, facts, refused = _flow(rows, status), _facts(rows), _refusal(rows, language)
    path = next((row.path for row in rows if row.path), "")
    way = [*(path.split(">") if path else []), US]
    if flow == "expire" and not path:
        way = ["Scheduler", US]
    texts, number = _FLOWS[flow], 0 if language == "zh" else 1
    hops = list(pairwise(way))
    messages = [
        Message(source, target, "call", texts["call"].get(f"{source}>{target}", _OTHERWISE["call"])[number])
        for source, target in hops
    ]
    if not refused:
        messages += [Message(US, US, "self", text[number]) for text in texts["self"]]
    for source, target in reversed(hops):
        back = texts["back"].get(f"{target}>{source}", _OTHERWISE["back"])[number]
        if refused:
            back = refused if target == US else _OTHERWISE["failed"][number]
        messages.append(Message(target, source, "return", back, is_refusal=bool(refused)))
    if not hops and refused:
        messages.append(Message(US, US, "self", refused, is_refusal=True))
    said = [replace(each, label=_filled(each.label, facts, language)) for each in messages]
    return Exchange(rows[0].at, flow, texts["name"][number], rows[0].trace_id, said)


def _flow(rows: Sequence[Kept], status: Status) -> str:
    for row in rows:
        if row.kind is Kind.EVENT:
            return _flow_of_step(row)
        if row.kind is Kind.LINK:
            return "booking_link" if row.facts["purpose"] == 1 else "cancellation_link"
    answer = next((row.facts for row in rows if row.kind is Kind.ANSWER), None)
    by_provider = answer is not None and answer["scope"].startswith("partner:")
    if answer is not None and answer["code"] != OK:
        if code := _BY_CODE.get(answer["code"]):
            return code
        if by_provider:
            return _BOOKING if status is Status.UNBOOKED else _CANCELLATION
        return _REFUND
    if any(row.kind is Kind.QUOTE for row in rows):
        return "cancel_quote" if status is Status.BOOKED else "refund_quote"
    return "request"


def _flow_of_step(row: Kept) -> str:
    match Status(row.facts["status"]):
        case Status.UNBOOKED:
            return "redeem"
        case Status.BOOKED:
            return _BOOKING
        case Status.COMPLETED:
            return _COMPLETION
        case Status.EXPIRED:
            return "expire"
        case Status.CANCELLED:
            return _REFUND if row.facts["was"] == Status.UNBOOKED else _CANCELLATION


def _facts(rows: Sequence[Kept]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for row in rows:
        source = row.facts["answer"] if row.kind is Kind.ANSWER else row.facts
        found |= {name: source[name] for name in ("returned", "forfeited") if name in source}
    return found


def _filled(label: str, facts: Mapping[str, Any], language: Language) -> str:
    if "{" not in label:
        return label
    which = ("未过期" if facts.get("forfeited") else "全部") if language == "zh" else ""
    return label.format_map({"returned": "?", "forfeited": 0, "which": which, **facts})


def _refusal(rows: Sequence[Kept], language: Language) -> str:
    """What the request was refused with; empty where it was not."""
    codes = [row.facts["code"] for row in rows if row.kind is Kind.ANSWER]
    if not codes or codes[0] == OK:
        return ""
    message = MESSAGES.get(codes[0])
    if message is None:
        return str(codes[0])
    return message.zh if language == "zh" else message.en
