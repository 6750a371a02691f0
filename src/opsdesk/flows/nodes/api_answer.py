"""What a partner's answer means for the node: its outputs, a promise to answer later, or a failure that says why."""

import re
from collections.abc import Set
from email.utils import parsedate_to_datetime
from functools import lru_cache
from mimetypes import MimeTypes

from aiohttp import ClientResponse

from opsdesk.flows.calls import Failed, NodeOutcome, Wait
from opsdesk.flows.nodes.api_subtypes import GRAPHQL, WEBHOOK, graphql_outcome
from opsdesk.flows.nodes.api_url import host_of
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.json_object import ANSWER_BYTES_MAX, json_object
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.procedure import Node
from opsdesk.kit.http_client import BodyTooLarge, BodyUndecodable, read_body

RETRY_AFTER_MAX_S = 3600.0
"""A partner may ask for more; it is asked again after an hour."""

_ACCEPTED = 202
_WITHOUT_BODY = frozenset({204, 205})
_OUT = frozenset({502, 503, 504, *range(520, 531)})
"""Said by what stands before a partner that does not answer, or by one that takes no requests now; 500 is an answer."""
_RETRYABLE_4XX = frozenset({408, 425, 429})
_STATUS = re.compile(r"[2-5][0-9]{2}")
_JSON_TYPE = re.compile(r"application/([\w.+-]+\+)?json")
_KNOWN_TYPES = frozenset(MimeTypes().types_map[True].values()) | {"application/xml"}


def expected_statuses(node: Node) -> frozenset[int]:
    """`runtime.expected_status` as a number or a list of them; empty: every 2xx.

    Raises NodeFailure for anything else, before anything is sent.
    """
    given = node.runtime.get("expected_status")
    if given is None:
        return frozenset()
    several = given if isinstance(given, list | tuple) else (given,)
    if not all(_STATUS.fullmatch(str(status)) for status in several):
        raise NodeFailure(Failure.BAD_REQUEST, "runtime.expected_status is no HTTP status and no list of them")
    return frozenset(int(status) for status in several)


async def outcome_of(node: Node, response: ClientResponse, *, expected: Set[int]) -> NodeOutcome:
    """Read the answer; `expected` comes from `expected_statuses`.

    The body is read only where the node declares outputs, and never past ANSWER_BYTES_MAX.

    Raises NodeFailure for a body that is not one JSON object, and what aiohttp raises for a connection that breaks.
    """
    status = response.status
    failure = status_failure(node, response, expected)
    if failure is not None:
        return failure
    if status == _ACCEPTED and node.subtype not in (GRAPHQL, WEBHOOK):
        return Wait()
    is_read = bool(node.outputs) or node.subtype == GRAPHQL
    if not is_read or status in _WITHOUT_BODY or response.method == "HEAD":
        return bind_outputs(node, {})
    if not _is_json(response.headers.get("Content-Type", "")):
        return Failed(Failure.ANSWER_NOT_JSON, f"{host_of(node)} answered {status} with {_content_type(response)}")
    try:
        body = await read_body(response, bytes_max=ANSWER_BYTES_MAX)
    except BodyTooLarge:
        return Failed(
            Failure.ANSWER_TOO_LARGE, f"the answer of {host_of(node)} is larger than {ANSWER_BYTES_MAX} bytes"
        )
    except BodyUndecodable:
        return Failed(Failure.ANSWER_NOT_JSON, f"the answer of {host_of(node)} is not in the encoding that it claims")
    answer = json_object(body, what=f"the answer of {host_of(node)}")
    return graphql_outcome(node, answer) if node.subtype == GRAPHQL else bind_outputs(node, answer)


def status_failure(node: Node, response: ClientResponse, expected: Set[int]) -> Failed | None:
    """What a status outside of `expected` (empty: every 2xx) means for the node."""
    status = response.status
    if 300 <= status < 400:
        message = f"{host_of(node)} answered {status}: redirects are not followed"
        return Failed(Failure.REDIRECTED, message)
    if status in expected or (not expected and 200 <= status < 300):
        return None
    message = f"{host_of(node)} answered {status}"
    if status >= 500:
        out = status in _OUT
        later_s = _retry_after_s(response)
        return Failed(Failure.PARTNER_FAILING, message, retryable=True, retry_after_s=later_s, outage=out)
    if status in _RETRYABLE_4XX:
        return Failed(Failure.REFUSED_4XX, message, retryable=True, retry_after_s=_retry_after_s(response))
    if status >= 400:
        return Failed(Failure.REFUSED_4XX, message)
    return Failed(Failure.UNEXPECTED_STATUS, f"{message}, and the node expects another status")


def _retry_after_s(response: ClientResponse) -> float | None:
    """Retry-After as seconds; a date is measured against the answer's own Date, so that no two clocks are compared."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), RETRY_AFTER_MAX_S)
    try:
        again_at = parsedate_to_datetime(text)
        answered_at = parsedate_to_datetime(response.headers.get("Date", ""))
        seconds = (again_at - answered_at).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_S)


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    media_type, _, parameters = content_type.lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "')
    return bool(_JSON_TYPE.fullmatch(media_type.strip())) and charset in {"", "utf-8", "utf8", "us-ascii"}


def _content_type(response: ClientResponse) -> str:
    """The media type, if it is a well-known one: a header is the partner's text like any other, and may hold a name."""
    media_type = response.headers.get("Content-Type", "").lower().partition(";")[0].strip()
    if not media_type:
        return "no content type"
    return f"the content type {media_type}" if media_type in _KNOWN_TYPES else "an unknown content type"
