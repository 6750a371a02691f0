"""What a log tells of an exception: its kind and the way it took, and of its own words only those that hold no values.

The message of a library's exception may quote anything: a value that could not be read, a row that was refused.
"""

import logging
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from types import TracebackType
from typing import Any

import psycopg
import structlog

from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.masking import mask_text

CAUSES_MAX = 10


def told(error: BaseException) -> str:
    """The exception in one line."""
    words = _safe_words(error)
    return f"{type(error).__qualname__}: {mask_text(words)}" if words else type(error).__qualname__


def trace(exc_info: structlog.typing.ExcInfo) -> str:
    """The exception with its causes, each with the lines of code that it went through; for structlog."""
    return "\n".join(_traced(exc_info[1], seen=set()))


def tell_uncaught(kind: type[BaseException], error: BaseException, way: TracebackType | None) -> None:
    """What ends a process, on stderr; for `sys.excepthook`."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, way)
    else:
        print(trace((kind, error, way)), file=sys.stderr)


def without_exceptions(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor that takes the words of an exception out of the line that it is logged with."""
    error = _logged(event.get("exc_info"))
    text = event.get("event")
    if error is not None and isinstance(text, str):
        # A task that failed shows the exception as `exception=…` when it is shown itself.
        for words in (repr(error), str(error)):
            text = text.replace(words, told(error)) if words else text
        event["event"] = text
    return event


class TellExceptions(logging.Filter):
    """Puts what may be told in the place of exceptions among the arguments of a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_told_or_same(argument) for argument in record.args)
        elif isinstance(record.args, Mapping):
            record.args = {name: _told_or_same(argument) for name, argument in record.args.items()}
        return True


def _told_or_same(value: object) -> object:
    return told(value) if isinstance(value, BaseException) else value


def _logged(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return exc_info if isinstance(exc_info, BaseException) else None


def _safe_words(error: BaseException) -> str:
    match error:
        case OpsdeskError():
            return str(error)
        case psycopg.OperationalError(sqlstate=None):
            # There was no answer of a server: libpq tells which address it tried, and why that failed.
            return str(error).strip()
        case psycopg.Error():
            diagnosis = error.diag
            named = (error.sqlstate, diagnosis.table_name, diagnosis.column_name, diagnosis.constraint_name)
            return " ".join(filter(None, named))
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)
        case _:
            return ""


def _traced(error: BaseException | None, *, seen: set[int]) -> Iterator[str]:
    if error is None or id(error) in seen or len(seen) >= CAUSES_MAX:
        return
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _traced(before, seen=seen)
        yield "which led to:"
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
    yield told(error)
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield "which holds:"
            yield from _traced(each, seen=seen)
