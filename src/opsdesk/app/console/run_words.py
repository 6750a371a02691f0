"""How runs are spoken of on pages: their statuses, and what they wait for."""

import re
from collections.abc import Callable, Mapping, Sequence

from opsdesk import flows
from opsdesk.app.console.role_words import ROLES
from opsdesk.app.console.words import N_
from opsdesk.kit.masking import mask_text

RunStatus = flows.run_list.RunStatus
WaitsFor = flows.run_list.WaitsFor
RunOrder = flows.run_list.RunOrder

STATUSES: Mapping[RunStatus, str] = {
    RunStatus.RUNNING: N_("running"),
    RunStatus.WAITING: N_("waiting"),
    RunStatus.BLOCKED: N_("blocked"),
    RunStatus.PAUSED: N_("paused"),
    RunStatus.COMPENSATING: N_("compensating"),
    RunStatus.COMPLETED: N_("completed"),
    RunStatus.STOPPED: N_("stopped"),
    RunStatus.TIMED_OUT: N_("timed out"),
    RunStatus.CANCELLED: N_("cancelled"),
}
BADGES: Mapping[RunStatus, str] = {
    RunStatus.RUNNING: "running",
    RunStatus.WAITING: "waiting",
    RunStatus.BLOCKED: "blocked",
    RunStatus.PAUSED: "paused",
    RunStatus.COMPENSATING: "waiting",
    RunStatus.COMPLETED: "done",
    RunStatus.STOPPED: "stopped",
    RunStatus.TIMED_OUT: "failed",
    RunStatus.CANCELLED: "skipped",
}
PHASE_BADGES: Mapping[str, str] = {
    "pending": "open",
    "active": "running",
    "retrying": "waiting",
    "waiting": "waiting",
    "done": "done",
    "failed": "failed",
    "blocked": "blocked",
    "skipped": "skipped",
}
WAITS: Mapping[WaitsFor, str] = {
    WaitsFor.PERSON: N_("a person"),
    WaitsFor.PARTNER: N_("a partner"),
    WaitsFor.TIMER: N_("a timer"),
    WaitsFor.CHILDREN: N_("other runs"),
    WaitsFor.OPERATOR: N_("an operator"),
    WaitsFor.OUTAGE: N_("the end of an outage"),
}
ORDERS: Mapping[RunOrder, str] = {
    RunOrder.NEWEST: N_("newest first"),
    RunOrder.OLDEST: N_("oldest first"),
    RunOrder.NEXT_WAKE: N_("next wake-up first"),
}
STALLS: Mapping[str, str] = {
    "no wake-up": N_("nothing is named that would wake it"),
    "wake-up overdue": N_("its wake-up is overdue"),
    "worker gone": N_("its worker is gone"),
    "arrival not taken in": N_("something came in that nobody takes in"),
    "outage over": N_("the outage that it waits for is over or looked after by nobody"),
}
WAKES: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), text)
    for pattern, text in (
        (r"person: a reviewer \((?P<node>.+)\)", N_("a person at %(node)s")),
        (r"person: (?P<who>.+) \((?P<node>.+)\)", N_("%(who)s at %(node)s")),
        (r"event: partner's answer \((?P<node>.+)\)", N_("the partner's answer at %(node)s")),
        (r"timer: attempt (?P<number>\d+) of (?P<node>.+)", N_("attempt %(number)s of %(node)s")),
        (r"timer: turn of (?P<node>.+) under its rate limit", N_("the turn of %(node)s under its rate limit")),
        (r"children: (?P<open>\d+) of (?P<count>\d+) \((?P<node>.+)\)", N_("%(open)s of %(count)s runs of %(node)s")),
        (r"timer: (?P<node>.+)", N_("its time at %(node)s")),
        (r"outage: (?P<who>.+) \((?P<node>.+)\)", N_("%(who)s, which does not answer, at %(node)s")),
        (r"operator: incident at (?P<node>.+)", N_("an operator: incident at %(node)s")),
        (r"operator: paused by (?P<who>.+)", N_("an operator: paused by %(who)s")),
        (r"operator: (?P<what>.+)", N_("an operator: %(what)s")),
        (r"time limit of the run", N_("the time limit of the run")),
        (r"worker: .+|retry: .+", N_("a worker")),
    )
]


def waited_for(wake_name: str, translate: Callable[[str], str]) -> str:
    """The name of a wake-up, said to people; one that is not known here is shown as it is."""
    name = mask_text(wake_name)
    for pattern, text in WAKES:
        if found := pattern.fullmatch(name):
            return translate(text) % {part: _called(value, translate) for part, value in found.groupdict().items()}
    return name


def _called(part: str, translate: Callable[[str], str]) -> str:
    """A role by its name in the language, a person by their address, all else as it is."""
    return translate(ROLES[part]) if part in ROLES else part.removeprefix("person:")
