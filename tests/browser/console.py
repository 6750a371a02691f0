"""A whole installation with its console: a real server and worker, a database, people, and something to do."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp

from opsdesk import review
from opsdesk.access import Actor, Role, Scope, links, people, sessions
from opsdesk.access.people import Person
from opsdesk.access.sessions import Caller, SessionLimits, SignInMethod
from opsdesk.flows import outage_control, runs
from opsdesk.flows.definitions import store_procedure
from opsdesk.kit import log
from opsdesk.kit.db import Connection, Database

FOLDER = Path(__file__).parent / "procedures"
KEEPER = Actor(id="cli:keeper", name="keeper", roles=frozenset(), scopes=frozenset(Scope))
CUSTOMER = Actor(id="key:customer-portal", name="customer-portal", roles=frozenset(), scopes=frozenset(Scope))
LIMITS = SessionLimits(idle_s=1800, absolute_s=43_200)
PASSWORD = "correct horse battery"
START_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Console:
    """What is served, and the database behind it."""

    url: str
    database: Database

    async def person(
        self,
        *roles: str,
        name: str = "",
        email: str | None = None,
        language: str = "en",
        password: str | None = None,
    ) -> Person:
        """Somebody new with these roles; with a password only where one is asked for, because it takes long to hash."""
        email = email or f"{roles[0].replace('_', '-') if roles else 'nobody'}-{uuid4().hex[:8]}@example.com"
        async with self.writing() as conn:
            made = await people.create_person(
                conn,
                email=email,
                name=name or (roles[0].replace("_", " ").capitalize() if roles else "Nobody"),
                roles=roles,
                actor=KEEPER,
                language=language,
                now=now(),
            )
            if password:
                link = await links.make_link(conn, person_id=made.id, actor=KEEPER, now=now())
                await links.use_link(conn, code=link.code, password=password, now=now())
        return made

    async def session_of(self, person: Person) -> str:
        """The cookie of a new session, as signing in gives it."""
        async with self.writing() as conn:
            session = await sessions.begin_session(
                conn,
                person=person,
                method=SignInMethod.PASSWORD,
                caller=Caller(user_agent="Mozilla/5.0 Chromium", address="127.0.0.1"),
                limits=LIMITS,
                verified=True,
                now=now(),
            )
        return session.token

    async def store(self, name: str) -> str:
        """The id of a procedure out of the folder."""
        text = (FOLDER / name).read_text(encoding="utf-8")
        async with self.writing() as conn:
            return (await store_procedure(conn, text=text, file_name=name, actor=KEEPER, now=now())).procedure_id

    async def start(self, procedure: str, **inputs: object) -> UUID:
        async with self.writing() as conn:
            run, _ = await runs.start_run(conn, procedure_id=procedure, inputs=inputs, actor=CUSTOMER, now=now())
        return run.run_id

    async def ticket_of(self, run_id: UUID) -> review.Ticket:
        """The ticket that a run opens, as soon as it has."""
        async with asyncio.timeout(START_WAIT_S):
            while True:
                async with self.database.connection() as conn:
                    page = await review.list_tickets(conn, search=str(run_id), now=now())
                    if page.items:
                        return await review.show_ticket(conn, ticket_id=page.items[0].id)
                await asyncio.sleep(0.05)

    async def outage(self) -> UUID:
        """An endpoint that somebody keeps calls from."""
        async with self.writing() as conn:
            held = await outage_control.hold(
                conn, endpoint="https://held.example.com:443", reason="at night", actor=KEEPER, now=now()
            )
        return held.circuit.outage_id

    async def ticket(self, **inputs: object) -> review.Ticket:
        """A new ticket about a refund, for reviewers."""
        given = {
            "customer_email": "customer@example.com",
            "order_link": "https://shop.example.com/orders/20260105-1834",
            "amount_fen": 12900,
            "reason": "The parcel came open, and one of two cups was broken.",
        }
        return await self.ticket_of(await self.start("refund-approval", **(given | inputs)))

    def now(self) -> datetime:
        return now()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """A transaction in the name of a request."""
        with log.bound(request_id=f"test-{uuid4().hex[:12]}"):
            async with self.database.transaction() as conn:
                yield conn


@asynccontextmanager
async def console(database_url: str, folder: Path) -> AsyncIterator[Console]:
    """A server and a worker in a process of their own, on a migrated database; `folder` is its data folder."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = _environment(
        OPSDESK_DATABASE_URL=database_url,
        OPSDESK_DATA_DIR=str(folder),
        OPSDESK_BASE_URL=url,
        OPSDESK_PORT=str(port),
        OPSDESK_LOG_LEVEL="warning",
    )
    database = Database(database_url, pool_max=4)
    await database.open()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "opsdesk", "serve", "--with-worker", env=environment, cwd=folder
    )
    try:
        await _answers(url, process)
        yield Console(url, database)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await database.close()


async def one_of_each_role(there: Console, roles: Collection[str] = tuple(Role), **more: str) -> Mapping[str, Person]:
    return {role: await there.person(role, **more) for role in roles}


async def _answers(url: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(START_WAIT_S), aiohttp.ClientSession() as session:
        while True:
            assert process.returncode is None, "the server ended before it answered"
            try:
                async with session.get(f"{url}/healthz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


def _environment(**settings: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("OPSDESK_")}
    return own | settings


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def now() -> datetime:
    return datetime.now(UTC)
