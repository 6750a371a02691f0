"""A database server of one test, which can be stopped and started under the feet of whoever uses it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from opsdesk.kit import postmaster
from opsdesk.kit.embedded import EmbeddedServer

SPEED_BEFORE_DURABILITY = {"synchronous_commit": "off"}


class OwnServer:
    """`url` is that of its database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers = [EmbeddedServer(folder, settings=SPEED_BEFORE_DURABILITY)]
        self.url = self._servers[0].start()

    def go_away(self) -> None:
        """Stop the server at once, whoever is connected, and wait until it is gone."""
        found = postmaster.read(self._folder / "postgres")
        assert found is not None
        process = psutil.Process(found.pid)
        os.kill(found.pid, signal.SIGINT)
        process.wait(30)

    def come_back(self) -> None:
        server = EmbeddedServer(self._folder, settings=SPEED_BEFORE_DURABILITY)
        assert server.start() == self.url
        self._servers.append(server)

    def end(self) -> None:
        for server in self._servers:
            server.stop()


@contextmanager
def own_server(folder: Path) -> Iterator[OwnServer]:
    server = OwnServer(folder)
    try:
        yield server
    finally:
        server.end()
