"""A look at what `provision_account.py` did. The command makes its own tables, because it may also run alone."""

import json
from collections.abc import Mapping
from typing import Any

from opsdesk.sandbox.store import Store, statements

_SQL = statements(__file__)
_HAS, _ACCOUNTS, _CALLS, _RESET = _SQL["has_accounts"], _SQL["accounts"], _SQL["calls"], _SQL["reset"]


class Accounts:
    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Mapping[str, Any]]:
        """Accounts in the order of their making, without their API keys, with the number of calls for each."""
        return self._store.all(_ACCOUNTS) if self._exist() else []

    def calls(self) -> list[Mapping[str, Any]]:
        """Arguments and names of environment variables of every call of the command."""
        rows = self._store.all(_CALLS) if self._exist() else []
        return [
            {
                "customer_id": row["customer_id"],
                "argv": json.loads(row["argv"]),
                "environment": json.loads(row["environment"]),
            }
            for row in rows
        ]

    def reset(self) -> None:
        if self._exist():
            self._store.script(_RESET)

    def _exist(self) -> bool:
        row = self._store.one(_HAS)
        return row is not None and row["tables"] == 1
