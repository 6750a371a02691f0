"""A sandbox of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sandbox.asker import Asker, listening
from tests.sandbox.outside import Outside, enter_sandbox


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    async with enter_sandbox(tmp_path / "sandbox") as entered:
        yield entered


@pytest.fixture
async def asker() -> AsyncIterator[Asker]:
    async with listening() as asker:
        yield asker
