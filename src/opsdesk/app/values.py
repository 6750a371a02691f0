"""Values as people type them: `name=value` becomes what the schema of the name asks for, `name:=JSON` what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from opsdesk.kit.errors import Invalid

FILE_BYTES_MAX = 1 << 20
_TRUTHS = {"true": True, "false": False}


@dataclass(eq=False)
class ValuesInvalid(Invalid):
    """A value on the command line cannot be read."""

    problems: list[str]
    """They name options and values by name, and never repeat what was typed for a value."""


def typed_values(given: Sequence[str], schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The values by name. A name without a schema stays text, so that whoever knows the names can refuse it by name.

    Raises ValuesInvalid with every problem at once.
    """
    values: dict[str, Any] = {}
    problems = []
    for number, text in enumerate(given, start=1):
        name, equals, value = text.partition("=")
        is_json = name.endswith(":")
        name = name.removesuffix(":").strip()
        if not equals or not name:
            problems.append(f"value {number} is not written name=value")
        elif name in values:
            problems.append(f"{name} is given twice")
        elif is_json:
            values[name] = _json(name, value.encode(), problems)
        else:
            values[name] = _typed(value, schemas.get(name, {}))
    if problems:
        raise ValuesInvalid(problems)
    return values


def json_file(path: Path) -> dict[str, Any]:
    """The object in a file of JSON. Raises ValuesInvalid, OSError."""
    with path.open("rb") as file:
        text = file.read(FILE_BYTES_MAX + 1)
    if len(text) > FILE_BYTES_MAX:
        raise ValuesInvalid([f"{path} has more than {FILE_BYTES_MAX} bytes"])
    return json_object(text, called=str(path))


def text_file(path: Path) -> str:
    """The text in a file of UTF-8. Raises ValuesInvalid, OSError."""
    with path.open("rb") as file:
        content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise ValuesInvalid([f"{path} has more than {FILE_BYTES_MAX} bytes"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValuesInvalid([f"{path} is no text in UTF-8"]) from None


def json_object(text: bytes, *, called: str) -> dict[str, Any]:
    """Raises ValuesInvalid."""
    problems: list[str] = []
    value = _json(called, text, problems)
    if not problems and not isinstance(value, dict):
        problems.append(f"{called} is not a JSON object")
    if problems:
        raise ValuesInvalid(problems)
    return dict(value)


def moment(text: str, *, called: str) -> datetime:
    """A time as RFC 3339 writes it; without an offset, on the reader's own clock. Raises ValuesInvalid."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise ValuesInvalid([f"{called} is not a time such as 2026-01-05T10:00:00+08:00"]) from None


def _json(name: str, text: bytes, problems: list[str]) -> Any:
    from opsdesk.kit.http_json import BodyUnreadable, read_json

    try:
        return read_json(text)
    except BodyUnreadable as error:
        problems.append(f"{name} {error.problem}")
        return None


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    """The text as the first type that it can be; else as it is, which the schema then refuses by name."""
    wanted = schema.get("type")
    for kind in wanted if isinstance(wanted, list) else [wanted]:
        value = _as(kind, text)
        if value is not None:
            return value
    return text


def _as(kind: Any, text: str) -> Any:
    try:
        match kind:
            case "boolean":
                return _TRUTHS.get(text.lower())
            case "integer":
                return int(text)
            case "number":
                return float(text) if any(mark in text for mark in ".eE") else int(text)
    except ValueError:
        return None
    return None
