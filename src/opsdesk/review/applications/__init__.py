"""Applications come in: strategy groups answer them, and those that a person has to look at get a ticket."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdesk.review.applications import delivering as delivering
    from opsdesk.review.applications import errors as errors
    from opsdesk.review.applications import explaining as explaining
    from opsdesk.review.applications import intake as intake
    from opsdesk.review.applications import listing as listing
    from opsdesk.review.applications import receivers as receivers
    from opsdesk.review.applications import results as results

_MODULES = frozenset(
    {
        "delivering",
        "errors",
        "explaining",
        "intake",
        "listing",
        "receivers",
        "results",
    }
)


def __getattr__(name: str) -> ModuleType:
    """Its modules, each imported when it is first asked for."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
