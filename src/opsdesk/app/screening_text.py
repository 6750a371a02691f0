"""The configuration of tickets in words for a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from opsdesk.app.output import compact, local_time, print_data, print_table, say

if TYPE_CHECKING:
    from opsdesk import review


def tell_type(found: "review.screening.types.ScreeningType") -> None:
    """A screening type: what it is, its keys, and its reasons to reject."""
    from opsdesk import review

    rejection = found.document.rejection
    tell_facts(
        {
            "type": found.name,
            "id": str(found.type_id),
            "category": found.category.value,
            "description": found.description,
            "version": f"{found.version}, saved {found.changed_at.astimezone():%Y-%m-%d %H:%M} by {found.operator}",
            "choice type": rejection.choice.value,
            "reject code": _yes(rejection.with_code),
            "code return": rejection.code_return.value if rejection.code_return else "",
            "code priority": _yes(rejection.with_priority),
            "reject label": _yes(rejection.with_label),
        }
    )
    keys = [
        (module.code.value, key.name, key.display.value, key.id)
        for module in found.document.modules
        for key in module.keys
    ]
    print_table(("MODULE", "KEY", "DISPLAY", "ID"), keys)
    reasons = [
        (
            each.label or "-",
            each.detail,
            each.code or "-",
            "-" if each.priority is None else str(each.priority),
            each.id,
        )
        for each in rejection.reasons
    ]
    print_table(("LABEL", "REJECT DETAIL", "CODE", "PRIORITY", "ID"), reasons)
    for place, problem in review.screening.reading.warnings_of(found.document):
        say(f"note: {place} {problem}")


def tell_adapt(found: "review.screening.adapts.ScreeningAdapt", outer: "review.screening.types.ScreeningType") -> None:
    """An adapt: what it is, and where the value of each key comes from."""
    auto = " (auto)" if found.is_auto else ""
    tell_facts(
        {
            "adapt": f"{found.adapt_id} of {found.type_name}",
            "application": found.application,
            "scene": found.scene,
            "method": ", ".join(found.document.methods),
            "status": found.status.value,
            "version": f"{found.version}, of {found.changed_at.astimezone():%Y-%m-%d %H:%M} by {found.operator}{auto}",
            "type version": str(found.type_version),
        }
    )
    rows = []
    for key in outer.document.every_key:
        entry = found.document.mapped.get(key.id)
        rows.append((key.name, entry.source.value if entry else "-", entry.value if entry else "shown empty", key.id))
    print_table(("KEY", "VALUE TYPE", "VALUE", "ID"), rows)


def tell_changes(changes: "Iterable[review.screening.difference.Change]", names: Mapping[str, str]) -> None:
    """What changed, a line for each; keys are called by their names."""
    rows = []
    for change in changes:
        path = change.path
        for key, name in names.items():
            path = path.replace(key, name)
        rows.append((path, _short(change.before), _short(change.after)))
    print_table(("WHERE", "BEFORE", "AFTER"), rows)
    say(f"{len(rows)} change{'' if len(rows) == 1 else 's'}")


def tell_facts(facts: Mapping[str, str]) -> None:
    """Names and values in two columns, without what is empty."""
    for name, value in facts.items():
        if value:
            print_data(f"{name + ':':<15}{value}")


def entry_line(entry: "review.screening.listing.AdaptEntry", *, now: datetime) -> Sequence[str]:
    """What a list tells of an entry in the history of an adapt."""
    groups = ", ".join((entry.detail or {}).get("groups", ()))
    told = entry.kind.value.replace("_", " ") + (f": {groups}" if groups else "")
    auto = " (auto)" if entry.is_auto else ""
    version = "-" if entry.version is None else str(entry.version)
    return (version, local_time(entry.at, now=now), entry.operator + auto, told, str(len(entry.changes)))


def _yes(value: bool | None) -> str:
    return {True: "Y", False: "N", None: ""}[value]


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        # Of a row, what people know it by.
        value = value.get("name") or value.get("detail") or " ".join(str(each) for each in value.values())
    return "-" if value is None or value == "" else value if isinstance(value, str) else compact(value)
