"""An MCP server, as a program of its own: what it does is in the names of its tools, good and bad.

`python -m opsdesk.sandbox.mcp_server` speaks over its standard input and output, with `--port N` over HTTP at `/mcp`.
"""

import argparse
import asyncio
import sys
from typing import Any

from mcp.server.mcpserver import Context, MCPServer

HUGE_CHARACTERS = 8 * 1024 * 1024
KEY = "opsdesk/idempotency-key"


def server() -> MCPServer:
    made = MCPServer("sandbox", log_level="CRITICAL")
    made.tool()(customer)
    made.tool()(never)
    made.tool()(broken)
    made.tool()(huge)
    made.tool()(key)
    made.resource("sandbox://rates/{currency}")(rates)
    made.prompt()(greeting)
    return made


def customer(customer_id: str) -> dict[str, Any]:
    """What is known of a customer."""
    return {"customer_id": customer_id, "orders": 3}


async def never() -> str:
    """Is never answered."""
    await asyncio.Event().wait()
    return ""


def broken() -> str:
    """Fails, and says a value while it does."""
    raise ValueError("zhang.wei@example.cn is not a customer")


def huge() -> str:
    """Answers with more than anybody reads."""
    return "x" * HUGE_CHARACTERS


def key(context: Context[Any, Any]) -> str:
    """The idempotency key that the call came with."""
    meta = context.request_context.meta or {}
    return str(meta.get(KEY, "")) if isinstance(meta, dict) else str(getattr(meta, KEY, ""))


def rates(currency: str) -> str:
    """Rates of a currency."""
    return f"{currency},1"


def greeting(name: str) -> str:
    """How to greet somebody."""
    return f"Greet {name}."


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="opsdesk.sandbox.mcp_server")
    parser.add_argument("--port", type=int, help="serve HTTP on this port of 127.0.0.1")
    port = parser.parse_args(arguments).port
    if port is None:
        server().run("stdio")
    else:
        server().run("streamable-http", host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(sys.argv[1:])
