"""The processes of the demo: started one by one, watched, and ended by their process ids."""

import asyncio
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import psutil

from opsdesk.app.demo_waiting import DemoFailed, within

READY_WAIT_S = 60.0
STOP_WAIT_S = 30.0
POLL_S = 0.05
LOG_LINES_SHOWN = 8
LOG_LINE_CHARACTERS_MAX = 300


class DemoProcess:
    """One process, in a session of its own, so that Ctrl-C reaches the demo only, which then ends them in order."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, *, output: Path, log: Path) -> None:
        self.name = name
        self.pid = process.pid
        self.is_up = False
        self._process = process
        self._output = output
        self._log = log

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    async def ready_line(self, is_it: Callable[[str], bool]) -> str:
        """The line by which the process says that it is ready. Raises DemoFailed with the end of its log."""
        try:
            async with within(READY_WAIT_S, f"{self.name} to be ready"):
                while True:
                    # Asked before its lines are read, so that the last ones are not missed.
                    has_ended = self.has_ended
                    for line in self._lines():
                        if is_it(line):
                            self.is_up = True
                            return line
                    if has_ended:
                        raise DemoFailed(f"The {self.name} ended before it was ready.")
                    await asyncio.sleep(POLL_S)
        except DemoFailed as failure:
            raise DemoFailed(f"{failure}\n{self.last_lines()}") from None

    def last_lines(self) -> str:
        """The end of its log, and where the rest is."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        shown = "\n".join(f"  {line[:LOG_LINE_CHARACTERS_MAX]}" for line in lines)
        return f"{shown}\nIts log: {self._log}" if shown else f"It wrote nothing to its log, {self._log}."

    async def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        if self.has_ended:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_WAIT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _lines(self) -> list[str]:
        """Whole lines of what it has said, the data first."""
        texts = (path.read_text(encoding="utf-8", errors="replace") for path in (self._output, self._log))
        return [line for text in texts for line in text.splitlines(keepends=True) if line.endswith("\n")]


class DemoProcesses:
    """All of them. Their ids are kept in a file, so that the next demo ends what a killed one has left behind."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "demo.processes"
        self._logs = folder / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._started: list[DemoProcess] = []

    async def start(self, name: str, command: Sequence[str], *, environment: Mapping[str, str]) -> DemoProcess:
        """Start a process; its words go to `logs/<name>.log`, and what it prints as data beside it."""
        output, log = self._logs / f"{name}.out", self._logs / f"{name}.log"
        with _private(output) as out, _private(log) as err:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=environment,
                start_new_session=True,
            )
        started = DemoProcess(name, process, output=output, log=log)
        self._started.append(started)
        self._remember()
        return started

    async def until_one_ends(self) -> None:
        """Raises DemoFailed when a process ends that was up and that nobody has stopped."""
        while True:
            for process in self._started:
                if process.is_up and process.has_ended:
                    raise DemoFailed(f"The {process.name} has ended by itself.\n{process.last_lines()}")
            await asyncio.sleep(POLL_S)

    def forget(self, process: DemoProcess) -> None:
        """It ended, and that is known."""
        self._started.remove(process)

    async def stop(self) -> None:
        """End all of them, the last one first."""
        while self._started:
            await self._started.pop().stop()
        self._file.unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        """End the processes of a demo that was killed, and only those: a process id may be another's by now."""
        try:
            known = json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return
        left = [process for pid, began in known if (process := _still_there(pid, began))]
        for process in left:
            process.terminate()
        for process in psutil.wait_procs(left, timeout=STOP_WAIT_S)[1]:
            process.kill()
        self._file.unlink()

    def _remember(self) -> None:
        alive = [(process.pid, _began(process.pid)) for process in self._started if not process.has_ended]
        self._file.write_text(json.dumps([(pid, began) for pid, began in alive if began is not None]))


def _still_there(pid: int, began: float) -> psutil.Process | None:
    return psutil.Process(pid) if _began(pid) == began else None


def _began(pid: int) -> float | None:
    """When a process began, which tells it from a later one with the same id; None if there is none."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")
