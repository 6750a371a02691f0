"""Strategy groups: which applications pass, which are rejected, and which a person looks at."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdesk.review.groups import document as document
    from opsdesk.review.groups import errors as errors
    from opsdesk.review.groups import evaluation as evaluation
    from opsdesk.review.groups import groups as groups

_MODULES = frozenset(
    {
        "document",
        "errors",
        "evaluation",
        "groups",
    }
)


def __getattr__(name: str) -> ModuleType:
    """Its modules, each imported when it is first asked for."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
