"""The guide to triggers, typed into a shell line by line."""

import shutil
from pathlib import Path

import pytest

from tests.stories.documented import examples, missing_line
from tests.stories.installation import ROOT
from tests.stories.test_tutorial import MARK, script, typed

GUIDE = ROOT / "docs" / "guides" / "triggers.md"


@pytest.mark.timeout(300)
@pytest.mark.req("FLO-306")
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not here")
async def test_the_guide_to_triggers_does_and_prints_what_it_says(session_folder: Path) -> None:
    blocks = examples(GUIDE.read_text(encoding="utf-8"))
    printed = await typed(script(blocks), temporary=session_folder)
    answers = printed.split(MARK)[:-1]
    assert len(answers) == len(blocks) == 4
    missing = {
        block.commands: (line, answer)
        for block, answer in zip(blocks, answers, strict=True)
        if (line := missing_line(block.shown, answer)) is not None
    }
    assert missing == {}
