"""The texts of the pages, as they are extracted for translation, and what the catalogues have for them."""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from opsdesk.app.console.languages import catalogues
from opsdesk.kit.errors import first_line
from script.reference import error_classes

SOURCE = Path(__file__).parents[3] / "src" / "opsdesk"
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"**.html": {"silent": "false", "newstyle_gettext": "true"}}
REFUSING = re.compile(
    r"opsdesk\.((access|flows|review|points)(\.\w+)?\.errors|benefits(\.settlement)?\.errors"
    r"|kit\.(errors|db|paging|http_(errors|json|requests)))"
)
"""Where the errors are defined that a page may have to tell of."""
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")


def extracted() -> dict[str, str]:
    """Every text that pages say, with the place of one that says it; the messages of errors are among them."""
    found: dict[str, str] = {}
    folder = SOURCE / "app" / "console"
    for file, line, text, _, context in extract_from_dir(folder, METHODS, OPTIONS, DEFAULT_KEYWORDS):
        assert context is None, f"{file}:{line}: texts are told apart by what they say"
        found.update(dict.fromkeys(text if isinstance(text, tuple) else [text], f"{file}:{line}"))
    refusing = [error for error in error_classes() if REFUSING.fullmatch(error.__module__)]
    found.update({first_line(error): error.__name__ for error in refusing})
    return found


def messages(language: str) -> Iterator[tuple[str, Message]]:
    """Every message of every catalogue with the name of its file."""
    for file in catalogues(language):
        with file.open("rb") as source:
            catalogue: Catalog = read_po(source, abort_invalid=True)
        for message in catalogue:
            if message.id:
                yield file.name, message


def ids_of(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, list | tuple) else (message.id,)


def strings_of(message: Message) -> tuple[str, ...]:
    strings = message.string if isinstance(message.string, list | tuple) else [message.string]
    return tuple(string or "" for string in strings)


def placeholders(text: str) -> set[str]:
    return {match[0] for match in PLACEHOLDER.finditer(text)}
