"""What commands print: data on stdout, words on stderr, and every refusal in the same form."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import Any

from opsdesk.kit.errors import OpsdeskError

COLUMN_GAP = "  "


def print_json(value: Any) -> None:
    """One JSON value on stdout; pydantic models and dataclasses are written as objects."""
    import orjson

    options = orjson.OPT_UTC_Z | orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(value, default=_plain, option=options).decode() + "\n")


def print_data(text: str) -> None:
    """Data that is text already, on stdout, ending with one line break."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def say(words: str) -> None:
    """Words for people, on stderr, and after the data that came before them where both go to one place."""
    with suppress(BrokenPipeError):  # whoever writes data next, or the end of the command, meets it again
        sys.stdout.flush()
    sys.stderr.write(words + "\n")


def print_error(error: OpsdeskError, *, hint: str | None, as_json: bool) -> None:
    """A refusal: the one error body on stdout, or its code, message and detail in words on stderr."""
    if as_json:
        print_json(error.body())
        return
    say(f"{error.code}: {error.message}")
    for name, value in error.detail.items():
        for line in _in_words(name.replace("_", " "), value):
            say(f"  {line}")
    if hint:
        say(f"Next: {hint}")


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as what is in them; Chinese characters count twice. Without rows, nothing."""
    from rich.cells import cell_len

    if not rows:
        return
    lines = [list(heads), *([_one_line(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        cells = [cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)]
        print_data(COLUMN_GAP.join(cells).rstrip())


def local_time(at: datetime | None, *, now: datetime) -> str:
    """The time on the reader's own clock, with the date unless it is today."""
    if at is None:
        return ""
    there = at.astimezone()
    return f"{there:%H:%M:%S}" if there.date() == now.astimezone().date() else f"{there:%Y-%m-%d %H:%M}"


def local_zone() -> tzinfo:
    """The zone of the reader's own clock."""
    zone = datetime.now(UTC).astimezone().tzinfo
    assert zone is not None
    return zone


def span(seconds: float) -> str:
    """A length of time in its two largest units: `< 0.1 s`, `0.2 s`, `3 min 5 s`, `23 h 59 min`, `2 d 3 h`."""
    if seconds < 0.05:
        return "< 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    rest = round(seconds)
    if rest < 60:
        return f"{rest} s"
    for large, small, unit, part in ((86_400, 3_600, "d", "h"), (3_600, 60, "h", "min"), (60, 1, "min", "s")):
        if rest >= large:
            more = rest % large // small
            return f"{rest // large} {unit} {more} {part}" if more else f"{rest // large} {unit}"
    return f"{rest} s"


def _plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    return dump() if dump is not None else str(value)


def _one_line(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _in_words(name: str, value: Any) -> Iterator[str]:
    """A fact of an error as lines: what is empty is left out, what has parts is a list."""
    if value in (None, "", [], {}, ()):
        return
    if isinstance(value, Mapping):
        yield f"{name}:"
        for key, item in value.items():
            yield from (f"  {line}" for line in _in_words(str(key), item))
    elif isinstance(value, list | tuple):
        if len(value) == 1:
            yield f"{name}: {_item(value[0])}"
        else:
            yield f"{name}:"
            yield from (f"  - {_item(item)}" for item in value)
    elif isinstance(value, datetime):
        yield f"{name}: {local_time(value, now=datetime.now(UTC))}"
    else:
        yield f"{name}: {_one_line(str(value))}"


def _item(value: Any) -> str:
    """A finding reads as the linter prints it; anything else as it is."""
    if not isinstance(value, Mapping):
        return _one_line(str(value))
    if {"line", "column", "severity", "code", "message"} <= value.keys():
        hint = f" ({value['hint']})" if value.get("hint") else ""
        place = f"{value['line']}:{value['column']}"
        return _one_line(f"{place}: {value['severity']} {value['code']} {value['message']}{hint}")
    return _one_line(", ".join(f"{key} {item}" for key, item in value.items()))


def compact(value: Any) -> str:
    """A value as JSON in one line."""
    import orjson

    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
