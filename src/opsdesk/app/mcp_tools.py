"""Procedures as tools of the Model Context Protocol: started, looked at and answered by whoever holds an API key."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from mcp import types
from mcp.server import Server, ServerRequestContext

from opsdesk import flows
from opsdesk.access import Scope
from opsdesk.app.acting import acting
from opsdesk.app.wiring import Opsdesk
from opsdesk.kit import log
from opsdesk.kit.errors import Invalid, OpsdeskError
from opsdesk.kit.ids import new_id

START = "start_"
STATUS, ANSWER = "run_status", "answer_run"
NAME_CHARACTERS_MAX = 64
PROCEDURES_MAX = 100
_RUN = {"type": "string", "format": "uuid", "description": "The id of the run"}
_KEY = {"type": "string", "maxLength": 200, "description": "The same key never does the same thing twice"}

logger = log.get_logger(__name__)


class ToolMisused(Invalid):
    """There is no such tool, or its arguments are not what it takes."""


class McpTools:
    """The tools of one installation. Each call asks anew whose key it is, and does no more than the key may."""

    def __init__(self, opsdesk: Opsdesk) -> None:
        self._opsdesk = opsdesk

    def server(self) -> Server[Any]:
        """A server with these tools; run it."""
        return Server("opsdesk", on_list_tools=self._list, on_call_tool=self._call)

    async def _list(self, _context: ServerRequestContext[Any], _params: Any) -> types.ListToolsResult:
        async with self._opsdesk.database.connection() as conn:
            await acting(self._opsdesk, conn, Scope.PROCEDURES_READ)
            page = await flows.definitions.list_procedures(conn, limit=PROCEDURES_MAX)
            stored = [await flows.definitions.latest_definition(conn, each.procedure_id) for each in page.items]
        starts = [_start_tool(procedure) for _, procedure in stored if _has_name(procedure.id)]
        return types.ListToolsResult(tools=[*starts, _STATUS_TOOL, _ANSWER_TOOL])

    async def _call(
        self, _context: ServerRequestContext[Any], asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        with log.bound(request_id=f"mcp:{new_id()}"):
            try:
                found = await self._done(asked.name, asked.arguments or {})
            except OpsdeskError as error:
                # In the shape that the HTTP API has, so that a model can tell what to do about it.
                return _told(error.body(), is_error=True)
            except Exception:
                logger.exception("mcp_tool_failed", tool=asked.name)
                return _told({"error": {"code": "InternalError", "message": "It could not be done."}}, is_error=True)
        return _told(found)

    async def _done(self, tool: str, given: Mapping[str, Any]) -> dict[str, Any]:
        if tool == STATUS:
            return await self._status(_run_id(given))
        if tool == ANSWER:
            return await self._answer(_run_id(given), given)
        if tool.startswith(START):
            return await self._start(tool.removeprefix(START), given)
        raise ToolMisused

    async def _start(self, procedure_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        inputs, key = given.get("inputs"), given.get("key")
        if not isinstance(inputs, Mapping) or not isinstance(key, str) or not key:
            raise ToolMisused
        async with self._opsdesk.database.transaction() as conn:
            actor = await acting(self._opsdesk, conn, Scope.RUNS_WRITE)
            run, new = await flows.runs.start_run(
                conn,
                procedure_id=procedure_id,
                inputs=inputs,
                actor=actor,
                now=self._opsdesk.clock.now(),
                key=f"{actor.id} {key}",
            )
        return {"run": str(run.run_id), "status": str(run.status), "new": new}

    async def _status(self, run_id: UUID) -> dict[str, Any]:
        """Masked as everywhere: personal values are shown to a key that may see them."""
        async with self._opsdesk.database.connection() as conn:
            reader = await acting(self._opsdesk, conn, Scope.RUNS_READ)
            run = await flows.runs.show_run(conn, run_id)
            procedure, state, _ = await flows.runs.read_state(conn, run_id)
        detail = flows.views.RunDetail.whole(run, procedure, state, flows.views.sight(reader, procedure))
        return detail.model_dump(mode="json")

    async def _answer(self, run_id: UUID, given: Mapping[str, Any]) -> dict[str, Any]:
        node, answer, key = (given.get(name) for name in ("node", "answer", "key"))
        if not isinstance(node, str) or not isinstance(answer, Mapping) or not isinstance(key, str) or not key:
            raise ToolMisused
        async with self._opsdesk.database.transaction() as conn:
            actor = await acting(self._opsdesk, conn, Scope.RUNS_WRITE)
            now = self._opsdesk.clock.now()
            key = f"{actor.id} {key}"
            new = await flows.arrivals.signal(
                conn, run_id=run_id, node=node, answer=answer, actor=actor, now=now, key=key
            )
        return {"run": str(run_id), "node": node, "new": new}


def _has_name(procedure_id: str) -> bool:
    """Whether the procedure's id can be in the name of a tool; one with other letters is started in other ways."""
    name = START + procedure_id
    return name.isascii() and len(name) <= NAME_CHARACTERS_MAX


def _start_tool(procedure: "flows.Procedure") -> types.Tool:
    inputs = {
        "type": "object",
        "properties": {entry.name: dict(entry.schema) for entry in procedure.inputs},
        "required": [entry.name for entry in procedure.inputs if entry.required and "default" not in entry.schema],
        "additionalProperties": False,
    }
    about = procedure.description or procedure.name
    return types.Tool(
        name=START + procedure.id,
        description=f"Start a run of the procedure {procedure.id}: {about}".strip(),
        input_schema=_object({"inputs": inputs, "key": _KEY}),
    )


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    names = list(properties)
    return {"type": "object", "properties": dict(properties), "required": names, "additionalProperties": False}


_STATUS_TOOL = types.Tool(
    name=STATUS,
    description="Where a run stands: each step, for whom or what it waits, its outputs and how it ended",
    input_schema=_object({"run": _RUN}),
)
_ANSWER_TOOL = types.Tool(
    name=ANSWER,
    description="Answer a step of a run in its partner's place. What people are asked, only people answer",
    input_schema=_object({"run": _RUN, "node": {"type": "string"}, "answer": {"type": "object"}, "key": _KEY}),
)


def _run_id(given: Mapping[str, Any]) -> UUID:
    try:
        return UUID(str(given.get("run")))
    except ValueError:
        raise ToolMisused from None


def _told(found: Mapping[str, Any], *, is_error: bool = False) -> types.CallToolResult:
    text = orjson.dumps(found, default=str).decode()
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=orjson.loads(text),
        is_error=is_error,
    )
