"""The trace that work belongs to: carried along tasks, and taken from outside only in its one form."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.kit.trace_context import carried, checked, trace_id, traceparent

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_tasks_that_are_started_inside_belong_to_the_span() -> None:
    async def look() -> tuple[str | None, str | None]:
        return traceparent(), trace_id()

    with carried(PARENT):
        inside = asyncio.create_task(look())
    assert await inside == (PARENT, "4bf92f3577b34da6a3ce929d0e0e4736")
    assert await look() == (None, None)


@pytest.mark.parametrize(
    "given",
    [
        "",
        None,
        7,
        PARENT.upper(),
        PARENT + "-more",
        PARENT.replace("00-", "01-", 1),
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
    ],
)
def test_anything_else_is_no_trace(given: object) -> None:
    assert checked(given) is None


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.integers(0, 255))
def test_every_trace_and_span_is_taken(trace: int, span: int, flags: int) -> None:
    parent = f"00-{trace:032x}-{span:016x}-{flags:02x}"
    assert checked(parent) == parent
