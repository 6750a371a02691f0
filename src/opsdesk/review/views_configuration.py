"""Screening types and adapts, as the HTTP API and the command line show them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from opsdesk.kit.http_shapes import Next, Sha256, Values, View
from opsdesk.review.screening import adapt_document, model, reading
from opsdesk.review.screening.adapts import AdaptStatus, SavedAdapt, ScreeningAdapt
from opsdesk.review.screening.difference import Change
from opsdesk.review.screening.impact import Impact
from opsdesk.review.screening.importing import Imported
from opsdesk.review.screening.listing import AdaptEntry, EntryKind, TypeLine, TypeVersion
from opsdesk.review.screening.types import Category, Saved, ScreeningType


class ChangeView(View):
    """One change between two versions."""

    path: str
    """Where, by names that people know: `modules[personal].keys[full name].display`. With ` (order)` behind it, only
    the order of the rows is another one."""
    before: Any
    """Null where there was nothing."""
    after: Any
    """Null where there is nothing any more."""


class DifferenceView(View):
    """What changed between two versions."""

    changes: list[ChangeView]
    """In the order of the document."""

    @staticmethod
    def of(changes: Iterable[Change]) -> "DifferenceView":
        return DifferenceView(changes=changes_shown(changes))


class WarningView(View):
    """Something that is allowed and may not be meant."""

    place: str
    """Where, such as `modules.0.keys.2.name`."""
    problem: str
    """What of it."""


class _TypeFacts(View):
    """What a list and a whole screening type have in common."""

    id: int
    """What the types are counted by."""
    name: str
    """What its tickets are called. It never changes."""
    category: Category
    """`default`: configured here; `hardcode`: its tickets are made by code."""
    version: int
    """The newest one, which counts for every ticket made from now on."""
    description: str
    """What the tickets are for."""
    changed_at: datetime
    """When the newest version was saved."""
    operator: str
    """Who saved it."""


class TypeLineView(_TypeFacts):
    """A screening type in the list."""

    @staticmethod
    def of(line: TypeLine) -> "TypeLineView":
        return TypeLineView(**{"id" if name == "type_id" else name: value for name, value in asdict(line).items()})


class TypePage(View):
    """A page of the screening types."""

    items: list[TypeLineView]
    """Without the documents."""
    next: Next


class TypeView(_TypeFacts):
    """A screening type in its newest version."""

    document: Values
    """`modules`, each with its keys in their order, and `rejection`. Every key and every reason has an `id` that stays
    through edits; whoever sends the document back keeps them."""
    document_sha256: Sha256
    """Of the document."""
    warnings: list[WarningView]
    """What may not be meant."""

    @staticmethod
    def of(found: ScreeningType) -> "TypeView":
        return TypeView(
            id=found.type_id,
            name=found.name,
            category=found.category,
            version=found.version,
            description=found.description,
            changed_at=found.changed_at,
            operator=found.operator,
            document=model.stored(found.document),
            document_sha256=found.document_sha256,
            warnings=[WarningView(place=at, problem=text) for at, text in reading.warnings_of(found.document)],
        )


class SavedTypeView(View):
    """What came of saving a screening type."""

    type: TypeView
    """As it is now."""
    changed: bool
    """False: it was like this already, and there is no new version."""
    adapts: int
    """How many adapts went up a version with it."""

    @staticmethod
    def of(saved: Saved) -> "SavedTypeView":
        return SavedTypeView(type=TypeView.of(saved.type), changed=saved.changed, adapts=saved.adapts)


class TypeVersionView(View):
    """One version of a screening type."""

    version: int
    """From 1 on, without gaps."""
    description: str
    """As it was then."""
    document: Values
    """As it was then, whole."""
    document_sha256: Sha256
    """Of the document."""
    restored_from: int | None
    """The earlier version that was saved again, if it was."""
    saved_at: datetime
    """When it began to count."""
    operator: str
    """Who saved it."""
    changes: list[ChangeView]
    """From the version before; empty for the first."""

    @staticmethod
    def of(found: TypeVersion) -> "TypeVersionView":
        return TypeVersionView(
            version=found.version,
            description=found.description,
            document=dict(found.document),
            document_sha256=found.document_sha256,
            restored_from=found.restored_from,
            saved_at=found.saved_at,
            operator=found.operator,
            changes=changes_shown(found.changes),
        )


class TypeHistory(View):
    """A page of the versions of a screening type."""

    items: list[TypeVersionView]
    """The newest first."""
    next: Next


class ImpactView(View):
    """What an edit of a screening type would do."""

    version: int
    """The one that saving would make."""
    adapts: int
    """How many adapts would go up a version with it."""
    keys_added: list[str]
    """Their names. No adapt says yet where their values come from."""
    keys_removed: list[str]
    """Their names."""
    mappings_lost: int
    """Of the removed keys, in all adapts together."""
    waiting: int
    """Open tickets; they keep the version that they were made with."""

    @staticmethod
    def of(impact: Impact) -> "ImpactView":
        return ImpactView(**asdict(impact))


class AdaptView(View):
    """A screening adapt in its newest version."""

    id: int
    """What the adapts are counted by."""
    type_id: int
    """The screening type that it adapts."""
    type_name: str
    """What that is called."""
    application: str
    """Together with the scene and the type, it is there once."""
    scene: str
    """A scene of the application."""
    status: AdaptStatus
    """`active`: groups can choose it; `pause`: they cannot. Tickets of groups that are live are made either way."""
    version: int
    """The newest one."""
    type_version: int
    """The version of the type that it was composed with."""
    document: Values
    """`methods`, and `mapped`: by the id of each key of the type its `source` and `value`; null: it is shown empty."""
    changed_at: datetime
    """When it was last saved, paused or activated, or its type saved."""
    operator: str
    """By whom."""
    is_auto: bool
    """Its newest version came from an edit of the type."""

    @staticmethod
    def of(found: ScreeningAdapt) -> "AdaptView":
        return AdaptView(
            id=found.adapt_id,
            type_id=found.type_id,
            type_name=found.type_name,
            application=found.application,
            scene=found.scene,
            status=found.status,
            version=found.version,
            type_version=found.type_version,
            document=adapt_document.stored(found.document),
            changed_at=found.changed_at,
            operator=found.operator,
            is_auto=found.is_auto,
        )


class AdaptPage(View):
    """A page of the adapts of a screening type."""

    items: list[AdaptView]
    """The last changed first."""
    next: Next


class SavedAdaptView(View):
    """What came of saving an adapt."""

    adapt: AdaptView
    """As it is now."""
    changed: bool
    """False: it was like this already, and there is no new version."""

    @staticmethod
    def of(saved: SavedAdapt) -> "SavedAdaptView":
        return SavedAdaptView(adapt=AdaptView.of(saved.adapt), changed=saved.changed)


class AdaptEntryView(View):
    """Something in the history of an adapt."""

    kind: EntryKind
    """A version, or what was done beside them."""
    at: datetime
    """When."""
    operator: str
    """By whom."""
    is_auto: bool
    """The version came from an edit of the type."""
    version: int | None
    """Null for what is no version."""
    type_version: int | None
    """The version of the type that it was composed with; null for what is no version."""
    document: Values | None
    """The whole of it; null for what is no version."""
    groups: list[str]
    """Which groups refer to it, where a pause was refused for them."""
    changes: list[ChangeView]
    """From the version before."""

    @staticmethod
    def of(found: AdaptEntry) -> "AdaptEntryView":
        return AdaptEntryView(
            kind=found.kind,
            at=found.at,
            operator=found.operator,
            is_auto=found.is_auto,
            version=found.version,
            type_version=found.type_version,
            document=None if found.document is None else dict(found.document),
            groups=(found.detail or {}).get("groups", []),
            changes=changes_shown(found.changes),
        )


class AdaptHistory(View):
    """A page of the history of an adapt."""

    items: list[AdaptEntryView]
    """The newest first."""
    next: Next


class ImportedAdaptView(View):
    """What a file does to an adapt."""

    application: str
    """The application."""
    scene: str
    """The scene of the application."""
    is_new: bool
    """It was not there before."""
    version: int
    """Its newest version with the file."""
    changes: list[ChangeView]
    """What the file changes of it; keys are named by their ids."""


class ImportView(View):
    """What a file of a screening type does, or would do."""

    type: TypeView
    """As it is with the file."""
    is_new: bool
    """There was no type of this name."""
    changed: bool
    """Whether the type gets a new version."""
    changes: list[ChangeView]
    """What the file changes of the type; empty for a new one."""
    keys_removed: list[str]
    """The names of keys that are gone, and with them what adapts said of them."""
    adapts: list[ImportedAdaptView]
    """Those of the file, in its order."""
    left: list[list[str]]
    """Application and scene of the adapts that the file does not name. They stay."""
    state: str
    """Names what the file is put over. Sent as `over`, it makes sure that this is still so."""

    @staticmethod
    def of(done: Imported) -> "ImportView":
        return ImportView(
            type=TypeView.of(done.type),
            is_new=done.is_new,
            changed=done.changed,
            changes=changes_shown(done.changes),
            keys_removed=list(done.keys_removed),
            adapts=[
                ImportedAdaptView(
                    application=each.application,
                    scene=each.scene,
                    is_new=each.is_new,
                    version=each.version,
                    changes=changes_shown(each.changes),
                )
                for each in done.adapts
            ],
            left=[list(each) for each in done.left],
            state=done.state,
        )


def changes_shown(changes: Iterable[Change]) -> list[ChangeView]:
    return [ChangeView(path=each.path, before=_plain(each.before), after=_plain(each.after)) for each in changes]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
