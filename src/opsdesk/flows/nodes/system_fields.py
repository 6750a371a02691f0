"""The fields of a `system` node: a timer, a line in the log, or a signal to another run."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdesk.flows.document_reading import DURATION_S_MAX, duration_s
from opsdesk.flows.nodes.problems import FieldProblem
from opsdesk.flows.procedure import Node
from opsdesk.flows.references import Namespace, parse_all

OPERATIONS = ("log", "signal", "timer")
LEVELS = ("debug", "info", "warning", "error")
MESSAGE_CHARS_MAX = 2_000


def operation_of(node: Node) -> str | None:
    """What the node does: `runtime.operation`, else its subtype."""
    return node.runtime.get("operation") or node.subtype


def system_problems(node: Node) -> Iterator[FieldProblem]:
    """Why the node cannot be run."""
    runtime = node.runtime
    match operation_of(node):
        case "timer":
            yield from _timer_problems(runtime)
        case "log":
            yield from _log_problems(runtime)
        case "signal":
            yield from _signal_problems(runtime)
        case None:
            yield FieldProblem("", f"a system node without runtime.operation (known: {', '.join(OPERATIONS)})")
        case other:
            known = ", ".join(OPERATIONS)
            yield FieldProblem("operation", f"a system node that does {str(other)[:40]} (known: {known})")


def _timer_problems(runtime: Mapping[str, Any]) -> Iterator[FieldProblem]:
    duration, until = runtime.get("duration"), runtime.get("until")
    if (duration is None) == (until is None):
        yield FieldProblem("duration", "a timer without either runtime.duration or runtime.until")
    elif duration is not None and not _has_reference(duration) and not _fits(duration_s(duration)):
        yield FieldProblem("duration", "a timer whose duration is no time of at most ten years, such as 90s, 2h or 7d,")
    elif until is not None and not isinstance(until, str):
        yield FieldProblem("until", "a timer whose until is no text such as 2026-01-31T09:00:00+08:00")


def _fits(seconds: float | None) -> bool:
    return seconds is not None and 0 <= seconds <= DURATION_S_MAX


def _has_reference(value: object) -> bool:
    return isinstance(value, str) and "${" in value


def _log_problems(runtime: Mapping[str, Any]) -> Iterator[FieldProblem]:
    message = runtime.get("message")
    if not isinstance(message, str) or not 0 < len(message) <= MESSAGE_CHARS_MAX:
        yield FieldProblem("message", f"a log node without a runtime.message of at most {MESSAGE_CHARS_MAX} characters")
        return
    references, malformed = parse_all(message)
    if malformed or any(reference.namespace is not Namespace.METADATA for reference in references):
        # Logs go to more places and live longer than runs, so that no value of a customer may come into them.
        yield FieldProblem("message", "a log node whose message refers to anything but ${metadata.…}")
    if runtime.get("level", "info") not in LEVELS:
        yield FieldProblem("level", f"a log node whose level is none of {', '.join(LEVELS)}")


def _signal_problems(runtime: Mapping[str, Any]) -> Iterator[FieldProblem]:
    for name in ("run", "node"):
        if not isinstance(runtime.get(name), str) or not runtime[name]:
            yield FieldProblem(name, f"a signal node without runtime.{name}")
    if not isinstance(runtime.get("answer", {}), Mapping):
        yield FieldProblem("answer", "a signal node whose answer is not a mapping")
