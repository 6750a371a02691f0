"""The guides to the review desk, typed into one shell line by line: each goes on where the one before it ended."""

import shutil
from pathlib import Path

import pytest

from tests.stories.documented import examples, missing_line
from tests.stories.installation import ROOT
from tests.stories.test_tutorial import MARK, script, typed

GUIDES = {"screening": 5, "strategy-groups": 3, "applications": 4}
"""With how many blocks of commands each has."""


@pytest.mark.timeout(600)
@pytest.mark.req("REV-G02", "REV-K01", "REV-R02", "REV-B16")
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not here")
async def test_the_guides_to_the_review_desk_do_and_print_what_they_say(session_folder: Path) -> None:
    found = {name: examples((ROOT / "docs" / "guides" / f"{name}.md").read_text(encoding="utf-8")) for name in GUIDES}
    assert {name: len(blocks) for name, blocks in found.items()} == GUIDES
    blocks = [block for each in found.values() for block in each]
    printed = await typed(script(blocks), temporary=session_folder)
    answers = printed.split(MARK)[:-1]
    assert len(answers) == len(blocks)
    missing = {
        block.commands: (line, answer)
        for block, answer in zip(blocks, answers, strict=True)
        if (line := missing_line(block.shown, answer)) is not None
    }
    assert missing == {}
