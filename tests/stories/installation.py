"""A whole installation for a story: partners, database, server and workers, each the real thing."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from opsdesk import review
from opsdesk.access import Actor, Scope
from opsdesk.app import desk
from opsdesk.app.server import serve_for
from opsdesk.app.wiring import Opsdesk, open_app
from opsdesk.flows import arrivals, runs
from opsdesk.flows.definitions import store_procedure
from opsdesk.flows.state import OPEN
from opsdesk.kit.clock import Clock
from opsdesk.kit.settings import Settings
from tests.actors import actor
from tests.sandbox.outside import Outside, enter_sandbox
from tests.stories.agreement import everything_agrees

ROOT = Path(__file__).parents[2]
OFFICER = Actor("officer-1", "officer-1", frozenset({"compliance_officer"}), frozenset(Scope))
WORKER = """
from opsdesk.app import process, worker
from opsdesk.kit.settings import Settings
process.run(worker.work(Settings()))
"""
SERVER = """
from opsdesk.app import process, server
from opsdesk.kit.settings import Settings
from tests.actors import actor
process.run(server.serve(Settings()))
"""


@dataclass
class Installation:
    opsdesk: Opsdesk
    outside: Outside
    environment: Mapping[str, str]
    workers: list[asyncio.subprocess.Process] = field(default_factory=list)
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    """The workers, and what else runs."""

    async def add(self, text: str) -> str:
        async with self.opsdesk.database.transaction() as conn:
            now = self.opsdesk.clock.now()
            definition = await store_procedure(conn, text=text, file_name="story.osop.yaml", actor=actor(), now=now)
        return definition.procedure_id

    async def start(self, procedure: str, name: str) -> UUID:
        """Start a run for a customer whose name chooses what the partners do."""
        inputs = {"name": name, "email": f"{uuid4().hex}@example.com", "phone": "+86 138 0000 0000"}
        async with self.opsdesk.database.transaction() as conn:
            now = self.opsdesk.clock.now()
            run, _ = await runs.start_run(conn, procedure_id=procedure, inputs=inputs, actor=actor("story"), now=now)
        return run.run_id

    async def email_of(self, run_id: UUID) -> str:
        async with self.opsdesk.database.connection() as conn:
            return str((await runs.read_journal(conn, run_id))[0].payload["inputs"]["email"])

    async def confirm(self, run_id: UUID) -> None:
        """The customer opens the message and presses the button."""
        await self.outside.control("confirm", {"email": await self.email_of(run_id), "wait_s": 60})

    async def until(self, run_id: UUID, reached: Callable[[runs.Run], bool]) -> runs.Run:
        while True:
            async with self.opsdesk.database.connection() as conn:
                run = await runs.show_run(conn, run_id)
            if reached(run):
                return run
            await asyncio.sleep(0.02)

    async def ended(self, run_id: UUID) -> runs.Run:
        return await self.until(run_id, lambda run: run.status not in OPEN)

    async def resting(self, run_id: UUID) -> runs.Run:
        """Until nothing is left to do but wait for somebody or something."""
        return await self.until(run_id, lambda run: run.status != "running" and not run.owned)

    async def ticket(self, run_id: UUID) -> review.Ticket:
        await self.until(run_id, lambda run: (run.wake_name or "").startswith("person"))
        async with self.opsdesk.database.connection() as conn:
            _, state, _ = await runs.read_state(conn, run_id)
            (ticket_id,) = [node.wait.ticket for node in state.nodes.values() if node.wait and node.wait.ticket]
            return await review.show_ticket(conn, ticket_id=UUID(ticket_id))

    async def decide(self, ticket: review.Ticket, *, actor: Actor = OFFICER, **answers: Any) -> review.Ticket:
        async with self.opsdesk.database.transaction() as conn:
            return await review.decide(
                conn,
                ticket_id=ticket.id,
                actor=actor,
                answers=answers,
                key=uuid4().hex,
                now=self.opsdesk.clock.now(),
                on_decided=desk.on_decided,
            )

    async def retry(self, run_id: UUID, *, new_key: bool = True) -> None:
        async with self.opsdesk.database.transaction() as conn:
            now = self.opsdesk.clock.now()
            await arrivals.retry(conn, run_id=run_id, node=None, new_key=new_key, actor=actor("story"), now=now)

    async def facts(self, run_id: UUID) -> list[runs.JournalRow]:
        async with self.opsdesk.database.connection() as conn:
            return await runs.read_journal(conn, run_id)

    async def work(self) -> asyncio.subprocess.Process:
        """Start a worker in a process of its own."""
        process = await self._begin(WORKER, Path(os.devnull))
        self.workers.append(process)
        return process

    async def work_and_serve(self, logs: Path) -> None:
        """Start a worker and a server, each in a process of its own, that log all there is in two files of a folder."""
        await self._begin(WORKER, logs / "worker")
        await self._begin(SERVER, logs / "server")

    async def _begin(self, program: str, log: Path) -> asyncio.subprocess.Process:
        environment = {**os.environ, **self.environment, "OPSDESK_LOG_FORMAT": "json", "OPSDESK_LOG_LEVEL": "debug"}
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, env=environment, stderr=file)
        self.processes.append(process)
        return process

    def freeze(self, process: asyncio.subprocess.Process) -> None:
        """Stop the process as it stands; SIGCONT lets it go on."""
        process.send_signal(signal.SIGSTOP)

    async def kill(self, process: asyncio.subprocess.Process) -> None:
        process.send_signal(signal.SIGKILL)
        await process.wait()
        self.processes.remove(process)
        if process in self.workers:
            self.workers.remove(process)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@asynccontextmanager
async def installation(
    folder: Path,
    database_url: str,
    *,
    clock: Clock | None = None,
    works: bool = True,
    serves: bool = True,
    more: Mapping[str, str] | None = None,
    clock_file: Path | None = None,
) -> AsyncIterator[Installation]:
    """With a worker and a server in this process, or without: then start them with `work` and `work_and_serve`.

    `more` are further settings by the names of their variables; `clock_file` is what providers read their time from.
    """
    async with enter_sandbox(folder / "sandbox", clock_file=clock_file) as outside:
        port = free_port()
        environment = {
            "OPSDESK_DATABASE_URL": database_url,
            "OPSDESK_DATA_DIR": str(folder / "data"),
            "OPSDESK_BASE_URL": f"http://127.0.0.1:{port}",
            "OPSDESK_PORT": str(port),
            "OPSDESK_CA_FILE": str(outside.sandbox.ca_file),
            "OPSDESK_CONNECT_TO": outside.sandbox.connect_to,
            "OPSDESK_ALLOW_NETWORKS": "127.0.0.0/8",
            "OPSDESK_SECRETS_DIR": str(outside.sandbox.secrets_dir),
            "OPSDESK_COMMANDS_DIR": str(outside.sandbox.commands_dir),
            "OPSDESK_WORKER_LEASE_S": "1",
            **(more or {}),
        }
        values = {name.removeprefix("OPSDESK_").lower(): value for name, value in environment.items()}
        async with open_app(Settings.model_validate(values), clock=clock) as opsdesk:
            runtime = opsdesk.runtime()
            if works:
                await runtime.start()
            made = Installation(opsdesk, outside, environment)
            try:
                async with _served(opsdesk) if serves else nullcontext():
                    yield made
                await everything_agrees(opsdesk)
            finally:
                for process in list(made.processes):
                    await made.kill(process)
                if works:
                    await runtime.stop(grace_s=2)


@asynccontextmanager
async def _served(opsdesk: Opsdesk) -> AsyncIterator[None]:
    stop, answering = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve_for(opsdesk, stop=stop, ready=lambda _: answering.set()))
    ready = asyncio.create_task(answering.wait())
    await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    try:
        if serving.done():
            await serving
        yield
    finally:
        stop.set()
        await serving
