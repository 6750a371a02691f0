"""What routes ask of a request: one transaction, the business time, and the key that makes a write once-only."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request
from pydantic.json_schema import SkipJsonSchema

from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.http_errors import RequestInvalid
from opsdesk.kit.sql import statements

KEY_CHARACTERS_MAX = 200

_SQL = statements(__file__)
_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_CHARACTERS_MAX}}}")
_KEY_HEADER = Header(
    description="Makes the request once-only: the same key with the same content gives the first answer again.",
    json_schema_extra={"pattern": r"^[\x21-\x7e]+$", "minLength": 1, "maxLength": KEY_CHARACTERS_MAX},
)


def provide(app: FastAPI, *, database: Database, clock: Clock, secret: Callable[[str], str] | None = None) -> None:
    """Give an application what the dependencies below hand to its routes; `secret` gives the secret of a name."""
    app.state.database = database
    app.state.clock = clock
    app.state.secret = secret


async def _connection(request: Request) -> AsyncIterator[Connection]:
    database: Database = request.app.state.database
    async with database.transaction() as conn:
        yield conn


async def _clock(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


async def _now(request: Request) -> datetime:
    clock: Clock = request.app.state.clock
    return clock.now()


async def _database_now(
    request: Request, conn: Annotated[Connection, Depends(_connection, scope="function")]
) -> datetime:
    clock: Clock = request.app.state.clock
    return await database_now(conn, clock)


async def database_now(conn: Connection, clock: Clock) -> datetime:
    """When the transaction began, by the one clock that all servers share."""
    row = await (await conn.execute(_SQL["began_at"])).fetchone()
    assert row is not None
    return clock.moved(row[0])


async def _secret(request: Request) -> Callable[[str], str]:
    secret: Callable[[str], str] = request.app.state.secret
    return secret


async def _given_key(idempotency_key: Annotated[str | SkipJsonSchema[None], _KEY_HEADER] = None) -> str | None:
    if idempotency_key is not None:
        _check_key(idempotency_key)
    return idempotency_key


async def _needed_key(idempotency_key: Annotated[str, _KEY_HEADER]) -> str:
    _check_key(idempotency_key)
    return idempotency_key


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        problem = f"has to have 1 to {KEY_CHARACTERS_MAX} printable ASCII characters without spaces"
        raise RequestInvalid([{"where": "header.idempotency-key", "problem": problem}])


# With scope="function" the transaction ends before the answer leaves, so that a failed commit is an error response.
Conn = Annotated[Connection, Depends(_connection, scope="function")]
ClockOf = Annotated[Clock, Depends(_clock)]
Now = Annotated[datetime, Depends(_now)]
DatabaseNow = Annotated[datetime, Depends(_database_now, scope="function")]
"""When the transaction of `Conn` began, by the one clock that all servers share."""
SecretOf = Annotated[Callable[[str], str], Depends(_secret)]
"""Gives the secret of a name. Raises SecretMissing."""
GivenKey = Annotated[str | None, Depends(_given_key)]
NeededKey = Annotated[str, Depends(_needed_key)]
