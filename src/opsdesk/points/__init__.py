"""The ledger of points: wallets, lots that expire, and postings that never change.

Used noun by noun: `points.ledger.hold(…)`.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdesk.points import auditing as auditing
    from opsdesk.points import chain as chain
    from opsdesk.points import errors as errors
    from opsdesk.points import invariants as invariants
    from opsdesk.points import ledger as ledger
    from opsdesk.points import model as model
    from opsdesk.points import parts as parts
    from opsdesk.points import routes as routes
    from opsdesk.points import signing as signing
    from opsdesk.points import statement as statement
    from opsdesk.points import sweeping as sweeping
    from opsdesk.points import views as views

_LATER = frozenset(
    {
        *("auditing", "chain", "errors", "invariants", "ledger", "model", "parts"),
        *("routes", "signing", "statement", "sweeping", "views"),
    }
)


def __getattr__(name: str) -> ModuleType:
    """What not every process needs is imported when it is first asked for, so that commands start without it."""
    if name in _LATER:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
