"""Why a run does not fit another version, said to people in their language."""

import re
from collections.abc import Callable, Sequence

from opsdesk import flows
from opsdesk.app.console.words import N_

Misfit = flows.reports.Misfit
WHYS: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), text)
    for pattern, text in (
        (r"the run is being undone: .+", N_("The run is being undone, by what its own version says.")),
        (
            r"the run was started with an input (?P<name>\S+) that does not fit: it(?P<problem>.*)",
            N_("The run was started with an input %(name)s that does not fit:%(problem)s"),
        ),
        (r"the run was started without the input (?P<name>.+)", N_("The run was started without the input %(name)s.")),
        (r"(?P<node>.+) is not there any more", N_("%(node)s is not there any more.")),
        (
            r"(?P<node>\S+) was of type (?P<was>\w+) and is (?P<now>\w+)",
            N_("%(node)s was %(was)s, is %(now)s."),
        ),
        (r"(?P<node>\S+) has run, and undoes others .+", N_("%(node)s has run, and undoes others in one version.")),
        (
            r"what (?P<node>\S+) answered does not fit: (?P<problem>.+)",
            N_("What %(node)s answered does not fit: %(problem)s"),
        ),
        (r"it was decided, and is .+", N_("It was decided, and is not there any more, or is decided otherwise.")),
        (r"it is there in another number than before", N_("It is there in another number than before.")),
        (r"(?P<node>\S+) had ended before it was there", N_("%(node)s had ended before it was there.")),
        (r"(?P<node>\S+) has been asked, .+", N_("%(node)s has been asked, and would have to answer other outputs.")),
        (
            r"the ticket of (?P<node>\S+) is open, and others .+",
            N_("Others would have to answer %(node)s."),
        ),
        (r"the ticket of (?P<node>\S+) is open, and shows .+", N_("The open ticket of %(node)s shows other inputs.")),
        (r"(?P<node>\S+) is (?P<was>\w+), and would be (?P<now>\w+)", N_("%(node)s is %(was)s, and would be %(now)s.")),
        (r"(?P<node>\S+) would begin at once, .+", N_("%(node)s would begin at once, beside what has begun already.")),
        (r"(?P<node>\S+) has begun, and would not .+", N_("%(node)s has begun, and would not have begun yet.")),
        (r"(?P<node>\S+) has begun, and .+", N_("%(node)s has begun, and would see or be something else.")),
        (r"it is gone round, or waited for, .+", N_("It is gone round, or waited for, and would not be.")),
        (r"more .+", N_("More loops would be gone round, or events waited for.")),
        (r"a worker executes it now; .+", N_("A worker executes it now; once it waits again it can be moved.")),
    )
]


def why(misfit: Misfit, translate: Callable[[str], str]) -> str:
    """The reason; one that is not known here is shown as it is."""
    for pattern, text in WHYS:
        if found := pattern.fullmatch(misfit.why):
            return translate(text) % found.groupdict()
    return misfit.why
