"""Where Opsdesk is, and the key that each system of the bank shows there; and asking its points system."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsdesk.sandbox.bank.hops import Hops
from opsdesk.sandbox.bank.journey import POINT_SYSTEM, Journey
from opsdesk.sandbox.bank.outcomes import Done, Outcome, Refused, Unknown, of_answer
from opsdesk.sandbox.bank.wire import Heard, Wire
from opsdesk.sandbox.store import Store, statements

EVERYBODY = "*"

_SQL = statements(__file__)
_PUT, _FIND, _FORGET = _SQL["put_product"], _SQL["find_product"], _SQL["forget_product"]


@dataclass(frozen=True, slots=True)
class Words:
    """The labels of an arrow and of the one that comes back."""

    asked: str
    done: str
    refused: str = "{message}"
    """With the message of the refusal in it."""


class Product:
    def __init__(self, *, store: Store, hops: Hops, wire: Wire) -> None:
        self._store = store
        self._hops = hops
        self._wire = wire

    def put(self, *, url: str, keys: Mapping[str, str]) -> None:
        """Remember the address and the API key of each participant; `*` is everybody's."""
        self._store.run(_FORGET)
        for participant, key in keys.items():
            self._store.run(_PUT, participant=participant, url=url.rstrip("/"), key=key)

    @property
    def is_known(self) -> bool:
        return self._store.one(_FIND, participant=EVERYBODY) is not None

    def url(self) -> str | None:
        """The address of Opsdesk, for those who show it no key of the bank."""
        row = self._store.one(_FIND, participant=EVERYBODY)
        return None if row is None else str(row["url"])

    async def send(self, journey: Journey, method: str, path: str, body: Mapping[str, Any] | None) -> Heard | None:
        """Ask as the last participant of the journey. None: no answer, or nobody has said yet where Opsdesk is."""
        row = self._store.one(_FIND, participant=journey.caller)
        if row is None:
            return None
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {**journey.headers(), "Authorization": f"Bearer {row['key']}"}
        return await self._wire.ask(method, f"{row['url']}{path}", content, headers)

    async def read(self, journey: Journey, path: str) -> Outcome:
        """Look something up; the drawing has no arrows for it."""
        heard = await self.send(journey, "GET", path, None)
        return Unknown() if heard is None else of_answer(heard.status, heard.body)

    async def write(self, journey: Journey, path: str, body: Mapping[str, Any], words: Words) -> Outcome:
        """Have the points system do something, and note both arrows."""
        trace_id, caller = journey.trace_id, journey.caller
        self._hops.add(trace_id, caller, POINT_SYSTEM, words.asked)
        heard = await self.send(journey, "POST", path, body)
        outcome = Unknown() if heard is None else of_answer(heard.status, heard.body)
        note_return(self._hops, journey, POINT_SYSTEM, outcome, words)
        return outcome

    def reset(self) -> None:
        self._store.run(_FORGET)


def note_return(hops: Hops, journey: Journey, source: str, outcome: Outcome, words: Words) -> None:
    """Note the arrow back to the last participant of the journey; an answer that never came has none."""
    match outcome:
        case Done():
            hops.add_return(journey.trace_id, source, journey.caller, words.done)
        case Refused(message=message):
            hops.add_return(journey.trace_id, source, journey.caller, words.refused.format(message=message))
        case Unknown():
            pass
