"""A strategy group is tried on an application that somebody writes down: nothing is kept, and no ticket is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from opsdesk.access import Actor, Scope, require
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements
from opsdesk.review.groups.document import Answer, Compile, Feature, FeatureType, GroupDocument, Rule
from opsdesk.review.groups.errors import GroupUnknown
from opsdesk.review.groups.evaluation import CompiledGroup, RuleUndecided, compiled_group
from opsdesk.review.groups.groups import revision_document, show_group
from opsdesk.review.reference.fields import list_fields
from opsdesk.review.screening.sources import VERIFY_FIELDS, Facts, Source

UNDECIDED = "undecided"

_SQL = statements(__file__)
_ADAPT_AT = _SQL["adapt_at"]


class WhichRevision(StrEnum):
    """Of a group: what is saved, or what answers applications."""

    SAVED = "saved"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class FeatureFound:
    """A feature of the group, and what came for it."""

    feature: Feature
    is_there: bool
    value: Any = None


@dataclass(frozen=True, slots=True)
class RuleTried:
    """A rule that was asked, with the values that it read."""

    rule: Rule
    holds: bool | None
    """None: it could not be decided."""
    why: str | None
    """Why it could not be decided."""
    read: Mapping[str, Any]
    missing: Sequence[str]
    """What it reads and did not come."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a revision says of an application. Rules behind the one that answers are not asked."""

    revision: int
    answer: str
    """`pass`, `reject`, `verify` or `undecided`."""
    rule: Rule | None
    """The one that answered, or could not be decided; None: no rule holds, and the application passes."""
    problem: str | None
    rules: Sequence[RuleTried]
    features: Sequence[FeatureFound]
    adapt_id: int | None = None
    """The adapt that a ticket would be made with; None where there is none, and where no ticket would be made."""

    @property
    def lacks_adapt(self) -> bool:
        """A person would have to look at it, and no ticket can be made."""
        return self.answer == Answer.VERIFY and self.adapt_id is None


async def try_group(
    conn: Connection,
    *,
    group_id: int,
    facts: Facts,
    actor: Actor,
    compile_condition: Compile,
    which: WhichRevision = WhichRevision.SAVED,
) -> Tried:
    """Raises ScopeMissing, GroupUnknown; the last also where no revision is live and that one is meant."""
    require(actor, Scope.SCREENING_READ)
    group = await show_group(conn, group_id=group_id)
    revision, document = group.revision, group.document
    if which is WhichRevision.LIVE:
        if group.live_revision is None:
            raise GroupUnknown(group_id)
        revision = group.live_revision
        document = await revision_document(conn, group_id=group_id, revision=revision)
    at = {"application": group.application, "scene": group.scene}
    pb_fields = [field.path for field in await list_fields(conn, **at)]
    tried = tried_on(document, facts, revision=revision, pb_fields=pb_fields, compile_condition=compile_condition)
    if tried.answer != Answer.VERIFY or tried.rule is None:
        return tried
    row = await (await conn.execute(_ADAPT_AT, at | {"type_id": tried.rule.type_id})).fetchone()
    return tried if row is None else replace(tried, adapt_id=row[0])


def tried_on(
    document: GroupDocument, facts: Facts, *, revision: int, pb_fields: Sequence[str], compile_condition: Compile
) -> Tried:
    """What a document says of an application, rule by rule."""
    try:
        compiled = compiled_group(document, pb_fields=pb_fields, compile_condition=compile_condition)
    except RuleUndecided as undecided:
        return Tried(revision, UNDECIDED, undecided.rule, undecided.why, (), ())
    features = [_found(feature, compiled.known_features(facts)) for feature in document.features]
    asked: list[RuleTried] = []
    for rule in document.rules:
        asked.append(_asked(compiled, rule, compiled.values(facts)))
        if asked[-1].holds is None:
            return Tried(revision, UNDECIDED, rule, asked[-1].why, asked, features)
        if asked[-1].holds:
            return Tried(revision, rule.answer.value, rule, None, asked, features)
    return Tried(revision, Answer.PASS.value, None, None, asked, features)


def sample_of(document: GroupDocument, fields: Mapping[str, str]) -> dict[str, Any]:
    """An application with everything that a group of this scene may read, to be filled in.

    `fields` are the pb fields with their types.
    """
    request: dict[str, Any] = {}
    for path, kind in fields.items():
        *above, name = path.split(".")
        inside = request
        for each in above:
            following = inside.setdefault(each, {})
            inside = following if isinstance(following, dict) else {}
        inside.setdefault(name, _NUMBER if kind in _NUMBER_TYPES else False if kind == "bool" else "")
    features = {
        feature.value: _SAMPLES[feature.type] for feature in document.features if feature.source is Source.FEATURE
    }
    return {"request": request, "verifications": dict.fromkeys(VERIFY_FIELDS, ""), "features": features}


_NUMBER = 0
_NUMBER_TYPES = frozenset(
    {"double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64"}
)
_SAMPLES: Mapping[FeatureType, Any] = {
    FeatureType.NUMBER: _NUMBER,
    FeatureType.TEXT: "",
    FeatureType.FLAG: False,
    FeatureType.LIST: [],
}


def _asked(compiled: CompiledGroup, rule: Rule, values: Mapping[str, Any]) -> RuleTried:
    names = compiled.conditions[rule.id].names
    read = {name: values[name] for name in names if name in values}
    missing = [name for name in names if name not in values]
    try:
        return RuleTried(rule, compiled.holds(rule, values), None, read, missing)
    except RuleUndecided as undecided:
        return RuleTried(rule, None, undecided.why, read, missing)


def _found(feature: Feature, known: Facts) -> FeatureFound:
    return FeatureFound(feature, feature.name in known.features, known.features.get(feature.name))
