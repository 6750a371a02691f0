"""What a model replied: a text or the tools that it wants, and what it used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from opsdesk.flows.nodes.api_url import host_of
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.procedure import Node

TOOL_CALLS_AT_ONCE_MAX = 16
_REFUSING = frozenset({"content_filter", "refusal"})


@dataclass(frozen=True, slots=True)
class Reply:
    """`tool_calls` have id, name and arguments, all texts. Tokens are None where the model does not say."""

    content: str
    tool_calls: tuple[dict[str, str], ...]
    tokens_read: int | None
    tokens_written: int | None
    size: int

    def as_message(self) -> dict[str, Any]:
        """The reply as the next request repeats it."""
        calls = [
            {"id": each["id"], "type": "function", "function": {"name": each["name"], "arguments": each["arguments"]}}
            for each in self.tool_calls
        ]
        return {"role": "assistant", "content": self.content or None, "tool_calls": calls}


def reply_of(node: Node, answer: Mapping[str, Any]) -> Reply:
    """Raises NodeFailure for a refusal, an answer that was cut off, and one that is not in the format."""
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
        reason = choice.get("finish_reason")
        calls = tuple(_tool_call(each) for each in message.get("tool_calls") or ())
        usage = answer.get("usage") or {}
        read, written = _tokens(usage.get("prompt_tokens")), _tokens(usage.get("completion_tokens"))
    except (KeyError, IndexError, TypeError, AttributeError):
        content, refusal, reason, calls, read, written = 0, None, None, (), None, None
    if refusal or reason in _REFUSING:
        raise NodeFailure(Failure.AGENT_REFUSED, f"the model of {host_of(node)} refused to answer")
    if reason == "length":
        raise NodeFailure(Failure.AGENT_CUT_OFF, f"the model of {host_of(node)} was cut off at max_tokens")
    if not isinstance(content, str | None) or len(calls) > TOOL_CALLS_AT_ONCE_MAX:
        raise NodeFailure(Failure.ANSWER_NOT_JSON, f"the answer of {host_of(node)} is no chat completion")
    return Reply(content or "", calls, read, written, len(orjson.dumps(answer)))


def _tool_call(given: Any) -> dict[str, str]:
    found = {"id": given["id"], "name": given["function"]["name"], "arguments": given["function"]["arguments"]}
    if not all(isinstance(value, str) for value in found.values()):
        raise TypeError
    return found


def _tokens(value: Any) -> int | None:
    """A number that cannot be is not counted on."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
