"""The fields of an `agent` node: whom it asks, what, with which tools, and how much it may use."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opsdesk.flows.document_reading import duration_s
from opsdesk.flows.nodes.problems import FieldProblem
from opsdesk.flows.nodes.schemas import is_schema
from opsdesk.flows.procedure import Field, Node, NodeType, Security

PROVIDERS = frozenset({"openai", "openai-compatible"})
SUBTYPES = frozenset({"llm", "classifier", "planner"})
TOOLS_MAX = 32
TOOL_TYPES = frozenset({NodeType.API, NodeType.DATA, NodeType.DB, NodeType.MCP})
ANSWER_TOKENS_DEFAULT = 1_024
TOTAL_TOKENS_DEFAULT = 50_000
TOOL_CALLS_DEFAULT = 8
TOOL_CALLS_MAX = 50
CURRENCY_DEFAULT = "USD"
"""That in which the specification counts costs."""
_CURRENCY = re.compile(r"[A-Z]{3}")
_TOOL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_TOOL_KEYS = frozenset({"name", "description", "parameters", "node"})
_TOOL_NODE_KEYS = frozenset({"type", "subtype", "runtime", "outputs", "secret_ref", "auth", "timeout"})


@dataclass(frozen=True, slots=True)
class Tool:
    """What the model may call: a node of its own, which sees the arguments as `${…}`."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    node: Node


def agent_problems(node: Node) -> Iterator[FieldProblem]:
    """Why the node cannot be run."""
    runtime = node.runtime
    if node.subtype is not None and node.subtype not in SUBTYPES:
        known = ", ".join(sorted(SUBTYPES))
        yield FieldProblem("subtype", f"an agent node of subtype {node.subtype[:40]} (known: {known})")
    for name in ("url", "model", "prompt"):
        if not isinstance(runtime.get(name), str) or not runtime[name].strip():
            yield FieldProblem(name, f"an agent node without runtime.{name}")
    if runtime.get("provider", "openai-compatible") not in PROVIDERS:
        yield FieldProblem("provider", "an agent node whose provider is not openai-compatible")
    system = runtime.get("system_prompt", "")
    if not isinstance(system, str) or "${" in system:
        # What stands there is an instruction, and a value of a customer must never be one.
        yield FieldProblem("system_prompt", "an agent node whose system_prompt is no text, or holds a ${…},")
    if not node.outputs:
        yield FieldProblem("", "an agent node without outputs")
    yield from _limit_problems(runtime)
    yield from _tool_problems(runtime.get("tools"))


def _limit_problems(runtime: Mapping[str, Any]) -> Iterator[FieldProblem]:
    for name, most in (("max_tokens", 1_000_000), ("max_total_tokens", 10_000_000), ("max_tool_calls", TOOL_CALLS_MAX)):
        value = runtime.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
            yield FieldProblem(name, f"an agent node whose {name} is no whole number from 1 to {most}")
    temperature = runtime.get("temperature", 0)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature <= 2:
        yield FieldProblem("temperature", "an agent node whose temperature is no number from 0 to 2")
    cost, prices = runtime.get("max_cost"), runtime.get("prices")
    if prices is not None and prices_of(runtime) is None:
        yield FieldProblem("prices", "an agent node whose prices are not {input: …, output: …} for a million tokens")
    if cost is not None and (isinstance(cost, bool) or not isinstance(cost, int | float) or cost <= 0 or not prices):
        yield FieldProblem("max_cost", "an agent node whose max_cost is no number above 0, or that has no prices,")


def prices_of(runtime: Mapping[str, Any]) -> tuple[float, float] | None:
    """For a token that is read and one that is written, in the currency of `max_cost`."""
    prices = runtime.get("prices")
    if not isinstance(prices, Mapping) or prices.keys() - {"currency"} != {"input", "output"}:
        return None
    if not isinstance(prices.get("currency", CURRENCY_DEFAULT), str) or not _CURRENCY.fullmatch(currency_of(runtime)):
        return None
    given = [prices["input"], prices["output"]]
    if any(isinstance(price, bool) or not isinstance(price, int | float) or price < 0 for price in given):
        return None
    return given[0] / 1_000_000, given[1] / 1_000_000


def currency_of(runtime: Mapping[str, Any]) -> str:
    """Of the prices, and so of the cost."""
    return str(runtime["prices"].get("currency", CURRENCY_DEFAULT))


def _tool_problems(tools: Any) -> Iterator[FieldProblem]:
    if tools is None:
        return
    if not isinstance(tools, list | tuple) or len(tools) > TOOLS_MAX:
        yield FieldProblem("tools", f"an agent node whose tools are no list of at most {TOOLS_MAX}")
        return
    names = [tool.get("name") for tool in tools if isinstance(tool, Mapping)]
    if len(set(map(str, names))) != len(tools):
        yield FieldProblem("tools", "an agent node with a tool that has no name of its own")
        return
    for tool in tools:
        if (problem := _tool_problem(tool)) is not None:
            yield FieldProblem("tools", f"an agent node with a tool {str(tool['name'])[:64]} {problem}")


def _tool_problem(tool: Mapping[str, Any]) -> str | None:
    node = tool.get("node")
    parameters = tool.get("parameters", {"type": "object"})
    if not _TOOL_NAME.fullmatch(str(tool["name"])) or tool.keys() - _TOOL_KEYS:
        return f"whose fields are not {', '.join(sorted(_TOOL_KEYS))}"
    if not isinstance(tool.get("description"), str):
        return "without a description"
    if not isinstance(parameters, Mapping) or parameters.get("type") != "object" or not is_schema(parameters):
        return "whose parameters are no JSON Schema of an object"
    if not isinstance(node, Mapping) or node.keys() - _TOOL_NODE_KEYS or not isinstance(node.get("runtime"), Mapping):
        return "without a node of type, runtime and outputs"
    if node.get("type") not in TOOL_TYPES:
        return f"whose node is none of {', '.join(sorted(TOOL_TYPES))}"
    outputs = node.get("outputs")
    if not isinstance(outputs, list | tuple) or not outputs or not all(isinstance(name, str) for name in outputs):
        return "whose node has no list of outputs"
    return None


def tools_of(node: Node) -> dict[str, Tool]:
    """By name; of a node that `agent_problems` has nothing to say of."""
    found = {}
    for given in node.runtime.get("tools") or ():
        inner = given["node"]
        made = Node(
            id=node.id,
            type=NodeType(inner["type"]),
            name=given["name"],
            subtype=inner.get("subtype"),
            runtime=inner["runtime"],
            outputs=tuple(Field(name) for name in inner["outputs"]),
            timeout_s=duration_s(inner.get("timeout")) or None,
            security=Security(auth=inner.get("auth"), secret_ref=inner.get("secret_ref")),
        )
        parameters = given.get("parameters", {"type": "object"})
        found[given["name"]] = Tool(given["name"], given["description"], parameters, made)
    return found
