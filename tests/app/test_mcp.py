"""Procedures as tools, as the client of an LLM agent sees them: `opsdesk mcp` as a program, by the official SDK."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client

from tests.app.shell import Shell

PROCEDURE = """
osop_version: "2.0"
id: letter
name: Letter
description: Writes a letter
inputs: {customer: {type: string}}
nodes:
  - {id: write, type: api, name: Write, runtime: {url: "https://a.test"}, outputs: {pages: {type: integer}}}
edges: []
"""
Connect = Callable[[str], AbstractAsyncContextManager[ClientSession]]


@pytest.fixture
def connect(shell: Shell) -> Connect:
    @asynccontextmanager
    async def connect(key: str) -> AsyncIterator[ClientSession]:
        env = {
            "PATH": os.environ["PATH"],
            "OPSDESK_DATABASE_URL": shell.database_url,
            "OPSDESK_DATA_DIR": str(shell.folder / "data"),
            "OPSDESK_API_KEY": key,
        }
        program = StdioServerParameters(command=sys.executable, args=["-m", "opsdesk", "mcp"], env=env)
        async with stdio_client(program) as streams, ClientSession(*streams) as session:
            await session.initialize()
            yield session

    return connect


def new_key(shell: Shell, *scopes: str) -> str:
    words = [word for scope in scopes for word in ("--scope", scope)]
    return str(shell("key", "create", "--name", "agent", *words, "--json").json["key"])


async def call(session: ClientSession, tool: str, **arguments: Any) -> Any:
    result = await session.call_tool(tool, arguments)
    return result.structured_content


def test_an_agent_starts_a_run_looks_at_it_and_answers_it(shell: Shell, connect: Connect) -> None:
    shell("flow", "add", shell.file(PROCEDURE))
    key = new_key(shell, "procedures:read", "runs:write", "runs:read")

    async def talk() -> None:
        async with connect(key) as session:
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            assert set(tools) == {"start_letter", "run_status", "answer_run"}
            assert tools["start_letter"].input_schema["properties"]["inputs"]["required"] == ["customer"]
            started = await call(session, "start_letter", inputs={"customer": "c-1"}, key="a")
            again = await call(session, "start_letter", inputs={"customer": "c-1"}, key="a")
            assert (again["run"], started["new"], again["new"]) == (started["run"], True, False)
            seen = await call(session, "run_status", run=started["run"])
            assert (seen["started_by"], seen["status"]) == ("key:agent", "running")
            answer = {"run": started["run"], "node": "write", "answer": {"pages": 2}, "key": "b"}
            assert (await call(session, "answer_run", **answer))["new"] is True
            assert (await call(session, "answer_run", **answer))["new"] is False

    asyncio.run(talk())


REFUSED: Sequence[tuple[str, dict[str, Any], str]] = [
    ("start_letter", {"inputs": {"customer": 7}, "key": "a"}, "InputsInvalid"),
    ("start_letter", {"inputs": {"customer": "c"}}, "ToolMisused"),
    ("start_none", {"inputs": {}, "key": "a"}, "ProcedureNotFound"),
    ("run_status", {"run": "x"}, "ToolMisused"),
    ("run_status", {"run": "0190a0b0-0000-7000-8000-000000000001"}, "RunNotFound"),
    ("drop_everything", {}, "ToolMisused"),
]


def test_what_a_tool_refuses_is_said_in_the_shape_of_the_api(shell: Shell, connect: Connect) -> None:
    shell("flow", "add", shell.file(PROCEDURE))
    key = new_key(shell, "procedures:read", "runs:write", "runs:read")

    async def talk() -> list[Any]:
        async with connect(key) as session:
            return [(await call(session, tool, **given))["error"]["code"] for tool, given, _ in REFUSED]

    assert asyncio.run(talk()) == [code for _, _, code in REFUSED]


def test_a_tool_does_no_more_than_the_scopes_of_its_key(shell: Shell, connect: Connect) -> None:
    shell("flow", "add", shell.file(PROCEDURE))
    key = new_key(shell, "procedures:read")

    async def talk() -> Any:
        async with connect(key) as session:
            return await call(session, "start_letter", inputs={"customer": "c-1"}, key="a")

    error = asyncio.run(talk())["error"]
    assert (error["code"], error["detail"]["scope"]) == ("ScopeMissing", "runs:write")


def test_without_a_key_nobody_is_served(shell: Shell) -> None:
    said = shell("mcp", "--json")
    assert (said.code, said.error["code"]) == (1, "McpNeedsKey")
