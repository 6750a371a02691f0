"""Events over HTTP and at the command line: what is refused, and how."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opsdesk.kit.clock import SystemClock
from tests.app.serving import Api, serving
from tests.app.shell import Shell


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, SystemClock()) as api:
        yield api


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        ({"name": "paid", "subject": "customer@example.com"}, 409, "NobodyWaits"),
        ({"name": "paid", "run": "0190a0b0-0000-7000-8000-000000000001"}, 404, "RunNotFound"),
        ({"name": "paid", "run": "no id"}, 422, "RequestInvalid"),
        ({"name": "paid"}, 409, "NobodyWaits"),
        ({"name": "", "subject": "customer@example.com"}, 422, "RequestInvalid"),
    ],
)
async def test_an_event_for_nobody_is_refused(api: Api, event: dict[str, Any], status: int, code: str) -> None:
    answer = await api.post("/v1/events", event, key=await api.key(name="sender"))
    assert (answer.status, answer.code) == (status, code)


def test_an_event_at_the_command_line_is_for_a_run_a_subject_or_triggers(shell: Shell) -> None:
    assert shell("event", "send", "paid", "--json").error["code"] == "NobodyWaits"
    refused = shell("event", "send", "paid", "--subject", "customer@example.com", "--json")
    assert (refused.code, refused.error["code"]) == (1, "NobodyWaits")
