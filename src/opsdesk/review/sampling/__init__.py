"""Quality sampling: a few decided tickets are judged again, blind, so that it is known how often verdicts hold."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdesk.review.sampling import comparing as comparing
    from opsdesk.review.sampling import drawing as drawing
    from opsdesk.review.sampling import errors as errors
    from opsdesk.review.sampling import figures as figures
    from opsdesk.review.sampling import intervals as intervals
    from opsdesk.review.sampling import judging as judging
    from opsdesk.review.sampling import routes as routes
    from opsdesk.review.sampling import samples as samples
    from opsdesk.review.sampling import views as views

_MODULES = frozenset(
    {"comparing", "drawing", "errors", "figures", "intervals", "judging", "routes", "samples", "views"},
)


def __getattr__(name: str) -> ModuleType:
    """Its modules, each imported when it is first asked for."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
