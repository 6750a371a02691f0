"""The node type `mcp`: a tool, a resource or a prompt of a server that speaks the Model Context Protocol."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
import httpx2
from mcp import ClientSession, MCPError, StdioServerParameters, stdio_client, types
from mcp.client.streamable_http import streamable_http_client

from opsdesk.flows.calls import Failed, NodeCall, NodeFunction, NodeOutcome
from opsdesk.flows.nodes.api_request import USER_AGENT, bearer_secret
from opsdesk.flows.nodes.api_url import host_of, url_of
from opsdesk.flows.nodes.cli import argument_of, command_environment, find_program
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.json_object import ANSWER_BYTES_MAX
from opsdesk.flows.nodes.mcp_fields import STDIO, kind_of, mcp_problems, server_command, target_of, transport_of
from opsdesk.flows.nodes.mcp_transport import OurTransport
from opsdesk.flows.nodes.names import NO_ENV, SecretLookup, lookup_for, secret
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.nodes.problems import check_fields
from opsdesk.flows.procedure import Node
from opsdesk.flows.references import Lookup, ReferenceMissing, as_text, resolve, resolve_all
from opsdesk.kit.http_client import HttpClient
from opsdesk.kit.http_destinations import DestinationRefused

MCP_TIMEOUT_DEFAULT_S = 30.0
MCP_TIMEOUT_MAX_S = 300.0
KEY = "opsdesk/idempotency-key"


def mcp_node(
    http: HttpClient, secrets: SecretLookup, commands_dir: Path, env: Mapping[str, str] = NO_ENV
) -> NodeFunction:
    """The function of `mcp` nodes. Each call is a conversation of its own, ended when it is answered."""

    async def run(call: NodeCall) -> NodeOutcome:
        try:
            check_fields(call.node, mcp_problems)
            lookup = lookup_for(call, secrets=secrets, env=env)
            return await _within_time(call.node, _Asked(http, secrets, commands_dir, call, lookup))
        except NodeFailure as failure:
            return failure.failed
        except ReferenceMissing as error:
            return Failed(Failure.REFERENCE_MISSING, str(error))

    return run


async def _within_time(node: Node, asked: "_Asked") -> NodeOutcome:
    timeout_s = min(node.timeout_s or MCP_TIMEOUT_DEFAULT_S, MCP_TIMEOUT_MAX_S)
    server = "the server" if transport_of(node.runtime) == STDIO else host_of(node)
    try:
        async with asyncio.timeout(timeout_s):
            try:
                answer = await asked.answer()
            except BaseExceptionGroup as group:
                # The SDK runs the conversation in tasks of its own, and their group wraps what went wrong.
                raise _first(group) from None
    except TimeoutError:
        message = f"{server} did not answer within {timeout_s:g} s"
        return Failed(Failure.TIMED_OUT, message, retryable=True, timeout=True, outage=True)
    except DestinationRefused as refused:
        message = f"{server} is {refused.kind}, or leads to one, which OPSDESK_ALLOW_NETWORKS does not list"
        return Failed(Failure.ADDRESS_REFUSED, message)
    except MCPError as error:
        return Failed(Failure.MCP_REFUSED, f"{server} refused the call: error {error.error.code}")
    except (aiohttp.ClientError, httpx2.HTTPError, OSError, ConnectionError) as error:
        message = f"{server} cannot be talked to: {type(error).__name__}"
        return Failed(Failure.UNREACHABLE, message, retryable=True, outage=True)
    return bind_outputs(node, answer)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Asked:
    """One question to a server."""

    def __init__(
        self, http: HttpClient, secrets: SecretLookup, commands_dir: Path, call: NodeCall, lookup: Lookup
    ) -> None:
        self._http = http
        self._secrets = secrets
        self._commands_dir = commands_dir
        self._node = call.node
        self._key = call.idempotency_key
        self._lookup = lookup

    async def answer(self) -> dict[str, Any]:
        node = self._node
        target = as_text(resolve(target_of(node) or "", self._lookup))
        arguments = resolve_all(dict(node.runtime.get("arguments") or {}), self._lookup)
        opened = self._stdio() if transport_of(node.runtime) == STDIO else self._streamable_http()
        async with opened as session:
            await session.initialize()
            match kind_of(node):
                case "tool":
                    # The key of the call, for servers that look for one: a repetition after a crash has the same.
                    meta = cast(types.RequestParamsMeta, {KEY: self._key})
                    result = await session.call_tool(target, arguments, meta=meta)
                    return _tool_answer(result)
                case "resource":
                    return _resource_answer(await session.read_resource(target))
                case _:
                    texts = {name: as_text(value) for name, value in arguments.items()}
                    return _prompt_answer(await session.get_prompt(target, texts))

    @asynccontextmanager
    async def _streamable_http(self) -> AsyncIterator[ClientSession]:
        headers = {"User-Agent": USER_AGENT}
        if (name := bearer_secret(self._node)) is not None:
            headers["Authorization"] = f"Bearer {secret(name, secrets=self._secrets)}"
        url = str(url_of(self._node, self._lookup))
        async with (
            httpx2.AsyncClient(
                transport=OurTransport(self._http),
                headers=headers,
                timeout=None,
                follow_redirects=False,
                trust_env=False,
            ) as client,
            streamable_http_client(url, http_client=client) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            yield session

    @asynccontextmanager
    async def _stdio(self) -> AsyncIterator[ClientSession]:
        words = [argument_of(word, self._lookup) for word in server_command(self._node.runtime).words]
        program, *arguments = [find_program(words[0], self._commands_dir), *words[1:]]
        server = StdioServerParameters(
            command=os.fsdecode(program),
            args=[argument.decode() for argument in arguments],
            env=command_environment(self._node, self._secrets),
            cwd=self._commands_dir,
        )
        # What the server says on stderr may hold personal values.
        with open(os.devnull, "w") as nowhere:  # noqa: ASYNC230  opening it does not wait
            async with stdio_client(server, errlog=nowhere) as streams, ClientSession(*streams) as session:
                yield session


def _tool_answer(result: Any) -> dict[str, Any]:
    """What is structured by its names, and all texts as `text`."""
    if not isinstance(result, types.CallToolResult):
        raise NodeFailure(Failure.MCP_REFUSED, "the server wants to ask a person, which is not done")
    if result.is_error:
        raise NodeFailure(Failure.MCP_TOOL_FAILED, "the tool of the server failed")
    texts = [part.text for part in result.content if isinstance(part, types.TextContent)]
    return {**(result.structured_content or {}), "text": _limited("\n".join(texts))}


def _resource_answer(result: Any) -> dict[str, Any]:
    if not isinstance(result, types.ReadResourceResult):
        raise NodeFailure(Failure.MCP_REFUSED, "the server wants to ask a person, which is not done")
    parts = [part for part in result.contents if isinstance(part, types.TextResourceContents)]
    if len(parts) != len(result.contents) or not parts:
        raise NodeFailure(Failure.ANSWER_NOT_JSON, "the resource of the server is no text")
    return {"text": _limited("\n".join(part.text for part in parts)), "mime_type": parts[0].mime_type}


def _prompt_answer(result: Any) -> dict[str, Any]:
    if not isinstance(result, types.GetPromptResult):
        raise NodeFailure(Failure.MCP_REFUSED, "the server wants to ask a person, which is not done")
    messages = [
        {"role": message.role, "text": message.content.text}
        for message in result.messages
        if isinstance(message.content, types.TextContent)
    ]
    return {"messages": messages, "text": _limited("\n".join(message["text"] for message in messages))}


def _limited(text: str) -> str:
    if len(text) > ANSWER_BYTES_MAX:
        raise NodeFailure(Failure.ANSWER_TOO_LARGE, f"the answer of the server is larger than {ANSWER_BYTES_MAX} bytes")
    return text
