"""The proof that an address is the customer's: links that were sent, the confirmation, and who has to be told."""

import secrets
from dataclasses import dataclass

from opsdesk.sandbox.store import Store, statements, timestamp

LINK_TOKEN_BYTES = 32

_SQL = statements(__file__)
_REMEMBER, _ADD_LINK, _BY_TOKEN, _ONE = (
    _SQL[name] for name in ("remember_verification", "add_link", "by_token", "verification")
)
_CONFIRM, _CALLED_BACK, _OWED = _SQL["confirm"], _SQL["called_back"], _SQL["owed"]


@dataclass(frozen=True, slots=True)
class Verification:
    """One address of one customer, however many links were sent to it."""

    customer_id: str
    email: str
    callback_url: str | None
    """The address of the latest request: an earlier one may belong to an attempt that nobody waits for any more."""
    confirmed_at: str | None
    called_back_at: str | None


class Verifications:
    def __init__(self, store: Store) -> None:
        self._store = store

    def remember(self, *, customer_id: str, email: str, callback_url: str | None) -> Verification:
        """Begin a verification, or go on with it under the latest callback address."""
        self._store.run(_REMEMBER, customer_id=customer_id, email=email, callback_url=callback_url)
        verification = self.one(customer_id=customer_id, email=email)
        assert verification is not None
        return verification

    def add_link(self, verification: Verification) -> str:
        """A token for one more message."""
        token = secrets.token_urlsafe(LINK_TOKEN_BYTES)
        self._store.run(
            _ADD_LINK,
            token=token,
            customer_id=verification.customer_id,
            email=verification.email,
            sent_at=timestamp(),
        )
        return token

    def one(self, *, customer_id: str, email: str) -> Verification | None:
        row = self._store.one(_ONE, customer_id=customer_id, email=email)
        return None if row is None else Verification(**row)

    def by_token(self, token: str) -> Verification | None:
        row = self._store.one(_BY_TOKEN, token=token)
        return None if row is None else Verification(**row)

    def confirm(self, verification: Verification) -> None:
        """The first confirmation through any of the links counts; others change nothing."""
        place = {"customer_id": verification.customer_id, "email": verification.email}
        self._store.run(_CONFIRM, **place, at=timestamp())

    def called_back(self, verification: Verification) -> None:
        place = {"customer_id": verification.customer_id, "email": verification.email}
        self._store.run(_CALLED_BACK, **place, at=timestamp())

    def owed(self) -> list[Verification]:
        """Confirmations that nobody has been told of yet."""
        return [Verification(**row) for row in self._store.all(_OWED)]
