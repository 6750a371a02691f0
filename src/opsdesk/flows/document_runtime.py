"""The `runtime` of a node: what its type needs in order to be executed."""

import re
from collections.abc import Mapping

from opsdesk.flows import document_fields as known
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.nodes.agent_fields import agent_problems
from opsdesk.flows.nodes.api_subtypes import api_problems
from opsdesk.flows.nodes.data_fields import data_problems
from opsdesk.flows.nodes.db_fields import db_problems
from opsdesk.flows.nodes.mcp_fields import mcp_problems
from opsdesk.flows.nodes.problems import FieldProblems, told_together
from opsdesk.flows.nodes.system_fields import operation_of, system_problems
from opsdesk.flows.nodes.tool_commands import tool_problems
from opsdesk.flows.procedure import Node, NodeType
from opsdesk.flows.tree import Tree

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_ABSOLUTE = re.compile(r"https?://|\$\{", re.IGNORECASE)
_PATH = re.compile(r"\$(?:\.|\[|\Z)")
_PROBLEMS: Mapping[NodeType, FieldProblems] = {
    NodeType.AGENT: agent_problems,
    NodeType.API: api_problems,
    NodeType.DATA: data_problems,
    NodeType.DB: db_problems,
    NodeType.MCP: mcp_problems,
    NodeType.SYSTEM: system_problems,
    NodeType.GIT: tool_problems,
    NodeType.DOCKER: tool_problems,
    NodeType.INFRA: tool_problems,
    NodeType.CICD: tool_problems,
}
"""Asked by the worker too, so that what passes here is what runs."""


def read_runtime(node: Fields, node_type: NodeType | None) -> Fields | None:
    """The `runtime` mapping, checked as far as its type can be run."""
    runtime = node.mapping("runtime")
    if node_type is not None and node_type.value in known.RUNTIMES and runtime is not None:
        runtime.check(known.RUNTIMES[node_type.value])
    if node.get("workflow_ref") is not None:
        return runtime
    match node_type:
        case NodeType.API:
            _check_api(node, runtime)
        case NodeType.CLI:
            _check_cli(node, runtime)
        case NodeType.GIT if runtime is not None:
            runtime.one_of("repository", "repo")
        case _:
            pass
    return runtime


def check_node(fields: Fields, runtime: Fields | None, node: Node) -> None:
    """What the worker would refuse in the middle of a run is named here, by the same functions."""
    problems = _PROBLEMS.get(node.type)
    if fields.get("workflow_ref") is not None:
        if runtime is not None:
            fields.not_honoured("runtime", hint="the procedure that it runs is what happens here")
        return
    found = list(problems(node)) if problems is not None else []
    if found:
        tree = runtime.get(found[0].field) if runtime is not None and len(found) == 1 else None
        if tree is None:
            tree = fields.tree if runtime is None else runtime.tree
        _cannot_run(fields, tree, told_together([problem.message for problem in found]))
    if runtime is not None:
        _check_mapping(runtime)
    if node.type is NodeType.SYSTEM and operation_of(node) == "timer":
        for name in ("timeout_sec", "timeout"):
            if fields.get(name) is not None:
                fields.not_honoured(name, hint="a timer ends when its own time has passed")


def _check_api(node: Fields, runtime: Fields | None) -> None:
    if runtime is None:
        _cannot_run(node, node.tree, "an api node without runtime.url")
        return
    url, endpoint = runtime.text("url"), runtime.text("endpoint")
    address = url or endpoint
    if address is None:
        _cannot_run(node, runtime.tree, "an api node without runtime.url")
    elif not _ABSOLUTE.match(address):
        tree = runtime.entries["url" if url else "endpoint"]
        _cannot_run(node, tree, "an api node whose URL does not begin with https:// or http://")
    method = runtime.text("method")
    if method is not None and method.upper() not in METHODS:
        runtime.wrong(runtime.entries["method"], runtime.path("method"), f"one of {', '.join(METHODS)}")
    runtime.one_of("body", "body_template")
    _check_media_type(node, runtime)
    _check_statuses(runtime)


def _check_media_type(node: Fields, runtime: Fields) -> None:
    """JSON is what is sent; the worker refuses a node that says otherwise."""
    headers = runtime.mapping("headers")
    said = [(runtime, "content_type"), *((headers, name) for name in (headers.entries if headers else ()))]
    for owner, name in said:
        if owner is None or name.lower() not in ("content_type", "content-type") or owner.get(name) is None:
            continue
        value = owner.entries[name].value
        if isinstance(value, str) and "json" not in value and "${" not in value:
            _cannot_run(node, owner.entries[name], "an api node that sends something else than JSON")


def _check_mapping(runtime: Fields) -> None:
    if (mapping := runtime.mapping("response_mapping")) is not None:
        for name, tree in mapping.entries.items():
            if not isinstance(tree.value, str) or not _PATH.match(tree.value):
                mapping.wrong(tree, mapping.path(name), "a path into the answer, such as $.data.id")


def _check_statuses(runtime: Fields) -> None:
    tree = runtime.get("expected_status")
    if tree is None:
        return
    for status in tree.value if isinstance(tree.value, list) else [tree]:
        value = status.value
        if not isinstance(value, int) or isinstance(value, bool) or not 100 <= value <= 599:
            runtime.wrong(status, runtime.path("expected_status"), "an HTTP status, or a list of them")


def _check_cli(node: Fields, runtime: Fields | None) -> None:
    tree = runtime.get("command") if runtime is not None else None
    if runtime is None or tree is None:
        _cannot_run(node, node.tree if runtime is None else runtime.tree, "a cli node without runtime.command")
        return
    words = tree.value if isinstance(tree.value, list) else [tree]
    if not words or not all(isinstance(word.value, str) and word.value.strip() for word in words):
        runtime.wrong(tree, runtime.path("command"), "a command, or a list of its words")
    shell = runtime.get("shell")
    if shell is not None and not isinstance(shell.value, bool | str):
        runtime.wrong(shell, runtime.path("shell"), "the name of a shell")


def _cannot_run(node: Fields, tree: Tree, what: str) -> None:
    message = f"{node.where}: {what} cannot be run"
    node.reading.warning(Code.NOT_RUN, message, tree, where=node.path("runtime"))
