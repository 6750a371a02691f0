"""Strategy groups as the HTTP API and the command line show them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from opsdesk.kit.http_shapes import Next, View
from opsdesk.review.groups.document import Answer, FeatureType, GroupDocument
from opsdesk.review.groups.groups import Group
from opsdesk.review.groups.listing import AdaptUsed, GroupEntry
from opsdesk.review.groups.trying import Tried
from opsdesk.review.screening.difference import Change
from opsdesk.review.screening.sources import Source


class GroupChange(View):
    """One change between two revisions."""

    path: str
    """Where, by names that people know: `rules[young].when`. With ` (order)` behind it, only the order is another."""
    before: Any
    """Null where there was nothing."""
    after: Any
    """Null where there is nothing any more."""


class GroupDifference(View):
    """What changed between two revisions."""

    changes: list[GroupChange]
    """In the order of the document."""

    @staticmethod
    def of(changes: Iterable[Change]) -> "GroupDifference":
        return GroupDifference(changes=_changes(changes))


class FeatureView(View):
    """A value that the group reads of an application."""

    name: str
    """What conditions and adapts call it."""
    type: FeatureType
    """What kind of value comes."""
    source: Source
    """`feature`: it comes with the application; `pb`: a field of the request; `verify`: a field of a verification."""
    value: str
    """Where in the source it comes from."""


class RuleView(View):
    """What a group answers if a condition holds."""

    id: str
    """Stays the same when the rule is changed or moved."""
    name: str
    """What people call it."""
    when: str
    """The condition, in CEL."""
    answer: Answer
    """`verify`: a person looks at the outcome of a verification."""
    methods: list[str]
    """Of what is to be verified; empty where nothing is."""
    screening_type: int | None
    """The id of the type that the ticket is of; null where there is none."""


class GroupDocumentView(View):
    """One revision of a group, whole. The first rule that holds answers; if none holds, the application passes."""

    features: list[FeatureView]
    """What it reads, beside pb fields and verify fields."""
    rules: list[RuleView]
    """In the order in which they are asked."""

    @staticmethod
    def of(document: GroupDocument) -> "GroupDocumentView":
        features = [
            FeatureView(name=each.name, type=each.type, source=each.source, value=each.value)
            for each in document.features
        ]
        rules = [
            RuleView(
                id=rule.id,
                name=rule.name,
                when=rule.when,
                answer=rule.answer,
                methods=list(rule.methods),
                screening_type=rule.type_id,
            )
            for rule in document.rules
        ]
        return GroupDocumentView(features=features, rules=rules)


class GroupLine(View):
    """A strategy group as a line of a list."""

    id: int
    """The id of the group."""
    application: str
    """The product that it is about."""
    scene: str
    """When applications are looked at."""
    name: str
    """Once in an application and scene."""
    place: int
    """The groups of a scene are asked in this order, the lowest first."""
    is_active: bool
    """Whether it answers at all."""
    revision: int
    """The newest one that was saved."""
    live_revision: int | None
    """The one that answers; null: it was never applied, and answers nothing."""
    rules: int
    """How many rules the saved revision has."""
    changed_at: datetime
    """When something of it was changed last."""
    operator: str
    """Who did."""

    @staticmethod
    def of(group: Group) -> "GroupLine":
        return GroupLine(rules=len(group.document.rules), **_head(group))


class GroupPage(View):
    """Some groups, and where the list goes on."""

    items: list[GroupLine]
    """The last changed first."""
    next: Next


class AdaptUsedView(View):
    """An adapt that the group refers to."""

    id: int
    """The id of the adapt."""
    screening_type: int
    """The id of its type."""
    type_name: str
    """The name of its type."""
    status: str
    """`active` or `pause`."""
    version: int
    """The newest version, with which tickets are made."""
    is_saved: bool
    """Whether the saved revision refers to it, which stands against a pause."""
    is_live: bool
    """Whether the live revision does."""

    @staticmethod
    def of(used: AdaptUsed) -> "AdaptUsedView":
        return AdaptUsedView(
            id=used.adapt_id,
            screening_type=used.type_id,
            type_name=used.type_name,
            status=used.status,
            version=used.version,
            is_saved=used.is_saved,
            is_live=used.is_live,
        )


class GroupView(GroupLine):
    """A strategy group with what is saved, what is live, and the adapts that both refer to."""

    saved: GroupDocumentView
    """The newest revision."""
    live: GroupDocumentView | None
    """What answers applications; null: nothing does."""
    changes: list[GroupChange]
    """What applying the saved revision would change of the live one."""
    adapts: list[AdaptUsedView]
    """The adapts that tickets of the group are made with."""

    @staticmethod
    def whole(
        group: Group, live: GroupDocument | None, changes: Iterable[Change], adapts: Iterable[AdaptUsed]
    ) -> "GroupView":
        return GroupView(
            **_head(group),
            rules=len(group.document.rules),
            saved=GroupDocumentView.of(group.document),
            live=None if live is None else GroupDocumentView.of(live),
            changes=_changes(changes),
            adapts=[AdaptUsedView.of(each) for each in adapts],
        )


class GroupEntryView(View):
    """Something that happened to a group."""

    kind: Literal["saved", "applied", "activated", "deactivated", "placed"]
    """`placed`: it is asked earlier or later than before."""
    at: datetime
    """When."""
    operator: str
    """Who did it."""
    revision: int | None
    """The one that was saved or made live; null for the other kinds."""
    restored_from: int | None
    """The revision that was taken back; null: none was."""
    changes: list[GroupChange]
    """From the revision before; of the first there are none."""
    detail: dict[str, Any] | None
    """Of `placed`: `from` and `to`."""

    @staticmethod
    def of(entry: GroupEntry) -> "GroupEntryView":
        return GroupEntryView(
            kind=entry.kind,
            at=entry.at,
            operator=entry.operator,
            revision=entry.revision,
            restored_from=entry.restored_from,
            changes=_changes(entry.changes),
            detail=None if entry.detail is None else dict(entry.detail),
        )


class GroupHistory(View):
    """What happened to a group."""

    items: list[GroupEntryView]
    """The newest first, 200 at most."""


class RevisionView(View):
    """One revision of a group."""

    group_id: int
    """The id of the group."""
    revision: int
    """Which one."""
    document: GroupDocumentView
    """As it was saved."""


class FeatureTried(View):
    """A feature of the group, and what came for it."""

    name: str
    """What conditions call it."""
    is_there: bool
    """Whether it came."""
    value: Any
    """What came; null where nothing did."""


class RuleTriedView(View):
    """A rule that was asked."""

    id: str
    """The id of the rule."""
    name: str
    """What people call it."""
    holds: bool | None
    """Null: it could not be decided."""
    why: str | None
    """Why it could not be decided; null: it was."""
    read: dict[str, Any]
    """The values that it read, by the names of the condition."""
    missing: list[str]
    """What it reads and did not come."""


class TriedView(View):
    """What a revision says of an application. Nothing is kept of it, and no ticket is made."""

    revision: int
    """The one that was tried."""
    answer: Literal["pass", "reject", "verify", "undecided"]
    """`undecided`: a rule could not be decided, and nobody passes by it."""
    rule: str | None
    """The name of the rule that answered, or could not be decided; null: none held, so that the application passes."""
    problem: str | None
    """Why it could not be decided; null: it could."""
    methods: list[str]
    """Of what is to be verified."""
    screening_type: int | None
    """The id of the type that the ticket would be of."""
    lacks_adapt: bool
    """Whether a person would have to look at it, and no ticket can be made: the type has no adapt here."""
    rules: list[RuleTriedView]
    """Those that were asked, in their order; the ones behind the rule that answered were not."""
    features: list[FeatureTried]
    """Every feature of the group."""

    @staticmethod
    def of(tried: Tried) -> "TriedView":
        return TriedView(
            revision=tried.revision,
            answer=tried.answer,
            rule=tried.rule and tried.rule.name,
            problem=tried.problem,
            methods=list(tried.rule.methods) if tried.rule else [],
            screening_type=tried.rule.type_id if tried.rule else None,
            lacks_adapt=tried.lacks_adapt,
            rules=[
                RuleTriedView(
                    id=each.rule.id,
                    name=each.rule.name,
                    holds=each.holds,
                    why=each.why,
                    read=dict(each.read),
                    missing=list(each.missing),
                )
                for each in tried.rules
            ],
            features=[
                FeatureTried(name=each.feature.name, is_there=each.is_there, value=each.value)
                for each in tried.features
            ],
        )


def _changes(changes: Iterable[Change]) -> list[GroupChange]:
    return [GroupChange(path=each.path, before=each.before, after=each.after) for each in changes]


def _head(group: Group) -> Mapping[str, Any]:
    return {
        "id": group.group_id,
        "application": group.application,
        "scene": group.scene,
        "name": group.name,
        "place": group.place,
        "is_active": group.is_active,
        "revision": group.revision,
        "live_revision": group.live_revision,
        "changed_at": group.changed_at,
        "operator": group.operator,
    }
