"""How a process of Opsdesk begins and ends: its event loop, and SIGTERM and SIGINT as an event that it waits for."""

import asyncio
import gc
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvloop

from opsdesk.kit.log_exceptions import tell_uncaught

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

GARBAGE_OBJECTS = 50_000
"""New objects between two looks for cycles; Python's own default is 700."""

Answer = TypeVar("Answer")


def run(main: Coroutine[Any, Any, Answer]) -> Answer:
    """Run the main coroutine of a process, such as `serve(settings)`, to its end.

    An exception that nothing catches ends the process, and is told as the log tells one: without its own words.
    """
    sys.excepthook = tell_uncaught
    tune_garbage_collection()
    return uvloop.run(main)


def tune_garbage_collection() -> None:
    """Look for cycles less often, and never among what was imported: measured, a tenth of a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 20, 20)


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
