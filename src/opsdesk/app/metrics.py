"""What this process counts, for Prometheus. No label holds what a person, a run or an address is called."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import version
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from opsdesk.kit.db import Database

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The counters and histograms of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Histogram(
            "opsdesk_http_request_duration_seconds",
            "HTTP requests, by the route as it is documented.",
            ["method", "route", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._work = _Work()
        self.registry.register(self._work)
        self._ended = Counter("opsdesk_runs_ended", "Runs that ended.", ["outcome"], registry=self.registry)
        self._incidents = Counter(
            "opsdesk_incidents", "Nodes that need a person.", ["node_type"], registry=self.registry
        )
        built = Gauge("opsdesk_build_info", "The version of Opsdesk.", ["version"], registry=self.registry)
        built.labels(version("opsdesk")).set(1)

    def request(self, *, method: str, route: str, status: int | None, seconds: float) -> None:
        """`status` None: whoever asked went away before there was an answer."""
        self._requests.labels(method, route, "none" if status is None else str(status)).observe(seconds)

    def call(self, *, node_type: str, outcome: str, seconds: float) -> None:
        self._work.call((node_type, outcome), seconds)

    def step(self, *, node_type: str, outcome: str) -> None:
        self._work.steps[node_type, outcome] += 1

    def incident(self, *, node_type: str) -> None:
        self._incidents.labels(node_type).inc()

    def run_ended(self, *, outcome: str) -> None:
        self._ended.labels(outcome).inc()

    def watch_pool(self, database: Database) -> None:
        """Show the pool as it stands whenever somebody looks."""
        self.registry.register(_Pool(database))


class _Work(Collector):
    """What is counted at every step of every run, in plain numbers: the library's own counters take ten times as long.

    Only the thread of the event loop counts.
    """

    def __init__(self) -> None:
        self.steps: dict[tuple[str, str], int] = defaultdict(int)
        self._slots: dict[tuple[str, str], list[int]] = {}
        self._seconds: dict[tuple[str, str], float] = defaultdict(float)

    def call(self, labels: tuple[str, str], seconds: float) -> None:
        slots = self._slots.get(labels)
        if slots is None:
            slots = self._slots[labels] = [0] * (len(SECONDS) + 1)
        slots[bisect_left(SECONDS, seconds)] += 1
        self._seconds[labels] += seconds

    def collect(self) -> Iterator[Metric]:
        calls = HistogramMetricFamily(
            "opsdesk_call_duration_seconds",
            "Executions of nodes: requests to partners, and commands.",
            labels=["node_type", "outcome"],
        )
        bounds = [*map(floatToGoString, SECONDS), "+Inf"]
        for labels, slots in self._slots.items():
            calls.add_metric(labels, list(zip(bounds, accumulate(slots), strict=True)), self._seconds[labels])
        yield calls
        steps = CounterMetricFamily(
            "opsdesk_steps", "What became of nodes, by durable facts.", labels=["node_type", "outcome"]
        )
        for labels, count in self.steps.items():
            steps.add_metric(labels, count)
        yield steps


class _Pool(Collector):
    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        pool = self._database.pool_state()
        connections = GaugeMetricFamily(
            "opsdesk_database_pool_connections", "Connections of the pool.", labels=["state"]
        )
        connections.add_metric(["idle"], pool.idle)
        connections.add_metric(["used"], pool.used)
        yield connections
        yield GaugeMetricFamily("opsdesk_database_pool_max", "Connections that the pool may have.", pool.max)
        yield GaugeMetricFamily("opsdesk_database_pool_waiting", "Requests that wait for a connection.", pool.waiting)
