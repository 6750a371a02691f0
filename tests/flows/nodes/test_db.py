"""What a `db` node does with a real PostgreSQL, and what it keeps apart: the statement, and the values in it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.nodes.db import RESULT_BYTES_MAX, ROWS_MAX, db_node
from opsdesk.flows.nodes.db_fields import QueryUnreadable, read_query
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.procedure import Field, NodeType, Security
from opsdesk.kit.secrets import SecretMissing
from tests.flows.nodes.conftest import make_call, make_node

PERSONAL = "zhang.wei@example.cn"
Run = Callable[..., Any]


@pytest.fixture
async def customers(worker_database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A table of a customer database, seen beside the node."""
    async with await psycopg.AsyncConnection.connect(worker_database_url, autocommit=True) as conn:
        await conn.execute("CREATE TABLE node_customer (id int PRIMARY KEY, email text UNIQUE, score numeric)")
        await conn.execute("INSERT INTO node_customer VALUES (1, %s, 0.93), (2, 'li@example.cn', 12)", (PERSONAL,))
        yield conn
        await conn.execute("DROP TABLE node_customer")


@pytest.fixture
def run(worker_database_url: str) -> Run:
    def secrets(name: str) -> str:
        found = {"CUSTOMERS_URL": worker_database_url, "AWAY_URL": "postgresql://127.0.0.1:1/none"}
        if name not in found:
            raise SecretMissing(name, ())
        return found[name]

    async def run(query: str, *, outputs: Any = (), secret_ref: str = "CUSTOMERS_URL", **more: Any) -> Any:
        scope, timeout_s = more.pop("scope", {}), more.pop("timeout_s", None)
        security = Security(secret_ref=secret_ref)
        runtime = {"query": query, **more}
        node = make_node(NodeType.DB, runtime=runtime, outputs=outputs, security=security, timeout_s=timeout_s)
        return await db_node(secrets)(make_call(node, **scope))

    return run


@pytest.mark.req("FLO-302")
@pytest.mark.usefixtures("customers")
async def test_rows_come_back_as_outputs_and_one_row_by_the_names_of_its_columns(run: Run) -> None:
    query = "SELECT id, score FROM node_customer WHERE email = ${email}"
    outcome = await run(query, scope={"email": PERSONAL}, outputs=("id", "score", "row_count"))
    assert outcome == Done({"id": 1, "score": 0.93, "row_count": 1})
    outcome = await run("SELECT id FROM node_customer ORDER BY id", outputs=("rows",))
    assert outcome == Done({"rows": [{"id": 1}, {"id": 2}]})


@pytest.mark.req("FLO-302")
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.text(st.characters(codec="utf-8", exclude_characters="\0"))
    | st.sampled_from(["'; DROP TABLE node_customer; --", "%s", "$1", "\\'", "${x}"])
)
async def test_a_value_is_a_parameter_whatever_it_holds(run: Run, value: str) -> None:
    outcome = await run("SELECT ${it}::text AS it, '100%' AS share", scope={"it": value}, outputs=("it", "share"))
    assert outcome == Done({"it": value, "share": "100%"})


@pytest.mark.usefixtures("customers")
async def test_every_kind_of_value_goes_in_and_comes_out(run: Run) -> None:
    scope = {"some": [1, {"a": None}], "none": None, "yes": True, "part": 0.5, "whole": 2**40}
    query = "SELECT ${some} AS some, ${none}::int AS none, ${yes} AS yes, ${part} AS part, ${whole} AS whole"
    assert await run(query, scope=scope, outputs=tuple(scope)) == Done(scope)
    query = "SELECT timestamptz '2026-01-31 09:00+00' AS at, gen_random_uuid() AS id, date '2026-01-31' AS day"
    outcome = await run(query, outputs=("at", "id", "day"))
    assert outcome.outputs["day"] == "2026-01-31"
    assert isinstance(outcome.outputs["id"], str)


@pytest.mark.req("FLO-302")
async def test_nothing_is_written_unless_the_node_declares_it(
    run: Run, customers: psycopg.AsyncConnection[Any]
) -> None:
    query = "INSERT INTO node_customer VALUES (3, ${metadata.idempotency_key}) ON CONFLICT (email) DO NOTHING"
    message = "the database of CUSTOMERS_URL refused the query: 25006 ReadOnlySqlTransaction"
    assert await run(query) == Failed(Failure.QUERY_REFUSED, message)
    for written in (1, 0):
        assert await run(query, read_only=False, outputs=("row_count",)) == Done({"row_count": written})
    found = await (await customers.execute("SELECT count(*) FROM node_customer")).fetchone()
    assert found == (3,)


@pytest.mark.usefixtures("customers")
@pytest.mark.parametrize(
    "query",
    [
        "SELECT set_config('transaction_read_only', 'off', true), nextval('node_s')",
        "SET TRANSACTION READ WRITE",
        "SELECT 1; DROP TABLE node_customer",
        "COMMIT; DROP TABLE node_customer",
        "DO $x$ BEGIN EXECUTE 'DROP TABLE node_customer'; END $x$",
    ],
)
async def test_no_statement_gets_around_being_read_only(run: Run, query: str) -> None:
    await run(query)
    assert await run("SELECT count(*) AS n FROM node_customer", outputs=("n",)) == Done({"n": 2})


@pytest.mark.usefixtures("customers")
async def test_what_the_database_says_of_a_value_is_not_told(run: Run) -> None:
    query = "INSERT INTO node_customer VALUES (9, ${email})"
    outcome = await run(query, scope={"email": PERSONAL}, read_only=False)
    message = "the database of CUSTOMERS_URL refused the query: 23505 UniqueViolation"
    assert outcome == Failed(Failure.QUERY_REFUSED, message)


@pytest.mark.req("FLO-302")
async def test_a_statement_that_takes_too_long_is_ended_by_the_server(run: Run) -> None:
    outcome = await run("SELECT pg_sleep(60)", timeout_s=0.2)
    message = "the database of CUSTOMERS_URL did not answer within 0.2 s"
    assert outcome == Failed(Failure.TIMED_OUT, message, retryable=True, timeout=True)


@pytest.mark.req("FLO-302")
async def test_a_result_has_its_limit_in_rows_and_in_bytes(run: Run) -> None:
    query = "SELECT generate_series(1, ${n}::int) AS i"
    outcome = await run(query, scope={"n": ROWS_MAX}, outputs=("row_count",))
    assert outcome == Done({"row_count": ROWS_MAX})
    outcome = await run(query, scope={"n": 10**9}, outputs=("row_count",))
    assert outcome == Failed(Failure.RESULT_TOO_LARGE, f"the result is larger than {ROWS_MAX} rows")
    outcome = await run("SELECT repeat('x', 600000), generate_series(1, 100)")
    assert outcome == Failed(Failure.RESULT_TOO_LARGE, f"the result is larger than {RESULT_BYTES_MAX} bytes")


async def test_a_write_that_returns_too_much_is_taken_back(run: Run, customers: psycopg.AsyncConnection[Any]) -> None:
    query = "INSERT INTO node_customer SELECT generate_series(10, ${n}::int) RETURNING id"
    outcome = await run(query, scope={"n": 10 + ROWS_MAX}, read_only=False)
    assert outcome == Failed(Failure.RESULT_TOO_LARGE, f"the result is larger than {ROWS_MAX} rows")
    assert await run("SELECT count(*) AS n FROM node_customer", outputs=("n",)) == Done({"n": 2})
    query = "INSERT INTO node_customer VALUES (7) RETURNING id; DROP TABLE node_customer"
    outcome = await run(query, read_only=False)
    assert outcome.message == "the database of CUSTOMERS_URL refused the query: 42601 SyntaxError"


async def test_a_database_that_cannot_be_reached_is_asked_again(run: Run) -> None:
    message = "the database of AWAY_URL cannot be reached"
    outcome = await run("SELECT 1", secret_ref="AWAY_URL")
    assert outcome == Failed(Failure.DATABASE_UNREACHABLE, message, retryable=True, outage=True)
    assert (await run("SELECT 1", secret_ref="NONE")).code == Failure.SECRET_MISSING


async def test_a_value_that_json_lacks_is_no_output(run: Run) -> None:
    outcome = await run("SELECT 'x'::bytea AS x", outputs=(Field("x"),))
    assert outcome == Failed(Failure.OUTPUT_INVALID, "output x is not JSON")
    outcome = await run("SELECT 'NaN'::float8 AS x", outputs=(Field("x"),))
    assert outcome == Failed(Failure.OUTPUT_INVALID, "output x holds a number that is not finite")
    outcome = await run("SELECT ${x}::text", scope={"x": "a\0b"})
    assert outcome == Failed(Failure.BAD_ARGUMENT, "a parameter of the query holds a NUL character")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT '${x}'",
        "SELECT 'it''s ${x}'",
        "SELECT e'\\'${x}'",
        'SELECT "${x}"',
        "SELECT 1 -- ${x}",
        "SELECT 1 /* /* */ ${x} */",
        "SELECT $a$ ' ${x} $a$",
    ],
)
def test_a_reference_inside_of_quotes_or_comments_is_refused(query: str) -> None:
    with pytest.raises(QueryUnreadable, match="inside of quotes or a comment"):
        read_query(query)


@pytest.mark.parametrize(
    "query",
    ["SELECT 'a' || ${x}", "SELECT e'\\\\' || ${x}", "SELECT 1 -- a'\n + ${x}", "/* /* ' */ */ SELECT ${x}"],
)
def test_a_reference_beside_quotes_and_comments_is_bound(query: str) -> None:
    assert len(read_query(query).parameters) == 1


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        ({"query": "SELECT ${secrets.KEY}"}, "a db node with a query with ${secrets.KEY}, which the log of the"),
        (
            {"query": "SELECT 1", "connection": "postgresql://u:p@h/d"},
            "a db node without a connection that is kept as a secret",
        ),
        ({"query": "SELECT 1", "engine": "mysql"}, "a db node whose engine is not postgresql cannot be run"),
        ({"query": " "}, "a db node without runtime.query cannot be run"),
    ],
)
async def test_a_db_node_that_cannot_be_run_says_why(run: Run, runtime: dict[str, Any], message: str) -> None:
    outcome = await run(runtime.pop("query"), **runtime)
    assert (outcome.code, outcome.message[: len(message)]) == (Failure.BAD_NODE, message)
