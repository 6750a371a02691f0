"""The form of a screening type: what was posted, what its buttons do to it, and the document that it says. Pure.

Rows are named by ids that stay while they are moved, so that a browser can tell which one it shows. What the switches
hide stays in the form until it is saved.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opsdesk import review
from opsdesk.app.console.row_forms import (
    Posted,
    beside,
    moved,
    numbered,
    posted_number,
    posted_rows,
    posted_text,
    put_below,
    row_id,
)

SWITCHES = ("choice", "with_code", "code_return", "with_priority", "with_label")
RULES = (
    *("second", "share", "remark_required", "due_minutes", "due_counted", "work_days", "work_opens", "work_closes"),
    *("closed_days", "open_days", "escalate_minutes", "escalate_priority", "escalate_role"),
)
MODULES = tuple(review.screening.model.ModuleCode)
_PLACE = re.compile(r"(?P<list>modules\.(?P<module>\d+)\.keys|rejection\.reasons)\.(?P<row>\d+)(\.(?P<field>\w+))?")


@dataclass(frozen=True, slots=True)
class KeyRow:
    id: str
    name: str = ""
    display: str = ""


@dataclass(frozen=True, slots=True)
class ModuleRows:
    code: review.screening.model.ModuleCode
    keys: tuple[KeyRow, ...]


@dataclass(frozen=True, slots=True)
class ReasonRow:
    id: str
    label: str = ""
    detail: str = ""
    code: str = ""
    priority: str = ""

    @property
    def has_value(self) -> bool:
        return any(text.strip() for text in (self.label, self.detail, self.code, self.priority))


@dataclass(frozen=True, slots=True)
class TypeForm:
    """All that is in the form."""

    opened_version: int
    name: str
    description: str
    modules: tuple[ModuleRows, ...]
    switches: Mapping[str, str]
    reasons: tuple[ReasonRow, ...]
    rules: Mapping[str, str]
    """How the tickets are reviewed, by the names of RULES."""

    @property
    def with_code(self) -> bool:
        return self.switches["with_code"] == "Y"

    @property
    def with_priority(self) -> bool:
        return self.with_code and self.switches["with_priority"] == "Y"

    @property
    def with_label(self) -> bool:
        return self.switches["with_label"] == "Y"

    @property
    def keys(self) -> Iterator[KeyRow]:
        return (key for module in self.modules for key in module.keys)

    def document(self) -> dict[str, Any]:
        """As `read_document` takes it."""
        return {
            "modules": [
                {
                    "code": module.code.value,
                    "keys": [{"id": key.id, "name": key.name, "display": key.display} for key in module.keys],
                }
                for module in self.modules
            ],
            "rejection": {
                **self.switches,
                "reasons": [
                    {
                        "id": reason.id,
                        "label": reason.label,
                        "detail": reason.detail,
                        "code": reason.code,
                        "priority": reason.priority,
                    }
                    for reason in self.reasons
                ],
            },
            "review": dict(self.rules),
        }


def blank_form() -> TypeForm:
    """A new type: no key yet, and a row for the first reason. What has to be decided is not decided for anybody."""
    modules = tuple(ModuleRows(code, ()) for code in MODULES)
    rules = _rules(review.screening.model.ReviewRules())
    return TypeForm(0, "", "", modules, dict.fromkeys(SWITCHES, ""), (ReasonRow(row_id()),), rules)


def stored_form(found: review.screening.types.ScreeningType) -> TypeForm:
    """A type as it is, to be edited."""
    kept, rejection = found.document, found.document.rejection
    return TypeForm(
        opened_version=found.version,
        name=found.name,
        description=found.description,
        modules=tuple(
            ModuleRows(module.code, tuple(KeyRow(key.id, key.name, key.display.value) for key in module.keys))
            for module in kept.modules
        ),
        switches={
            "choice": rejection.choice.value,
            "with_code": _yes_or_no(rejection.with_code),
            "code_return": rejection.code_return.value if rejection.code_return else "",
            "with_priority": _yes_or_no(rejection.with_priority),
            "with_label": _yes_or_no(rejection.with_label),
        },
        reasons=tuple(
            ReasonRow(
                reason.id,
                reason.label or "",
                reason.detail,
                reason.code or "",
                "" if reason.priority is None else str(reason.priority),
            )
            for reason in rejection.reasons
        ),
        rules=_rules(kept.review),
    )


def posted_form(posted: Posted) -> TypeForm:
    """What was sent. What is not of this form is passed over; what is wrong with the rest, the document tells."""

    def text(name: str) -> str:
        return posted_text(posted, name)

    def rows(name: str) -> list[str]:
        return posted_rows(posted, name)

    order = [code for code in dict.fromkeys(posted.getlist("module")) if code in list(MODULES)]
    order += [code for code in MODULES if code not in order]
    return TypeForm(
        opened_version=posted_number(posted, "opened_version"),
        name=text("name"),
        description=text("description"),
        modules=tuple(
            ModuleRows(
                review.screening.model.ModuleCode(code),
                tuple(KeyRow(key, text(f"name.{key}"), text(f"display.{key}")) for key in rows(f"row.{code}")),
            )
            for code in order
        ),
        switches={name: text(name) for name in SWITCHES},
        reasons=tuple(
            ReasonRow(
                reason,
                text(f"label.{reason}"),
                text(f"detail.{reason}"),
                text(f"code.{reason}"),
                text(f"priority.{reason}"),
            )
            for reason in rows("reason")
        ),
        rules={name: " ".join(rows(name)) if name == "work_days" else text(name) for name in RULES},
    )


@dataclass(frozen=True, slots=True)
class Step:
    """What pressing a button has made of the form."""

    form: TypeForm
    focus: str = ""
    """The id of the element that is gone on with."""
    said: str = ""
    """For whoever does not see it: `added`, `removed` or `moved`."""
    asked: str = ""
    """The row that is removed as soon as somebody confirms it, because it has a value."""


def pressed(form: TypeForm, op: str) -> Step:
    """What a button does that changes the form and saves nothing; anything unknown does nothing."""
    verb, _, target = op.partition(":")
    match verb:
        case "add-key":
            return _add_key(form, target)
        case "add-reason":
            added = ReasonRow(row_id())
            return Step(
                replace(form, reasons=put_below(form.reasons, target, added)), _first_field(form, added), "added"
            )
        case "remove":
            row = _row(form, target)
            if row is not None and (row.has_value if isinstance(row, ReasonRow) else row.name.strip()):
                return Step(form, asked=target)
            return _remove(form, target)
        case "remove-confirmed":
            return _remove(form, target)
        case "keep":
            return Step(form, focus=f"remove-{target}")
        case "preview" | "preview-off":
            return Step(form, focus="preview" if verb == "preview" else "preview-on")
        case "up" | "down":
            return _move_row(form, target, -1 if verb == "up" else 1)
        case "module-up" | "module-down":
            modules = moved(
                form.modules, [m.code.value for m in form.modules], target, -1 if verb == "module-up" else 1
            )
            return Step(replace(form, modules=modules), f"{verb}-{target}", "moved")
    return Step(form)


def fields_of_problems(form: TypeForm, problems: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Problems by the id of the element beside which they are told, in the order of the form."""
    found: dict[str, list[str]] = {}
    for place, texts in problems.items():
        found.setdefault(_field_of(form, place), []).extend(texts)
    order = {name: number for number, name in enumerate(_fields(form))}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0], 0)))


def row_numbers(form: TypeForm) -> Mapping[str, int]:
    """In which row of its table each key and each reason is."""
    return numbered(*(module.keys for module in form.modules), form.reasons)


def _fields(form: TypeForm) -> Iterator[str]:
    yield from ("name", "description", "modules")
    for module in form.modules:
        yield f"module-{module.code}"
        for key in module.keys:
            yield from (f"{field}-{key.id}" for field in ("name", "display"))
    yield from (*SWITCHES, "reasons")
    for reason in form.reasons:
        yield from (f"{field}-{reason.id}" for field in ("label", "detail", "code", "priority"))
    yield from RULES


def _field_of(form: TypeForm, place: str) -> str:
    found = _PLACE.fullmatch(place)
    if found is None:
        name = place.rpartition(".")[2]
        return name if name in (*SWITCHES, *RULES, "name", "description", "reasons") else "modules"
    number, field = int(found["row"]), found["field"] or ""
    if found["module"] is None:
        return f"{field if field in ('label', 'detail', 'code', 'priority') else 'detail'}-{form.reasons[number].id}"
    key = form.modules[int(found["module"])].keys[number]
    return f"{'display' if field == 'display' else 'name'}-{key.id}"


def _add_key(form: TypeForm, target: str) -> Step:
    """Below the row that is named, or first in the module that is."""
    for module in form.modules:
        if target == module.code or target in [key.id for key in module.keys]:
            added = KeyRow(row_id(), display=module.code.display.value)
            changed = replace(module, keys=put_below(module.keys, target, added))
            modules = tuple(changed if each is module else each for each in form.modules)
            return Step(replace(form, modules=modules), f"name-{added.id}", "added")
    return Step(form)


def _first_field(form: TypeForm, reason: ReasonRow) -> str:
    return f"{'label' if form.with_label else 'detail'}-{reason.id}"


def _row(form: TypeForm, target: str) -> KeyRow | ReasonRow | None:
    rows: list[KeyRow | ReasonRow] = [*form.keys, *form.reasons]
    return next((row for row in rows if row.id == target), None)


def _remove(form: TypeForm, target: str) -> Step:
    modules = tuple(
        replace(module, keys=tuple(key for key in module.keys if key.id != target)) for module in form.modules
    )
    reasons = tuple(reason for reason in form.reasons if reason.id != target)
    return Step(replace(form, modules=modules, reasons=reasons), focus=_beside(form, target), said="removed")


def _beside(form: TypeForm, target: str) -> str:
    """Where somebody goes on who has removed a row."""
    lists = [(f"add-{module.code}", [key.id for key in module.keys]) for module in form.modules]
    for adding, ids in [*lists, ("add-reasons", [reason.id for reason in form.reasons])]:
        if target in ids:
            return beside(ids, target, adding)
    return ""


def _move_row(form: TypeForm, target: str, by: int) -> Step:
    verb = "up" if by < 0 else "down"
    if target in [reason.id for reason in form.reasons]:
        reasons = moved(form.reasons, [reason.id for reason in form.reasons], target, by)
        return Step(replace(form, reasons=reasons), f"{verb}-{target}", "moved")
    for place, module in enumerate(form.modules):
        ids = [key.id for key in module.keys]
        if target not in ids:
            continue
        if 0 <= ids.index(target) + by < len(ids):
            modules = _with(form.modules, place, moved(module.keys, ids, target, by))
        elif 0 <= place + by < len(form.modules):
            # Past the end of a table, a key goes on into the next one.
            key, other = module.keys[ids.index(target)], form.modules[place + by].keys
            modules = _with(form.modules, place, tuple(each for each in module.keys if each is not key))
            modules = _with(modules, place + by, (*other, key) if by < 0 else (key, *other))
        else:
            modules = form.modules
        return Step(replace(form, modules=modules), f"{verb}-{target}", "moved")
    return Step(form)


def _with(modules: tuple[ModuleRows, ...], place: int, keys: tuple[KeyRow, ...]) -> tuple[ModuleRows, ...]:
    return (*modules[:place], replace(modules[place], keys=keys), *modules[place + 1 :])


def _rules(kept: review.screening.model.ReviewRules) -> dict[str, str]:
    """As texts: of lists the entries with spaces between them."""
    told = review.screening.model.rules_stored(kept) | {"remark_required": _yes_or_no(kept.remark_required)}
    return {
        name: " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
        for name, value in told.items()
    }


def _yes_or_no(value: bool | None) -> str:
    return {True: "Y", False: "N", None: ""}[value]
