"""The folder that one run of the tests keeps its server in."""

import os
import shutil
import signal
import tempfile
from pathlib import Path
from uuid import uuid4

import psutil

from opsdesk.kit import postmaster

MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 2_000_000_000
PREFIX = "opsdesk-tests-"


def make_session_folder() -> Path:
    """A new folder, in memory where there is enough: making a database takes 10 ms there, and 150 ms on a disk."""
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN
    parent = MEMORY if in_memory else Path(tempfile.gettempdir())
    for folder in parent.glob(f"{PREFIX}*"):
        remove_if_abandoned(folder)
    folder = parent / f"{PREFIX}{os.getpid()}-{uuid4().hex[:12]}"
    folder.mkdir(mode=0o700)
    return folder


def session_name(folder: Path) -> str:
    return folder.name.rpartition("-")[2]


def remove_if_abandoned(folder: Path) -> None:
    """Stop and remove what a run left behind that was killed."""
    process = int(folder.name.removeprefix(PREFIX).partition("-")[0])
    if psutil.pid_exists(process) or folder.stat().st_uid != os.geteuid():
        return
    found = postmaster.read(folder / "postgres")
    if found is not None and postmaster.is_alive(found, folder / "postgres"):
        os.kill(found.pid, signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)
