"""The one clock: business time is asked here and nowhere else, so that a test or the sandbox can move it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The business time now, in UTC."""
        ...


class SystemClock:
    """The machine's clock, moved by the offset that the file `clock` in the data folder holds, if there is one.

    The file holds a number of seconds. It is looked at again on each call, so that moving it moves every
    process at once. How long a process may live (leases, heartbeats) is never measured with this clock.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset()

    def _offset(self) -> timedelta:
        if self._file is None:
            return timedelta(0)
        try:
            return timedelta(seconds=float(self._file.read_text()))
        except FileNotFoundError:
            return timedelta(0)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, *, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
