"""The languages of the pages: which one a viewer gets, and its words.

The texts in templates and modules are English and are themselves the keys. What they are in another language is in
`locale/<language>/*.po`, any number of files, read when the process starts.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES: Mapping[str, str] = {"zh-CN": "简体中文", "en": "English"}
"""Each with its own name; the first one is for whoever does not choose."""
DEFAULT = next(iter(LANGUAGES))
SOURCE = "en"
COOKIE = "opsdesk-language"
COOKIE_AGE_S = 365 * 24 * 3600
FOLDER = Path(__file__).parent / "locale"
ACCEPTED_MAX = 20
"""How many languages of a header are looked at."""

_RANGE = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,40})?(?:\s*;\s*q\s*=\s*([01](?:\.\d{1,3})?))?", re.ASCII)


def chosen(*, preferred: str | None, cookie: str | None, accepted: str | None) -> str:
    """What the person prefers, else what was chosen in this browser, else what the browser asks for."""
    for language in (preferred, cookie):
        if language in LANGUAGES:
            return str(language)
    return _negotiated(accepted or "")


def locale_of(language: str) -> Locale:
    """How the language writes numbers and lengths of time."""
    return Locale.parse(language, sep="-")


def translations(language: str, folder: Path = FOLDER) -> NullTranslations:
    """All catalogues of a language as one; those of the source language are the texts themselves."""
    if language == SOURCE:
        return NullTranslations()
    merged: Translations | None = None
    for file in catalogues(language, folder):
        with file.open("rb") as source:
            catalogue = read_po(source, locale=language.replace("-", "_"), abort_invalid=True)
        binary = BytesIO()
        write_mo(binary, catalogue)
        binary.seek(0)
        loaded = Translations(binary)
        # Into the first of them, which knows how the language counts; an empty one would count as English does.
        merged = loaded if merged is None else merged.merge(loaded)
    return merged or NullTranslations()


@cache
def shipped_translations(language: str) -> NullTranslations:
    """Those of this version, read once in a process: they do not change while it runs."""
    return translations(language)


def catalogues(language: str, folder: Path = FOLDER) -> Sequence[Path]:
    return sorted((folder / language).glob("*.po"))


def _negotiated(accepted: str) -> str:
    weighed = []
    for part in accepted.split(",")[:ACCEPTED_MAX]:
        if found := _RANGE.fullmatch(part.strip()):
            weighed.append((float(found[2] or 1), found[1].lower()))
    for weight, primary in sorted(weighed, key=lambda item: -item[0]):
        for language in LANGUAGES:
            if weight > 0 and language.lower().partition("-")[0] == primary:
                return language
    return DEFAULT
