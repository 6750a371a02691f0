"""Answers as HTTP gives them: what was done, or why not in the one shape of errors, with the code of the message."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Header
from pydantic.json_schema import SkipJsonSchema

from opsdesk.benefits.messages import MESSAGES
from opsdesk.benefits.model import Answer
from opsdesk.benefits.way import PATH_PATTERN, Way, way_of
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_errors import CODES_FIELD, ErrorBody, JsonResponse, documented

_MEANING = (
    "What is stored does not allow it; `message` is in Chinese and ready to be shown, `detail.message_en` in English."
)


def reply(answer: Answer, *, status: int = 201) -> JsonResponse:
    """The answer, and for one that is no the status of its message."""
    if answer.is_ok:
        return JsonResponse(answer.body, status_code=status)
    return declined(answer.code, answer.body)


def declined(code: str, body: Mapping[str, Any]) -> JsonResponse:
    """Why not, by the code of a message."""
    said = MESSAGES[code]
    facts = {name: value for name, value in body.items() if name != "message"}
    error = {"code": said.code, "message": body["message"], "retry": said.retry, "detail": facts}
    return JsonResponse({"error": error}, status_code=said.status)


def documented_with(codes: Sequence[str], *errors: type[OpsdeskError]) -> dict[int | str, dict[str, Any]]:
    """What a route may answer that is no: errors, and the codes of messages."""
    responses = documented(*errors)
    for code in codes:
        said = MESSAGES[code]
        response = responses.setdefault(said.status, {"model": ErrorBody, "description": _MEANING, CODES_FIELD: []})
        response["description"] += f"\n- `{code}`: {said.zh} {said.en}"
        response[CODES_FIELD].append(code)
    return responses


async def _way(
    traceparent: Annotated[
        str | SkipJsonSchema[None], Header(description="The trace that the request belongs to (W3C Trace Context).")
    ] = None,
    opsdesk_path: Annotated[
        str | SkipJsonSchema[None],
        Header(
            description="The participants that it came through, the caller last, as `Customer>MobileBank>ESB`.",
            json_schema_extra={"pattern": PATH_PATTERN, "maxLength": 200},
        ),
    ] = None,
) -> Way:
    return way_of(traceparent, opsdesk_path)


RequestWay = Annotated[Way, Depends(_way)]
