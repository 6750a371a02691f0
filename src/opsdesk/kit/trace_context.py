"""The trace that what happens now belongs to, in the form of the header `traceparent` (W3C Trace Context).

Apart from `tracing.py`, so that whoever passes it on loads nothing of OpenTelemetry, and pays nothing where nobody
traces.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_FORM = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def traceparent() -> str | None:
    """Of the span that is open in this task; None where nothing is traced."""
    return _current.get()


def trace_id() -> str | None:
    """The part that names the trace, as log lines carry it."""
    current = _current.get()
    return current and current.split("-")[1]


@contextmanager
def carried(parent: str) -> Iterator[None]:
    """Inside the block, everything of this task and those it starts belongs to this span."""
    token = _current.set(parent)
    try:
        yield
    finally:
        _current.reset(token)


def checked(given: object) -> str | None:
    """The value if it is a `traceparent`, else None: it may come from anywhere."""
    return given if isinstance(given, str) and _FORM.fullmatch(given) else None
