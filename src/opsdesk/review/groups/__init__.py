"""Strategy groups: which applications pass, which are rejected, and which a person looks at."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdesk.review.groups import document as document
    from opsdesk.review.groups import errors as errors
    from opsdesk.review.groups import evaluation as evaluation
    from opsdesk.review.groups import groups as groups
    from opsdesk.review.groups import listing as listing
    from opsdesk.review.groups import reading as reading
    from opsdesk.review.groups import revisions as revisions
    from opsdesk.review.groups import routes as routes
    from opsdesk.review.groups import showing as showing
    from opsdesk.review.groups import trying as trying
    from opsdesk.review.groups import views as views

_MODULES = frozenset(
    {
        "document",
        "errors",
        "evaluation",
        "groups",
        "listing",
        "reading",
        "revisions",
        "routes",
        "showing",
        "trying",
        "views",
    }
)


def __getattr__(name: str) -> ModuleType:
    """Its modules, each imported when it is first asked for."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
