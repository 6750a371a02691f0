"""The record of who said what to whom, one row for each arrow.

Of two participants, the one that is in the sandbox writes: the sender where both are.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from opsdesk.sandbox.store import Store, statements, timestamp

HOPS_MAX = 1000

_SQL = statements(__file__)
_ADD, _LIST, _FORGET = _SQL["add_hop"], _SQL["hops"], _SQL["forget_hops"]


class Kind(StrEnum):
    CALL = "call"
    RETURN = "return"
    SELF = "self"


class Hops:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, trace_id: str, source: str, target: str, label: str, *, kind: Kind = Kind.CALL) -> None:
        """Note an arrow; its label begins with the words of the drawing."""
        self._store.run(
            _ADD, trace_id=trace_id, at=timestamp(), source=source, target=target, kind=kind.value, label=label
        )

    def add_return(self, trace_id: str, source: str, target: str, label: str) -> None:
        self.add(trace_id, source, target, label, kind=Kind.RETURN)

    def add_own(self, trace_id: str, participant: str, label: str) -> None:
        self.add(trace_id, participant, participant, label, kind=Kind.SELF)

    def listed(self, *, trace_id: str | None) -> list[Mapping[str, Any]]:
        """The arrows of one trace, or the latest of all, in the order in which they came."""
        return self._store.all(_LIST, trace_id=trace_id, rows_max=HOPS_MAX)

    def reset(self) -> None:
        self._store.run(_FORGET)
