"""What documents show: the commands in them, and whether what they say is printed is printed."""

import re
from dataclasses import dataclass

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"


@dataclass(frozen=True, slots=True)
class Example:
    """A block of commands, and the lines that it is said to print; `…` in them stands for anything."""

    commands: str
    shown: tuple[str, ...]


def examples(document: str) -> list[Example]:
    """The blocks marked `sh`, each with the block marked `text` that follows it, if one does."""
    blocks = BLOCK.findall(document)
    following = [*blocks[1:], ("", "")]
    return [
        Example(commands, tuple(text.splitlines()) if answer == "text" else ())
        for (kind, commands), (answer, text) in zip(blocks, following, strict=True)
        if kind == "sh"
    ]


def missing_line(shown: tuple[str, ...], printed: str) -> str | None:
    """The first line that is shown and, in this order, not printed. Spaces in between and other lines do not matter."""
    lines = iter(" ".join(line.split()) for line in printed.splitlines())
    for line in filter(str.strip, shown):
        wanted = _pattern(line)
        if not any(wanted.fullmatch(each) for each in lines):
            return line
    return None


def _pattern(line: str) -> re.Pattern[str]:
    parts = " ".join(line.split()).split(ANYTHING)
    return re.compile(".*".join(re.escape(part.strip()) for part in parts), re.DOTALL)
