"""How a process of Opsdesk ends when nothing is left that could catch what happened."""

import subprocess
import sys

import pytest

CUSTOMER = "Customer Clear"
PROGRAM = """
import sys
from opsdesk.app import process

async def main():
    raise ValueError(f"no account for {sys.argv[1]}")

process.run(main())
"""


@pytest.mark.req("FLO-009")
def test_an_exception_that_ends_a_process_is_told_without_its_words() -> None:
    command = [sys.executable, "-c", PROGRAM, CUSTOMER]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.endswith("in main\nValueError\n")
    assert CUSTOMER not in ended.stderr
