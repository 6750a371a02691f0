"""What the database says of the installation as a whole, for Prometheus: looked at when asked, and not too often."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from opsdesk import access, benefits, flows, jobs, points, review
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database, DatabaseUnavailable
from opsdesk.kit.log import get_logger

KEPT_S = 5.0
"""However many ask, the database is asked this often."""
WAIT_S = 2.0
"""An answer that takes longer is done without."""

NO_PARTNER = "none"
"""Where a person or a command is called, or an address that is put together at run time."""

Seen = TypeVar("Seen")

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the database."""

    runs: Mapping[str, int]
    """Open ones, by status."""
    stalled: Mapping[str, int]
    """By why nothing will wake them."""
    triggers_overdue: int
    oldest_due_run_s: float
    workers: int
    jobs: jobs.QueueState
    tickets_open: int
    tickets_overdue: int
    tickets_by_state: Mapping[str, int]
    """Open ones: waiting, in review, awaiting a second person."""
    oldest_ticket_s: float
    alerts: Mapping[str, int]
    """Open ones of the review desk, by kind."""
    results_undelivered: Mapping[str, int]
    """By where their delivery stands."""
    outages: Mapping[tuple[str, str], int]
    """Runs that wait for it, by the endpoint that is out and the state of its circuit."""
    settlement_overdue: int
    audit_unsealed: int
    audit_oldest_unsealed_s: float
    points_findings: int
    """Of the last audit of the ledger."""
    points_unsealed: int


class Gauges(Collector):
    """Call `refresh`, then collect. Where the database does not answer, only `opsdesk_database_up` is told."""

    def __init__(self, database: Database, clock: Clock, calendar: benefits.settlement.months.Calendar) -> None:
        self._database = database
        self._clock = clock
        self._calendar = calendar
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._looking = asyncio.Lock()
        self._looked_at = -KEPT_S
        self.reading: Reading | None = None
        """Of the last look; None where there was no answer."""
        self.held_up: Mapping[str, int] = {}
        """Open runs that failures hold up, by the host of the partner."""

    async def refresh(self) -> None:
        """Look at the database, unless somebody has just done so."""
        async with self._looking:
            if time.monotonic() - self._looked_at < KEPT_S:
                return
            self.reading = await self._in_time(self._look())
            # Apart: in a large outage this may take too long, and the others are needed then.
            answers = self.reading is not None
            self.held_up = (await self._in_time(self._look_at_outages()) if answers else None) or {}
            self._looked_at = time.monotonic()

    async def _in_time(self, looking: Coroutine[Any, Any, Seen]) -> Seen | None:
        try:
            async with asyncio.timeout(WAIT_S):
                return await looking
        except (DatabaseUnavailable, TimeoutError) as error:
            _log.warning("metrics_without_database", reason=type(error).__name__)
            return None

    async def _look(self) -> Reading:
        now = self._clock.now()
        async with self._database.connection() as conn:
            census = await flows.runs.census(conn, now=now)
            stalled = await flows.runs.stalled_runs(conn, now=now)
            overdue = await flows.triggering.overdue_triggers(conn, now=now)
            queue = await jobs.queue_state(conn)
            tickets_open, tickets_overdue = await review.queue.count_open(conn, now=now)
            board = (await review.board.queue_board(conn, now=now, since=now)).counts
            alerts = await review.alerts.count_alerts(conn)
            undelivered = await review.applications.results.count_undelivered(conn)
            outages = await flows.reports.outage_control.count_waiting(conn)
            missing = await benefits.settlement.periods.missing_files(conn, calendar=self._calendar, now=now)
            chain = await access.audit.chain_state(conn)
            audit = await points.auditing.newest_audit(conn)
            points_unsealed = await points.chain.count_unsealed(conn)
        return Reading(
            runs=census.open_runs,
            stalled=Counter(run.reason for run in stalled),
            triggers_overdue=len(overdue),
            oldest_due_run_s=census.oldest_due_s,
            workers=census.workers,
            jobs=queue,
            tickets_open=tickets_open,
            tickets_overdue=tickets_overdue,
            tickets_by_state={
                "waiting": board.waiting,
                "in_review": board.in_review,
                "awaiting_second": board.awaiting_second,
            },
            oldest_ticket_s=(now - board.oldest_at).total_seconds() if board.oldest_at else 0.0,
            alerts=alerts,
            results_undelivered=undelivered,
            outages=outages,
            settlement_overdue=len(missing),
            audit_unsealed=chain.unsealed,
            audit_oldest_unsealed_s=chain.oldest_unsealed_s or 0.0,
            points_findings=audit.findings if audit else 0,
            points_unsealed=points_unsealed,
        )

    async def _look_at_outages(self) -> Mapping[str, int]:
        async with self._database.connection() as conn:
            outages = await flows.reports.outages(conn)
        return {outage.partner or NO_PARTNER: outage.runs for outage in outages}

    def collect(self) -> Iterator[Metric]:
        reading = self.reading
        yield GaugeMetricFamily(
            "opsdesk_database_up", "Whether the database answered in time.", 0 if reading is None else 1
        )
        if reading is None:
            return
        yield _by("opsdesk_runs_open", "Open runs.", "status", reading.runs)
        yield _by(
            "opsdesk_runs_stalled", "Open runs that nothing will wake; any is an alarm.", "reason", reading.stalled
        )
        yield GaugeMetricFamily(
            "opsdesk_triggers_overdue",
            "Active triggers by the clock that nobody fired when they were due; any is an alarm.",
            reading.triggers_overdue,
        )
        yield _by("opsdesk_runs_held_up", "Open runs that failures of a partner hold up.", "partner", self.held_up)
        yield _outages(reading.outages)
        yield GaugeMetricFamily(
            "opsdesk_runs_oldest_due_seconds", "How long the run that is most overdue waits.", reading.oldest_due_run_s
        )
        yield GaugeMetricFamily("opsdesk_workers", "Workers whose lease holds.", reading.workers)
        queue = {"waiting": reading.jobs.waiting, "running": reading.jobs.running, "held": reading.jobs.held}
        yield _by("opsdesk_jobs", "Jobs; held ones failed for good and wait for a person.", "state", queue)
        yield GaugeMetricFamily(
            "opsdesk_jobs_oldest_due_seconds", "How long the job that is most overdue waits.", reading.jobs.oldest_due_s
        )
        yield GaugeMetricFamily("opsdesk_tickets_open", "Open tickets.", reading.tickets_open)
        yield GaugeMetricFamily("opsdesk_tickets_overdue", "Open tickets past their due time.", reading.tickets_overdue)
        yield _by(
            "opsdesk_tickets_by_state",
            "Open tickets: waiting, in review, awaiting a second person.",
            "state",
            reading.tickets_by_state,
        )
        yield GaugeMetricFamily(
            "opsdesk_tickets_oldest_seconds", "How long the oldest open ticket is there.", reading.oldest_ticket_s
        )
        yield _by("opsdesk_review_alerts", "Open alerts of the review desk.", "kind", reading.alerts)
        yield _by(
            "opsdesk_results_undelivered",
            "Results that have not arrived: being sent, given up, or going nowhere.",
            "state",
            reading.results_undelivered,
        )
        yield GaugeMetricFamily(
            "opsdesk_settlement_overdue",
            "Settlement files that are not there although they should be by now; any is an alarm.",
            reading.settlement_overdue,
        )
        yield from _evidence(reading)


def _evidence(reading: Reading) -> Iterator[Metric]:
    yield GaugeMetricFamily("opsdesk_audit_unsealed", "Audit entries that wait to be sealed.", reading.audit_unsealed)
    yield GaugeMetricFamily(
        "opsdesk_audit_oldest_unsealed_seconds",
        "How long the oldest of them waits.",
        reading.audit_oldest_unsealed_s,
    )
    yield GaugeMetricFamily(
        "opsdesk_points_findings",
        "What the last audit of the ledger of points found; any is an alarm.",
        reading.points_findings,
    )
    yield GaugeMetricFamily("opsdesk_points_unsealed", "Postings that wait to be sealed.", reading.points_unsealed)


def _outages(counts: Mapping[tuple[str, str], int]) -> GaugeMetricFamily:
    words = "Runs that wait for an endpoint that is out, held by a person, or letting through what waited."
    family = GaugeMetricFamily("opsdesk_outage_waiting_runs", words, labels=["endpoint", "state"])
    for labels, count in sorted(counts.items()):
        family.add_metric(labels, count)
    return family


def _by(name: str, words: str, label: str, counts: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family
