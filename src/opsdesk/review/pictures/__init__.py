"""Pictures of screening tickets: fetched once, kept as copies, shown to those who may see them."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdesk.review.pictures import errors as errors
    from opsdesk.review.pictures import fetching as fetching
    from opsdesk.review.pictures import hosts as hosts
    from opsdesk.review.pictures import jobs as jobs
    from opsdesk.review.pictures import model as model
    from opsdesk.review.pictures import reading as reading

_MODULES = frozenset({"errors", "fetching", "hosts", "jobs", "model", "reading"})


def __getattr__(name: str) -> ModuleType:
    """Its modules, each imported when it is first asked for."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
