"""The URL of an `api` node. A value in it can change neither the host nor the shape of the path."""

from functools import lru_cache
from urllib.parse import quote

from yarl import URL

from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.procedure import Node
from opsdesk.flows.references import Lookup, Namespace, Reference, as_text, parse, value_of

TRUSTED = frozenset({Namespace.ENV, Namespace.SECRETS})
"""What the people who run Opsdesk have set may be a whole address; what comes from a run is only a piece of one."""
_ABSOLUTE = ("https://", "http://")
URLS_KEPT = 1024
"""Most nodes call the same URL in every run."""


def url_of(node: Node, lookup: Lookup) -> URL:
    """`runtime.url` and `runtime.endpoint` joined; an endpoint that is a whole URL stands alone.

    Raises NodeFailure for a URL that cannot be, or that is not TLS where the node requires it; ReferenceMissing.
    """
    template = template_of(node)
    parts = parse(template) if "$" in template else [template]
    return _checked(node, "".join(part if isinstance(part, str) else _piece(part, lookup) for part in parts))


def template_of(node: Node) -> str:
    """The address before its references are replaced."""
    base, endpoint = str(node.runtime.get("url") or ""), str(node.runtime.get("endpoint") or "")
    return endpoint if endpoint.startswith(_ABSOLUTE) or not base else _joined(base, endpoint)


def host_of(node: Node) -> str:
    """The partner's name for messages; not told where it comes from a reference, since it may then be a value."""
    return _host(str(node.runtime.get("url") or node.runtime.get("endpoint") or ""))


@lru_cache(maxsize=URLS_KEPT)
def _host(template: str) -> str:
    authority = template.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
    return authority if authority and "$" not in authority else "the partner"


def _joined(base: str, endpoint: str) -> str:
    return f"{base.rstrip('/')}/{endpoint.lstrip('/')}" if endpoint else base


def _piece(reference: Reference, lookup: Lookup) -> str:
    """A value as it stands in a URL: no character of it means anything there."""
    text = as_text(value_of(reference, lookup))
    if not text:
        raise NodeFailure(Failure.BAD_REQUEST, f"${{{reference.text}}} in the URL is empty")
    return text if reference.namespace in TRUSTED else quote(text, safe="")


def _checked(node: Node, text: str) -> URL:
    url = _parsed(text)
    if node.security.require_ssl and url.scheme != "https":
        raise NodeFailure(Failure.INSECURE_URL, f"{host_of(node)} is to be called over TLS, and its URL is not https")
    return url


@lru_cache(maxsize=URLS_KEPT)
def _parsed(text: str) -> URL:
    try:
        url = URL(text)
        host = url.host
    except ValueError:
        host = None
    if not host or url.scheme not in {"https", "http"}:
        raise NodeFailure(Failure.BAD_REQUEST, "runtime.url and runtime.endpoint make no http or https URL")
    if any(segment in {".", ".."} for segment in text.partition("?")[0].split("/")):
        raise NodeFailure(Failure.BAD_REQUEST, "the path of the URL holds a segment . or ..")
    if url.user is not None or url.password is not None:
        raise NodeFailure(Failure.BAD_REQUEST, "the URL holds a user or a password; use security.secret_ref")
    return url
