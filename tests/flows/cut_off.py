"""A way to the database that can be cut between a commit and its answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict, make_conninfo


@dataclass
class Way:
    url: str
    cut_at: bytes = b""
    """Answers that hold this are lost, with the connection."""
    let_through: int = 0
    """So many of them are let through before."""
    cuts: int = 0

    def cuts_at(self, answer: bytes) -> bool:
        if self.cuts or not self.cut_at or self.cut_at not in answer:
            return False
        self.let_through -= 1
        self.cuts += self.let_through < 0
        return bool(self.cuts)


@asynccontextmanager
async def way_to(database_url: str) -> AsyncIterator[Way]:
    """A proxy before the database."""
    given = conninfo_to_dict(database_url)
    host, port = str(given.get("host", "127.0.0.1")), int(str(given.get("port", 5432)))
    way = Way("")

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if answers and way.cuts_at(data):
                    break
                writer.write(data)
                await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if host.startswith("/"):
            to_server = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            to_server = await asyncio.open_connection(host, port)
        both = [
            asyncio.create_task(forward(reader, to_server[1], answers=False)),
            asyncio.create_task(forward(to_server[0], writer, answers=True)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for end in (writer, to_server[1]):
                end.close()

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    way.url = make_conninfo(
        "", **{**given, "host": "127.0.0.1", "port": proxy.sockets[0].getsockname()[1], "sslmode": "disable"}
    )
    try:
        yield way
    finally:
        proxy.close()
