"""The processes `serve` and `worker`, ended as an operating system ends them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from opsdesk.kit import postmaster

PROGRAM = """
import sys
from opsdesk.app import process, server, worker
from opsdesk.kit.settings import Settings
process.run({"serve": server.serve, "worker": worker.work}[sys.argv[1]](Settings()))
"""

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def data_dir(session_folder: Path) -> Path:
    return session_folder / uuid4().hex


@pytest.fixture
def start(data_dir: Path) -> Iterator[Start]:
    """Starts one of the processes on an embedded database."""
    started: list[subprocess.Popen[str]] = []

    def run(name: str) -> "subprocess.Popen[str]":
        environment = {
            **os.environ,
            "OPSDESK_DATA_DIR": str(data_dir),
            "OPSDESK_LOG_FORMAT": "json",
            "OPSDESK_PORT": str(free_port()),
        }
        command = [sys.executable, "-c", PROGRAM, name]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def lines_until(process: "subprocess.Popen[str]", event: str) -> list[str]:
    assert process.stderr is not None
    events: list[str] = []
    while event not in events:
        events.append(orjson.loads(process.stderr.readline())["event"])
    return events


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("name", ["serve", "worker"])
def test_a_process_that_is_told_to_stop_ends_in_order(
    start: Start, data_dir: Path, name: str, stop: signal.Signals
) -> None:
    process = start(name)
    lines_until(process, {"serve": "server_started", "worker": "worker_started"}[name])
    process.send_signal(stop)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 0, rest
    told = [orjson.loads(line)["event"] for line in rest.splitlines()]
    assert told[-1] == {"serve": "server_stopped", "worker": "worker_stopped"}[name]
    assert not is_running(data_dir)


def test_an_address_that_is_taken_ends_the_process(start: Start, data_dir: Path) -> None:
    process = start("serve")
    lines_until(process, "server_started")
    environment = {**os.environ, "OPSDESK_DATA_DIR": str(data_dir), "OPSDESK_PORT": port_of(process)}
    command = [sys.executable, "-c", PROGRAM, "serve"]
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert "Address already in use" in second.stderr


def port_of(process: "subprocess.Popen[str]") -> str:
    found = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    return next(part.partition(b"=")[2].decode() for part in found if part.startswith(b"OPSDESK_PORT="))


def is_running(data_dir: Path) -> bool:
    found = postmaster.read(data_dir / "postgres")
    return found is not None and postmaster.is_alive(found, data_dir / "postgres")
