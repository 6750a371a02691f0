"""The node type `system`: what happens inside of Opsdesk, a timer, a line in the log or a signal to another run."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from opsdesk.flows.calls import Failed, NodeCall, NodeFunction, NodeOutcome, Timer
from opsdesk.flows.document_reading import DURATION_S_MAX, duration_s
from opsdesk.flows.errors import AnswerInvalid, KeyReused, NodeUnknown, NotWaiting, RunFinished, RunNotFound
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.names import NO_ENV, SecretLookup, lookup_for
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.nodes.problems import check_fields
from opsdesk.flows.nodes.system_fields import operation_of, system_problems
from opsdesk.flows.references import Lookup, ReferenceMissing, as_text, resolve, resolve_all
from opsdesk.kit.log import get_logger

log = get_logger(__name__)

SendSignal = Callable[[NodeCall, UUID, str, Mapping[str, Any]], Awaitable[None]]
"""Answers a node of another run, once for the key of the call; raises what `arrivals.signal` raises."""


def system_node(secrets: SecretLookup, send_signal: SendSignal, env: Mapping[str, str] = NO_ENV) -> NodeFunction:
    """The function of `system` nodes."""

    async def run(call: NodeCall) -> NodeOutcome:
        try:
            check_fields(call.node, system_problems)
            lookup = lookup_for(call, secrets=secrets, env=env)
            match operation_of(call.node):
                case "timer":
                    return _timer(call.node.runtime, lookup)
                case "log":
                    _log(call, lookup)
                case _:
                    await _signal(call, lookup, send_signal)
            return bind_outputs(call.node, {})
        except NodeFailure as failure:
            return failure.failed
        except ReferenceMissing as error:
            return Failed(Failure.REFERENCE_MISSING, str(error))

    return run


def _timer(runtime: Mapping[str, Any], lookup: Lookup) -> Timer:
    if "until" in runtime:
        return Timer(at=_moment(resolve(runtime["until"], lookup)))
    duration = runtime["duration"]
    seconds = duration_s(resolve(duration, lookup) if isinstance(duration, str) else duration)
    if seconds is None or not 0 <= seconds <= DURATION_S_MAX:
        raise NodeFailure(Failure.BAD_NODE, "runtime.duration is no time of at most ten years")
    return Timer(after_s=seconds)


def _moment(value: object) -> datetime:
    """A time with its offset: without one, nobody could say which moment is meant."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value.upper() else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise NodeFailure(Failure.BAD_NODE, "runtime.until is no time with an offset, such as 2026-01-31T09:00:00+08:00")


def _log(call: NodeCall, lookup: Lookup) -> None:
    runtime = call.node.runtime
    names = {"run_id": str(call.run_id), "procedure": call.procedure_id, "node": call.node.id}
    level = logging.getLevelName(runtime.get("level", "info").upper())
    log.log(level, "procedure_says", message=as_text(resolve(runtime["message"], lookup)), **names)


async def _signal(call: NodeCall, lookup: Lookup, send_signal: SendSignal) -> None:
    runtime = call.node.runtime
    try:
        run_id = UUID(as_text(resolve(runtime["run"], lookup)))
    except ValueError:
        raise NodeFailure(Failure.SIGNAL_REFUSED, "runtime.run is not the id of a run") from None
    node = as_text(resolve(runtime["node"], lookup))
    answer = resolve_all(dict(runtime.get("answer") or {}), lookup)
    try:
        await send_signal(call, run_id, node, answer)
    except NotWaiting:
        # It may not have come to this node yet: the retry policy says how often to try.
        message = "the node of the other run does not wait for an answer"
        raise NodeFailure(Failure.SIGNAL_REFUSED, message, retryable=True) from None
    except AnswerInvalid as error:
        raise NodeFailure(Failure.SIGNAL_REFUSED, f"the other run does not take the answer: {error.problem}") from None
    except (RunNotFound, NodeUnknown, RunFinished, KeyReused) as error:
        raise NodeFailure(Failure.SIGNAL_REFUSED, _told(error)) from None


def _told(error: Exception) -> str:
    text = (type(error).__doc__ or type(error).__name__).strip().rstrip(".")
    return text[0].lower() + text[1:]
