"""What tests ask for: a real PostgreSQL, a migrated database of their own, a clock that stands still."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
import structlog

from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.embedded import EmbeddedServer
from opsdesk.kit.log import bound
from opsdesk.kit.migrate import migrate
from tests.servers import Server
from tests.session import make_session_folder, session_name

MONDAY_TEN_IN_SHANGHAI = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
POOL_MAX = 8
NIGHTLY_EXAMPLES = 5_000
"""Of every property, with `--hypothesis-profile nightly`."""
SESSION_FOLDER = pytest.StashKey[Path]()
SPEED_BEFORE_DURABILITY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of this run; the workers of pytest-xdist are told its name."""
    # structlog's own traceback shows the values of every frame, and takes minutes for those of a worker.
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])
    # Nothing in the tests is timed: a machine may be busy.
    hypothesis.settings.register_profile("untimed", deadline=None)
    hypothesis.settings.register_profile("nightly", deadline=None, max_examples=NIGHTLY_EXAMPLES)
    hypothesis.settings.load_profile(config.getoption("--hypothesis-profile") or "untimed")
    given = getattr(config, "workerinput", {}).get("session_folder")
    config.stash[SESSION_FOLDER] = Path(given) if given else make_session_folder()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["session_folder"] = str(node.config.stash[SESSION_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    folder = config.stash[SESSION_FOLDER]
    if given := os.environ.get("OPSDESK_TEST_DATABASE_URL"):
        Server(given, session_name(folder)).drop_template()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def request_id() -> Iterator[str]:
    """What each write of a test is asked for by."""
    with bound(request_id="test"):
        yield "test"


@pytest.fixture(scope="session")
def session_folder(request: pytest.FixtureRequest) -> Path:
    return request.config.stash[SESSION_FOLDER]


@pytest.fixture(scope="session")
def server(session_folder: Path) -> Iterator[Server]:
    """The server of this run with its template, shared by all workers; or the one OPSDESK_TEST_DATABASE_URL names."""
    given = os.environ.get("OPSDESK_TEST_DATABASE_URL")
    embedded = EmbeddedServer(session_folder, settings=SPEED_BEFORE_DURABILITY)
    server = Server(given or embedded.start(), session_name(session_folder))
    try:
        with _alone(session_folder / "template.lock"):
            _make_template(server, session_folder / "template-made")
        yield server
    finally:
        embedded.stop()


@pytest.fixture
def database_url(server: Server) -> Iterator[str]:
    """A migrated database for this test alone."""
    name = server.clone()
    yield server.database(name)
    server.drop(name)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """An open pool on a database of this test's own."""
    database = Database(database_url, pool_max=POOL_MAX)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
def worker_database_url(server: Server) -> Iterator[str]:
    """A migrated database for all tests of this worker that leave nothing behind."""
    name = server.clone()
    yield server.database(name)
    server.drop(name)


@pytest.fixture
async def conn(worker_database_url: str) -> AsyncIterator[Connection]:
    """A connection inside a transaction that is rolled back."""
    async with await psycopg.AsyncConnection.connect(worker_database_url, autocommit=True) as connection:
        async with connection.transaction(force_rollback=True):
            yield connection


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MONDAY_TEN_IN_SHANGHAI)


@contextmanager
def _alone(lock_file: Path) -> Iterator[None]:
    with lock_file.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_template(server: Server, marker: Path) -> None:
    if marker.exists():
        return
    server.execute(f"CREATE DATABASE {server.template}")
    run_alone(lambda: migrate(server.database(server.template), steps=MIGRATION_STEPS))
    marker.touch()


def run_alone(main: Callable[[], Any]) -> Any:
    """Run a coroutine outside of any event loop of a test."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()
