"""The processes: `opsdesk serve`, `worker`, `migrate` and `sandbox`."""

import asyncio
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, SystemRefused, command, read_settings
from opsdesk.app.output import print_data, print_json, say

if TYPE_CHECKING:
    from opsdesk.kit.settings import Settings

Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")]


@command
async def serve(
    with_worker: Annotated[
        bool, typer.Option("--with-worker", help="Execute runs and jobs in this process too.")
    ] = False,
) -> None:
    """Answer HTTP until SIGTERM or SIGINT. One JSON line of log on stderr tells when it answers, and where.

    Example: `opsdesk serve --with-worker`
    """
    settings = read_settings()
    if with_worker:
        await _serve_and_work(settings)
        return
    from opsdesk.app import server

    await server.serve(settings)


async def _serve_and_work(settings: "Settings") -> None:
    from opsdesk.app.process import stop_signals
    from opsdesk.app.server import serve_for
    from opsdesk.app.wiring import open_app
    from opsdesk.app.worker import work_for
    from opsdesk.kit import log

    log.configure(settings)
    log.unbind()
    with stop_signals() as stop:
        async with open_app(settings) as opsdesk:
            parts = [
                asyncio.create_task(serve_for(opsdesk, stop=stop), name="server"),
                asyncio.create_task(work_for(opsdesk, stop=stop), name="worker"),
            ]
            # If one ends, by a signal or a port that is taken, the other ends in order too.
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            await asyncio.wait(parts)
            for part in parts:
                part.result()


@command
async def worker() -> None:
    """Execute runs and jobs until SIGTERM or SIGINT. Any number of workers may run, on any number of machines.

    Example: `OPSDESK_LOG_FORMAT=json opsdesk worker`
    """
    from opsdesk.app.worker import work

    await work(read_settings())


@command
async def migrate(
    dump: Annotated[bool, typer.Option("--dump", help="Print the tables as SQL after it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the tables of the database to what this version expects. It does so once, however often it is called.

    Example: `opsdesk migrate`
    """
    from opsdesk.app.wiring import migrate_database
    from opsdesk.kit.embedded import database_url
    from opsdesk.kit.schema import dump_schema

    settings = read_settings()
    applied = list(await migrate_database(settings))
    schema = None
    if dump:
        async with database_url(settings) as url:
            schema = await asyncio.to_thread(dump_schema, url)
    if as_json:
        print_json({"applied": applied, **({} if schema is None else {"schema": schema})})
        return
    say(f"applied: {', '.join(applied)}" if applied else "nothing to apply")
    if schema is not None:
        print_data(schema)


@command
def sandbox(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="For certificates, secrets and data; unset: in OPSDESK_DATA_DIR.")
    ] = None,
    https_port: Port = 0,
    http_port: Port = 0,
    smtp_port: Port = 0,
    control_port: Port = 0,
    slow_seconds: Annotated[float, typer.Option(min=0, help="How long a slow partner holds a connection.")] = 600.0,
) -> None:
    """Run the partners of the shipped procedures on this machine, until SIGTERM or SIGINT.

    It prints one line of JSON: what to set so that Opsdesk reaches them. docs/reference/sandbox.md tells the rest.

    Example: `opsdesk sandbox --folder sandbox`
    """
    if find_spec("aiosmtpd") is None:
        raise SystemRefused(reason="the sandbox needs: pip install 'opsdesk[sandbox]'", file="aiosmtpd")
    where = folder or read_settings().data_dir / "sandbox"
    ports = {"https": https_port, "http": http_port, "smtp": smtp_port, "control": control_port}
    options = [part for name, port in ports.items() for part in (f"--{name}-port", str(port))]
    program = [sys.executable, "-m", "opsdesk.sandbox", "--folder", str(where), *options]
    # In place of this process, so that whoever ends it ends the sandbox.
    os.execv(sys.executable, [*program, "--slow-seconds", str(slow_seconds)])  # noqa: S606 - a list of arguments


@command
async def demo(
    check: Annotated[
        bool, typer.Option("--check", help="End after both paths; exit 0 only if both ended as they should.")
    ] = False,
) -> int:
    """Show a real procedure at work: start a database, partners, a server and a worker here, and stay up.

    Example: `opsdesk demo --check`
    """
    settings = read_settings()
    from opsdesk.app.demo import demonstrate
    from opsdesk.app.demo_screen import Screen

    return await demonstrate(settings, check=check, screen=Screen())
