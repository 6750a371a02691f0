"""What is true of the ledger, asked of what came after a posting that an audit has seen."""

from collections.abc import Mapping

from opsdesk.kit.sql import statements

INVARIANTS: Mapping[str, bytes] = statements(__file__)
"""By the names of `invariants.INVARIANTS`. Each takes `after`, and the sums of `accounts` up to there."""
