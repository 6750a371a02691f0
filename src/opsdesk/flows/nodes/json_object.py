"""Reading one JSON object from bytes that somebody else wrote."""

from typing import Any

from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.kit.strict_json import DECODER, Unwanted

ANSWER_BYTES_MAX = 1024 * 1024


def json_object(body: bytes, *, what: str) -> dict[str, Any]:
    """The object. `what` begins the message of the failure, such as `the answer of kyc.example`.

    Raises NodeFailure for all that is not one JSON object of RFC 8259 in UTF-8, and for doubled keys, NaN and Infinity.
    """
    try:
        value = DECODER.decode(body.decode())
    except UnicodeDecodeError:
        raise _not_json(what, "is not UTF-8") from None
    except Unwanted as error:
        raise _not_json(what, str(error)) from None
    except RecursionError:
        raise _not_json(what, "is nested too deeply") from None
    except ValueError:
        raise _not_json(what, "is empty" if not body.strip() else "is not JSON") from None
    if not isinstance(value, dict):
        raise _not_json(what, "is JSON and not an object")
    return value


def _not_json(what: str, problem: str) -> NodeFailure:
    return NodeFailure(Failure.ANSWER_NOT_JSON, f"{what} {problem}")
