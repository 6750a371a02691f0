"""The ledger of points: wallets, lots that expire, and postings that never change.

Used noun by noun: `points.ledger.hold(…)`.
"""

from opsdesk.points import errors, invariants, ledger, model

__all__ = ["errors", "invariants", "ledger", "model"]
