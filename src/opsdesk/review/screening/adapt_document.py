"""What an adapt is made of: the inner layer, which says for one application and scene where values come from. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsdesk.review.screening.model import TypeDocument
from opsdesk.review.screening.reading import DOUBLED, REQUIRED, UNKNOWN, Problems
from opsdesk.review.screening.reading_due import read_minutes
from opsdesk.review.screening.sources import SOURCES, VERIFY_FIELDS, Facts, Mapped, Offer, Source


@dataclass(frozen=True, slots=True)
class AdaptDocument:
    """One version of an adapt, whole. `mapped` has an entry for every key of the type; None: not mapped."""

    methods: tuple[str, ...]
    mapped: Mapping[str, Mapped | None]
    """By the id of the key."""
    due_minutes: int | None = None
    """After how long its tickets are due; None: as the type says."""

    @property
    def mapped_count(self) -> int:
        return sum(entry is not None for entry in self.mapped.values())


def stored(document: AdaptDocument) -> dict[str, Any]:
    """The document as it is kept: JSON."""
    return {
        "methods": list(document.methods),
        "mapped": {
            key: entry and {"source": entry.source.value, "value": entry.value}
            for key, entry in document.mapped.items()
        },
        "due_minutes": document.due_minutes,
    }


def read_stored(kept: Mapping[str, Any]) -> AdaptDocument:
    """The document out of what `stored` made of it."""
    mapped = {
        key: Mapped(Source(entry["source"]), entry["value"]) if entry else None for key, entry in kept["mapped"].items()
    }
    return AdaptDocument(tuple(kept["methods"]), mapped, kept.get("due_minutes"))


def carried_over(document: AdaptDocument, outer: TypeDocument) -> AdaptDocument:
    """The adapt after an edit of its type: what stays keeps its mapping, what is new has none, what went is gone."""
    mapped = {key.id: document.mapped.get(key.id) for key in outer.every_key}
    return AdaptDocument(document.methods, mapped, document.due_minutes)


def read_adapt(
    given: Any, *, outer: TypeDocument, methods: Sequence[str], offer: Offer
) -> tuple[AdaptDocument | None, Problems]:
    """The document, or None and everything that is wrong, by place.

    `methods` are those of the application and scene that contain screening. Keys that are not given are not mapped.
    """
    given_fields = given.keys() if isinstance(given, Mapping) else ()
    problems: Problems = {str(name)[:64]: [UNKNOWN] for name in given_fields if name not in AdaptDocument.__slots__}
    chosen = given.get("methods") if isinstance(given, Mapping) else None
    entries = given.get("mapped", {}) if isinstance(given, Mapping) else None
    if not isinstance(entries, Mapping):
        problems["mapped"] = ["is no mapping"]
        entries = {}
    if not isinstance(chosen, list | tuple) or not chosen:
        problems["methods"] = [REQUIRED]
        chosen = ()
    for place, name in enumerate(chosen):
        if name not in methods:
            problems[f"methods.{place}"] = ["is no method with screening of this application and scene"]
        elif name in chosen[:place]:
            problems[f"methods.{place}"] = [DOUBLED]
    names = {key.id: key.name for key in outer.every_key}
    for unknown in entries.keys() - names.keys():
        problems[f"mapped.{str(unknown)[:64]}"] = ["is no key of this type"]
    mapped = {key: _entry(f"mapped.{key}", entries.get(key), offer, problems) for key in names}
    due_minutes, problem = read_minutes(given.get("due_minutes") if isinstance(given, Mapping) else None)
    if problem:
        problems["due_minutes"] = [problem]
    return (None if problems else AdaptDocument(tuple(chosen), mapped, due_minutes)), problems


def _entry(place: str, given: Any, offer: Offer, problems: Problems) -> Mapped | None:
    """Without a value it is not mapped, whatever its value type is."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        problems[place] = ["is no mapping"]
        return None
    source, value = given.get("source") or Source.PB, given.get("value")
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        return None
    if source not in list(Source):
        problems[f"{place}.source"] = [f"is none of {', '.join(Source)}"]
    elif not isinstance(text, str):
        problems[f"{place}.value"] = ["is no text"]
    elif problem := SOURCES[Source(source)].problem(text, offer):
        problems[f"{place}.value"] = [problem]
    else:
        return Mapped(Source(source), text)
    return None


def adapt_warnings(document: AdaptDocument, offer: Offer) -> list[tuple[str, str]]:
    """Mappings that will come out empty because no chosen method does that verification, by place."""
    return [
        (f"mapped.{key}.value", "comes from a verification that no chosen method does: it will be empty")
        for key, entry in document.mapped.items()
        if entry and entry.source is Source.VERIFY and VERIFY_FIELDS[entry.value] not in offer.verifications
    ]


def values_of(document: AdaptDocument, facts: Facts) -> dict[str, Any]:
    """The value of every key by its id; None for what is not mapped or cannot be found. Never fails."""
    return {
        key: None if entry is None else SOURCES[entry.source].read(facts, entry.value)
        for key, entry in document.mapped.items()
    }
