"""What a screening ticket shows, as it is frozen when the ticket is made. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opsdesk.review.answers import value_problem
from opsdesk.review.canonical import canonical
from opsdesk.review.screening.model import DisplayType, Key, ModuleCode, TypeDocument

VALUE_CHARS_MAX = 10_000
"""Of the JSON of one value; what is longer is shown empty, and said to be."""
ESCAPED_CHARS = 12
"""At most, of one character in JSON."""
PERSONAL = frozenset({"values"})
"""What of a frozen document is about a person."""
_PARTS = frozenset({"base", "modules", "values", "problems"})


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """The base info but for what changes later: status and result."""

    type_name: str
    description: str
    application: str
    application_name: str
    scene: str
    scene_name: str
    user_id: str
    flow_no: str
    created_at: datetime
    type_version: int
    adapt_version: int


def frozen(base: BaseInfo, document: TypeDocument, values: Mapping[str, Any]) -> dict[str, Any]:
    """The document that a ticket keeps: JSON. Values are by the ids of their keys, in the order of the modules.

    `problems` says of which values could not be taken over and why; they are empty.
    """
    kept: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for key in document.every_key:
        value = values.get(key.id)
        if problem := _problem(value):
            problems[key.id] = problem
        kept[key.id] = None if problem else value
    return {
        "base": {
            "type_name": base.type_name,
            "description": base.description,
            "application": base.application,
            "application_name": base.application_name,
            "scene": base.scene,
            "scene_name": base.scene_name,
            "user_id": base.user_id,
            "flow_no": base.flow_no,
            "created_at": base.created_at.isoformat(),
            "type_version": base.type_version,
            "adapt_version": base.adapt_version,
        },
        "modules": [
            {
                "code": module.code.value,
                "keys": [{"id": key.id, "name": key.name, "display": key.display.value} for key in module.keys],
            }
            for module in document.modules
        ],
        "values": kept,
        "problems": problems,
    }


def is_frozen(shown: Mapping[str, Any]) -> bool:
    """Whether a ticket shows a frozen document, and not the inputs of a node."""
    return shown.keys() == _PARTS


@dataclass(frozen=True, slots=True)
class FrozenKey:
    """A field of a ticket: the key as it was, with its value."""

    key: Key
    value: Any
    problem: str | None
    """Why there is no value although one came."""


@dataclass(frozen=True, slots=True)
class FrozenModule:
    code: ModuleCode
    keys: tuple[FrozenKey, ...]


def modules_of(shown: Mapping[str, Any]) -> tuple[FrozenModule, ...]:
    """The modules of a ticket in their order, each with its fields in theirs."""
    return tuple(
        FrozenModule(
            ModuleCode(module["code"]),
            tuple(
                FrozenKey(
                    Key(key["id"], key["name"], DisplayType(key["display"])),
                    shown["values"].get(key["id"]),
                    shown["problems"].get(key["id"]),
                )
                for key in module["keys"]
            ),
        )
        for module in shown["modules"]
    )


def _problem(value: Any) -> str | None:
    if value is None:
        return None
    if problem := value_problem(value):
        return problem
    if isinstance(value, str) and len(value) * ESCAPED_CHARS < VALUE_CHARS_MAX:
        return None
    return f"has more than {VALUE_CHARS_MAX} characters" if len(canonical(value)) > VALUE_CHARS_MAX else None
