"""What an `mcp` node asks of servers that really speak the protocol, over a pipe and over HTTP."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvicorn

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.nodes.mcp_calls import mcp_node
from opsdesk.flows.procedure import NodeType, Security
from opsdesk.kit.http_client import HttpClient
from opsdesk.sandbox.mcp_server import server
from tests.flows.nodes.conftest import RUN, make_call, make_node, secrets

STDIO = f"{sys.executable} -m opsdesk.sandbox.mcp_server"
PERSONAL = "zhang.wei@example.cn"
Run = Callable[..., Any]


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server over HTTP on this machine."""
    app = server().streamable_http_app(stateless_http=True, json_response=True)
    taken = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(running.serve(sockets=[taken]))
    while not running.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{taken.getsockname()[1]}/mcp"
    running.should_exit = True
    await serving


@pytest.fixture(params=["stdio", "streamable-http"])
def way(request: pytest.FixtureRequest, url: str) -> dict[str, str]:
    """How the server is reached."""
    return {"transport": request.param, **({"command": STDIO} if request.param == "stdio" else {"url": url})}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    async def run(subtype: str, *, outputs: Any = (), timeout_s: float = 20, **runtime: Any) -> Any:
        allow = runtime.pop("allow", "127.0.0.0/8")
        scope = runtime.pop("scope", {})
        http = HttpClient(allow_networks=allow)
        node = make_node(
            NodeType.MCP, subtype=subtype, runtime=runtime, outputs=outputs, timeout_s=timeout_s, security=Security()
        )
        try:
            return await mcp_node(http, secrets, tmp_path)(make_call(node, **scope))
        finally:
            await http.close()

    return run


@pytest.mark.req("FLO-302")
async def test_a_tool_a_resource_and_a_prompt_are_asked_for(run: Run, way: dict[str, str]) -> None:
    scope = {"customer_id": "c-1; 客户"}
    arguments = {"customer_id": "${customer_id}"}
    more = {"tool_name": "customer", "arguments": arguments, "scope": scope}
    assert await run("tool", outputs=("orders", "customer_id"), **more, **way) == Done({"orders": 3, **scope})
    outcome = await run("resource", outputs=("text",), uri="sandbox://rates/CNY", **way)
    assert outcome == Done({"text": "CNY,1"})
    outcome = await run("prompt", outputs=("text",), prompt_name="greeting", arguments={"name": "A"}, **way)
    assert outcome == Done({"text": "Greet A."})


async def test_a_tool_is_told_the_key_of_the_call(run: Run, way: dict[str, str]) -> None:
    assert await run("tool", outputs=("text",), tool_name="key", **way) == Done({"text": f"{RUN}:kyc:1"})


@pytest.mark.req("FLO-302")
async def test_a_server_that_never_answers_is_left_when_its_time_is_over(run: Run, way: dict[str, str]) -> None:
    outcome = await run("tool", timeout_s=3, tool_name="never", **way)
    assert (outcome.code, outcome.timeout, outcome.retryable) == (Failure.TIMED_OUT, True, True)
    assert not [each for each in psutil.Process().children() if "mcp_server" in " ".join(_words(each))]


def _words(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return list(process.cmdline())
    return []


@pytest.mark.req("FLO-302")
async def test_what_a_tool_says_of_its_failure_is_not_kept(run: Run, way: dict[str, str]) -> None:
    outcome = await run("tool", tool_name="broken", **way)
    assert outcome == Failed(Failure.MCP_TOOL_FAILED, "the tool of the server failed")


async def test_an_answer_that_is_too_large_is_given_up(run: Run, way: dict[str, str]) -> None:
    assert (await run("tool", tool_name="huge", **way)).code == Failure.ANSWER_TOO_LARGE


async def test_what_the_server_does_not_have_is_a_named_failure(run: Run, way: dict[str, str]) -> None:
    for subtype, more in (("tool", {"tool_name": "none"}), ("resource", {"uri": "sandbox://none"})):
        assert (await run(subtype, **more, **way)).code in (Failure.MCP_REFUSED, Failure.MCP_TOOL_FAILED)


@pytest.mark.req("FLO-302")
async def test_a_server_inside_is_not_called_unless_it_is_allowed(run: Run, url: str) -> None:
    outcome = await run("tool", tool_name="customer", url=url, allow="")
    assert outcome.code == Failure.ADDRESS_REFUSED


async def test_a_program_that_is_no_server_is_a_named_failure(run: Run) -> None:
    outcome = await run("tool", tool_name="customer", command="true", timeout_s=5)
    assert outcome.code in (Failure.UNREACHABLE, Failure.MCP_REFUSED, Failure.TIMED_OUT)
    assert (await run("tool", tool_name="customer", command="no-such-program")).code == Failure.COMMAND_NOT_FOUND


@pytest.mark.parametrize(
    ("subtype", "runtime", "message"),
    [
        ("sampling", {}, "an mcp node of subtype sampling (known: tool, resource, prompt) cannot be run"),
        ("tool", {"url": "https://a.test"}, "an mcp node without runtime.tool_name cannot be run"),
        ("tool", {"tool_name": "a"}, "an mcp node without runtime.url cannot be run"),
        ("tool", {"tool_name": "a", "command": "a | b"}, "an mcp node whose command needs a shell cannot be run"),
        (
            "tool",
            {"tool_name": "a", "transport": "sse"},
            "an mcp node whose transport is neither stdio nor streamable-http cannot be run",
        ),
    ],
)
async def test_an_mcp_node_that_cannot_be_run_says_why(
    run: Run, subtype: str, runtime: dict[str, Any], message: str
) -> None:
    assert await run(subtype, **runtime) == Failed(Failure.BAD_NODE, message)
