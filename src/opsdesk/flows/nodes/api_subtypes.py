"""The subtypes of `api`: `rest`, `graphql` with its query and variables, and `webhook`, a signed notice."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from opsdesk.flows.calls import Done, Failed, NodeCall
from opsdesk.flows.nodes.api_url import host_of
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.nodes.names import SecretLookup, secret
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.nodes.problems import FieldProblem
from opsdesk.flows.procedure import Node
from opsdesk.flows.references import Lookup, resolve_all

GRAPHQL, WEBHOOK = "graphql", "webhook"
_NOT_RUN = frozenset({"grpc", "soap"})
_KEY_PREFIX = "whsec_"


def api_problems(node: Node) -> Iterator[FieldProblem]:
    """Why a node of this subtype cannot be run."""
    runtime = node.runtime
    if node.subtype in _NOT_RUN:
        yield FieldProblem("subtype", f"an api node of subtype {node.subtype} (known: rest, graphql, webhook)")
    if node.subtype != GRAPHQL:
        return
    query = runtime.get("query")
    if not isinstance(query, str) or not query.strip():
        yield FieldProblem("query", "a graphql node without runtime.query")
    elif "${" in query:
        # A value in the text of a query could end it and begin another.
        yield FieldProblem("query", "a graphql node whose query holds a ${…}, which belongs into runtime.variables,")
    if not isinstance(runtime.get("variables", {}), Mapping):
        yield FieldProblem("variables", "a graphql node whose variables are no mapping")
    if runtime.get("body") is not None:
        yield FieldProblem("body", "a graphql node with a body beside its query")


def graphql_body(node: Node, inputs: Mapping[str, Any], lookup: Lookup) -> dict[str, Any]:
    """The query as it is written; the declared inputs are its variables where it names none."""
    variables = node.runtime.get("variables")
    given = inputs if variables is None else resolve_all(dict(variables), lookup)
    body: dict[str, Any] = {"query": node.runtime["query"], "variables": given}
    if name := node.runtime.get("operation_name"):
        body["operationName"] = name
    return body


def graphql_outcome(node: Node, answer: Mapping[str, Any]) -> Done | Failed:
    """An answer with errors is a failure whatever else it holds; an output is in `data`, or where the node says."""
    errors = answer.get("errors")
    if errors:
        count = len(errors) if isinstance(errors, list) else 1
        return Failed(Failure.GRAPHQL_ERRORS, f"{host_of(node)} answered with {count} GraphQL error(s)")
    data = answer.get("data")
    return bind_outputs(node, {**answer, **(data if isinstance(data, Mapping) else {})})


def webhook_headers(call: NodeCall, body: bytes, *, now: datetime, secrets: SecretLookup) -> dict[str, str]:
    """As Standard Webhooks has them: an id that a repetition shares, the time, and a signature over both and the body.

    Raises NodeFailure where the secret is missing.
    """
    headers = {"webhook-id": call.idempotency_key, "webhook-timestamp": str(int(now.timestamp()))}
    name = call.node.runtime.get("signing_secret")
    if name is None:
        return headers
    key = _key(secret(str(name), secrets=secrets))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {**headers, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


def _key(text: str) -> bytes:
    """`whsec_` begins a key in base64; any other text is the key itself."""
    if text.startswith(_KEY_PREFIX):
        try:
            return base64.b64decode(text.removeprefix(_KEY_PREFIX), validate=True)
        except binascii.Error:
            pass
    return text.encode()
