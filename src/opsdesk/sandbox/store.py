"""The one SQLite file of the sandbox.

Its statements run on the event loop: with a write-ahead log and no wait for the disk, each takes microseconds.
"""

import os
import re
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BUSY_S = 10.0
"""How long a statement waits for the file while `provision_account.py` writes."""

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_SCHEMA = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")


def statements(module_file: str) -> dict[str, str]:
    """The statements of the `.sql` file beside a module. The product has its own; the outside world borrows nothing."""
    parts = _NAME.split(Path(module_file).with_suffix(".sql").read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], (text.strip() for text in parts[2::2]), strict=True))


def timestamp() -> str:
    """Now, by the clock of the outside world, which nobody can move."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Store:
    """A connection in autocommit mode; each statement stands alone."""

    def __init__(self, path: Path) -> None:
        # Created by hand so that customers' data and API keys are never readable by others, not even for a moment.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    def run(self, statement: str, **parameters: Any) -> int:
        """Execute a statement; the number of rows that it changed."""
        return self._connection.execute(statement, parameters).rowcount

    def insert(self, statement: str, **parameters: Any) -> int:
        """Execute an INSERT; the number of the new row."""
        row_id = self._connection.execute(statement, parameters).lastrowid
        assert row_id is not None
        return row_id

    def one(self, statement: str, **parameters: Any) -> Mapping[str, Any] | None:
        row = self._connection.execute(statement, parameters).fetchone()
        return None if row is None else dict(row)

    def all(self, statement: str, **parameters: Any) -> list[Mapping[str, Any]]:
        return [dict(row) for row in self._connection.execute(statement, parameters).fetchall()]

    def script(self, text: str) -> None:
        """Execute several statements as one transaction."""
        self._connection.executescript(f"BEGIN;\n{text}\nCOMMIT;")
