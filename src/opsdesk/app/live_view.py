"""A run as a picture in the terminal that changes while it is looked at: one line for each step, and the outcome."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opsdesk import flows
from opsdesk.app.chosen import short
from opsdesk.app.output import local_time, span
from opsdesk.app.run_sight import Seen

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAMES_PER_S = 10
ROWS_BESIDE_STEPS = 6
"""Lines of the terminal that the title, the outcome and the prompt take."""
ID_COLUMNS_MAX = 28

_MARKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "pending": ("·", "dim"),
        "active": ("▶", "cyan"),
        "retrying": ("↻", "yellow"),
        "waiting": ("…", "yellow"),
        "done": ("✓", "green"),
        "failed": ("✗", "red"),
        "blocked": ("!", "bold red"),
        "skipped": ("»", "dim"),
    }
)
_OUTCOMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "running": ("▶", "cyan"),
        "waiting": ("…", "yellow"),
        "blocked": ("!", "bold red"),
        "paused": ("‖", "yellow"),
        "compensating": ("↶", "yellow"),
        "completed": ("✓", "bold green"),
        "stopped": ("✗", "bold red"),
        "timed_out": ("✗", "bold red"),
        "cancelled": ("✗", "bold"),
    }
)
_QUIET = frozenset({"pending", "skipped"})


def terminal() -> Console:
    return Console(highlight=False)


class LiveView:
    """Keeps one picture of the run on the terminal, and leaves the last one there."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._frame = 0
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def show(self, seen: Seen, now: datetime) -> None:
        """Draw the run as it is now."""
        if not self._live.is_started:
            self._live.start()
        self._frame += 1
        spinner = FRAMES[self._frame % len(FRAMES)]
        rows_max = max(self._console.height - ROWS_BESIDE_STEPS, 3)
        self._live.update(
            picture(seen.detail, name=seen.name, now=now, spinner=spinner, rows_max=rows_max), refresh=True
        )

    def close(self) -> None:
        """Leave the picture as it is."""
        self._live.stop()


def picture(
    detail: "flows.views.RunDetail", *, name: str, now: datetime, spinner: str = "▶", rows_max: int = 1000
) -> RenderableType:
    """The title, a line for each step, and how the run stands. Where there is little room, quiet steps go first."""
    shown = _fitting(detail, rows_max)
    left_out = len(detail.nodes) - len(shown)
    parts: list[RenderableType] = [_title(detail, name), _steps(detail, shown, now=now, spinner=spinner)]
    if left_out:
        parts.append(Text(f"   and {left_out} more step{'' if left_out == 1 else 's'}", style="dim"))
    parts.append(Padding(_outcome(detail, now=now, spinner=spinner), (1, 0, 0, 0)))
    return Group(*parts)


def _fitting(detail: "flows.views.RunDetail", rows_max: int) -> list["flows.views.NodeStateView"]:
    def rows(nodes: list["flows.views.NodeStateView"]) -> int:
        return len(nodes) + sum(bool(_says(node, detail, now=detail.started_at)) for node in nodes)

    nodes = list(detail.nodes)
    for phase in ("skipped", "pending", "done"):
        for node in [node for node in reversed(nodes) if node.phase.value == phase]:
            if rows(nodes) <= rows_max:
                return nodes
            nodes.remove(node)
    return nodes


def _title(detail: "flows.views.RunDetail", name: str) -> RenderableType:
    line = Table.grid(expand=True, padding=(0, 2, 0, 0))
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    line.add_row(Text(name, style="bold"), Text(f"run {short(detail.id)}", style="dim"))
    return line


def _steps(
    detail: "flows.views.RunDetail", nodes: list["flows.views.NodeStateView"], *, now: datetime, spinner: str
) -> RenderableType:
    parts: list[RenderableType] = []
    wide = min(max((len(node.id) for node in nodes), default=0), ID_COLUMNS_MAX)
    for node in nodes:
        mark, style = _MARKS[node.phase.value]
        quiet = node.phase.value in _QUIET
        line = Table.grid(expand=True, padding=(0, 1, 0, 0))
        line.add_column(width=2, justify="right")
        line.add_column(width=wide, no_wrap=True, overflow="ellipsis")
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_column(width=5)
        line.add_column(width=11, justify="right", no_wrap=True)
        line.add_row(
            Text(spinner if node.phase.value == "active" and not detail.ended_at else mark, style=style),
            Text(node.id, style="dim" if quiet else ""),
            Text(node.name if node.name != node.id else "", style="dim"),
            Text(node.type.value, style="dim"),
            Text(_lasted(node, now), style="dim" if node.phase.value == "done" else style),
        )
        parts.append(line)
        if says := _says(node, detail, now=now):
            parts.append(Padding(Text(says, style=style), (0, 0, 0, 5)))
    return Group(*parts)


def _lasted(node: "flows.views.NodeStateView", now: datetime) -> str:
    if node.released_at is None or node.phase.value in _QUIET:
        return ""
    return span(((node.ended_at or now) - node.released_at).total_seconds())


def _says(node: "flows.views.NodeStateView", detail: "flows.views.RunDetail", *, now: datetime) -> str:
    """What a step waits for, or what was wrong; empty for one that just goes its way."""
    if detail.ended_at is None and node.wait is not None:
        return waits_for(node.wait, now=now)
    error = f"{node.error.code}: {node.error.message}" if node.error else ""
    if node.phase.value == "retrying" and node.retry_at:
        seconds = (node.retry_at - now).total_seconds()
        return f"{error} · attempt {node.attempt} in {span(seconds)}" if seconds > 0 else error
    return error if node.phase.value in ("failed", "blocked") else ""


def waits_for(wait: "flows.views.WaitView", *, now: datetime) -> str:
    """For whom or what, and until when at most; a ticket with the end of its identifier."""
    whom = {
        "person": f"waits for {wait.role or 'a person'}",
        "partner": "waits for the partner's answer",
        "rate_limit": "waits for its turn",
        "timer": "waits for its time",
        "children": "waits for its runs",
        "outage": "waits",
    }.get(wait.reason, f"waits: {wait.reason}")
    parts = [f"{whom}, ticket {short(wait.ticket)}" if wait.ticket else whom]
    if wait.outage and wait.since:
        return f"{parts[0]}: {wait.outage} does not answer · since {local_time(wait.since, now=now)}"
    if wait.until:
        left = (wait.until - now).total_seconds()
        parts.append(f"{span(left)} left" if left > 0 else f"overdue since {local_time(wait.until, now=now)}")
    if wait.stands:
        parts.append("its clock stands")
    if wait.resend_at:
        parts.append(f"sent again {local_time(wait.resend_at, now=now)}")
    return " · ".join(parts)


def _outcome(detail: "flows.views.RunDetail", *, now: datetime, spinner: str) -> Text:
    mark, style = _OUTCOMES[detail.status.value]
    mark = spinner if detail.status.value == "running" else mark
    lasted = span(((detail.ended_at or now) - detail.started_at).total_seconds())
    return Text(f" {mark} {standing(detail)} · {lasted}", style=style)


def standing(detail: "flows.views.RunDetail") -> str:
    """How a run stands, in words."""
    if detail.set_aside:
        return f"set aside, an operator has to look at it: {detail.set_aside}"
    if detail.pause is not None and detail.outcome is None:
        return f"paused by {detail.pause.actor}: {detail.pause.reason}"
    if detail.undoing is not None and detail.outcome is None:
        undoing = detail.undoing
        end = undoing.outcome.value.replace("_", " ")
        blocked = ", an operator has to look at it" if detail.status.value == "blocked" else ""
        return (
            f"being undone{blocked}: {undoing.undone} of {undoing.undone + undoing.left}; then {end}: {undoing.reason}"
        )
    words = detail.status.value.replace("_", " ")
    if detail.outcome is not None and words != "completed":
        where = f" at {detail.outcome.node}" if detail.outcome.node else ""
        return f"{words}{where}" + (f": {detail.outcome.reason}" if detail.outcome.reason else "")
    if detail.status.value == "blocked":
        return "blocked, an operator has to retry or cancel"
    if detail.wake is not None and detail.wake.name.startswith("worker"):
        return f"{words}, a worker will take it"
    return words
