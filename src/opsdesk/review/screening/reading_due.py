"""From what somebody says of due times to the rules, or to what is wrong with them. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from opsdesk.access import Role
from opsdesk.kit.calendars import is_reachable
from opsdesk.review.screening.due import calendar_of, minutes_of
from opsdesk.review.screening.model import Counted, DueRules, Escalation, WorkingHours

MINUTES_MAX = 525_600
"""A year."""
PRIORITY_MAX = 9
DAYS_MAX = 200
FIELDS = frozenset(
    {"due_minutes", "due_counted", "work_days", "work_opens", "work_closes", "closed_days", "open_days"}
    | {"escalate_minutes", "escalate_priority", "escalate_role"}
)
ESCALATION_ROLES = (Role.REVIEWER.value, Role.COMPLIANCE_OFFICER.value)
"""Those whose holders may decide tickets."""
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")

Problems = dict[str, list[str]]


def read_due(given: Mapping[str, Any]) -> tuple[DueRules, Problems]:
    """The rules, and what is wrong by field. What is left out or empty is as it is in a type that says nothing.

    What is hidden is not kept: the hours where all time counts, where to a ticket goes that is not escalated.
    """
    reader = _Reader(given)
    counted = reader.counted()
    hours = reader.hours() if counted is Counted.WORKING else WorkingHours()
    rules = DueRules(reader.minutes("due_minutes"), counted, hours, reader.escalation())
    if rules.minutes and rules.escalation and rules.escalation.minutes >= rules.minutes:
        reader.say("escalate_minutes", "is not less than the time until it is due")
    working = counted is Counted.WORKING and rules.minutes and not reader.problems
    if working and not is_reachable(calendar_of(hours), (rules.minutes or 0) * 60):
        reader.say("due_minutes", "is more working time than there is")
    return rules, reader.problems


def read_minutes(given: Any) -> tuple[int | None, str | None]:
    """A time in minutes, and what is wrong with it; None: there is none."""
    return _number(given, MINUTES_MAX)


class _Reader:
    def __init__(self, given: Mapping[str, Any]) -> None:
        self.problems: Problems = {}
        self._given = given

    def say(self, name: str, problem: str) -> None:
        self.problems.setdefault(name, []).append(problem)

    def minutes(self, name: str, most: int = MINUTES_MAX) -> int | None:
        number, problem = _number(self._given.get(name), most)
        if problem:
            self.say(name, problem)
        return number

    def counted(self) -> Counted:
        given = self._given.get("due_counted") or Counted.PLAIN
        if given in list(Counted):
            return Counted(given)
        self.say("due_counted", f"is none of {', '.join(Counted)}")
        return Counted.PLAIN

    def hours(self) -> WorkingHours:
        usual = WorkingHours()
        opens = self._clock("work_opens", usual.opens)
        closes = self._clock("work_closes", usual.closes)
        if not self.problems.keys() & {"work_opens", "work_closes"} and minutes_of(opens) >= minutes_of(closes):
            self.say("work_closes", "is not after the opening")
        days = self._days()
        closed, opened = self._dates("closed_days"), self._dates("open_days")
        if set(closed) & set(opened):
            self.say("open_days", "holds a day that is closed")
        return WorkingHours(days, opens, closes, closed, opened)

    def escalation(self) -> Escalation | None:
        minutes = self.minutes("escalate_minutes")
        if minutes is None:
            return None
        priority = self.minutes("escalate_priority", PRIORITY_MAX)
        role = self._given.get("escalate_role") or None
        if role is not None and role not in ESCALATION_ROLES:
            self.say("escalate_role", f"is none of {', '.join(ESCALATION_ROLES)}")
        if priority is None and role is None and not self.problems.keys() & {"escalate_priority"}:
            self.say("escalate_priority", "needs a priority or a role")
        return Escalation(minutes, priority, role)

    def _clock(self, name: str, usual: str) -> str:
        given = self._given.get(name) or usual
        if isinstance(given, str) and _CLOCK.fullmatch(given.strip()):
            return given.strip()
        self.say(name, "is no time such as 09:00")
        return usual

    def _days(self) -> tuple[int, ...]:
        tokens = _tokens(self._given.get("work_days", WorkingHours().days))
        days = sorted({int(token) for token in tokens if token in ("1", "2", "3", "4", "5", "6", "7")})
        if not days or len(days) < len(set(tokens)):
            self.say("work_days", "is no list of weekdays from 1 to 7")
        return tuple(days)

    def _dates(self, name: str) -> tuple[date, ...]:
        found: set[date] = set()
        for token in _tokens(self._given.get(name)):
            try:
                found.add(date.fromisoformat(token))
            except ValueError:
                self.say(name, "is no list of dates such as 2026-10-01")
                break
        if len(found) > DAYS_MAX:
            self.say(name, f"are more than {DAYS_MAX}")
        return tuple(sorted(found))


def _tokens(given: Any) -> list[str]:
    """The entries of a list, or the words of a text: between spaces, commas or lines."""
    if isinstance(given, list | tuple):
        return [str(each) for each in given]
    return re.split(r"[\s,，、]+", given.strip(" ,，、\n")) if isinstance(given, str) and given.strip() else []


def _number(given: Any, most: int) -> tuple[int | None, str | None]:
    text = str(given).strip() if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if given is None or given == "" or (isinstance(given, str) and not text):
        return None, None
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:9]) <= most or len(text) > 9:
        return None, f"is not a number from 1 to {most}"
    return int(text), None
