"""The fields of an `mcp` node: the server, how it is reached, and what of it is asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdesk.flows.nodes.command_line import Command, CommandUnreadable, read_command
from opsdesk.flows.nodes.problems import FieldProblem
from opsdesk.flows.procedure import Node

STDIO, HTTP = "stdio", "streamable-http"
_HTTP_SPELLINGS = frozenset({"streamable-http", "streamable_http", "http"})
_NAMED_BY = {"tool": ("tool_name", "tool"), "resource": ("uri",), "prompt": ("prompt_name",)}


def mcp_problems(node: Node) -> Iterator[FieldProblem]:
    """Why the node cannot be run."""
    runtime = node.runtime
    if kind_of(node) not in _NAMED_BY:
        known = ", ".join(_NAMED_BY)
        yield FieldProblem("subtype", f"an mcp node of subtype {str(node.subtype)[:40]} (known: {known})")
        return
    if target_of(node) is None:
        yield FieldProblem("", f"an mcp node without runtime.{_NAMED_BY[kind_of(node)][0]}")
    arguments = runtime.get("arguments", {})
    if not isinstance(arguments, Mapping):
        yield FieldProblem("arguments", "an mcp node whose arguments are no mapping")
    match transport_of(runtime):
        case "streamable-http":
            if not isinstance(runtime.get("url"), str) or not runtime["url"].strip():
                yield FieldProblem("url", "an mcp node without runtime.url")
        case "stdio":
            try:
                if server_command(runtime).script is not None:
                    yield FieldProblem("command", "an mcp node whose command needs a shell")
            except CommandUnreadable as error:
                yield FieldProblem("command", f"an mcp node whose command is not followed ({error.problem})")
        case _:
            yield FieldProblem("transport", "an mcp node whose transport is neither stdio nor streamable-http")


def kind_of(node: Node) -> str:
    """`tool`, `resource` or `prompt`."""
    return node.subtype or "tool"


def target_of(node: Node) -> str | None:
    """The name of the tool or prompt, or the address of the resource, as the document writes it."""
    for name in _NAMED_BY[kind_of(node)]:
        value = node.runtime.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return None


def transport_of(runtime: Mapping[str, Any]) -> str | None:
    """Where it is not said, the one whose field is there."""
    given = runtime.get("transport", STDIO if "command" in runtime else HTTP)
    if given == STDIO:
        return STDIO
    return HTTP if given in _HTTP_SPELLINGS else None


def server_command(runtime: Mapping[str, Any]) -> Command:
    """The program that is the server. Raises CommandUnreadable."""
    return read_command(runtime.get("command"))
