"""The request that an `api` node describes: its URL, headers and body, with every `${…}` in its place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any, NoReturn

import orjson
from yarl import URL

from opsdesk.flows.calls import NodeCall
from opsdesk.flows.nodes.api_body import body_of, has_body
from opsdesk.flows.nodes.api_subtypes import GRAPHQL, WEBHOOK, graphql_body, webhook_headers
from opsdesk.flows.nodes.api_url import template_of, url_of
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.names import SecretLookup, secret
from opsdesk.flows.procedure import Node
from opsdesk.flows.references import Lookup, Reference, as_text, resolve_all
from opsdesk.kit.http_client import ACCEPT_ENCODING

METHODS = frozenset({"GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"})
_INPUTS_AS_QUERY = frozenset({"GET", "HEAD", "DELETE"})
_OURS = {
    "host", "content-length", "transfer-encoding", "connection", "accept-encoding", "cookie",
    "idempotency-key", "opsdesk-callback-url", "traceparent", "tracestate",
    "webhook-id", "webhook-timestamp", "webhook-signature",
}  # fmt: skip
USER_AGENT = f"opsdesk/{version('opsdesk')}"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BEARER = frozenset({"bearer", "bearer_token"})


@dataclass(frozen=True, slots=True)
class Request:
    """Never printed or logged: headers and body hold secrets and personal values."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None

    def __repr__(self) -> str:
        return f"Request({self.method})"


@dataclass(frozen=True, slots=True)
class _Standing:
    """What every call of a node has in common. None: it depends on the call."""

    method: str | None
    url: URL | None
    headers: Mapping[str, str] | None
    bearer: str | None
    has_body: bool


def request_of(call: NodeCall, lookup: Lookup, *, secrets: SecretLookup, now: datetime) -> Request:
    """What the call sends.

    Raises NodeFailure and ReferenceMissing; messages name the part of the node, never a value.
    """
    node = call.node
    standing: _Standing = node.standing.get("request") or node.standing.setdefault("request", _standing(node))
    inputs = _inputs(call, has_body=standing.has_body)
    method = standing.method or ("POST" if inputs or standing.has_body else "GET")
    url = standing.url or url_of(node, lookup)
    headers = dict(standing.headers) if standing.headers is not None else _document_headers(node, lookup)
    headers["Idempotency-Key"] = call.idempotency_key
    headers["Opsdesk-Callback-Url"] = call.callback_url
    if standing.bearer:
        headers["Authorization"] = f"Bearer {secret(standing.bearer, secrets=secrets)}"
    _check_headers(headers)
    if node.subtype == GRAPHQL:
        return Request("POST", url, headers, _json(graphql_body(node, inputs, lookup)))
    if node.subtype == WEBHOOK:
        body = _json(body_of(node, inputs, lookup))
        # Nobody answers a notice later.
        del headers["Opsdesk-Callback-Url"]
        return Request("POST", url, {**headers, **webhook_headers(call, body, now=now, secrets=secrets)}, body)
    if method in _INPUTS_AS_QUERY:
        url = _with_query(url, inputs)
        return Request(method, url, headers, _json(body_of(node, {}, lookup)) if standing.has_body else None)
    return Request(method, url, headers, _json(body_of(node, inputs, lookup) if standing.has_body else inputs))


def _standing(node: Node) -> _Standing:
    """Raises NodeFailure."""
    own = orjson.dumps([_own(node.runtime), node.runtime.get("content_type")], default=str)
    return _Standing(
        method=_method(node),
        url=None if "$" in template_of(node) else url_of(node, _nothing),
        headers=None if b"$" in own else _document_headers(node, _nothing),
        bearer=bearer_secret(node),
        has_body=has_body(node),
    )


def _nothing(reference: Reference) -> NoReturn:
    raise KeyError(reference.name)


def _inputs(call: NodeCall, *, has_body: bool) -> Mapping[str, Any]:
    """The declared inputs; a first node that says nothing about what it sends is sent what the run was started with."""
    is_entry = not call.outputs
    if is_entry and not call.node.inputs and not has_body:
        return call.run_inputs
    return call.inputs


def _method(node: Node) -> str | None:
    """As the document has it."""
    method = str(node.runtime.get("method") or "").upper()
    if method and method not in METHODS:
        raise NodeFailure(Failure.BAD_REQUEST, f"the method is not one of {', '.join(sorted(METHODS))}")
    return method or None


def _document_headers(node: Node, lookup: Lookup) -> dict[str, str]:
    """Without those that belong to one call."""
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": USER_AGENT}
    runtime = node.runtime
    own = {**({"Content-Type": runtime["content_type"]} if "content_type" in runtime else {}), **_own(runtime)}
    if own:
        spelling = {name.lower(): name for name in headers}
        for name, value in resolve_all(own, lookup).items():
            _check_allowed(str(name), value)
            headers[spelling.get(str(name).lower(), str(name))] = as_text(value)
    headers["Accept-Encoding"] = ACCEPT_ENCODING
    return headers


def _own(runtime: Mapping[str, Any]) -> Mapping[str, Any]:
    return runtime.get("headers") or {}


def _check_allowed(name: str, value: Any) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise NodeFailure(Failure.BAD_REQUEST, "runtime.headers holds a name that no header can have")
    if name.lower() in _OURS:
        raise NodeFailure(Failure.BAD_REQUEST, f"the header {name} is set by Opsdesk")
    if name.lower() == "content-type" and "json" not in str(value):
        raise NodeFailure(
            Failure.BAD_REQUEST, f"the header {name} names something else than JSON, which is what is sent"
        )


def _check_headers(headers: Mapping[str, str]) -> None:
    if not _UNSENDABLE.search("\t".join(headers.values())):
        return
    for name, value in headers.items():
        if _UNSENDABLE.search(value):
            raise NodeFailure(Failure.BAD_REQUEST, f"the header {name} would hold a line break or a control character")


def bearer_secret(node: Node) -> str | None:
    """The name of the secret that is sent as a bearer token. Raises NodeFailure."""
    auth, name = node.security.auth, node.security.secret_ref
    own = node.runtime.get("auth")
    if isinstance(own, Mapping):
        auth, name = own.get("type", own.get("kind", auth)), own.get("secret_ref", name)
    elif isinstance(own, str):
        auth = own
    if auth in {None, "none"} and not name:
        return None
    if auth is not None and auth not in _BEARER:
        raise NodeFailure(Failure.BAD_REQUEST, "the node asks for a kind of auth other than bearer_token")
    if not name:
        raise NodeFailure(Failure.BAD_REQUEST, "the node asks for a bearer token and names no secret_ref")
    return str(name)


def _with_query(url: URL, inputs: Mapping[str, Any]) -> URL:
    """What the document's URL already says stays."""
    added = {name: as_text(value) for name, value in inputs.items() if name not in url.query}
    return url.update_query(added) if added else url


def _json(body: Any) -> bytes:
    try:
        return orjson.dumps(body, default=str)
    except TypeError:
        raise NodeFailure(Failure.BAD_REQUEST, "the body holds something that JSON cannot say") from None
