"""Conditions for those who do not know the language: the review desk has its rules compiled here."""

from collections.abc import Mapping
from typing import Any

from opsdesk.flows.expressions import Condition, ConditionInvalid, Scope, compile_condition


def compiled(text: str, names: Mapping[str, Mapping[str, Any]]) -> Condition | tuple[str, ...]:
    """A condition in CEL over these names, each with its JSON Schema; or all that is wrong with it, in sentences."""
    try:
        return compile_condition(text, Scope(names))
    except ConditionInvalid as invalid:
        return tuple(f"{each.message}; {each.hint}" if each.hint else each.message for each in invalid.problems)
