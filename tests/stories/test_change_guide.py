"""The guide to changing a running procedure, typed into a shell line by line."""

from pathlib import Path

import pytest

from tests.stories.documented import examples, missing_line
from tests.stories.installation import ROOT
from tests.stories.test_tutorial import MARK, script, typed

GUIDE = ROOT / "docs" / "guides" / "change-a-procedure.md"


@pytest.mark.timeout(300)
@pytest.mark.req("FLO-308")
async def test_the_guide_to_changing_a_procedure_does_and_prints_what_it_says(session_folder: Path) -> None:
    blocks = examples(GUIDE.read_text(encoding="utf-8"))
    printed = await typed(script(blocks), temporary=session_folder)
    answers = printed.split(MARK)[:-1]
    assert len(answers) == len(blocks) == 8
    missing = {
        block.commands: (line, answer)
        for block, answer in zip(blocks, answers, strict=True)
        if (line := missing_line(block.shown, answer)) is not None
    }
    assert missing == {}
