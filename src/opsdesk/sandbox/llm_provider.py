"""llm-provider.com: an OpenAI-compatible address. The name of the model decides what it does; it knows nothing."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from opsdesk.sandbox.behaviours import Plan
from opsdesk.sandbox.calls import Answer, Call
from opsdesk.sandbox.partners import Refusal, Route, require_text

HOST = "llm-provider.com"
PATH = "/v1/chat/completions"
REFUSAL = "I cannot help with that."
TOKENS_READ, TOKENS_WRITTEN = 120, 40


class LlmProvider:
    def __init__(self, *, token: str) -> None:
        self._token = token

    def routes(self) -> list[Route]:
        return [Route(HOST, PATH, self._complete, token=self._token)]

    async def _complete(self, call: Call, _plan: Plan) -> Answer:
        model = require_text(call, "model")
        if model not in MODELS:
            raise Refusal(404, "UnknownModel", "There is no model of this name.")
        return Answer(200, MODELS[model](call.body))


def _fits(body: Mapping[str, Any]) -> dict[str, Any]:
    """Answers within the schema that it was given."""
    return _said(json.dumps(_sample(_schema(body)), ensure_ascii=False))


def _mends(body: Mapping[str, Any]) -> dict[str, Any]:
    """Answers outside of the schema, until it is told so."""
    told = any(message.get("role") == "assistant" for message in body["messages"])
    return _fits(body) if told else _said('{"unexpected": true}')


def _outside(_body: Mapping[str, Any]) -> dict[str, Any]:
    return _said("Certainly! Here is what you asked for.")


def _refuses(_body: Mapping[str, Any]) -> dict[str, Any]:
    return _completion({"role": "assistant", "content": None, "refusal": REFUSAL}, reason="stop")


def _cut_off(_body: Mapping[str, Any]) -> dict[str, Any]:
    return _completion({"role": "assistant", "content": '{"half": "of'}, reason="length")


def _uses_tools(body: Mapping[str, Any]) -> dict[str, Any]:
    """Calls its first tool once, and then answers."""
    if any(message.get("role") == "tool" for message in body["messages"]):
        return _fits(body)
    return _wants_tool(body)


def _wants_tool(body: Mapping[str, Any]) -> dict[str, Any]:
    """Calls its first tool, however often it was answered; one that is not there if it has none."""
    tools = body.get("tools") or [{"function": {"name": "nothing", "parameters": {}}}]
    function = tools[0]["function"]
    arguments = json.dumps(_sample(function["parameters"]))
    wanted = {"id": "call-1", "type": "function", "function": {"name": function["name"], "arguments": arguments}}
    return _completion({"role": "assistant", "content": None, "tool_calls": [wanted]}, reason="tool_calls")


def _silent_about_usage(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _fits(body).items() if name != "usage"}


MODELS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "fits": _fits,
    "mends": _mends,
    "outside": _outside,
    "refuses": _refuses,
    "cut-off": _cut_off,
    "uses-tools": _uses_tools,
    "never-done": _wants_tool,
    "no-usage": _silent_about_usage,
}


def _said(content: str) -> dict[str, Any]:
    return _completion({"role": "assistant", "content": content}, reason="stop")


def _completion(message: Mapping[str, Any], *, reason: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-sandbox",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": dict(message), "finish_reason": reason}],
        "usage": {
            "prompt_tokens": TOKENS_READ,
            "completion_tokens": TOKENS_WRITTEN,
            "total_tokens": TOKENS_READ + TOKENS_WRITTEN,
        },
    }


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the answer. Raises Refusal where the request has none."""
    wanted = body.get("response_format")
    schema = wanted.get("json_schema", {}).get("schema") if isinstance(wanted, Mapping) else None
    if not isinstance(schema, Mapping) or not isinstance(body.get("messages"), list):
        raise Refusal(422, "InvalidField", "response_format has to hold a JSON Schema, and messages a list.")
    return schema


def _sample(schema: Any) -> Any:
    """A plain value that fits a plain schema."""
    if not isinstance(schema, Mapping):
        return "text"
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: _sample(part) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [_sample(schema.get("items"))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return "text"
