"""Runs the sandbox in the foreground: `python -m opsdesk.sandbox --folder DIR`."""

import argparse
import asyncio
import dataclasses
import json
import signal
import sys
from pathlib import Path

from opsdesk.sandbox.server import SLOW_S, FolderInUse, serve


async def run(options: argparse.Namespace) -> None:
    """Print where everything is as one line of JSON once it is ready, and stop on SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(
        options.folder,
        https_port=options.https_port,
        http_port=options.http_port,
        smtp_port=options.smtp_port,
        control_port=options.control_port,
        slow_s=options.slow_seconds,
        clock_file=options.clock_file,
    ) as sandbox:
        print(json.dumps(dataclasses.asdict(sandbox), default=str), flush=True)
        await stop.wait()


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m opsdesk.sandbox", description=__doc__, allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True, help="where certificates, tokens and data are kept")
    for name in ("https", "http", "smtp", "control"):
        parser.add_argument(f"--{name}-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--slow-seconds", type=float, default=SLOW_S, help="how long a slow partner holds a connection")
    parser.add_argument("--clock-file", type=Path, help="the file `clock` in the data folder of Opsdesk")
    return parser.parse_args(arguments)


def main() -> int:
    options = parse(sys.argv[1:])
    try:
        asyncio.run(run(options))
    except (FolderInUse, OSError) as error:
        print(f"opsdesk.sandbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
