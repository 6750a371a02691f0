"""How procedures are spoken of on pages: what lint found, what changed between versions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from opsdesk import flows
from opsdesk.app.console.words import N_

ChangeKind = flows.reports.ChangeKind
PartKind = flows.reports.PartKind
VALUE_CHARACTERS_MAX = 160

LEVELS: Sequence[str] = (N_("descriptive"), N_("validatable"), N_("executable"), N_("observable"))
"""The conformance levels of the specification."""
PARTS: Mapping[PartKind, str] = {
    PartKind.PROCEDURE: N_("procedure"),
    PartKind.INPUT: N_("input"),
    PartKind.NODE: N_("node"),
    PartKind.EDGE: N_("edge"),
}
CAME = N_("%(part)s %(name)s was added")
WENT = N_("%(part)s %(name)s was removed")
BECAME = N_("%(part)s %(name)s: %(what)s was %(before)s, is %(after)s")


@dataclass(frozen=True, slots=True)
class Told:
    """A finding as it is shown."""

    severity: str
    code: str
    message: str
    hint: str
    line: int
    column: int

    @staticmethod
    def of(finding: Any) -> "Told":
        where = finding.position
        return Told(finding.severity.value, finding.code, finding.message, finding.hint, where.line, where.column)

    @staticmethod
    def of_refusal(finding: Mapping[str, Any]) -> "Told":
        return Told(**{name: finding[name] for name in Told.__slots__})

    @property
    def badge(self) -> str:
        return {"error": "failed", "warning": "waiting"}.get(self.severity, "open")


def change_words(change: "flows.reports.Change", translate: Callable[[str], str]) -> str:
    """One difference as a sentence."""
    text = {ChangeKind.ADDED: CAME, ChangeKind.REMOVED: WENT, ChangeKind.CHANGED: BECAME}[change.kind]
    return translate(text) % {
        "part": translate(PARTS[change.part]),
        "name": change.name,
        "what": change.what,
        "before": _value(change.before, translate),
        "after": _value(change.after, translate),
    }


def _value(value: Any, translate: Callable[[str], str]) -> str:
    if value in (None, ""):
        return translate(N_("nothing"))
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[:VALUE_CHARACTERS_MAX] + "…"


def quoted(procedure_id: str) -> str:
    """For the path of an address."""
    return quote(procedure_id, safe="")
