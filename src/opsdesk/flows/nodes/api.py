"""The node type `api`: one HTTP request, and what came of it."""

from collections.abc import Mapping, Set

import aiohttp

from opsdesk.flows.calls import Failed, NodeCall, NodeFunction, NodeOutcome
from opsdesk.flows.nodes.api_answer import expected_statuses, outcome_of
from opsdesk.flows.nodes.api_request import Request, request_of
from opsdesk.flows.nodes.api_subtypes import api_problems
from opsdesk.flows.nodes.api_trouble import trouble
from opsdesk.flows.nodes.api_url import host_of
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.names import NO_ENV, SecretLookup, lookup_for
from opsdesk.flows.nodes.problems import check_fields
from opsdesk.flows.procedure import Node
from opsdesk.flows.references import ReferenceMalformed, ReferenceMissing
from opsdesk.kit.clock import Clock, SystemClock
from opsdesk.kit.http_client import HttpClient
from opsdesk.kit.http_destinations import DestinationRefused

CLOCK = SystemClock()
CALL_TIMEOUT_MAX_S = 300.0
"""No connection is held longer, however long the node may wait for its answer at the callback address."""
CALL_TIMEOUT_DEFAULT_S = 30.0
_NOT_REPEATED_BY_AIOHTTP = frozenset({"POST", "PATCH"})
"""It does not know that ours carry an idempotency key."""


def api_node(
    http: HttpClient, secrets: SecretLookup, env: Mapping[str, str] = NO_ENV, *, clock: Clock = CLOCK
) -> NodeFunction:
    """The function of `api` nodes. `env` holds the environment variables that procedures may see as `${env.NAME}`."""

    async def run(call: NodeCall) -> NodeOutcome:
        try:
            expected = _expected(call.node)
            lookup = lookup_for(call, secrets=secrets, env=env)
            request = request_of(call, lookup, secrets=secrets, now=clock.now())
        except NodeFailure as failure:
            return failure.failed
        except (ReferenceMissing, ReferenceMalformed) as error:
            return Failed(Failure.REFERENCE_MISSING, str(error))
        return await _send(http, call.node, request, expected)

    return run


def _expected(node: Node) -> frozenset[int]:
    """The statuses that the node expects. Raises NodeFailure for a node that cannot be run."""
    expected: frozenset[int] | None = node.standing.get("expected")
    if expected is None:
        expected = expected_statuses(node)
        check_fields(node, api_problems)
        node.standing["expected"] = expected
    return expected


def call_timeout_s(node: Node) -> float:
    """How long one request may take, from connecting to the last byte of the answer."""
    return min(node.timeout_s or CALL_TIMEOUT_DEFAULT_S, CALL_TIMEOUT_MAX_S)


async def _send(http: HttpClient, node: Node, request: Request, expected: Set[int]) -> NodeOutcome:
    timeout_s = call_timeout_s(node)
    try:
        try:
            return await _exchange(http, node, request, expected, timeout_s)
        except aiohttp.ServerDisconnectedError:
            # A kept connection that the partner closes as we write looks like this, and is nobody's failure.
            if request.method not in _NOT_REPEATED_BY_AIOHTTP:
                raise
            return await _exchange(http, node, request, expected, timeout_s)
    except TimeoutError:
        message = f"{host_of(node)} did not answer within {timeout_s:g} s"
        return Failed(Failure.TIMED_OUT, message, retryable=True, timeout=True, outage=True)
    except DestinationRefused as refused:
        # Asking again would lead to the same place, until somebody changes the name, the procedure or the setting.
        message = f"{host_of(node)} is {refused.kind}, or leads to one, which OPSDESK_ALLOW_NETWORKS does not list"
        return Failed(Failure.ADDRESS_REFUSED, message)
    except aiohttp.ClientError as error:
        return trouble(node, error)
    except NodeFailure as failure:
        return failure.failed


async def _exchange(
    http: HttpClient, node: Node, request: Request, expected: Set[int], timeout_s: float
) -> NodeOutcome:
    sending = http.request(request.method, request.url, headers=request.headers, body=request.body, timeout_s=timeout_s)
    async with sending as response:
        return await outcome_of(node, response, expected=expected)
