"""What came of a request: it was done, it was refused, or nobody can say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    code: str
    message: str
    """As the points system wrote it, ready to be shown."""
    retry: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or one that says that nobody knows. It may have been done: ask again with the same key."""


Outcome = Done | Refused | Unknown


def of_answer(status: int, body: Mapping[str, Any] | None) -> Outcome:
    """Of an answer of the points system's own interface."""
    if body is None or status >= 500:
        return Unknown()
    if status < 300:
        return Done(body)
    error = body.get("error")
    if not isinstance(error, dict):
        return Unknown()
    detail = error.get("detail")
    return Refused(
        code=str(error.get("code", status)),
        message=str(error.get("message", "")),
        retry=error.get("retry") is True,
        detail=detail if isinstance(detail, dict) else {},
    )


def of_envelope(status: int, envelope: Mapping[str, Any] | None) -> Outcome:
    """Of an answer that came by the bus, where a refusal is a good answer as well."""
    head = None if envelope is None else envelope.get("head")
    if status >= 500 or envelope is None:
        return Unknown()
    if not isinstance(head, dict):
        return of_answer(status, envelope)
    body = envelope.get("body")
    facts: Mapping[str, Any] = body if isinstance(body, dict) else {}
    if head.get("code") == "OK":
        return Done(facts)
    return Refused(
        code=str(head.get("code", status)),
        message=str(head.get("message", "")),
        retry=head.get("retry") is True,
        detail=facts,
    )
