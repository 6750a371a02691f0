"""What the node types do: each is a function from a call to what came of it. `app/wiring.py` lists them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsdesk.flows.calls import NodeCall, NodeFunction
    from opsdesk.flows.nodes.agent import agent_node
    from opsdesk.flows.nodes.api import api_node
    from opsdesk.flows.nodes.callbacks import CallbackAddresses
    from opsdesk.flows.nodes.cli import cli_node
    from opsdesk.flows.nodes.data import data_node
    from opsdesk.flows.nodes.db import db_node
    from opsdesk.flows.nodes.endpoints import endpoint_by
    from opsdesk.flows.nodes.mcp_calls import mcp_node
    from opsdesk.flows.nodes.schemas import schema_problem
    from opsdesk.flows.nodes.system import SendSignal, system_node
    from opsdesk.flows.nodes.tools import tool_node

__all__ = [
    "CallbackAddresses",
    "NodeCall",
    "NodeFunction",
    "SendSignal",
    "agent_node",
    "api_node",
    "cli_node",
    "data_node",
    "db_node",
    "endpoint_by",
    "mcp_node",
    "schema_problem",
    "system_node",
    "tool_node",
]

_HOMES = {
    "CallbackAddresses": "opsdesk.flows.nodes.callbacks",
    "NodeFunction": "opsdesk.flows.calls",
    "agent_node": "opsdesk.flows.nodes.agent",
    "api_node": "opsdesk.flows.nodes.api",
    "cli_node": "opsdesk.flows.nodes.cli",
    "data_node": "opsdesk.flows.nodes.data",
    "NodeCall": "opsdesk.flows.calls",
    "SendSignal": "opsdesk.flows.nodes.system",
    "system_node": "opsdesk.flows.nodes.system",
    "db_node": "opsdesk.flows.nodes.db",
    "endpoint_by": "opsdesk.flows.nodes.endpoints",
    "tool_node": "opsdesk.flows.nodes.tools",
    "mcp_node": "opsdesk.flows.nodes.mcp_calls",
    "schema_problem": "opsdesk.flows.nodes.schemas",
}


def __getattr__(name: str) -> Any:
    """Imported when it is first asked for, as for the whole of flows."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
