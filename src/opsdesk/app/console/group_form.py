"""The form of a strategy group: what was posted, what its buttons do to it, and the document that it says. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opsdesk import review
from opsdesk.app.console.row_forms import (
    Posted,
    beside,
    moved,
    posted_number,
    posted_rows,
    posted_text,
    put_below,
    row_id,
)

FEATURE, PB, VERIFY = "feature", "pb", "verify"
RULE_FIELDS = ("name", "when", "answer", "methods", "screening_type")
FEATURE_FIELDS = ("name", "type", "source", "value")
_PLACE = re.compile(r"(?P<list>features|rules)\.(?P<row>\d+)(\.(?P<field>\w+))?")
_PREFIX: Mapping[str, str] = {"features": "feature", "rules": "rule"}


@dataclass(frozen=True, slots=True)
class FeatureRow:
    id: str
    name: str = ""
    type: str = "number"
    source: str = FEATURE
    value: str = ""

    @property
    def has_value(self) -> bool:
        return bool(self.name.strip() or self.value.strip())


@dataclass(frozen=True, slots=True)
class RuleRow:
    id: str
    name: str = ""
    when: str = ""
    answer: str = ""
    methods: tuple[str, ...] = ()
    screening_type: str = ""

    @property
    def has_value(self) -> bool:
        return bool(self.name.strip() or self.when.strip() or self.answer)


@dataclass(frozen=True, slots=True)
class GroupForm:
    """All that is in the form."""

    opened_revision: int
    application: str
    scene: str
    name: str
    place: str
    features: tuple[FeatureRow, ...]
    rules: tuple[RuleRow, ...]
    moved: bool = False
    """Application or scene are others than those that the form was made for."""

    def document(self) -> dict[str, Any]:
        """As `read_group` takes it."""
        return {
            "features": [
                {"name": each.name, "type": each.type, "source": each.source, "value": each.value}
                for each in self.features
            ],
            "rules": [
                {
                    "id": each.id,
                    "name": each.name,
                    "when": each.when,
                    "answer": each.answer,
                    "methods": list(each.methods),
                    "screening_type": each.screening_type,
                }
                for each in self.rules
            ],
        }


@dataclass(frozen=True, slots=True)
class Step:
    """What pressing a button has made of the form."""

    form: GroupForm
    focus: str = ""
    """The id of the element that is gone on with."""
    said: str = ""
    """For whoever does not see it: `added`, `removed` or `moved`."""
    asked: str = ""
    """The row that is removed as soon as somebody confirms it, because it has a value."""


def blank_form() -> GroupForm:
    """A new group, with a row for its first rule."""
    return GroupForm(0, "", "", "", "0", (), (RuleRow(row_id()),))


def stored_form(found: review.groups.groups.Group) -> GroupForm:
    """A group as it is saved, to be edited."""
    return GroupForm(
        opened_revision=found.revision,
        application=found.application,
        scene=found.scene,
        name=found.name,
        place=str(found.place),
        features=tuple(
            FeatureRow(
                row_id(),
                each.name,
                each.type.value,
                each.source.value,
                "" if each.source == FEATURE and each.value == each.name else each.value,
            )
            for each in found.document.features
        ),
        rules=tuple(
            RuleRow(each.id, each.name, each.when, each.answer.value, each.methods, str(each.type_id or ""))
            for each in found.document.rules
        ),
    )


def posted_form(posted: Posted) -> GroupForm:
    """What was sent. The value of a feature goes when its source was changed, because it was one of the other's."""

    def text(name: str) -> str:
        return posted_text(posted, name)

    def feature(row: str) -> FeatureRow:
        source = text(f"feature-source.{row}") or FEATURE
        value = text(f"feature-value.{row}") if text(f"feature-was.{row}") in ("", source) else ""
        return FeatureRow(row, text(f"feature-name.{row}"), text(f"feature-type.{row}"), source, value)

    def rule(row: str) -> RuleRow:
        methods = [each for each in dict.fromkeys(posted.getlist(f"rule-methods.{row}")) if isinstance(each, str)]
        when, answer = text(f"rule-when.{row}"), text(f"rule-answer.{row}")
        return RuleRow(row, text(f"rule-name.{row}"), when, answer, tuple(methods), text(f"rule-screening_type.{row}"))

    application, scene = text("application"), text("scene")
    return GroupForm(
        opened_revision=posted_number(posted, "opened_revision"),
        application=application,
        scene=scene,
        name=text("name"),
        place=text("place"),
        features=tuple(map(feature, posted_rows(posted, "feature"))),
        rules=tuple(map(rule, posted_rows(posted, "rule"))),
        moved=text("made_for") != f"{application}/{scene}",
    )


def fitting(
    form: GroupForm,
    *,
    scenes: Collection[str],
    methods: Collection[str],
    types: Collection[int],
    pb_fields: Collection[str],
) -> GroupForm:
    """After a move, without what cannot be chosen there."""
    if form.scene and form.scene not in scenes:
        form = replace(form, scene="", moved=True)
    if not form.moved:
        return form
    rules = tuple(
        replace(
            rule,
            methods=tuple(each for each in rule.methods if each in methods),
            screening_type=rule.screening_type if rule.screening_type in map(str, types) else "",
        )
        for rule in form.rules
    )
    features = tuple(
        replace(each, value="") if each.source == PB and each.value not in pb_fields else each for each in form.features
    )
    return replace(form, rules=rules, features=features)


def pressed(form: GroupForm, op: str) -> Step:
    """What a button does that changes the form and saves nothing; anything unknown does nothing."""
    verb, _, target = op.partition(":")
    match verb:
        case "add-feature":
            feature = FeatureRow(row_id())
            added = replace(form, features=put_below(form.features, target, feature))
            return Step(added, f"feature-name-{feature.id}", "added")
        case "add-rule":
            rule = RuleRow(row_id())
            return Step(replace(form, rules=put_below(form.rules, target, rule)), f"rule-name-{rule.id}", "added")
        case "remove":
            rows: list[FeatureRow | RuleRow] = [*form.features, *form.rules]
            row = next((each for each in rows if each.id == target), None)
            return Step(form, asked=target) if row is not None and row.has_value else _remove(form, target)
        case "remove-confirmed":
            return _remove(form, target)
        case "keep":
            return Step(form, focus=f"remove-{target}")
        case "up" | "down":
            by = -1 if verb == "up" else 1
            changed = replace(
                form,
                features=moved(form.features, [each.id for each in form.features], target, by),
                rules=moved(form.rules, [each.id for each in form.rules], target, by),
            )
            return Step(changed, f"{verb}-{target}", "moved")
    return Step(form)


def fields_of_problems(form: GroupForm, problems: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Problems by the id of the element beside which they are told, in the order of the form."""
    found: dict[str, list[str]] = {}
    for place, texts in problems.items():
        found.setdefault(field_of(form, place), []).extend(texts)
    order = {name: number for number, name in enumerate(_fields(form))}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0], 0)))


def field_of(form: GroupForm, place: str) -> str:
    """The id of the control that a place such as `rules.1.when` is."""
    found = _PLACE.fullmatch(place)
    if found is None:
        return place if place in ("application", "scene", "name", "place", "features", "rules") else "rules"
    rows: Sequence[FeatureRow | RuleRow] = form.features if found["list"] == "features" else form.rules
    known = FEATURE_FIELDS if found["list"] == "features" else RULE_FIELDS
    field = found["field"] if found["field"] in known else "name"
    return f"{_PREFIX[found['list']]}-{field}-{rows[int(found['row'])].id}"


def _fields(form: GroupForm) -> Iterator[str]:
    yield from ("application", "scene", "name", "place", "features")
    for feature in form.features:
        yield from (f"feature-{field}-{feature.id}" for field in FEATURE_FIELDS)
    yield "rules"
    for rule in form.rules:
        yield from (f"rule-{field}-{rule.id}" for field in RULE_FIELDS)


def _remove(form: GroupForm, target: str) -> Step:
    for ids, adding in (
        ([each.id for each in form.features], "add-features"),
        ([each.id for each in form.rules], "add-rules"),
    ):
        if target in ids:
            left = replace(
                form,
                features=tuple(each for each in form.features if each.id != target),
                rules=tuple(each for each in form.rules if each.id != target),
            )
            return Step(left, beside(ids, target, adding), "removed")
    return Step(form)
