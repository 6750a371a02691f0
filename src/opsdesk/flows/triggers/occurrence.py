"""What has happened, as a trigger sees it, and the inputs that it makes of that. No I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from opsdesk.flows.expression_work import work_problem
from opsdesk.flows.expressions import (
    EVENT_SCHEMAS,
    Condition,
    ConditionFailed,
    ConditionInvalid,
    Scope,
    compile_condition,
    compile_value,
)
from opsdesk.flows.references import Namespace, Reference, ReferenceMalformed, ReferenceMissing, resolve_all
from opsdesk.flows.trigger import Trigger, TriggerKind

_TEXT: Mapping[str, Any] = {"type": "string"}
SCHEMAS: Mapping[TriggerKind, Mapping[str, Mapping[str, Any]]] = {
    TriggerKind.CRON: {"schedule.at": _TEXT, "schedule.date": _TEXT},
    TriggerKind.WEBHOOK: {"webhook.id": _TEXT, "webhook.at": _TEXT, "webhook.body": {}},
    TriggerKind.EVENT: EVENT_SCHEMAS,
}
"""What conditions and inputs see, by kind of trigger."""


@dataclass(eq=False)
class Unfit(Exception):
    """No run can be made of what came. `reason` names fields and rules, never values."""

    reason: str


def of_schedule(due: datetime, zone: str) -> dict[str, Any]:
    """The content of an occurrence of a cron trigger: the instant on the local clock, and its date there."""
    local = due.astimezone(ZoneInfo(zone))
    return {"at": local.isoformat(), "date": local.date().isoformat()}


def of_webhook(delivery: str, sent_at: datetime, body: Any) -> dict[str, Any]:
    return {"id": delivery, "at": _told(sent_at), "body": body}


def lasting(content: Mapping[str, Any]) -> dict[str, Any]:
    """What is the same each time that something is sent; only when it was sent may differ, as at every new attempt."""
    return {name: value for name, value in content.items() if name != "at"}


def of_event(name: str, key: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "key": key, "data": dict(data)}


def word_of(kind: TriggerKind) -> str:
    """What the names of a kind begin with."""
    return next(iter(SCHEMAS[kind])).partition(".")[0]


def names_of(kind: TriggerKind) -> Scope:
    return Scope(SCHEMAS[kind])


def matches(trigger: Trigger, content: Mapping[str, Any]) -> bool:
    """Whether the trigger is meant. Raises Unfit where its condition cannot be decided."""
    data = content.get("data", {})
    if any(name not in data or not _equal(data[name], wanted) for name, wanted in trigger.filter.items()):
        return False
    if trigger.condition is None:
        return True
    try:
        condition = compile_condition(trigger.condition, names_of(trigger.kind))
        return condition.evaluate(_values(condition, trigger.kind, content))
    except (ConditionInvalid, ConditionFailed) as error:
        raise Unfit(f"the condition cannot be decided: {_words(error)}") from None


def inputs_from(trigger: Trigger, content: Mapping[str, Any]) -> dict[str, Any]:
    """What the procedure is started with, before it is checked against what that asks for. Raises Unfit."""
    if trigger.gives_everything:
        return _everything(trigger.kind, content)
    lookup = _lookup(trigger.kind, content)
    inputs = {}
    for name, value in trigger.inputs.items():
        try:
            inputs[name] = resolve_all(value, lookup)
        except ReferenceMissing as error:
            raise Unfit(f"{name}: {error}") from None
        except ReferenceMalformed as error:
            raise Unfit(f"{name}: {error}") from None
    for name, text in trigger.computed.items():
        try:
            expression = compile_value(text, names_of(trigger.kind))
            inputs[name] = _plain(expression.value(_values(expression, trigger.kind, content)))
        except (ConditionInvalid, ConditionFailed) as error:
            raise Unfit(f"{name}: {_words(error)}") from None
    return inputs


def referred(value: Any) -> Iterator[str]:
    """Every text in a value that may hold references."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from referred(item)
    elif isinstance(value, list):
        for item in value:
            yield from referred(item)


def name_of(reference: Reference) -> str:
    """The name of ours that a reference begins with, such as `webhook.body`."""
    if reference.namespace is Namespace.BARE:
        return ".".join([reference.name, *reference.path[:1]])
    return f"{reference.namespace}.{reference.name}"


def _everything(kind: TriggerKind, content: Mapping[str, Any]) -> dict[str, Any]:
    if kind is TriggerKind.CRON:
        return {}
    whole = content["body"] if kind is TriggerKind.WEBHOOK else content["data"]
    if not isinstance(whole, dict):
        raise Unfit("the body is no object, so that it names no inputs")
    return dict(whole)


def _values(expression: Condition, kind: TriggerKind, content: Mapping[str, Any]) -> dict[str, Any]:
    word = word_of(kind)
    values = {f"{word}.{name}": value for name, value in content.items()}
    if problem := work_problem(expression.tree, expression.expression, expression.names, values):
        raise ConditionFailed(expression.expression, problem)
    return values


def _lookup(kind: TriggerKind, content: Mapping[str, Any]) -> Any:
    word = word_of(kind)

    def value(reference: Reference) -> Any:
        if reference.namespace is Namespace.BARE and reference.name == word:
            return content
        if reference.namespace == word:
            return content[reference.name]
        raise KeyError(reference.name)

    return value


def _words(error: ConditionInvalid | ConditionFailed) -> str:
    return error.message if isinstance(error, ConditionFailed) else str(error)


def _equal(one: Any, other: Any) -> bool:
    """As JSON has it: true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _plain(value: Any) -> Any:
    """What CEL gives as JSON has it."""
    if isinstance(value, datetime):
        return _told(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {str(key): _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _told(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
