"""What must never be taken in whole, waited for without end, or guessed at: each ends in a stated error."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import psutil
import pytest

from opsdesk.access.sessions import csrf_token
from opsdesk.flows.calls import Done
from opsdesk.flows.engine import status
from opsdesk.flows.rounds import ITEMS_MAX
from opsdesk.flows.state import RunStatus
from opsdesk.kit.clock import SystemClock
from opsdesk.kit.http_frame import BODY_BYTES_MAX
from tests.app.console.visiting import COOKIE, visit
from tests.app.documents import greet
from tests.app.serving import YAML, Api, serving
from tests.app.shell import Shell
from tests.flows.graphs import Journal, fields, node, program

GIGABYTE = 1 << 30
CHUNK = bytes(1 << 16)
READ_AT_MOST = 64 << 20
"""Bytes that a command reads at most, its own program included."""


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, SystemClock()) as api:
        yield api


@pytest.fixture
def shell(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(database_url, tmp_path)


def has_read() -> int:
    return int(psutil.Process().io_counters().read_chars)


class Endless:
    """A gigabyte that is made as it is sent, and counted."""

    def __init__(self, head: bytes = b"", tail: bytes = b"") -> None:
        self._head, self._tail = head, tail
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        while self.sent < GIGABYTE:
            self.sent += len(CHUNK)
            yield CHUNK
        yield self._tail


@pytest.mark.req("FLO-101")
@pytest.mark.parametrize("verb", ["lint", "add", "draw", "simulate", "test", "run"])
def test_a_document_of_1_gb_is_refused_by_the_command_line_unread(shell: Shell, verb: str) -> None:
    shell("flow", "lint", shell.file(greet()))  # what is imported by it is read now
    with (shell.folder / "huge.osop.yaml").open("wb") as file:
        file.truncate(GIGABYTE)
    before = has_read()
    said = shell("flow", verb, "huge.osop.yaml")
    assert said.code != 0
    assert "OSOP103" in said.out + said.err
    assert has_read() - before < READ_AT_MOST


@pytest.mark.req("FLO-101")
@pytest.mark.skipif(shutil.which("head") is None, reason="there is no head here")
async def test_a_document_of_1_gb_is_refused_from_standard_input_unread(tmp_path: Path) -> None:
    program_file = Path(sys.executable).with_name("opsdesk")
    line = f"head -c {GIGABYTE} /dev/zero | '{program_file}' flow lint - ; echo \"${{PIPESTATUS[0]}}\""
    typed = await asyncio.create_subprocess_exec(
        "bash", "-c", line, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed = (await typed.communicate())[0].decode()
    assert "OSOP103" in printed
    assert printed.split()[-1] != "0", "whoever wrote was told that nobody reads any more"


@pytest.mark.req("FLO-101")
async def test_a_document_of_1_gb_is_refused_by_the_api_before_it_has_come(api: Api) -> None:
    key, endless = await api.key(), Endless()
    for path in ("/v1/procedures", "/v1/procedures/lint"):
        answer = await api.call("POST", path, key=key, data=endless, headers=YAML)
        assert (answer.status, answer.code) == (413, "RequestTooLarge")
    assert endless.sent < READ_AT_MOST


@pytest.mark.req("FLO-101")
async def test_a_body_that_says_that_it_has_1_gb_is_not_waited_for(api: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    head = f"POST /v1/procedures HTTP/1.1\r\nHost: a\r\nContent-Type: text/yaml\r\nContent-Length: {GIGABYTE}\r\n\r\n"
    writer.write(head.encode())
    assert b" 413 " in await reader.readline()
    writer.close()


@pytest.mark.req("FLO-101")
async def test_a_document_of_1_gb_is_refused_by_the_page_before_it_has_come(api: Api) -> None:
    engineer = await visit(api, "operations_engineer")
    head = (
        f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{csrf_token(engineer.token)}\r\n'
        '--x\r\nContent-Disposition: form-data; name="op"\r\n\r\nstore\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.osop.yaml"\r\n\r\n'
    )
    endless = Endless(head.encode(), b"\r\n--x--\r\n")
    headers = {"Cookie": f"{COOKIE}={engineer.token}", "Content-Type": "multipart/form-data; boundary=x"}
    async with api.session.post(f"{api.url}/procedures", data=endless, headers=headers) as response:
        assert response.status == 413
        assert str(BODY_BYTES_MAX) in await response.text() or "large" in await response.text()
    assert endless.sent < READ_AT_MOST


@pytest.mark.req("FLO-301")
def test_a_for_each_over_a_million_items_is_a_stated_error_and_begins_nothing() -> None:
    nodes = [node("ask", outputs=fields("items")), node("each")]
    edge = ("ask", "each", None, "loop", {"for_each": "items"})
    journal = Journal(program(nodes, [edge]), {})
    journal.run(lambda _: Done({"items": [0] * 1_000_000}))
    failed = journal.facts[-1].payload
    assert (status(journal.state), failed["code"]) == (RunStatus.BLOCKED, "TooManyItems")
    assert str(ITEMS_MAX) in failed["message"]
    assert journal.executed == [("ask", 1)]


async def test_a_run_is_not_started_with_a_million_items(api: Api) -> None:
    key = await api.key()
    await api.store(greet(), key=key)
    inputs = {"email": "li@example.com", "badge": "x" * 300_000}
    answer = await api.post("/v1/runs", {"procedure": "greet", "inputs": inputs}, key=key, once="1")
    assert (answer.status, answer.code) == (422, "InputsInvalid")
    assert "bytes" in answer.body["error"]["detail"]["problems"][0]
    million = BytesIO(b'{"procedure": "greet", "inputs": {"email": [%s]}}' % b",".join([b"0"] * 1_000_000))
    headers = {"Content-Type": "application/json", "Idempotency-Key": "2"}
    huge = await api.call("POST", "/v1/runs", key=key, data=million, headers=headers)
    assert (huge.status, huge.code) == (413, "RequestTooLarge")


@pytest.mark.req("FLO-003")
async def test_a_callback_with_a_wrong_signature_is_refused_and_changes_nothing(api: Api) -> None:
    key = await api.key()
    await api.store(greet(), key=key)
    run = await api.start("greet", key=key, email="li@example.com")
    before = (await api.get(f"/v1/runs/{run}/journal", key=key)).body
    for token in ("x", "A" * 60, "../callbacks"):
        refused = await api.post(f"/v1/callbacks/{token}", {"score": 1})
        assert refused.status in (403, 404)
    assert (await api.get(f"/v1/runs/{run}/journal", key=key)).body == before
