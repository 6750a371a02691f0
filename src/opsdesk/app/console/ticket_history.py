"""What has happened to a ticket, told in the language of whoever reads: also what the desk does by itself, and why."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from opsdesk import review
from opsdesk.app.console.environment import who
from opsdesk.app.console.role_words import ROLES
from opsdesk.app.console.ticket_words import EVENTS, STATES
from opsdesk.app.console.words import N_

Translate = Callable[[str], str]

SECONDS: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(r"every ticket"), N_("every ticket of this type is judged twice")),
    (re.compile(r"rejection"), N_("rejections of this type are judged twice")),
    (re.compile(r"verdicts differ"), N_("the two verdicts differ")),
    (re.compile(r"drawn: (?P<lot>\d+) of (?P<of>\d+), share (?P<share>\d+)%"), N_("drawn, as %(share)s%% are")),
]
ESCALATIONS: Mapping[str, str] = {
    "role": N_("to %(value)s"),
    "priority": N_("priority %(number)s"),
    "event": N_("told as %(value)s"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """An event as a line: `by` is empty for what the desk did by itself."""

    what: str
    by: str
    reason: str
    at: datetime


def history_told(history: Sequence[review.views.EventView], translate: Translate) -> list[Told]:
    """The events in their order."""
    return [_told(event, translate) for event in history]


def _told(event: review.views.EventView, translate: Translate) -> Told:
    is_person = ":" in event.by
    return Told(translate(EVENTS[event.kind]), event.by if is_person else "", _reason(event, translate), event.at)


def _reason(event: review.views.EventView, translate: Translate) -> str:
    """What people write stays as they wrote it."""
    kinds = review.model.TicketEventKind
    match event.kind:
        case kinds.SECOND_ASKED:
            found = ((pattern.fullmatch(event.reason), text) for pattern, text in SECONDS)
            return next((translate(text) % match.groupdict() for match, text in found if match), event.reason)
        case kinds.ESCALATED:
            return translate(N_(", ")).join(_escalation(each, translate) for each in event.reason.split(", ") if each)
        case kinds.ASSIGNED:
            return translate(ESCALATIONS["role"]) % {"value": who(event.reason)}
        case kinds.CLOSED if event.reason in STATES:
            return translate(STATES[event.reason][1])
    return event.reason


def _escalation(text: str, translate: Translate) -> str:
    name, _, value = text.partition(" ")
    if name not in ESCALATIONS:
        return text
    return translate(ESCALATIONS[name]) % {"number": value, "value": translate(ROLES.get(value, value))}
