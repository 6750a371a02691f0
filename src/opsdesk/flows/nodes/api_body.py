"""The body of an `api` node: what the document writes, and the declared inputs beside it."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.procedure import Node
from opsdesk.flows.references import Lookup, resolve, resolve_all

_STRING_OR_REFERENCE = re.compile(r'"(?:[^"\\]|\\.)*"|\$\{[^}"]*\}')


def has_body(node: Node) -> bool:
    return _written(node) is not None


def body_of(node: Node, inputs: Mapping[str, Any], lookup: Lookup) -> Any:
    """The written body with its values, and the inputs beside its keys, where it is an object; a written key wins.

    Raises NodeFailure for a template that is not JSON; ReferenceMissing.
    """
    written = _written(node)
    if written is None:
        return inputs
    body = _from_text(written, lookup) if isinstance(written, str) else resolve_all(written, lookup)
    return {**inputs, **body} if isinstance(body, Mapping) else body


def _written(node: Node) -> Any:
    body = node.runtime.get("body")
    return node.runtime.get("body_template") if body is None else body


def _from_text(template: str, lookup: Lookup) -> Any:
    """A body written as text is read as JSON first, and its values come in after, so that none can change its shape.

    `{"score": ${score}}` is read as if the reference stood in quotes: as a whole string, it keeps its type.
    """
    quoted = _STRING_OR_REFERENCE.sub(lambda found: f'"{found[0]}"' if found[0][0] == "$" else found[0], template)
    try:
        return resolve_all(orjson.loads(quoted), lookup)
    except orjson.JSONDecodeError:
        if template.strip().startswith(("{", "[")):
            raise NodeFailure(Failure.BAD_REQUEST, "runtime.body is a text that is not JSON") from None
        return resolve(template, lookup)
