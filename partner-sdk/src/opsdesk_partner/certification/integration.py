"""What is certified: whatever a provider does between the customer's click and the bank."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from opsdesk_partner.answers import Quote
from opsdesk_partner.client import Bank
from opsdesk_partner.downloads import download
from opsdesk_partner.errors import LinkError, LinkExpired, OutcomeUnknown, PartnerError, QuoteStale, Refused
from opsdesk_partner.link_values import Purpose
from opsdesk_partner.reconcile import Row, reconcile
from opsdesk_partner.report import Report

QUESTIONS_MAX = 5
Agree = Callable[[str], bool]
"""The customer, who is asked a question in Chinese."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of it for the customer."""

    is_done: bool
    code: str
    """`OK`, or why not: the bank's code, or the one of a link that did not open."""
    text: str
    """What the customer reads."""


class Integration(Protocol):
    """What a provider's own programs offer to be certified; `certify --integration module:name` names a factory."""

    def use(self, request: str, *, key: str | None = None) -> Shown:
        """The customer comes with a booking link and presses 使用. `key`: the idempotency key of a repeated press."""
        ...

    def cancel(self, request: str, *, agree: Agree) -> Shown:
        """The customer comes with a cancellation link and is asked wherever points would be lost."""
        ...

    def perform(self, benefit_code: str, service: str, completed_at: str) -> Shown:
        """The service was performed; the bank is told in the background."""
        ...

    def settle(self, name: str, rows: list[Row], folder: Path) -> Report:
        """Fetch a file of the bank and compare it with rows."""
        ...


class SdkIntegration:
    """This package used as its guide says: shows that keys, clock and network are right."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    def use(self, request: str, *, key: str | None = None) -> Shown:
        return _shown(lambda: self._use(request, key))

    def cancel(self, request: str, *, agree: Agree) -> Shown:
        return _shown(lambda: self._cancel(request, agree))

    def perform(self, benefit_code: str, service: str, completed_at: str) -> Shown:
        def told() -> Shown:
            self._bank.complete(benefit_code, service, completed_at)
            return Shown(True, "OK", "服务已完成")

        return _shown(told)

    def settle(self, name: str, rows: list[Row], folder: Path) -> Report:
        return reconcile(download(self._bank, name, folder), rows, provider=self._bank.partner)

    def _use(self, request: str, key: str | None) -> Shown:
        self._bank.book(self._bank.open_link(request, purpose=Purpose.BOOKING), key=key)
        return Shown(True, "OK", "预约成功")

    def _cancel(self, request: str, agree: Agree) -> Shown:
        link = self._bank.open_link(request, purpose=Purpose.CANCELLATION)
        quote = self._bank.quote(link)
        for _question in range(QUESTIONS_MAX):
            if quote.must_ask and not agree(quote.message):
                return Shown(False, "abandoned", "返回服务详情页")
            try:
                done = self._bank.cancel(link, quote.quote_id)
                return Shown(True, "OK", done.message)
            except QuoteStale as error:
                quote = Quote.read(error.detail["quote"])
        return Shown(False, "quote_stale", "退还明细已变化,请重新确认")


def _shown(act: Callable[[], Shown]) -> Shown:
    try:
        return act()
    except LinkExpired as error:
        return Shown(False, error.code, error.prompt)
    except LinkError as error:
        return Shown(False, error.code, error.message)
    except Refused as error:
        return Shown(False, error.code, error.prompt)
    except OutcomeUnknown as error:
        return Shown(False, error.code, error.message)
    except PartnerError as error:
        return Shown(False, error.code, str(error))
