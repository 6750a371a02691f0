"""How the configuration of tickets is spoken of on pages. What the product document calls in English stays so."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsdesk.app.console.problems import said
from opsdesk.app.console.words import N_

Translate = Callable[[str], str]

REMOVAL = "if delete this key, the key and value will also delete in screening page"
"""Word for word, in every language."""

MODULES: Mapping[str, str] = {"picture": "picture info", "personal": "personal info", "others": "others info"}
DISPLAYS = ("link", "date", "datetime", "img", "text")
FIELDS: Mapping[str, str] = {
    "name": "type",
    "description": "description",
    "modules": "screening info",
    "choice": "choice type",
    "with_code": "reject code",
    "code_return": "code return type",
    "with_priority": "code priority",
    "with_label": "reject label",
    "reasons": "rejection info",
    "label": "label type",
    "detail": "reject detail",
    "code": "reject code",
    "priority": "priority",
    "display": "value display type",
    "methods": "method",
    "scene": "scene",
    "application": "application",
    "source": "value type",
    "value": "value",
    "review": "review info",
    "second": "second review",
    "share": "second review share",
    "remark_required": "remark on reject",
    "due_minutes": "due time",
    "due_counted": "time counted",
    "work_days": "working days",
    "work_opens": "working from",
    "work_closes": "working until",
    "closed_days": "closed days",
    "open_days": "extra working days",
    "escalate_minutes": "escalate before",
    "escalate_priority": "escalate to priority",
    "escalate_role": "escalate to role",
}
"""By the ids of controls, without that of the row."""
CODE_CATEGORIES: Mapping[str, str] = {
    "anti-fraud": N_("anti-fraud"),
    "system error": N_("system error"),
    "credit": N_("credit"),
    "other": N_("other"),
}
BUCKETS: Mapping[str, str] = {
    "kyc": N_("kyc list (activation stage)"),
    "transaction": N_("transaction list (loan stage)"),
}
SOURCES: Mapping[str, str] = {"pb": "pb field", "verify": "verify field", "feature": "feature field"}
VERIFY_FIELDS: Mapping[str, tuple[str, str]] = {
    "liveness_check_url1": ("verify liveness check url1", N_("front face photo")),
    "liveness_check_url2": ("verify liveness check url2", N_("side face photo")),
    "liveness_check_result": ("verify liveness check result", N_("result of the liveness check")),
    "face_matching_result": ("verify face matching result", N_("result of the face matching")),
}
ADAPT_EVENTS: Mapping[str, str] = {
    "activated": N_("activated"),
    "paused": N_("paused"),
    "pause_refused": N_("pause refused: groups refer to it"),
}
REFERENCE_KINDS: Mapping[str, str] = {
    "applications": N_("Applications"),
    "scenes": N_("Scenes"),
    "methods": N_("Methods"),
    "reject-codes": N_("Reject codes"),
    "fields": N_("pb fields"),
    "receivers": N_("Result receivers"),
}
SECOND_REVIEWS: Mapping[str, str] = {
    "off": N_("none"),
    "reject": N_("rejections only"),
    "random": N_("a random share"),
    "all": N_("every ticket"),
}
COUNTED: Mapping[str, str] = {"plain": N_("all time"), "working": N_("working time")}
WEEKDAYS = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"))
SAID: Mapping[str, str] = {
    "added": N_("A row was added."),
    "removed": N_("A row was removed."),
    "moved": N_("The row was moved."),
}
KINDS: Mapping[str, str] = {
    "added": N_("added"),
    "removed": N_("removed"),
    "changed": N_("changed"),
    "order": N_("order changed"),
}
_STEP = re.compile(r"([^.\[\]]+)|\[((?:[^\[\]]|\[[^\]]*\])*)\]")
_ORDER = " (order)"
_SHOWN = ("name", "when", "answer", "detail", "code", "source", "value", "display", "label", "priority")


@dataclass(frozen=True, slots=True)
class ChangeTold:
    """A change as a line of a table."""

    place: str
    kind: str
    before: str
    after: str


def problem_told(texts: Sequence[str], translate: Translate) -> str:
    """All that is wrong with one field."""
    return " ".join(said(text, translate) for text in texts)


def field_label(name: str) -> str:
    """What the control of this id is called."""
    field = name if name in FIELDS else name.partition("-")[0]
    return "key" if field == "name" and name != "name" else FIELDS.get(field, "")


def changes_told(
    changes: Sequence[Any], names: Mapping[str, str] | None = None, *, called: Mapping[str, str] | None = None
) -> list[ChangeTold]:
    """Each change with where it is; `names` are those of the keys, by their ids. Takes `Change`s, also as mappings.

    `called`: what else than the fields of a screening type the parts of a place are called.
    """
    told = []
    for change in changes:
        path, before, after = (
            (change["path"], change["before"], change["after"])
            if isinstance(change, Mapping)
            else (change.path, change.before, change.after)
        )
        order = path.endswith(_ORDER)
        kind = "order" if order else "added" if before is None else "removed" if after is None else "changed"
        place = " › ".join(_steps(path.removesuffix(_ORDER), names or {}, called))
        told.append(ChangeTold(place, kind, *(("", "") if order else (_value(before), _value(after)))))
    return told


def _steps(path: str, names: Mapping[str, str], called: Mapping[str, str] | None) -> list[str]:
    steps = [plain or inner for plain, inner in _STEP.findall(path)]
    hidden = ("modules", "rejection", "review", "mapped", "keys")
    called = called or {**FIELDS, **MODULES, "reasons": "rejection info", "type_version": "type version"}
    shown = [names.get(step) or called.get(step, step) for step in steps if step not in hidden]
    return shown or [called.get(steps[-1], steps[-1])] if steps else [""]


def _value(value: Any) -> str:
    """In one line: of a row, what people know of it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, Mapping):
        return " · ".join(str(value[name]) for name in _SHOWN if value.get(name) not in (None, ""))
    if isinstance(value, list | tuple):
        return ", ".join(_value(each) for each in value)
    return str(value)
