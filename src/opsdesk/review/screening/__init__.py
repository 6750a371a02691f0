"""What tickets look like that risk operators configure: screening types, and their adapts to application and scene."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdesk.review.screening import adapt_document as adapt_document
    from opsdesk.review.screening import adapts as adapts
    from opsdesk.review.screening import asked as asked
    from opsdesk.review.screening import deciding as deciding
    from opsdesk.review.screening import difference as difference
    from opsdesk.review.screening import errors as errors
    from opsdesk.review.screening import files as files
    from opsdesk.review.screening import frozen as frozen
    from opsdesk.review.screening import generation as generation
    from opsdesk.review.screening import impact as impact
    from opsdesk.review.screening import importing as importing
    from opsdesk.review.screening import listing as listing
    from opsdesk.review.screening import model as model
    from opsdesk.review.screening import origin as origin
    from opsdesk.review.screening import reading as reading
    from opsdesk.review.screening import reading_due as reading_due
    from opsdesk.review.screening import rejecting as rejecting
    from opsdesk.review.screening import review_list as review_list
    from opsdesk.review.screening import sources as sources
    from opsdesk.review.screening import taking as taking
    from opsdesk.review.screening import ticking as ticking
    from opsdesk.review.screening import types as types

_MODULES = frozenset(
    {
        "adapt_document",
        "adapts",
        "asked",
        "deciding",
        "difference",
        "errors",
        "files",
        "frozen",
        "generation",
        "impact",
        "importing",
        "listing",
        "model",
        "origin",
        "reading",
        "reading_due",
        "rejecting",
        "review_list",
        "sources",
        "taking",
        "ticking",
        "types",
    }
)


def __getattr__(name: str) -> ModuleType:
    """Its modules, each imported when it is first asked for."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
