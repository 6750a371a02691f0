"""The report of a run for terminals, at most 80 columns wide, with the five colours or with none."""

from collections.abc import Iterator
from textwrap import wrap

from opsdesk.flows.draw_text import clean, is_wide
from opsdesk.flows.run_report import FAILED, PASSED, SKIPPED, WAITING, Attempt, Entry, Report, took

COLUMNS = 80
NAME_COLUMNS_MAX = 32
_COLOURS = {PASSED: "32", FAILED: "31", WAITING: "33", SKIPPED: "90"}
_STATUSES = {"COMPLETED": "32", "STOPPED": "33", "WAITING": "33", "PAUSED": "33", "RUNNING": "34"}


def text(report: Report, *, colours: bool = False) -> str:
    """The same sections as the HTML report; inputs and outputs are left to that and to the log."""
    paint = _painted if colours else _plain
    width = min(max((_columns(entry.node) for entry in report.entries), default=0), NAME_COLUMNS_MAX)
    kinds = max((len(entry.type) for entry in report.entries), default=0)
    lines = [
        *_heading("OSOP Execution Report", "="),
        *_wrapped("Workflow:  ", f"{report.name} ({report.procedure})"),
        f"Run ID:    {report.run}",
        f"Status:    {paint(report.status, _STATUSES.get(report.status, '31'))}",
        f"Duration:  {took(report.took_ms)}",
        f"Started:   {report.started_at}",
        f"Ended:     {report.ended_at or 'still open'}",
        "",
        *_heading("Summary", "-"),
        *_wrapped("", report.summary),
        *_wrapped("", f"Nodes: {report.counts}"),
        *([f"Cost: {report.cost}"] if report.cost else []),
        "",
        *_heading("Timeline", "-"),
    ]
    for entry in report.entries:
        for attempt in entry.attempts:
            label = paint(f"[{attempt.label}]", _COLOURS.get(attempt.label, "90"))
            lines += _entry(entry, attempt, label=label, width=width, kinds=kinds)
    lines += _costs(report)
    lines += ["", *_heading("Runtime", "-"), "Agent:     opsdesk", *_wrapped("Actor:     ", report.started_by)]
    return "\n".join([*lines, "", f"Generated: {report.made_at}", ""])


def _costs(report: Report) -> list[str]:
    """What models used, where any was asked."""
    if not report.usages:
        return []
    lines = ["", *_heading("Cost", "-"), f"Total: {report.cost or 'no prices are declared'}"]
    for used in report.usages:
        tokens = f"{used.prompt_tokens} + {used.completion_tokens} tokens, {used.models}"
        lines += _wrapped("  ", " ".join(filter(None, (used.node, used.cost, tokens))))
    return lines


def _entry(entry: Entry, attempt: Attempt, *, label: str, width: int, kinds: int) -> Iterator[str]:
    again = attempt is not entry.attempts[0]
    name = entry.node if len(entry.node) <= NAME_COLUMNS_MAX else entry.node[: NAME_COLUMNS_MAX - 1] + "…"
    notes = [f"iteration {entry.iteration}"] if entry.iteration > 1 and not again else []
    notes += [f"attempt {attempt.number}"] if len(entry.attempts) > 1 else []
    told = f" ({', '.join(notes)})" if notes else ""
    indent = "  " if again else ""
    padding = " " * max(width - _columns(name) - len(indent), 0)
    yield f"{indent}{label}  {name}{padding}  {entry.type:<{kinds}}  {took(attempt.took_ms):>8}{told}".rstrip()
    for words in (attempt.error, attempt.reason if attempt.label != SKIPPED else ""):
        if words:
            yield from _wrapped("        ", words)


def _heading(words: str, line: str) -> tuple[str, str]:
    return words, line * len(words)


def _wrapped(head: str, words: str) -> list[str]:
    words = " ".join(clean(words).split())
    inner = " " * len(head)
    width = COLUMNS - sum(is_wide(character) for character in words[:COLUMNS])
    return wrap(words, width, initial_indent=head, subsequent_indent=inner) or ([head.rstrip()] if head else [])


def _columns(words: str) -> int:
    return sum(2 if is_wide(character) else 1 for character in words)


def _painted(words: str, colour: str) -> str:
    return f"\x1b[{colour}m{words}\x1b[0m"


def _plain(words: str, _colour: str) -> str:
    return words
