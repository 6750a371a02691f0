"""Reference data as lists: read out of CSV or JSON, and put in together or not at all."""

import csv
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Any

import orjson

from opsdesk.access import Actor
from opsdesk.kit.db import Connection
from opsdesk.review.reference import entries
from opsdesk.review.reference.errors import ApplicationUnknown, ReferenceDataInvalid, SceneUnknown
from opsdesk.review.reference.proto_fields import PbField
from opsdesk.review.screening.reasonless import tell_of_types_without_reason

ROWS_MAX = 5000
PROBLEMS_MAX = 100
"""So many are told at once of a list; the rest when these are mended."""
_YES = frozenset({"y", "yes", "true", "1", "active"})


class Kind(StrEnum):
    """What there are lists of."""

    APPLICATIONS = "applications"
    SCENES = "scenes"
    METHODS = "methods"
    REJECT_CODES = "reject-codes"


COLUMNS: Mapping[Kind, Sequence[str]] = {
    Kind.APPLICATIONS: ("application", "name"),
    Kind.SCENES: ("application", "scene", "name", "bucket"),
    Kind.METHODS: ("application", "scene", "method", "name", "with_screening", "verifications"),
    Kind.REJECT_CODES: ("code", "category", "description", "is_active"),
}

_PUT: Mapping[Kind, Callable[..., Awaitable[Any]]] = {
    Kind.APPLICATIONS: entries.put_application,
    Kind.SCENES: entries.put_scene,
    Kind.METHODS: entries.put_method,
    Kind.REJECT_CODES: partial(entries.put_reject_code, alerting=False),
}


def read_rows(text: str, *, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a JSON list of objects, or of CSV whose first line names the columns.

    Raises ReferenceDataInvalid.
    """
    text = text.removeprefix("\ufeff").strip()
    if text.startswith(("[", "{")):
        try:
            rows = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ReferenceDataInvalid({"list": [f"is no JSON: {error.msg}"]}) from None
    else:
        try:
            rows = list(csv.DictReader(io.StringIO(text, newline=""), restkey="more"))
        except csv.Error as error:
            raise ReferenceDataInvalid({"list": [f"is no CSV: {error}"]}) from None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ReferenceDataInvalid({"list": ["is no list of rows"]})
    if len(rows) > ROWS_MAX:
        raise ReferenceDataInvalid({"list": [f"are more than {ROWS_MAX}"]})
    strange = {str(name) for row in rows for name in row} - {*columns}
    if strange:
        raise ReferenceDataInvalid({name[:64]: ["is no column here"] for name in sorted(strange)})
    return rows


def read_fields(text: str) -> list[PbField]:
    """The pb fields of a list with the columns path and type. Raises ReferenceDataInvalid."""
    rows = read_rows(text, columns=("path", "type"))
    return [PbField(str(row.get("path") or "").strip(), str(row.get("type") or "string").strip()) for row in rows]


async def put_rows(
    conn: Connection, kind: Kind, rows: Sequence[Mapping[str, Any]], *, actor: Actor, now: datetime
) -> int:
    """Add or change an entry for each row; how many. Where one is wrong, none is put in.

    Raises ScopeMissing, ReferenceDataInvalid (its places begin with the number of the row; the first PROBLEMS_MAX).
    """
    problems: dict[str, Sequence[str]] = {}
    async with conn.transaction():
        if kind is Kind.REJECT_CODES:
            await entries.lock_reject_codes(conn)
        for number, row in enumerate(rows, start=1):
            try:
                await _PUT[kind](conn, **_values(kind, row), actor=actor, now=now)
            except ReferenceDataInvalid as error:
                problems |= {f"{number}.{place}": texts for place, texts in error.problems.items()}
            except ApplicationUnknown:
                problems[f"{number}.application"] = ["is no application"]
            except SceneUnknown:
                problems[f"{number}.scene"] = ["is no scene of the application"]
            if len(problems) >= PROBLEMS_MAX:
                break
        if problems:
            raise ReferenceDataInvalid(dict(islice(problems.items(), PROBLEMS_MAX)))
        if kind is Kind.REJECT_CODES:
            codes = [_value("code", row.get("code")) for row in rows]
            await tell_of_types_without_reason(conn, codes=codes, now=now)
    return len(rows)


def _values(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    return {column: _value(column, row.get(column)) for column in COLUMNS[kind]}


def _value(column: str, given: Any) -> Any:
    if column in ("with_screening", "is_active"):
        blank = given is None or given == ""
        return (column == "is_active") if blank else str(given).strip().casefold() in _YES
    if column == "verifications":
        parts = given if isinstance(given, list) else str(given or "").replace(";", ",").replace(" ", ",").split(",")
        return [str(part).strip() for part in parts if str(part).strip()]
    return "" if given is None else str(given).strip()
