"""Models that call tools of servers which really speak the Model Context Protocol, over a pipe and over HTTP."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from opsdesk.flows.calls import Done
from opsdesk.flows.nodes.agent import agent_node
from opsdesk.flows.nodes.mcp_calls import mcp_node
from opsdesk.flows.procedure import NodeType
from opsdesk.kit.http_client import HttpClient
from tests.flows.nodes.conftest import RUN
from tests.flows.nodes.test_agent import agent_call
from tests.flows.nodes.test_mcp import url as url
from tests.flows.nodes.test_mcp import way as way

ANSWER = Done({"category": "refund", "score": 1})
PERSONAL = "zhang.wei@example.cn"


def tool(way: dict[str, str], name: str, outputs: list[str], **node: Any) -> dict[str, Any]:
    """What the model may call: a tool of the server, of the same name and with the same argument."""
    arguments = {"customer_id": "${customer_id}"} if name == "customer" else {}
    return {
        "name": name,
        "description": "A tool of the server",
        "parameters": {"type": "object", "properties": {"customer_id": {"type": "string"}}},
        "node": {
            "type": "mcp",
            "subtype": "tool",
            "runtime": {"tool_name": name, "arguments": arguments, **way},
            "outputs": outputs,
            **node,
        },
    }


async def asked(partner: Any, folder: Path, tools: list[dict[str, Any]], *wanted: tuple[str, dict[str, Any]]) -> Any:
    """What came of it, and what the model was told of each tool that it called."""
    calls = [
        {"id": f"c{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for place, (name, arguments) in enumerate(wanted)
    ]
    replies = [{"content": None, "tool_calls": calls}, {"content": json.dumps(ANSWER.outputs)}]

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"choices": [{"message": replies.pop(0), "finish_reason": "stop"}]})

    partner.answer = answer
    servers = HttpClient(allow_networks="127.0.0.0/8")
    try:
        called = {NodeType.MCP: mcp_node(servers, lambda _: "", folder)}
        node = agent_node(partner.http, lambda _: "llm-1", called)
        outcome = await node(agent_call("https://kyc-provider.com/v1", timeout_s=60, tools=tools))
    finally:
        await servers.close()
    last = json.loads(partner.bodies[-1])["messages"]
    return outcome, [json.loads(message["content"]) for message in last if message["role"] == "tool"]


@pytest.mark.req("FLO-302")
async def test_a_model_calls_a_tool_of_a_server_with_its_own_arguments(
    partner: Any, tmp_path: Path, way: dict[str, str]
) -> None:
    customer = tool(way, "customer", ["orders", "customer_id"])
    outcome, told = await asked(partner, tmp_path, [customer], ("customer", {"customer_id": "c-1; 客户"}))
    assert outcome == ANSWER
    assert told == [{"orders": 3, "customer_id": "c-1; 客户"}]


@pytest.mark.req("FLO-302")
async def test_a_model_is_told_only_what_the_tool_declares(partner: Any, tmp_path: Path, way: dict[str, str]) -> None:
    customer = tool(way, "customer", ["orders"])
    _, told = await asked(partner, tmp_path, [customer], ("customer", {"customer_id": "c-1"}))
    assert told == [{"orders": 3}]


async def test_each_call_of_a_tool_has_a_key_of_its_own(partner: Any, tmp_path: Path, way: dict[str, str]) -> None:
    _, told = await asked(partner, tmp_path, [tool(way, "key", ["text"])], ("key", {}), ("key", {}))
    assert told == [{"text": f"{RUN}:kyc:1:tool-1"}, {"text": f"{RUN}:kyc:1:tool-2"}]


@pytest.mark.req("FLO-302", "FLO-009")
async def test_what_a_server_says_of_its_failure_is_not_told_to_the_model(
    partner: Any, tmp_path: Path, way: dict[str, str]
) -> None:
    tools = [tool(way, "broken", ["text"]), tool(way, "huge", ["text"]), tool(way, "none", ["text"])]
    outcome, told = await asked(partner, tmp_path, tools, ("broken", {}), ("huge", {}), ("none", {}))
    assert outcome == ANSWER
    assert [set(each) for each in told] == [{"error"}] * 3
    assert PERSONAL not in json.dumps(told)


@pytest.mark.req("FLO-302")
async def test_a_tool_server_that_never_answers_is_an_error_for_the_model_and_the_conversation_goes_on(
    partner: Any, tmp_path: Path, way: dict[str, str]
) -> None:
    never = tool(way, "never", ["text"], timeout="2s")
    outcome, told = await asked(partner, tmp_path, [never], ("never", {}))
    assert (outcome, told) == (ANSWER, [{"error": "TimedOut"}])
