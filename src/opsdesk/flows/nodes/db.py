"""The node type `db`: one SQL statement with bound parameters, in a transaction of its own."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg import errors
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from opsdesk.flows.calls import Done, Failed, NodeCall, NodeFunction, NodeOutcome
from opsdesk.flows.nodes.db_fields import connection_secret, db_problems, read_query
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.names import NO_ENV, SecretLookup, lookup_for, secret
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.nodes.problems import check_fields
from opsdesk.flows.nodes.storable import storage_problem
from opsdesk.flows.procedure import Node
from opsdesk.flows.references import ReferenceMissing, value_of
from opsdesk.kit.sql import statements

SET_LIMITS = statements(__file__)["set_limits"]
QUERY_TIMEOUT_DEFAULT_S = 30.0
QUERY_TIMEOUT_MAX_S = 300.0
CONNECT_TIMEOUT_S = 10.0
ROWS_MAX = 1_000
RESULT_BYTES_MAX = 1024 * 1024

_AGAIN = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable, errors.AdminShutdown)
Row = dict[str, Any]


def db_node(secrets: SecretLookup, env: Mapping[str, str] = NO_ENV) -> NodeFunction:
    """The function of `db` nodes. A connection is opened for each call, by the secret that the node names."""

    async def run(call: NodeCall) -> NodeOutcome:
        try:
            check_fields(call.node, db_problems)
            lookup = lookup_for(call, secrets=secrets, env=env)
            query = read_query(call.node.runtime["query"])
            parameters = [_parameter(value_of(reference, lookup)) for reference in query.parameters]
            return await _outcome(call.node, secrets, query.text, parameters)
        except NodeFailure as failure:
            return failure.failed
        except ReferenceMissing as error:
            return Failed(Failure.REFERENCE_MISSING, str(error))

    return run


def _parameter(value: Any) -> Any:
    """Lists and mappings are bound as jsonb; what PostgreSQL cannot hold is refused without a word of the value."""
    problem = storage_problem(value)
    if problem is not None:
        raise NodeFailure(Failure.BAD_ARGUMENT, f"a parameter of the query{problem}")
    return Jsonb(value) if isinstance(value, list | tuple | Mapping) else value


async def _outcome(node: Node, secrets: SecretLookup, query: str, parameters: list[Any]) -> Done | Failed:
    timeout_s = min(node.timeout_s or QUERY_TIMEOUT_DEFAULT_S, QUERY_TIMEOUT_MAX_S)
    name = connection_secret(node) or ""
    conninfo = secret(name, secrets=secrets)
    try:
        # The server keeps the same limit; ours is for a server that is not heard of any more.
        async with asyncio.timeout(timeout_s + CONNECT_TIMEOUT_S):
            rows, count = await _execute(node, conninfo, query, parameters, timeout_s)
    except (TimeoutError, errors.QueryCanceled) as late:
        message = f"the database of {name} did not answer within {timeout_s:g} s"
        return Failed(
            Failure.TIMED_OUT, message, retryable=True, timeout=True, outage=not isinstance(late, psycopg.Error)
        )
    except psycopg.Error as error:
        return _trouble(error, name)
    answer: dict[str, Any] = {"rows": rows, "row_count": count}
    return bind_outputs(node, {**rows[0], **answer} if len(rows) == 1 else answer)


async def _execute(
    node: Node, conninfo: str, query: str, parameters: list[Any], timeout_s: float
) -> tuple[list[Row], int]:
    connecting = psycopg.AsyncConnection.connect(
        conninfo, autocommit=True, connect_timeout=int(CONNECT_TIMEOUT_S), application_name="opsdesk"
    )
    async with await connecting as conn:
        await conn.set_read_only(node.runtime.get("read_only", True))
        async with conn.transaction():
            await conn.execute(SET_LIMITS, {"timeout_ms": str(int(timeout_s * 1000))})
            cursor = conn.cursor(row_factory=dict_row)
            kept = _Kept()
            if node.runtime.get("read_only", True):
                stream = cast(AsyncGenerator[Row, None], cursor.stream(query, parameters))
                async with aclosing(stream) as rows:
                    async for row in rows:
                        kept.keep(row)
                return kept.rows, len(kept.rows)
            # Prepared, because what is prepared is one statement. One that returns too much is taken back.
            await cursor.execute(query, parameters, prepare=True)
            if cursor.description is not None:
                for row in await cursor.fetchmany(ROWS_MAX + 1):
                    kept.keep(row)
            return kept.rows, cursor.rowcount


class _Kept:
    """The rows so far, given up as soon as they are too many or too large."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._bytes = 0

    def keep(self, row: Row) -> None:
        self.rows.append({column: _plain(value) for column, value in row.items()})
        self._bytes += _size(self.rows[-1])
        if len(self.rows) > ROWS_MAX or self._bytes > RESULT_BYTES_MAX:
            what = f"{ROWS_MAX} rows" if len(self.rows) > ROWS_MAX else f"{RESULT_BYTES_MAX} bytes"
            raise NodeFailure(Failure.RESULT_TOO_LARGE, f"the result is larger than {what}")


def _plain(value: Any) -> Any:
    """As JSON has it. A numeric becomes a number, which holds 15 digits: the query casts it to text for more."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value


def _size(value: Any) -> int:
    match value:
        case str() | bytes():
            return len(value)
        case dict():
            return sum(len(key) + _size(item) for key, item in value.items()) + 2
        case list():
            return sum(_size(item) for item in value) + 2
        case _:
            return 8


def _trouble(error: psycopg.Error, name: str) -> Failed:
    """By its SQLSTATE: what the server says of an error quotes values."""
    state = error.sqlstate
    if state is None and isinstance(error, psycopg.ProgrammingError):
        return Failed(Failure.QUERY_REFUSED, "the query of a db node that only reads has to give rows")
    if state is None or state[:2] in {"08", "53", "57"}:
        message = f"the database of {name} cannot be reached"
        return Failed(Failure.DATABASE_UNREACHABLE, message, retryable=True, outage=True)
    kind = type(error).__name__
    message = f"the database of {name} refused the query: {state} {kind}"
    return Failed(Failure.QUERY_REFUSED, message, retryable=isinstance(error, _AGAIN))
