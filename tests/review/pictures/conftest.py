"""Hosts of pictures, and ways to them."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.http_client import HttpClient
from opsdesk.review import Ticket
from opsdesk.review.pictures.fetching import FETCH_TIMEOUT_S, Fetcher
from opsdesk.review.pictures.hosts import PictureHosts
from opsdesk.sandbox.certificates import Certificates, certificates
from tests.configured import add_reference
from tests.review.pictures.hosting import Host, hosting
from tests.review.pictures.tickets import MakeTicket, add_pictured_type, pictured_ticket

MakeFetcher = Callable[..., Fetcher]


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest_asyncio.fixture
async def host() -> AsyncIterator[Host]:
    async with hosting() as host:
        yield host


@pytest_asyncio.fixture
async def fetcher_of(host: Host, tls: Certificates) -> AsyncIterator[MakeFetcher]:
    """Makes fetchers; the one for no arguments may fetch from the host."""
    made: list[HttpClient] = []

    def make(
        hosts: str | None = None,
        *,
        networks: str = "127.0.0.0/8",
        connect_to: str = "",
        trusting: bool = True,
        timeout_s: float = FETCH_TIMEOUT_S,
    ) -> Fetcher:
        http = HttpClient(ca_file=tls.ca_file if trusting else None, connect_to=connect_to, allow_networks=networks)
        made.append(http)
        return Fetcher(http, PictureHosts(host.listed if hosts is None else hosts), timeout_s=timeout_s)

    yield make
    for http in made:
        await http.close()


@pytest_asyncio.fixture
async def desk(db: Database, clock: ManualClock) -> AsyncIterator[Database]:
    """The database with reference data in it."""
    async with db.transaction() as conn:
        await add_reference(conn, now=clock.now())
    yield db


@pytest_asyncio.fixture
async def make_ticket(desk: Database, clock: ManualClock) -> AsyncIterator[MakeTicket]:
    async with desk.transaction() as conn:
        found = await add_pictured_type(conn, now=clock.now())

    async def make(*urls: str, flow_no: str = "F-1", **features: Any) -> Ticket:
        async with desk.transaction() as conn:
            return await pictured_ticket(conn, found, *urls, now=clock.now(), flow_no=flow_no, **features)

    yield make
