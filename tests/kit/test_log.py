import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from opsdesk.kit import log
from opsdesk.kit.settings import Settings


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Logging is set up for the whole process: what a test changes is changed back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


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


def test_an_exception_is_logged_with_its_traceback_and_masked(stream: io.StringIO) -> None:
    configure(stream)
    try:
        raise ValueError("no account for alice@example.com")
    except ValueError:
        log.get_logger("test").exception("job failed")
    [line] = lines(stream)
    assert "Traceback" in line["exception"]
    assert "a***@e***.com" in line["exception"]
    assert "alice@" not in stream.getvalue()


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
