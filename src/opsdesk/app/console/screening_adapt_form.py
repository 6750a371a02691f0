"""The form of a screening adapt: what was posted, and what of it still fits what can be chosen now. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opsdesk import review
from opsdesk.app.console.row_forms import Posted, posted_number

PB, VERIFY, FEATURE = (source.value for source in review.screening.sources.Source)


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one key comes from, as it is in the form."""

    source: str = PB
    value: str = ""


@dataclass(frozen=True, slots=True)
class AdaptForm:
    opened_version: int
    application: str
    scene: str
    methods: tuple[str, ...]
    entries: Mapping[str, Entry]
    """By the ids of the keys."""
    due_minutes: str = ""
    moved: bool = False
    """Application or scene are others than those that the form was made for."""

    @property
    def mapped_count(self) -> int:
        return sum(bool(entry.value.strip()) for entry in self.entries.values())

    def document(self) -> dict[str, Any]:
        """As `read_adapt` takes it."""
        return {
            "methods": list(self.methods),
            "mapped": {key: {"source": each.source, "value": each.value} for key, each in self.entries.items()},
            "due_minutes": self.due_minutes,
        }


def blank_form(keys: Sequence[str]) -> AdaptForm:
    return AdaptForm(0, "", "", (), {key: Entry() for key in keys})


def stored_form(found: review.screening.adapts.ScreeningAdapt) -> AdaptForm:
    """An adapt as it is, to be edited."""
    entries = {
        key: Entry(entry.source.value, entry.value) if entry else Entry()
        for key, entry in found.document.mapped.items()
    }
    due = str(found.document.due_minutes or "")
    return AdaptForm(found.version, found.application, found.scene, found.document.methods, entries, due)


def posted_form(posted: Posted, keys: Sequence[str]) -> AdaptForm:
    """What was sent. A value goes when its value type was changed, because it was one of the other's."""

    def text(name: str) -> str:
        value = posted.get(name)
        return value if isinstance(value, str) else ""

    def entry(key: str) -> Entry:
        source = text(f"source.{key}") or PB
        return Entry(source, text(f"value.{key}") if text(f"was.{key}") in ("", source) else "")

    application, scene = text("application"), text("scene")
    return AdaptForm(
        opened_version=posted_number(posted, "opened_version"),
        application=application,
        scene=scene,
        methods=tuple(each for each in dict.fromkeys(posted.getlist("methods")) if isinstance(each, str) and each),
        entries={key: entry(key) for key in keys},
        due_minutes=text("due_minutes"),
        moved=text("made_for") != f"{application}/{scene}",
    )


def fitting_scene(form: AdaptForm, scenes: Collection[str]) -> AdaptForm:
    """Without a scene that the application does not have."""
    return form if form.scene in scenes or not form.scene else replace(form, scene="", moved=True)


def fitting_methods(form: AdaptForm, methods: Collection[str]) -> AdaptForm:
    """After a move, without the methods that are not there."""
    if not form.moved:
        return form
    return replace(form, methods=tuple(method for method in form.methods if method in methods))


def fitting_values(form: AdaptForm, offer: review.screening.sources.Offer) -> AdaptForm:
    """After a move, without the values that cannot be chosen there."""
    if not form.moved:
        return form
    return replace(form, entries={key: _fitting(entry, offer) for key, entry in form.entries.items()})


def _fitting(entry: Entry, offer: review.screening.sources.Offer) -> Entry:
    options = options_of(offer).get(entry.source)
    return entry if options is None or entry.value in options else replace(entry, value="")


def options_of(offer: review.screening.sources.Offer) -> Mapping[str, Sequence[str]]:
    """What can be chosen, by value type; one whose value is typed is not among them."""
    sources = review.screening.sources.SOURCES
    return {source.value: rules.options(offer) for source, rules in sources.items() if rules.options is not None}


def field_of(place: str) -> str:
    """The id of the control beside which a problem is told."""
    kind, _, rest = place.partition(".")
    if kind != "mapped":
        return kind
    key, _, field = rest.partition(".")
    return f"{field or 'value'}-{key}"
