"""How incoming applications and their results are spoken of on pages."""

import re
from collections.abc import Callable, Mapping, Sequence

from opsdesk.app.console.words import N_

ANSWERS: Mapping[str, tuple[str, str]] = {
    "pass": ("done", N_("pass")),
    "reject": ("failed", N_("reject")),
    "verify": ("waiting", N_("verify")),
}
"""What the strategy groups said, each with its badge."""
DELIVERIES: Mapping[str, tuple[str, str]] = {
    "waiting": ("running", N_("about to be sent")),
    "retrying": ("waiting", N_("sent again until it arrives")),
    "delivered": ("done", N_("arrived")),
    "given_up": ("failed", N_("given up")),
    "unsent": ("skipped", N_("no receiver: it is asked for")),
}
"""Where the delivery of a result stands, each with its badge."""
PARTS: Mapping[str, str] = {
    "request": N_("Request"),
    "verifications": N_("Verifications"),
    "features": N_("Features"),
}
"""What comes with an application."""

_PROBLEMS: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), text)
    for pattern, text in (
        (r"the receiver answered (?P<status>\d+)", N_("the receiver answered %(status)s")),
        (r"the receiver did not answer within (?P<time>\S+) s", N_("the receiver did not answer within %(time)s s")),
        (r"the receiver cannot be reached: (?P<error>\S+)", N_("the receiver cannot be reached (%(error)s)")),
        (r"the secret (?P<name>\S+) is not set", N_("the secret %(name)s is not set")),
        (
            r"leads to (?P<kind>.+), which OPSDESK_ALLOW_NETWORKS does not list",
            N_("the address leads to %(kind)s, which OPSDESK_ALLOW_NETWORKS does not list"),
        ),
    )
]


def delivery_problem(problem: str | None, translate: Callable[[str], str]) -> str:
    """Why a result did not arrive; nothing for one that did."""
    for pattern, text in _PROBLEMS:
        if problem and (found := pattern.fullmatch(problem)):
            return translate(text) % found.groupdict()
    return problem or ""
