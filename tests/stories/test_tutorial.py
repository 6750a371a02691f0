"""The tutorial, typed into a shell line by line."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.stories.documented import Example, examples, missing_line
from tests.stories.installation import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"
PROGRAMS = Path(sys.executable).parent
MARK = "===== the next block ====="


def script(blocks: list[Example]) -> str:
    """All blocks for one shell, with a mark after what each prints; whatever happens, nothing is left running."""
    end = "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n"
    return end + "".join(f"{block.commands}\necho '{MARK}'\n" for block in blocks)


async def typed(text: str, *, temporary: Path) -> str:
    """What bash prints for it. A command that fails ends it."""
    # Python's own settings would change in which order the data and the words of a command come.
    around = {name: value for name, value in os.environ.items() if not name.startswith(("OPSDESK_", "PYTHON"))}
    # The environment that runs the tests is the one that the setup has made.
    around |= {"PATH": f"{PROGRAMS}:{around['PATH']}", "TMPDIR": str(temporary)}
    text = text.replace('PATH="$PWD/.venv/bin:$PATH"', 'PATH="$PATH"')
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-euc",
        text,
        cwd=ROOT,
        env=around,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed, _ = await shell.communicate()
    except asyncio.CancelledError:
        os.killpg(shell.pid, signal.SIGTERM)
        raise
    assert shell.returncode == 0, printed.decode()
    return printed.decode()


@pytest.mark.timeout(300)
@pytest.mark.req("FLO-107", "FLO-401", "FLO-402")
async def test_the_tutorial_does_and_prints_what_it_says(session_folder: Path) -> None:
    blocks = examples(TUTORIAL.read_text(encoding="utf-8"))
    assert len(blocks) >= 10
    printed = await typed(script(blocks), temporary=session_folder)
    answers = printed.split(MARK)[:-1]
    assert len(answers) == len(blocks)
    missing = {
        block.commands: (line, answer)
        for block, answer in zip(blocks, answers, strict=True)
        if (line := missing_line(block.shown, answer)) is not None
    }
    assert missing == {}


def test_the_check_of_what_is_printed_finds_what_is_not() -> None:
    printed = "12:00:01 register done 0.1 s\n12:00:02 run   completed\n"
    assert missing_line(("… register done …", "… run completed"), printed) is None
    assert missing_line(("… register failed …",), printed) == "… register failed …"
    assert missing_line(("… run completed", "… register done …"), printed) == "… register done …"
