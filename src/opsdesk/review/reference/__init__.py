"""What the review desk knows of the business around it: applications, scenes, methods, fields and reject codes."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdesk.review.reference import entries as entries
    from opsdesk.review.reference import errors as errors
    from opsdesk.review.reference import fields as fields
    from opsdesk.review.reference import lists as lists
    from opsdesk.review.reference import model as model
    from opsdesk.review.reference import proto_fields as proto_fields

_MODULES = frozenset(
    {
        "entries",
        "errors",
        "fields",
        "lists",
        "model",
        "proto_fields",
    }
)


def __getattr__(name: str) -> ModuleType:
    """Its modules, each imported when it is first asked for."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
