"""Working time as documents declare it: `x-calendars`, `x-calendar`, `x-escalate` and `x-waits-for`."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opsdesk.flows.approval import Approval, Escalation
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.tree import Tree
from opsdesk.kit.calendars import MINUTES_OF_DAY, Calendar, Hours, is_reachable

CALENDARS, CALENDAR, ESCALATE, WAITS_FOR = "x-calendars", "x-calendar", "x-escalate", "x-waits-for"
NO_CALENDAR = "none"
CUSTOMER = "customer"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CALENDARS_MAX = 20
DATES_MAX = 1_000
STEPS_MAX = 10
PRIORITY_MAX = 9

_TIME = re.compile(r"(\d{1,2}):(\d\d)")
_PERIOD = re.compile(r"\s*(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d)\s*")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")


def read_calendars(document: Fields) -> dict[str, Calendar]:
    """Those that the document names, by name."""
    listed = document.mapping(CALENDARS)
    if listed is None:
        return {}
    if len(listed.entries) > CALENDARS_MAX:
        message = f"{CALENDARS} has more than {CALENDARS_MAX} calendars"
        document.reading.error(Code.TOO_LARGE, message, listed.tree, where=CALENDARS)
    found = {name: _calendar(listed, name) for name in list(listed.entries)[:CALENDARS_MAX]}
    return {name: calendar for name, calendar in found.items() if calendar is not None}


def read_calendar(owner: Fields, known: Mapping[str, Calendar], default: Calendar | None = None) -> Calendar | None:
    """The one that the document or the node names, or has written out; `none`: all time counts."""
    tree = owner.get(CALENDAR)
    if tree is None:
        return default
    if isinstance(tree.value, dict):
        return _calendar(owner, CALENDAR)
    if tree.value == NO_CALENDAR:
        return None
    if isinstance(tree.value, str) and tree.value in known:
        return known[tree.value]
    hint = f"there are {', '.join(known)}" if known else f"write it out, or name it under {CALENDARS}"
    message = f"{owner.path(CALENDAR)}: there is no calendar of this name"
    owner.reading.error(Code.WRONG_VALUE, message, tree, where=owner.path(CALENDAR), hint=hint)
    return default


def _calendar(owner: Fields, name: str) -> Calendar | None:
    fields = owner.mapping(name)
    if fields is None:
        return None
    for unknown in fields.entries.keys() - {"time_zone", "hours", "holidays", "workdays"}:
        fields.wrong(fields.entries[unknown], fields.path(unknown), "time_zone, hours, holidays or workdays")
    zone = _zone(fields)
    hours = _week(fields)
    workdays = fields.mapping("workdays")
    days = {
        day: _hours(workdays, tree, workdays.path(text))
        for text, tree in (workdays.entries.items() if workdays is not None else ())
        if workdays is not None and (day := _date(workdays, tree, workdays.path(text), text)) is not None
    }
    if zone is None or hours is None:
        return None
    return Calendar(zone, hours, frozenset(_holidays(fields)), days)


def _zone(fields: Fields) -> ZoneInfo | None:
    name = fields.text("time_zone")
    if name is None:
        if fields.get("time_zone") is None:
            fields.missing("time_zone", hint="name it as the IANA database does: Asia/Shanghai")
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fields.wrong(fields.entries["time_zone"], fields.path("time_zone"), "a time zone of the IANA database")
        return None


def _week(fields: Fields) -> tuple[Hours, ...] | None:
    hours = fields.mapping("hours")
    if hours is None:
        if fields.get("hours") is None:
            fields.missing("hours", hint='write hours: {mon-fri: "09:00-18:00"}')
        return None
    week: list[Hours] = [()] * 7
    for text, tree in hours.entries.items():
        first, _, last = text.strip().lower().partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            hours.wrong(tree, hours.path(text), "under a weekday such as mon, or several such as mon-fri")
            continue
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        opened = _hours(hours, tree, hours.path(text))
        for day in range(begin, end + 1 if end >= begin else end + 8):
            week[day % 7] = opened
    return tuple(week)


def _hours(owner: Fields, tree: Tree, where: str) -> Hours:
    """`09:00-12:00, 13:00-18:00`, or a list of such; an empty list or text: closed."""
    texts = [item.value for item in tree.value] if isinstance(tree.value, list) else [tree.value]
    found: list[tuple[int, int]] = []
    for text in texts:
        parts = [part for part in text.split(",") if part.strip()] if isinstance(text, str) else [""]
        for part in parts:
            period = _PERIOD.fullmatch(part)
            opens, closes = (_minute(period[1]), _minute(period[2])) if period else (None, None)
            if opens is None or closes is None or opens >= closes or (found and found[-1][1] > opens):
                owner.wrong(tree, where, "periods in order and apart, such as 09:00-12:00, 13:00-18:00")
                return ()
            found.append((opens, closes))
    return tuple(found)


def _minute(text: str) -> int | None:
    parts = _TIME.fullmatch(text)
    minute = int(parts[1]) * 60 + int(parts[2]) if parts and int(parts[2]) < 60 else None
    return minute if minute is not None and minute <= MINUTES_OF_DAY else None


def _holidays(fields: Fields) -> list[date]:
    """Dates, and ranges of them such as 2026-02-16/2026-02-22."""
    tree = fields.get("holidays")
    if tree is None:
        return []
    if not isinstance(tree.value, list):
        fields.wrong(tree, fields.path("holidays"), "a list of dates")
        return []
    found: list[date] = []
    for index, item in enumerate(tree.value):
        where = f"{fields.path('holidays')}.{index}"
        first, _, last = str(item.value).partition("/")
        begin = _date(fields, item, where, first)
        end = _date(fields, item, where, last) if last else begin
        if begin is None or end is None:
            continue
        if not 0 <= (end - begin).days < DATES_MAX or len(found) + (end - begin).days >= DATES_MAX:
            fields.wrong(item, where, f"a range of dates in order, and all of them at most {DATES_MAX}")
            continue
        found += [begin + timedelta(days=day) for day in range((end - begin).days + 1)]
    return found


def _date(owner: Fields, tree: Tree, where: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        owner.wrong(tree, where, "a date such as 2026-10-01")
        return None


def check_reachable(owner: Fields, calendar: Calendar | None, timeout_s: float | None) -> None:
    """A time limit in working time that the calendar does not have is one that never runs out."""
    if calendar is None or timeout_s is None or is_reachable(calendar, timeout_s):
        return
    message = f"{owner.where or 'the document'}: its calendar has less working time in ten years than its time limit"
    owner.reading.error(Code.WRONG_VALUE, message, owner.tree, where=owner.path(CALENDAR))


def read_escalations(node: Fields, approval: Approval) -> tuple[Escalation, ...]:
    """What happens before the time limit runs out, in that order."""
    if node.get(ESCALATE) is None:
        return ()
    if approval.timeout_s is None:
        message = f"{node.path(ESCALATE)}: without a time limit there is nothing to escalate before"
        hint = "give the approval_gate a timeout_hours"
        node.reading.error(Code.MISSING_FIELD, message, node.entries[ESCALATE], where=node.path(ESCALATE), hint=hint)
        return ()
    steps = [step for _, fields in node.mappings(ESCALATE) if (step := _escalation(fields, approval.timeout_s))]
    if len(steps) > STEPS_MAX:
        message = f"{node.path(ESCALATE)} has more than {STEPS_MAX} steps"
        node.reading.error(Code.TOO_LARGE, message, node.entries[ESCALATE], where=node.path(ESCALATE))
    return tuple(sorted(steps[:STEPS_MAX], key=lambda step: -step.before_s))


def _escalation(fields: Fields, timeout_s: float) -> Escalation | None:
    for unknown in fields.entries.keys() - {"at", "before", "to", "priority", "event"}:
        fields.wrong(fields.entries[unknown], fields.path(unknown), "at, before, to, priority or event")
    share, before_s = fields.get("at"), fields.duration_s("before")
    if share is not None:
        found = _SHARE.fullmatch(str(share.value).strip())
        if found is None or not 0 < float(found[1]) < 100 or before_s is not None:
            fields.wrong(share, fields.path("at"), "a share such as 80%, and no `before` beside it")
            return None
        before_s = timeout_s * (1 - float(found[1]) / 100)
    elif before_s is None:
        fields.missing("at", hint="write at: 80%, or before: 30m")
        return None
    elif before_s >= timeout_s:
        fields.wrong(fields.entries["before"], fields.path("before"), "less than the time limit")
        return None
    role, event = fields.text("to"), fields.text("event")
    priority = fields.number("priority", least=1, most=PRIORITY_MAX, whole=True)
    if role is None and event is None and priority is None:
        fields.missing("to", hint="say what happens: to (a role), priority (1 to 9) or event (a name)")
        return None
    return Escalation(before_s, role, None if priority is None else int(priority), event)


def read_waits_for(owner: Fields, *, can_wait: bool) -> bool:
    """Whether it is the customer who is waited for there."""
    text = owner.text(WAITS_FOR)
    if text is None:
        return False
    if text != CUSTOMER:
        owner.wrong(owner.entries[WAITS_FOR], owner.path(WAITS_FOR), f"`{CUSTOMER}`")
        return False
    if not can_wait:
        owner.not_honoured(WAITS_FOR, hint="api nodes wait for answers that come later, event edges for events")
    return can_wait
