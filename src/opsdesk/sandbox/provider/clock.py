"""The time of a provider who lives in the sandbox: it moves along with Opsdesk's, since that judges what is signed."""

import time
from datetime import UTC, datetime
from pathlib import Path


class SharedClock:
    """This machine's clock, moved by the seconds in the file that Opsdesk reads as well, if there is one."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def __call__(self) -> float:
        return time.time() + self.offset_s()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self(), UTC)

    @property
    def can_move(self) -> bool:
        return self._file is not None

    def offset_s(self) -> float:
        if self._file is None or not self._file.exists():
            return 0.0
        return float(self._file.read_text(encoding="ascii") or 0)

    def advance(self, seconds: float) -> float:
        """Move the time of everybody who reads the file; how far it is from this machine's now."""
        assert self._file is not None
        offset_s = self.offset_s() + seconds
        written = self._file.with_name(f"{self._file.name}.new")
        written.write_text(repr(offset_s), encoding="ascii")
        written.replace(self._file)  # whoever reads it sees the one or the other, and never half of it
        return offset_s
