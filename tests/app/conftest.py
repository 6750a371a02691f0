"""The command line as a person has it, in this process."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.shell import Shell


@pytest.fixture
def shell(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """Runs commands on a database of this test's own, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    handlers, level = logging.root.handlers[:], logging.root.level
    yield Shell(database_url=database_url, folder=tmp_path)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
