"""The installation of the demo: partners, database, server and worker, each a process that is really there."""

import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import aiohttp

from opsdesk.app.demo_benefits import ESB_URL, open_bank
from opsdesk.app.demo_keys import DemoKeys, demo_keys
from opsdesk.app.demo_people import DemoPeople, demo_people
from opsdesk.app.demo_processes import DemoProcesses
from opsdesk.app.demo_remote import Remote
from opsdesk.app.demo_review import PICTURE_HOST
from opsdesk.app.demo_screen import Screen
from opsdesk.app.demo_screening import configure_desk
from opsdesk.app.demo_waiting import DemoFailed, within
from opsdesk.app.wiring import Opsdesk, open_app
from opsdesk.kit.settings import Settings

DATABASE_WAIT_S = 180.0
PORT_TRIES_MAX = 5
PROGRAMS = Path(sys.executable).parent
"""Of this very environment; `python` is one of them, and the procedure shipped calls it."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What is up, and how it is reached."""

    base_url: str
    control_url: str
    mailbox_url: str
    outside_url: str
    """What was handed in by the anti-fraud engine, and what came back to credit."""
    bank_url: str
    """The pages of the bank's channels."""
    keys: DemoKeys
    people: DemoPeople
    environment: Mapping[str, str]
    """The settings that every process of it was started with."""


@asynccontextmanager
async def installation(
    data_dir: Path, *, wanted_port: int, processes: DemoProcesses, screen: Screen
) -> AsyncIterator[Installation]:
    """Start everything, and end it in order when the block ends. Raises DemoFailed with what would not start."""
    try:
        sandbox = await _start_sandbox(data_dir, processes, screen)
        environment: Mapping[str, str] = _settings(data_dir, sandbox, port=_free_port(wanted_port))
        async with _database(environment, screen) as opsdesk:
            try:
                environment = await _start_server(environment, processes, screen, wanted_port=wanted_port)
                await _start_worker(environment, processes, screen)
                await configure_desk(opsdesk, proto=_proto(Path(sandbox["proto_file"])))
                screen.line("ready", "review desk", "two screening types and a strategy group")
                async with demo_keys(opsdesk) as keys:
                    await _open_bank(opsdesk, sandbox, environment, keys, screen)
                    yield Installation(
                        base_url=environment["OPSDESK_BASE_URL"],
                        control_url=sandbox["control_url"],
                        mailbox_url=sandbox["mailbox_url"],
                        outside_url=f"{sandbox['control_url']}/control/applications",
                        bank_url=sandbox["bank_url"],
                        keys=keys,
                        people=await demo_people(opsdesk),
                        environment=environment,
                    )
            finally:
                # Before the database is left, so that what they do last can still be written.
                await processes.stop()
    finally:
        await processes.stop()


async def _start_sandbox(data_dir: Path, processes: DemoProcesses, screen: Screen) -> Mapping[str, Any]:
    try:
        version("aiosmtpd")
    except PackageNotFoundError:
        raise DemoFailed("The sandbox needs the extra `sandbox`: pip install 'opsdesk[sandbox]'.") from None
    folders = ["--folder", str(data_dir / "sandbox"), "--clock-file", str(data_dir / "clock")]
    command = [sys.executable, "-m", "opsdesk.sandbox", *folders]
    process = await processes.start("sandbox", command, environment=_environment({}))
    described: Mapping[str, Any] = json.loads(await process.ready_line(lambda line: line.startswith('{"ca_file"')))
    screen.line("started", "sandbox", "partners by HTTPS, a mail server, a mailbox")
    return described


@asynccontextmanager
async def _database(environment: Mapping[str, str], screen: Screen) -> AsyncIterator[Opsdesk]:
    values = {name.removeprefix("OPSDESK_").lower(): value for name, value in environment.items()}
    # Said, because what is not said is read from the environment around us.
    settings = Settings.model_validate({**values, "database_url": None})
    async with AsyncExitStack() as stack:
        async with within(DATABASE_WAIT_S, "the database to start"):
            opsdesk = await stack.enter_async_context(open_app(settings))
        screen.line("started", "database", "PostgreSQL, in the data folder")
        yield opsdesk


async def _start_server(
    environment: Mapping[str, str], processes: DemoProcesses, screen: Screen, *, wanted_port: int
) -> Mapping[str, str]:
    """Returns the settings with the port that it got: another one if somebody takes ours just before it does."""
    for _ in range(PORT_TRIES_MAX):
        process = await processes.start("server", _opsdesk("serve"), environment=_environment(environment))
        try:
            await process.ready_line(_says("server_started"))
        except DemoFailed:
            if not process.has_ended or _is_free(int(environment["OPSDESK_PORT"])):
                raise
            processes.forget(process)
            environment = {**environment, **_address(_any_port())}
        else:
            why = "" if environment["OPSDESK_PORT"] == str(wanted_port) else f" (port {wanted_port} is taken)"
            screen.line("started", "server", f"{environment['OPSDESK_BASE_URL']}{why}")
            return environment
    raise DemoFailed(f"No port could be had for the server, after {PORT_TRIES_MAX} tries.")


async def _start_worker(environment: Mapping[str, str], processes: DemoProcesses, screen: Screen) -> None:
    process = await processes.start("worker", _opsdesk("worker"), environment=_environment(environment))
    await process.ready_line(_says("worker_started"))
    screen.line("started", "worker", "executes the runs")


async def _open_bank(
    opsdesk: Opsdesk, sandbox: Mapping[str, Any], environment: Mapping[str, str], keys: DemoKeys, screen: Screen
) -> None:
    async with aiohttp.ClientSession() as session:
        world = Remote(session, sandbox["control_url"])
        await open_bank(
            opsdesk,
            world,
            base_url=environment["OPSDESK_BASE_URL"],
            provider_url=sandbox["provider_url"],
            key=keys.bank.key,
        )
    screen.line("ready", "bank", "customers with points, two services, a provider with its keys")


def _proto(file: Path) -> Mapping[str, str]:
    """By name, as an import takes them."""
    return {file.name: file.read_text(encoding="utf-8")}


def _opsdesk(command: str) -> list[str]:
    return [str(PROGRAMS / "opsdesk"), command]


def _says(event: str) -> Callable[[str], bool]:
    def is_it(line: str) -> bool:
        try:
            logged = json.loads(line)
        except ValueError:
            return False
        return isinstance(logged, dict) and logged.get("event") == event

    return is_it


def _settings(data_dir: Path, sandbox: Mapping[str, Any], *, port: int) -> dict[str, str]:
    return {
        "OPSDESK_DATA_DIR": str(data_dir),
        "OPSDESK_CA_FILE": sandbox["ca_file"],
        "OPSDESK_CONNECT_TO": sandbox["connect_to"],
        "OPSDESK_PICTURE_HOSTS": PICTURE_HOST,
        "OPSDESK_SECRETS_DIR": sandbox["secrets_dir"],
        "OPSDESK_COMMANDS_DIR": sandbox["commands_dir"],
        "OPSDESK_ESB_URL": ESB_URL,
        **_address(port),
    }


def _address(port: int) -> dict[str, str]:
    return {"OPSDESK_PORT": str(port), "OPSDESK_BASE_URL": f"http://127.0.0.1:{port}"}


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """For a process: what is around us, but for settings that belong to another installation."""
    around = {name: value for name, value in os.environ.items() if not name.startswith("OPSDESK_")}
    # Their lines are read to know when they are ready.
    logs = {"OPSDESK_LOG_FORMAT": "json", "OPSDESK_LOG_LEVEL": "info"}
    return {**around, **settings, **logs, "PATH": f"{PROGRAMS}:{os.environ.get('PATH', os.defpath)}"}


def _free_port(wanted: int) -> int:
    return wanted if _is_free(wanted) else _any_port()


def _is_free(port: int) -> bool:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", port))
            taken.listen()
        except OSError:
            return False
    return True


def _any_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
