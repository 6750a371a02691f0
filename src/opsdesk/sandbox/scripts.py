"""Behaviours set through the control API: they come before those that a customer's name asks for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opsdesk.sandbox.behaviours import Behaviour, Plan
from opsdesk.sandbox.store import Store, statements

EVERYBODY = "*"

_SQL = statements(__file__)
_SET, _REMOVE, _FOR, _USE = _SQL["set_script"], _SQL["remove_script"], _SQL["script_for"], _SQL["use_script"]


@dataclass(frozen=True, slots=True)
class Script:
    """How a partner answers at `path` for the customer called `name` (`*`: everybody); None: as it usually does."""

    host: str
    path: str
    name: str
    behaviour: Behaviour | None
    times: int | None = None
    """None: until it is removed."""
    detail: Mapping[str, Any] = field(default_factory=dict)


class Scripts:
    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, script: Script) -> None:
        place = {"host": script.host, "path": script.path, "name": script.name}
        if script.behaviour is None:
            self._store.run(_REMOVE, **place)
            return
        detail = json.dumps(script.detail)
        self._store.run(_SET, **place, behaviour=script.behaviour.value, remaining=script.times, detail=detail)

    def take(self, *, host: str, path: str, name: str) -> Plan | None:
        """The plan for this call, used up by one; None if nobody asked for anything special."""
        row = self._store.one(_FOR, host=host, path=path, name=name)
        if row is None:
            return None
        self._store.run(_USE, host=host, path=path, name=row["name"])
        return Plan(Behaviour(row["behaviour"]), json.loads(row["detail"]))
