"""What this process counts, for Prometheus. No label holds what a person, a run or an address is called."""

from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

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
        self._calls = Histogram(
            "opsdesk_call_duration_seconds",
            "Executions of nodes: requests to partners, and commands.",
            ["node_type", "outcome"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._steps = Counter(
            "opsdesk_steps", "What became of nodes, by durable facts.", ["node_type", "outcome"], registry=self.registry
        )
        self._calls_by: dict[tuple[str, str], Histogram] = {}
        self._steps_by: dict[tuple[str, str], Counter] = {}
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
        key = (node_type, outcome)
        # Found here in a tenth of the time that the library takes for it.
        child = self._calls_by.get(key) or self._calls_by.setdefault(key, self._calls.labels(*key))
        child.observe(seconds)

    def step(self, *, node_type: str, outcome: str) -> None:
        key = (node_type, outcome)
        child = self._steps_by.get(key) or self._steps_by.setdefault(key, self._steps.labels(*key))
        child.inc()

    def incident(self, *, node_type: str) -> None:
        self._incidents.labels(node_type).inc()

    def run_ended(self, *, outcome: str) -> None:
        self._ended.labels(outcome).inc()

    def watch_pool(self, database: Database) -> None:
        """Show the pool as it stands whenever somebody looks."""
        self.registry.register(_Pool(database))


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
