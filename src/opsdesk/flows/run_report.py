"""The report of a run: what ran, how it went and how long it took, made from its OSOP log.

Source: the execution report of the specification: its sections, its five colours, no icons, no scripts, nothing from
elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from opsdesk.flows.draw_text import clean
from opsdesk.flows.procedure import Procedure

VALUE_CHARS_MAX = 200
"""Of a value; the OSOP log has all of it."""
PASSED, FAILED, SKIPPED, WAITING, NOT_REACHED = "PASS", "FAIL", "SKIP", "WAIT", "----"
_LABELS = {
    "COMPLETED": PASSED,
    "FAILED": FAILED,
    "ERROR": FAILED,
    "TIMEOUT": FAILED,
    "SKIPPED": SKIPPED,
    "RUNNING": WAITING,
    "BLOCKED": NOT_REACHED,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One record of the log: an attempt of a node, or that it was skipped or not reached."""

    number: int
    status: str
    """As the log has it, with `TIMED_OUT` for a time that ran out."""
    label: str
    started_at: str
    took_ms: int | None
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    error: str
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A node in one of its iterations, with all of its attempts; or a run that carried it out."""

    node: str
    type: str
    name: str
    iteration: int
    attempts: tuple[Attempt, ...]
    is_child: bool = False

    @property
    def last(self) -> Attempt:
        """How it stands in the end."""
        return self.attempts[-1]


@dataclass(frozen=True, slots=True)
class Usage:
    """What the models of a node used, over all of its attempts."""

    node: str
    models: str
    prompt_tokens: int
    completion_tokens: int
    cost: str
    """Empty where the node has no prices."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report shows, in its order."""

    name: str
    procedure: str
    version: str
    digest: str
    run: str
    status: str
    """COMPLETED, STOPPED, TIMED_OUT, CANCELLED, or of an open run RUNNING, WAITING, BLOCKED, PAUSED."""
    started_at: str
    ended_at: str
    """Empty while the run is open."""
    took_ms: int
    summary: str
    entries: tuple[Entry, ...]
    usages: tuple[Usage, ...]
    """By node, the most expensive first; empty where no model was asked."""
    cost: str
    """Of all of them; empty where nothing has a price."""
    started_by: str
    made_at: str

    def count(self, label: str) -> int:
        """How many nodes stand like this in the end."""
        return sum(entry.last.label == label for entry in self.entries if not entry.is_child)

    @property
    def counts(self) -> str:
        """How the nodes stand, in words."""
        parts = [(PASSED, "passed"), (FAILED, "failed"), (SKIPPED, "skipped"), (WAITING, "under way")]
        told = [f"{self.count(label)} {words}" for label, words in parts if self.count(label) or label != WAITING]
        missed = self.count(NOT_REACHED)
        nodes = sum(not entry.is_child for entry in self.entries)
        return ", ".join([f"{nodes} total", *told, *([f"{missed} not reached"] if missed else [])])


def report_of(procedure: Procedure, log: Mapping[str, Any], *, now: datetime) -> Report:
    """From the log of the run, which says already what the reader may see."""
    is_open = log["outcome"] in ("running", "waiting", "blocked", "paused", "compensating")
    return Report(
        name=procedure.name,
        procedure=procedure.id,
        version=procedure.version,
        digest=procedure.digest,
        run=str(log["run_id"]),
        status=str(log["outcome"]).upper(),
        started_at=log["started_at"],
        ended_at="" if is_open else log["ended_at"],
        took_ms=log["duration_ms"],
        summary=str(log.get("result_summary", "")),
        entries=_entries(procedure, log["node_records"]),
        usages=_usages(log["node_records"]),
        cost=_total(log["node_records"]),
        started_by=str(log["trigger"]["actor"]),
        made_at=now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def _usages(records: Sequence[Mapping[str, Any]]) -> tuple[Usage, ...]:
    by_node: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        if used := record.get("ai_metadata"):
            by_node.setdefault(record["node_id"], []).append(used)
    order = sorted(by_node.items(), key=lambda item: -sum(used.get("cost", 0) for used in item[1]))
    return tuple(
        Usage(
            node=node,
            models=", ".join(dict.fromkeys(clean(str(used["model"])) for used in all_used)),
            prompt_tokens=sum(used["prompt_tokens"] for used in all_used),
            completion_tokens=sum(used["completion_tokens"] for used in all_used),
            cost=_money(all_used),
        )
        for node, all_used in order
    )


def _total(records: Sequence[Mapping[str, Any]]) -> str:
    return _money([used for record in records if (used := record.get("ai_metadata"))])


def _money(all_used: Sequence[Mapping[str, Any]]) -> str:
    """A sum for each currency: `$0.140`, `CNY 1.200`."""
    sums: dict[str, float] = {}
    for used in all_used:
        if "cost" in used:
            sums[used["currency"]] = sums.get(used["currency"], 0.0) + used["cost"]
    return " + ".join(
        f"${amount:.3f}" if currency == "USD" else f"{currency} {amount:.3f}" for currency, amount in sums.items()
    )


def _entries(procedure: Procedure, records: Sequence[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """In the order in which they started; what never started comes last."""
    grouped: dict[tuple[str, int, str], list[Mapping[str, Any]]] = {}
    for record in records:
        key = record["node_id"], record.get("iteration", 1), record.get("child_run_id", "")
        grouped.setdefault(key, []).append(record)
    order = sorted(grouped.items(), key=lambda item: min(str(record.get("started_at", "~")) for record in item[1]))
    return tuple(
        Entry(
            node=node,
            type=str(attempts[0]["node_type"]),
            name=_name(procedure, node, attempts[0]),
            iteration=iteration,
            is_child=bool(child),
            attempts=tuple(_attempt(place, record) for place, record in enumerate(attempts, start=1)),
        )
        for (node, iteration, child), attempts in order
    )


def _name(procedure: Procedure, node: str, record: Mapping[str, Any]) -> str:
    name = procedure.nodes[node].name if node in procedure.nodes else node
    return f"{name}, run {record['spawn_index'] + 1}" if "child_run_id" in record else name


def _attempt(place: int, record: Mapping[str, Any]) -> Attempt:
    status = str(record["status"])
    return Attempt(
        number=int(record.get("attempt", place)),
        status="TIMED_OUT" if status == "TIMEOUT" else status,
        label=_LABELS.get(status, NOT_REACHED),
        started_at=str(record.get("started_at", "")),
        took_ms=record.get("duration_ms"),
        inputs=_shown(record.get("inputs", {})),
        outputs=_shown(record.get("outputs", {})),
        error=clean(str(record.get("error", ""))),
        reason=clean("; ".join(filter(None, [_undoes(record), str(record.get("reason", ""))]))),
        actor=str(record.get("actor", "")),
    )


def _undoes(record: Mapping[str, Any]) -> str:
    """Of a node that undoes another: which, and in which iteration if not the first."""
    undone = record.get("undoes")
    if undone is None:
        return ""
    return f"undoes {undone['node_id']}" + (f" ({undone['iteration']})" if undone["iteration"] > 1 else "")


def _shown(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: _cut(value) for name, value in values.items()}


def _cut(value: Any) -> str:
    text = clean(value if isinstance(value, str) else orjson.dumps(value, default=str).decode())
    return text if len(text) <= VALUE_CHARS_MAX else text[: VALUE_CHARS_MAX - 1] + "…"


def took(milliseconds: int | None) -> str:
    """`120ms`, `3.2s`, `4m 05s`, `2h 03m`, `3d 04h`."""
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f}s"
    seconds = milliseconds // 1000
    for size, part, unit, inner in ((86_400, 3_600, "d", "h"), (3_600, 60, "h", "m"), (60, 1, "m", "s")):
        if seconds >= size:
            return f"{seconds // size}{unit} {seconds % size // part:02}{inner}"
    return f"{seconds}s"
