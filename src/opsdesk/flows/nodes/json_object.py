"""Reading one JSON object from bytes that somebody else wrote."""

import json
from typing import Any

from opsdesk.flows.nodes.failures import Failure, NodeFailure

ANSWER_BYTES_MAX = 1024 * 1024


def json_object(body: bytes, *, what: str) -> dict[str, Any]:
    """The object. `what` begins the message of the failure, such as `the answer of kyc.example`.

    Raises NodeFailure for all that is not one JSON object of RFC 8259 in UTF-8, and for doubled keys, NaN and Infinity.
    """
    try:
        value = _DECODER.decode(body.decode())
    except UnicodeDecodeError:
        raise _not_json(what, "is not UTF-8") from None
    except _Unwanted as error:
        raise _not_json(what, str(error)) from None
    except RecursionError:
        raise _not_json(what, "is nested too deeply") from None
    except ValueError:
        raise _not_json(what, "is empty" if not body.strip() else "is not JSON") from None
    if not isinstance(value, dict):
        raise _not_json(what, "is JSON and not an object")
    return value


class _Unwanted(Exception):
    """Python's decoder takes it and JSON, or Opsdesk, does not."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Unwanted("holds an object with the same key twice")
    return members


def _constant(_: str) -> Any:
    raise _Unwanted("holds NaN or Infinity")


# orjson is faster by a microsecond, keeps the last of two equal keys and makes floats of long integers.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _not_json(what: str, problem: str) -> NodeFailure:
    return NodeFailure(Failure.ANSWER_NOT_JSON, f"{what} {problem}")
