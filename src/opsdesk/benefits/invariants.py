"""What is true of orders, of the ledger together with them, and of what was settled, as an auditor asks for it."""

from collections.abc import Mapping

from opsdesk.benefits.settlement.invariants import INVARIANTS as OF_SETTLEMENT
from opsdesk.kit.sql import statements

INVARIANTS: Mapping[str, bytes] = {**statements(__file__), **OF_SETTLEMENT}
"""Each by its name, to be read in one snapshot with those of `points`; it begins with what it says."""
