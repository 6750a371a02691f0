"""What is true of orders and of the ledger together, as an auditor asks for it."""

from collections.abc import Mapping

from opsdesk.benefits.settlement import invariants as settlement
from opsdesk.kit.sql import statements

INVARIANTS: Mapping[str, bytes] = {**statements(__file__), **settlement.INVARIANTS}
"""Each by its name, to be read in one snapshot with those of `points`; it begins with what it says."""
