"""What changed between two documents, in paths that people can follow. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """`before` or `after` is None where there was nothing, or is nothing any more."""

    path: str
    before: Any
    after: Any


def difference(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """The changes between two JSON documents.

    Lists of things with an `id`, a `code` or a `name` are compared by it, so that a row that was moved is not a row
    that was changed; that the order changed is told once, at the list.
    """
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from difference(before.get(name), after.get(name), f"{path}.{name}".lstrip("."))
    elif (old := _by_id(before)) is not None and (new := _by_id(after)) is not None:
        for key in [*old, *(key for key in new if key not in old)]:
            name = (new.get(key) or old[key]).get("name") or (new.get(key) or old[key]).get("detail") or key
            yield from difference(old.get(key), new.get(key), f"{path}[{name}]")
        if [key for key in old if key in new] != [key for key in new if key in old]:
            yield Change(f"{path} (order)", list(old), list(new))
    else:
        yield Change(path, before, after)


def _by_id(value: Any) -> dict[str, Mapping[str, Any]] | None:
    """Lists of rows with ids, codes or names; None for anything else. An empty list is a list of no rows."""
    if not isinstance(value, list | tuple):
        return None
    rows: dict[str, Mapping[str, Any]] = {}
    for row in value:
        if not isinstance(row, Mapping):
            return None
        name = row.get("id") or row.get("code") or row.get("name")
        if not isinstance(name, str):
            return None
        rows[name] = row
    return rows
