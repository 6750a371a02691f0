"""PostgreSQL servers that tests make their databases on."""

import re
from dataclasses import dataclass
from uuid import uuid4

import psycopg


@dataclass(frozen=True, slots=True)
class Server:
    """A server that tests may make databases on."""

    url: str
    session: str

    @property
    def template(self) -> str:
        return f"template_{self.session}"

    def database(self, name: str) -> str:
        """The URL of another database of this server."""
        return re.sub(r"^(postgres(?:ql)?://[^/?]*)(/[^?]*)?", rf"\1/{name}", self.url)

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(statement.encode())

    def clone(self) -> str:
        """A new database that equals the template; returns its name."""
        name = f"test_{uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {self.template}{self._strategy()}")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def drop_template(self) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {self.template} WITH (FORCE)")

    def _strategy(self) -> str:
        with psycopg.connect(self.url) as conn:
            return " STRATEGY file_copy" if conn.info.server_version >= 150_000 else ""
