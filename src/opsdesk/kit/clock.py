"""The one clock: business time is asked here and nowhere else, so that a test or the sandbox can move it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol

OFFSET_S = 0.1
"""How old what is known of the offset may be."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The business time now, in UTC."""
        ...

    def moved(self, moment: datetime) -> datetime:
        """The business time that a moment by another clock of real time is, such as the database's."""
        ...


class SystemClock:
    """The machine's clock, moved by the offset that the file `clock` in the data folder holds, if there is one.

    The file holds a number of seconds. It is looked at again every OFFSET_S, so that moving it moves every process.
    How long a process may live (leases, heartbeats) is never measured with this clock.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file
        self._offset = timedelta(0)
        self._read_at = -OFFSET_S

    def now(self) -> datetime:
        return self.moved(datetime.now(UTC))

    def moved(self, moment: datetime) -> datetime:
        if self._file is not None and monotonic() - self._read_at >= OFFSET_S:
            self._read_at = monotonic()
            try:
                self._offset = timedelta(seconds=float(self._file.read_text()))
            except FileNotFoundError:
                self._offset = timedelta(0)
        return moment + self._offset if self._offset else moment


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def moved(self, moment: datetime) -> datetime:
        return self._now

    def advance(self, *, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
