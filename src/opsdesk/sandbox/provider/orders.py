"""A provider's own table of orders: what it booked, performed and wants to be paid for."""

from collections.abc import Mapping
from typing import Any

from opsdesk.sandbox.store import Store, statements
from opsdesk_partner import Link, Row

ROWS_MAX = 500
_SQL = statements(__file__)


class Orders:
    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, provider: str, link: Link, *, status: int, settle_fen: int) -> None:
        self._store.run(
            _SQL["put_order"],
            provider=provider,
            benefit_code=link.benefit_code,
            service=link.service,
            channel=link.channel,
            status=status,
            settle_fen=settle_fen,
        )

    def complete(self, provider: str, benefit_code: str, completed_at: str) -> None:
        where = {"provider": provider, "benefit_code": benefit_code}
        self._store.run(_SQL["complete_order"], **where, completed_at=completed_at)

    def set_status(self, provider: str, benefit_code: str, status: int) -> None:
        """The bank says that it stands there."""
        self._store.run(_SQL["set_status"], provider=provider, benefit_code=benefit_code, status=status)

    def one(self, provider: str, benefit_code: str) -> Mapping[str, Any] | None:
        return self._store.one(_SQL["order"], provider=provider, benefit_code=benefit_code)

    def all(self, provider: str) -> list[Mapping[str, Any]]:
        return self._store.all(_SQL["orders"], provider=provider, rows_max=ROWS_MAX)

    def completed(self, provider: str, month: str) -> list[Row]:
        """What was performed in a month (YYYYMM), as it is compared with the bank's file."""
        found = self._store.all(_SQL["completed_orders"], provider=provider, month=month)
        return [Row(each["benefit_code"], each["service"], each["completed_at"], each["settle_fen"]) for each in found]

    def reset(self) -> None:
        self._store.run(_SQL["forget_orders"])
