"""The record of every call that reached a partner, and the answers remembered under idempotency keys."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsdesk.sandbox.store import Store, statements, timestamp

_SQL = statements(__file__)
_ADD, _END, _BEFORE, _CALLS = _SQL["add_call"], _SQL["end_call"], _SQL["calls_before"], _SQL["calls"]
_REMEMBERED, _REMEMBER, _RESET = _SQL["remembered"], _SQL["remember"], _SQL["reset"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a partner's handler sees it."""

    call_id: int
    participant: str
    path: str
    body: Mapping[str, Any]
    idempotency_key: str | None
    callback_url: str | None
    customer_id: str | None
    headers: Mapping[str, str]
    raw: bytes
    """The body as it came, which is what a signature is of."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a partner answers. Only a good answer is remembered under the idempotency key."""

    status: int
    body: Mapping[str, Any]
    memorable: bool = True


@dataclass(frozen=True, slots=True)
class Remembered:
    fingerprint: str
    status: int
    body: bytes


def fingerprint(body: Mapping[str, Any]) -> str:
    """Equal for equal content, in whatever order it was written."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


class Calls:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = asyncio.Event()

    def begin(
        self,
        *,
        scheme: str,
        participant: str,
        method: str,
        path: str,
        idempotency_key: str | None,
        customer_id: str | None,
        with_token: bool,
    ) -> int:
        return self._store.insert(
            _ADD,
            at=timestamp(),
            scheme=scheme,
            participant=participant,
            method=method,
            path=path,
            idempotency_key=idempotency_key,
            customer_id=customer_id,
            with_token=with_token,
        )

    def end(self, call_id: int, *, status: int | None, performed: bool, bytes_sent: int) -> None:
        """Note what the caller got; `performed` if this call did the work and not only repeated an answer."""
        self._store.run(
            _END, call_id=call_id, status=status, performed=performed, bytes_sent=bytes_sent, ended_at=timestamp()
        )
        self._changed.set()
        self._changed = asyncio.Event()

    def before(self, call: Call) -> int:
        """How many calls for this customer came to this address earlier."""
        row = self._store.one(
            _BEFORE,
            participant=call.participant,
            path=call.path,
            customer_id=call.customer_id,
            call_id=call.call_id,
        )
        assert row is not None
        return int(row["calls"])

    def recorded(
        self, *, participant: str | None, path: str | None, customer_id: str | None
    ) -> list[Mapping[str, Any]]:
        """Calls grouped by participant, path and idempotency key, in the order of the first of each."""
        rows = self._store.all(_CALLS, participant=participant, path=path, customer_id=customer_id)
        return [{**row, "with_token": bool(row["with_token"]), "statuses": row["statuses"].split(",")} for row in rows]

    async def settled(
        self, *, participant: str | None, path: str | None, customer_id: str | None, wait_s: float
    ) -> list[Mapping[str, Any]]:
        """The same, as soon as none of them is under way, or when `wait_s` is over."""
        wanted = {"participant": participant, "path": path, "customer_id": customer_id}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while any(call["under_way"] for call in self.recorded(**wanted)):
                    await self._changed.wait()
        return self.recorded(**wanted)

    def remembered(self, call: Call) -> Remembered | None:
        row = self._store.one(_REMEMBERED, host=call.participant, path=call.path, idempotency_key=call.idempotency_key)
        return None if row is None else Remembered(row["fingerprint"], row["status"], row["body"])

    def remember(self, call: Call, *, status: int, body: bytes) -> None:
        self._store.run(
            _REMEMBER,
            host=call.participant,
            path=call.path,
            idempotency_key=call.idempotency_key,
            fingerprint=fingerprint(call.body),
            status=status,
            body=body,
        )

    def reset(self) -> None:
        """Forget everything: customers, calls, mail, scripts. Tokens and certificates stay."""
        self._store.script(_RESET)
