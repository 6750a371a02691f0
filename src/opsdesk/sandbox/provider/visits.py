"""A customer's visit to a provider's page: whose page, what they brought along, and the trace that it belongs to."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from opsdesk.sandbox.provider.accounts import Account
from opsdesk_partner import Bank

PATH = "Customer>ServiceProvider"
KEY_CHARACTERS_MAX = 64
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01")


@dataclass(frozen=True, slots=True)
class Visit:
    account: Account
    bank: Bank
    """The bank, told of this visit's trace with every request."""
    request: str
    traceparent: str
    key: str
    """The idempotency key of what the page's button does: the same press sent again is the same press."""

    @property
    def trace_id(self) -> str:
        return self.traceparent.split("-")[1]

    def with_key(self, ending: str) -> "Visit":
        return replace(self, key=f"{self.key}-{ending}")


def visit_of(account: Account, bank: Bank, values: Mapping[str, str], *, path: str = PATH) -> Visit:
    """What a page or its form carries; what is missing begins anew."""
    given, key = values.get("trace", ""), values.get("key", "")[:KEY_CHARACTERS_MAX]
    if not _TRACEPARENT.fullmatch(given):
        given = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    headers = {"traceparent": given, "Opsdesk-Path": path}
    is_key = re.fullmatch(r"[A-Za-z0-9_-]+", key) is not None
    return Visit(account, bank.with_headers(headers), values.get("request", ""), given, key if is_key else new_key())


def new_key() -> str:
    return secrets.token_hex(16)
