"""The customers that the bank's channels know: who signs in, and whom a manager looks after."""

from dataclasses import dataclass

from opsdesk.sandbox.store import Store, statements

CUSTOMERS_MAX = 200

_SQL = statements(__file__)
_PUT, _ONE, _ALL, _FORGET = (
    _SQL[name] for name in ("put_customer", "one_customer", "all_customers", "forget_customers")
)


@dataclass(frozen=True, slots=True)
class Customer:
    customer_id: str
    name: str
    mobile: str

    @property
    def masked_mobile(self) -> str:
        return f"{self.mobile[:3]}****{self.mobile[-4:]}"


class Customers:
    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, customer: Customer) -> None:
        self._store.run(_PUT, customer_id=customer.customer_id, name=customer.name, mobile=customer.mobile)

    def one(self, customer_id: str) -> Customer | None:
        row = self._store.one(_ONE, customer_id=customer_id)
        return None if row is None else Customer(**row)

    def all(self, *, like: str = "") -> list[Customer]:
        """By their ids; `like`: a part of the id, the name or the mobile number."""
        return [Customer(**row) for row in self._store.all(_ALL, like=like, rows_max=CUSTOMERS_MAX)]

    def reset(self) -> None:
        self._store.run(_FORGET)
