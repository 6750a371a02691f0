import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import structlog

from opsdesk.kit import log
from opsdesk.kit.db import Connection
from opsdesk.kit.http_client import BodyTooLarge
from opsdesk.kit.settings import Settings

CUSTOMER = "Customer Clear"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Logging is set up for the whole process: what a test changes is changed back."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def configure(stream: io.StringIO, log_format: str = "json", level: str = "info") -> None:
    log.configure(Settings(log_format=log_format, log_level=level), stream=stream)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_level_and_logger(stream: io.StringIO) -> None:
    configure(stream)
    log.get_logger("opsdesk.test").info("run finished", node="verify", seconds=1.5)
    [line] = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "run finished",
        "level": "info",
        "logger": "opsdesk.test",
        "request_id": "test",
        "node": "verify",
        "seconds": 1.5,
    }


def test_no_raw_personal_value_or_secret_reaches_a_line(stream: io.StringIO) -> None:
    configure(stream)
    log.get_logger("test").warning(
        "mail to alice@example.com bounced",
        phone="13800138000",
        api_key="hunter2",
        inputs={"姓名": "张三丰", "nested": [{"id_card": "11010519491231002X"}]},
        note="Bearer abcdef123456",
    )
    text = stream.getvalue()
    for raw in ("alice@", "13800138000", "hunter2", "张三丰", "19491231", "abcdef123456"):
        assert raw not in text


@pytest.mark.req("FLO-009")
def test_an_exception_is_logged_with_its_way_and_without_its_words(stream: io.StringIO) -> None:
    def account_of(name: str) -> None:
        raise ValueError(f"no account for {name}")

    configure(stream)
    try:
        account_of(CUSTOMER)
    except ValueError:
        log.get_logger("test").exception("job failed")
    [line] = lines(stream)
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError")
    assert "in account_of" in line["exception"]
    assert CUSTOMER not in stream.getvalue()


@pytest.mark.req("FLO-009")
def test_the_causes_of_an_exception_are_logged_without_their_words(stream: io.StringIO) -> None:
    configure(stream)
    try:
        try:
            raise KeyError(CUSTOMER)
        except KeyError as error:
            raise ExceptionGroup(f"about {CUSTOMER}", [ValueError(CUSTOMER)]) from error
    except ExceptionGroup:
        logging.getLogger("library").exception("it failed")
    [line] = lines(stream)
    assert CUSTOMER not in stream.getvalue()
    told = [text for text in line["exception"].splitlines() if not text.startswith((" ", "Traceback"))]
    assert told == ["KeyError", "which led to:", "ExceptionGroup", "which holds:", "ValueError"]


@pytest.mark.req("FLO-009")
@pytest.mark.parametrize("shown", ["failed: {0}", "<Task exception={0!r}>"], ids=["its words", "its looks"])
def test_an_exception_in_the_words_of_a_line_keeps_its_own_to_itself(stream: io.StringIO, shown: str) -> None:
    configure(stream)
    error = ValueError(f"no account for {CUSTOMER}")
    logging.getLogger("library").error(shown.format(error), exc_info=error)
    logging.getLogger("library").error("failed: %s", error)
    log.get_logger("test").error("failed", error=error)
    assert [json.dumps(line).count("ValueError") for line in lines(stream)] == [2, 1, 1]
    assert CUSTOMER not in stream.getvalue()


@pytest.mark.req("FLO-009")
def test_a_refusal_of_ours_is_logged_with_its_facts(stream: io.StringIO) -> None:
    configure(stream)
    log.get_logger("test").error("failed", exc_info=BodyTooLarge(1024))
    [line] = lines(stream)
    assert line["exception"] == "BodyTooLarge: The answer is larger than what is read of one. (bytes_max=1024)"


@pytest.mark.req("FLO-009")
async def test_a_row_that_the_database_refused_is_not_logged(stream: io.StringIO, conn: Connection) -> None:
    configure(stream)
    try:
        await conn.execute(b"create temporary table person (name text constraint short check (length(name) < 5))")
        await conn.execute(b"insert into person values (%s)", (CUSTOMER,))
    except psycopg.errors.CheckViolation:
        log.get_logger("test").exception("failed")
    assert lines(stream)[0]["exception"].endswith("CheckViolation: 23514 person short")
    assert CUSTOMER not in stream.getvalue()


def test_an_object_shows_itself_masked(stream: io.StringIO) -> None:
    @dataclass
    class Customer:
        contact: str

    configure(stream)
    log.get_logger("test").info("seen", customer=Customer("alice@example.com"), several=[Customer("bob@example.com")])
    assert "a***@e***.com" in stream.getvalue()
    assert "alice@" not in stream.getvalue()
    assert "bob@" not in stream.getvalue()


@pytest.mark.parametrize("name", ["uvicorn.error", "aiohttp.client", "some.library"])
def test_loggers_of_libraries_are_masked_too(stream: io.StringIO, name: str) -> None:
    logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())
    configure(stream)
    logging.getLogger(name).warning("call for %s failed", "alice@example.com", extra={"token": "hunter2"})
    [line] = lines(stream)
    assert line["event"] == "call for a***@e***.com failed"
    assert line["logger"] == name
    assert "hunter2" not in stream.getvalue()


def test_bound_ids_are_on_every_line_inside_the_block(stream: io.StringIO) -> None:
    configure(stream)
    with log.bound(run_id="r1", request_id="q1"):
        log.get_logger("test").info("inside")
        logging.getLogger("library").warning("inside too")
    log.get_logger("test").info("outside")
    assert [line.get("run_id") for line in lines(stream)] == ["r1", "r1", None]


def test_lines_below_the_level_are_left_out(stream: io.StringIO) -> None:
    configure(stream, level="warning")
    log.get_logger("test").info("quiet")
    log.get_logger("test").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_auto_is_json_where_there_is_no_terminal(stream: io.StringIO) -> None:
    configure(stream, log_format="auto")
    log.get_logger("test").info("hello")
    assert lines(stream)[0]["event"] == "hello"


def test_text_is_for_people_and_masked_as_well(stream: io.StringIO) -> None:
    configure(stream, log_format="text")
    log.get_logger("test").info("hello alice@example.com", password="hunter2")
    assert "hello a***@e***.com" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
