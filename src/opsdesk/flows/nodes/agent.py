"""The node type `agent`: a model behind any OpenAI-compatible endpoint, bound to the schema of the outputs."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import orjson

from opsdesk.flows.calls import Done, Failed, NodeCall, NodeFunction, NodeOutcome
from opsdesk.flows.nodes.agent_fields import (
    ANSWER_TOKENS_DEFAULT,
    TOOL_CALLS_DEFAULT,
    TOTAL_TOKENS_DEFAULT,
    Tool,
    agent_problems,
    currency_of,
    prices_of,
    tools_of,
)
from opsdesk.flows.nodes.agent_reply import Reply, reply_of
from opsdesk.flows.nodes.agent_talk import Message, first_messages, repair, request_body
from opsdesk.flows.nodes.api_answer import status_failure
from opsdesk.flows.nodes.api_request import USER_AGENT, bearer_secret
from opsdesk.flows.nodes.api_trouble import trouble
from opsdesk.flows.nodes.api_url import host_of, url_of
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.json_object import ANSWER_BYTES_MAX, json_object
from opsdesk.flows.nodes.names import NO_ENV, SecretLookup, lookup_for, secret
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.nodes.problems import check_fields
from opsdesk.flows.nodes.schemas import schema_problem
from opsdesk.flows.procedure import Node, NodeType
from opsdesk.flows.references import ReferenceMalformed, ReferenceMissing
from opsdesk.kit.http_client import ACCEPT_ENCODING, BodyTooLarge, BodyUndecodable, HttpClient, read_body
from opsdesk.kit.http_destinations import DestinationRefused

AGENT_TIMEOUT_DEFAULT_S = 120.0
AGENT_TIMEOUT_MAX_S = 600.0
BYTES_A_TOKEN = 3
"""Where a model does not say what it used, and before it is asked: rather too many tokens than too few."""
ENDPOINT = "/chat/completions"
TOOL_RESULT_BYTES_MAX = 64 * 1024
COST_DIGITS = 6


def agent_node(
    http: HttpClient,
    secrets: SecretLookup,
    tool_nodes: Mapping[NodeType, NodeFunction],
    env: Mapping[str, str] = NO_ENV,
) -> NodeFunction:
    """The function of `agent` nodes. `tool_nodes` execute what the model calls, of the types that tools may have."""

    async def run(call: NodeCall) -> NodeOutcome:
        try:
            check_fields(call.node, agent_problems)
            talk = _Talk(http, secrets, tool_nodes, call, tools_of(call.node))
            messages = first_messages(call.node, lookup_for(call, secrets=secrets, env=env))
        except NodeFailure as failure:
            return failure.failed
        except (ReferenceMissing, ReferenceMalformed) as error:
            return Failed(Failure.REFERENCE_MISSING, str(error))
        return replace(await _within_time(call.node, talk, messages), usage=talk.usage)

    return run


async def _within_time(node: Node, talk: "_Talk", messages: list[Message]) -> Done | Failed:
    timeout_s = min(node.timeout_s or AGENT_TIMEOUT_DEFAULT_S, AGENT_TIMEOUT_MAX_S)
    try:
        async with asyncio.timeout(timeout_s):
            return await talk.outcome(messages)
    except NodeFailure as failure:
        return failure.failed
    except (ReferenceMissing, ReferenceMalformed) as error:
        return Failed(Failure.REFERENCE_MISSING, str(error))
    except TimeoutError:
        message = f"{host_of(node)} did not come to an answer within {timeout_s:g} s"
        return Failed(Failure.TIMED_OUT, message, retryable=True, timeout=True, outage=talk.unanswered)
    except DestinationRefused as refused:
        message = f"{host_of(node)} is {refused.kind}, or leads to one, which OPSDESK_ALLOW_NETWORKS does not list"
        return Failed(Failure.ADDRESS_REFUSED, message)
    except aiohttp.ClientError as error:
        return trouble(node, error)


@dataclass(slots=True)
class _Talk:
    """One conversation, and what it has used."""

    http: HttpClient
    secrets: SecretLookup
    tool_nodes: Mapping[NodeType, NodeFunction]
    call: NodeCall
    tools: Mapping[str, Tool]
    read: int = 0
    written: int = 0
    cost: float = 0.0
    estimated: bool = False
    tool_calls: int = 0
    turns: int = 0
    unanswered: bool = False
    """The model has been asked and has not answered yet: what takes too long then is neither a tool nor the talk."""

    @property
    def node(self) -> Node:
        return self.call.node

    @property
    def usage(self) -> dict[str, Any] | None:
        """What the conversation has used so far, for the record; None where the model has not answered."""
        if not (self.read or self.written):
            return None
        used: dict[str, Any] = {"model": self.node.runtime["model"]}
        used |= {"prompt_tokens": self.read, "completion_tokens": self.written}
        if prices_of(self.node.runtime) is not None:
            used |= {"cost": round(self.cost, COST_DIGITS), "currency": currency_of(self.node.runtime)}
        return used | ({"estimated": True} if self.estimated else {})

    async def outcome(self, messages: list[Message]) -> Done | Failed:
        """Until the model answers within the schema; one answer outside of it is sent back to be mended."""
        mended = False
        while True:
            reply = await self._ask(messages)
            if reply.tool_calls:
                messages = [*messages, reply.as_message(), *[await self._use(each) for each in reply.tool_calls]]
                continue
            bound = self._bound(reply.content)
            if isinstance(bound, Done):
                return bound
            if mended:
                message = f"{host_of(self.node)} answered outside of the schema twice: {bound.message}"
                return Failed(Failure.AGENT_OUTSIDE_SCHEMA, message)
            mended = True
            messages = repair(messages, reply.content, bound.message)

    def _bound(self, content: str) -> Done | Failed:
        try:
            return bind_outputs(self.node, json_object(content.encode(errors="replace"), what="the answer"))
        except NodeFailure as failure:
            return failure.failed

    async def _ask(self, messages: list[Message]) -> Reply:
        max_tokens = int(self.node.runtime.get("max_tokens", ANSWER_TOKENS_DEFAULT))
        body = orjson.dumps(request_body(self.node, messages, self.tools, max_tokens=max_tokens))
        expected = len(body) // BYTES_A_TOKEN
        self._check_limits(expected, max_tokens)
        self.turns += 1
        self.unanswered = True
        reply = reply_of(self.node, await self._post(body))
        self.unanswered = False
        self.estimated |= reply.tokens_read is None or reply.tokens_written is None
        written = reply.tokens_written if reply.tokens_written is not None else reply.size // BYTES_A_TOKEN
        self._count(expected if reply.tokens_read is None else reply.tokens_read, written)
        return reply

    def _check_limits(self, reads: int, writes: int) -> None:
        """Before it is asked, so that a limit is not first passed and then noticed."""
        runtime = self.node.runtime
        tokens_max = int(runtime.get("max_total_tokens", TOTAL_TOKENS_DEFAULT))
        if self.read + self.written + reads + writes > tokens_max:
            message = f"the next question could take more than the {tokens_max} tokens of max_total_tokens"
            raise NodeFailure(Failure.AGENT_OVER_LIMIT, message)
        cost_max, prices = runtime.get("max_cost", math.inf), prices_of(runtime) or (0.0, 0.0)
        if self.cost + reads * prices[0] + writes * prices[1] > cost_max:
            raise NodeFailure(
                Failure.AGENT_OVER_LIMIT, f"the next question could cost more than max_cost, {cost_max:g}"
            )

    def _count(self, read: int, written: int) -> None:
        prices = prices_of(self.node.runtime) or (0.0, 0.0)
        self.read += read
        self.written += written
        self.cost += read * prices[0] + written * prices[1]

    async def _post(self, body: bytes) -> dict[str, Any]:
        node = self.node
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": ACCEPT_ENCODING,
            "User-Agent": USER_AGENT,
            "Idempotency-Key": f"{self.call.idempotency_key}:{self.turns}",
        }
        if (name := bearer_secret(node)) is not None:
            headers["Authorization"] = f"Bearer {secret(name, secrets=self.secrets)}"
        base = replace(node, runtime={"url": node.runtime["url"], "endpoint": ENDPOINT})
        url = url_of(base, lookup_for(self.call, secrets=self.secrets, env=NO_ENV))
        async with self.http.request("POST", url, headers=headers, body=body) as response:
            if (failure := status_failure(node, response, frozenset())) is not None:
                raise NodeFailure.of(failure)
            try:
                answer = await read_body(response, bytes_max=ANSWER_BYTES_MAX)
            except (BodyTooLarge, BodyUndecodable) as error:
                message = f"the answer of {host_of(node)} cannot be read: {type(error).__name__}"
                raise NodeFailure(Failure.ANSWER_TOO_LARGE, message) from None
        return json_object(answer, what=f"the answer of {host_of(node)}")

    async def _use(self, wanted: Message) -> Message:
        """Execute what the model calls. What goes wrong is told to it by its code, and it may go another way."""
        self.tool_calls += 1
        most = int(self.node.runtime.get("max_tool_calls", TOOL_CALLS_DEFAULT))
        if self.tool_calls > most:
            raise NodeFailure(Failure.AGENT_OVER_LIMIT, f"the model called tools more often than {most} times")
        result = await self._result(wanted["name"], wanted["arguments"])
        text = orjson.dumps(result).decode()
        if len(text) > TOOL_RESULT_BYTES_MAX:
            text = orjson.dumps({"error": "the result is too large"}).decode()
        return {"role": "tool", "tool_call_id": wanted["id"], "content": text}

    async def _result(self, name: str, given: str) -> Mapping[str, Any]:
        tool = self.tools.get(name)
        if tool is None or tool.node.type not in self.tool_nodes:
            return {"error": "there is no such tool"}
        try:
            arguments = json_object(given.encode(errors="replace"), what="arguments")
        except NodeFailure:
            return {"error": "the arguments are no JSON object"}
        if (problem := schema_problem(tool.parameters, arguments)) is not None:
            return {"error": f"the arguments do not fit: they{problem}"}
        # The model sees only what the tool's node declares, and the node only what the model gave it.
        inner = replace(
            self.call,
            node=tool.node,
            idempotency_key=f"{self.call.idempotency_key}:tool-{self.tool_calls}",
            scope=arguments,
            outputs={},
            inputs={},
            run_inputs={},
        )
        outcome = await self.tool_nodes[tool.node.type](inner)
        if isinstance(outcome, Done):
            return outcome.outputs
        return {"error": outcome.code if isinstance(outcome, Failed) else "the tool answers later"}
