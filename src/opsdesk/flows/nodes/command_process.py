"""Running a program: no terminal, limited output, and nothing of it left behind when its time is over."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

STDOUT_BYTES_MAX = 1024 * 1024
STDERR_BYTES_MAX = 64 * 1024
"""Counted up to here; what it says is never kept, since it may hold personal values."""
KILL_GRACE_S = 5.0
"""Between asking a command to end and ending it."""
PIPES_WAIT_S = 0.5
"""How long what the command started may keep its output open after the command has ended."""
_READ_BYTES = 65_536


@dataclass(eq=False)
class OutputTooLarge(Exception):
    """The command wrote more to its standard output than is read of one."""

    bytes_max: int


@dataclass(frozen=True, slots=True)
class Ended:
    """`exit_code` is negative for a signal."""

    exit_code: int
    stdout: bytes
    stderr_bytes: int


async def run_program(
    argv: Sequence[bytes], *, env: Mapping[str, str], cwd: Path, timeout_s: float, grace_s: float = KILL_GRACE_S
) -> Ended:
    """Run the program in a session of its own. On a time-out or cancellation, all of its process group is ended.

    Raises TimeoutError, OutputTooLarge, and OSError if it cannot be started.
    """
    with _pipe() as (stdout, write_out), _pipe() as (stderr, write_err):
        starting = asyncio.create_task(
            asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_out.fileno(),
                stderr=write_err.fileno(),
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        )
        process = await _started(starting, grace_s)
        write_out.close()
        write_err.close()
        try:
            async with asyncio.timeout(timeout_s):
                return await _watch(process, stdout, stderr)
        finally:
            if process.returncode is None:
                await _end_group(process, grace_s)


async def _started(starting: "asyncio.Task[asyncio.subprocess.Process]", grace_s: float) -> asyncio.subprocess.Process:
    """A cancellation meanwhile is heard when the process is known, because only then can it be ended."""
    interrupted: asyncio.CancelledError | None = None
    while not starting.done():
        try:
            await asyncio.wait({starting})
        except asyncio.CancelledError as error:
            interrupted = error
    if interrupted is not None:
        if starting.exception() is None:
            await _end_group(starting.result(), grace_s)
        raise interrupted
    return starting.result()


async def _watch(process: asyncio.subprocess.Process, stdout: int, stderr: int) -> Ended:
    def kill() -> None:
        _signal_group(process.pid, signal.SIGKILL)

    async with asyncio.TaskGroup() as tasks:
        out = tasks.create_task(_collect(stdout, STDOUT_BYTES_MAX, too_large=kill))
        err = tasks.create_task(_count(stderr))
        exit_code = await process.wait()
        _, open_pipes = await asyncio.wait({out, err}, timeout=PIPES_WAIT_S)
        if open_pipes:
            kill()
    if out.result() is None:
        raise OutputTooLarge(STDOUT_BYTES_MAX)
    return Ended(exit_code, out.result() or b"", err.result())


async def _collect(read_end: int, bytes_max: int, *, too_large: Callable[[], None]) -> bytes | None:
    """Everything that is written; None, and nothing of it, where it is more than the limit."""
    collected = bytearray()
    async for piece in _pieces(read_end):
        if len(collected) + len(piece) > bytes_max:
            too_large()
            return None
        collected += piece
    return bytes(collected)


async def _count(read_end: int) -> int:
    count = 0
    async for piece in _pieces(read_end):
        count = min(count + len(piece), STDERR_BYTES_MAX)
    return count


async def _end_group(process: asyncio.subprocess.Process, grace_s: float) -> None:
    """Ask, wait, then insist; a second cancellation insists at once. Returns when the process is no more."""
    _signal_group(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(grace_s):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


async def _pieces(read_end: int) -> AsyncIterator[bytes]:
    """What comes through a pipe, until nobody holds its other end."""
    while True:
        try:
            piece = os.read(read_end, _READ_BYTES)
        except BlockingIOError:
            await _readable(read_end)
            continue
        if not piece:
            return
        yield piece
        await asyncio.sleep(0)  # one that writes without end takes turns with everybody else


async def _readable(read_end: int) -> None:
    """Watched only for as long as somebody waits: event loops may not survive a pipe that is closed while watched."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(read_end, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(read_end)


@contextmanager
def _pipe() -> Iterator[tuple[int, "_WriteEnd"]]:
    """Our own pipes, because whether `Process.wait` waits for those of asyncio differs between event loops."""
    read_end, write_fd = os.pipe()
    write_end = _WriteEnd(write_fd)
    try:
        os.set_blocking(read_end, False)
        yield read_end, write_end
    finally:
        write_end.close()
        os.close(read_end)


class _WriteEnd:
    """The end that the program is given; closed here as soon as it has it."""

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd

    def fileno(self) -> int:
        assert self._fd is not None, "the pipe is closed"
        return self._fd

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
