"""`opsdesk mcp`: procedures as tools for an LLM agent."""

import os
from dataclasses import dataclass

from opsdesk.app.command_frame import AsJson, command
from opsdesk.kit.errors import Refused


@dataclass(eq=False)
class McpNeedsKey(Refused):
    """An MCP client acts by an API key and never as the person at this machine: set OPSDESK_API_KEY."""


@command
async def serve_mcp(as_json: AsJson = False) -> None:
    """Offer procedures as tools of the Model Context Protocol, over standard input and output, until the client leaves.

    Every call acts by the key in OPSDESK_API_KEY, with its scopes: procedures:read to see the tools, runs:write to
    start runs and answer them, runs:read to look at them. Workers execute what is started.

    Example: `OPSDESK_API_KEY=… opsdesk mcp`
    """
    from mcp import stdio_server

    from opsdesk.access import Scope
    from opsdesk.app.acting import API_KEY, acting
    from opsdesk.app.mcp_tools import McpTools
    from opsdesk.app.opening import installation

    if not os.environ.get(API_KEY):
        raise McpNeedsKey
    async with installation() as opsdesk:
        async with opsdesk.database.connection() as conn:
            await acting(opsdesk, conn, Scope.PROCEDURES_READ)
        server = McpTools(opsdesk).server()
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())
