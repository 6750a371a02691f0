"""How a process of Opsdesk begins and ends: its event loop, and SIGTERM and SIGINT as an event that it waits for."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvloop

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Answer = TypeVar("Answer")


def run(main: Coroutine[Any, Any, Answer]) -> Answer:
    """Run the main coroutine of a process, such as `serve(settings)`, to its end."""
    return uvloop.run(main)


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """The event is set by the first of the signals; only the main thread of a process can use this."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
