"""The short messages that telephone banking sends: a telephone cannot be sent to a page, its owner can."""

from collections.abc import Mapping
from typing import Any

from opsdesk.sandbox.bank.customers import Customer
from opsdesk.sandbox.store import Store, statements, timestamp

MESSAGES_MAX = 100

_SQL = statements(__file__)
_ADD, _TO, _FORGET = _SQL["add_message"], _SQL["messages_to"], _SQL["forget_messages"]


class ShortMessages:
    def __init__(self, store: Store) -> None:
        self._store = store

    def send(self, customer: Customer, *, text: str, url: str) -> None:
        self._store.run(
            _ADD, at=timestamp(), customer_id=customer.customer_id, mobile=customer.mobile, text=text, url=url
        )

    def sent_to(self, customer_id: str | None) -> list[Mapping[str, Any]]:
        """Newest first; None: to anybody."""
        return self._store.all(_TO, customer_id=customer_id, rows_max=MESSAGES_MAX)

    def reset(self) -> None:
        self._store.run(_FORGET)
