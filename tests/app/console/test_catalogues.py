"""Every text of the pages is there in every language, and nothing else is."""

from collections import Counter

import pytest

from opsdesk.app.console.languages import LANGUAGES, SOURCE
from tests.app.console.catalogue import extracted, ids_of, messages, placeholders, strings_of

TRANSLATED = [language for language in LANGUAGES if language != SOURCE]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: str) -> None:
    translated = {text for _, message in messages(language) for text in ids_of(message)}
    assert [f"{place}: {text}" for text, place in extracted().items() if text not in translated] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_text_is_the_same_in_every_catalogue(language: str) -> None:
    ways = {(ids_of(message), strings_of(message)) for _, message in messages(language)}
    assert [ids for ids, count in Counter(ids for ids, _ in ways).items() if count > 1] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_of_a_text_that_went(language: str) -> None:
    said = extracted()
    assert [
        f"{file}: {message.id}" for file, message in messages(language) if said.keys().isdisjoint(ids_of(message))
    ] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_translation_says_something_and_is_finished(language: str) -> None:
    unfinished = [
        (file, message) for file, message in messages(language) if message.fuzzy or not all(strings_of(message))
    ]
    assert [f"{file}: {message.id}" for file, message in unfinished] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_names_the_values_that_its_text_names(language: str) -> None:
    differing = [
        f"{file}: {message.id}"
        for file, message in messages(language)
        for string in strings_of(message)
        if placeholders(string) != set().union(*map(placeholders, ids_of(message)))
    ]
    assert differing == []
