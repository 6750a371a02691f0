"""What is true of settlement files and of the orders that they are about, as an auditor asks for it."""

from collections.abc import Mapping

from opsdesk.kit.sql import statements

INVARIANTS: Mapping[str, bytes] = statements(__file__)
