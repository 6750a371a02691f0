"""The way that a request came: the trace it belongs to, and the participants that it went through."""

import re
from dataclasses import dataclass

from opsdesk.kit.http_errors import RequestInvalid
from opsdesk.kit.trace_context import checked

PATH_CHARACTERS_MAX = 200
PATH_PATTERN = "^[A-Za-z0-9]{1,40}(>[A-Za-z0-9]{1,40})*$"

_PATH = re.compile(PATH_PATTERN.removeprefix("^").removesuffix("$"))


@dataclass(frozen=True, slots=True)
class Way:
    """Empty where it is not known."""

    trace_id: str = ""
    path: str = ""

    def onwards(self, participant: str) -> str:
        """The path of a request that this participant makes because of it."""
        return f"{self.path}>{participant}" if self.path else participant


def way_of(traceparent: str | None, path: str | None) -> Way:
    """Raises RequestInvalid for a path that is none; a trace that is none is left out, as its standard wants it."""
    if path is not None and (len(path) > PATH_CHARACTERS_MAX or not _PATH.fullmatch(path)):
        problem = f"has to be names of participants with > between them, at most {PATH_CHARACTERS_MAX} characters"
        raise RequestInvalid([{"where": "header.opsdesk-path", "problem": problem}])
    parent = checked(traceparent)
    return Way(parent.split("-")[1] if parent else "", path or "")
