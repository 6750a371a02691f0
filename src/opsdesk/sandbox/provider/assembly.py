"""The providers who live in the sandbox, put together."""

from pathlib import Path

from aiohttp import web

from opsdesk.sandbox.bank.hops import Hops
from opsdesk.sandbox.provider.accounts import Accounts
from opsdesk.sandbox.provider.acts import Acts
from opsdesk.sandbox.provider.clock import SharedClock
from opsdesk.sandbox.provider.office import ProviderOffice
from opsdesk.sandbox.provider.orders import Orders
from opsdesk.sandbox.provider.pages import ProviderPages
from opsdesk.sandbox.provider.settling import Settling
from opsdesk.sandbox.scripts import Scripts
from opsdesk.sandbox.store import Store


class Providers:
    def __init__(self, *, store: Store, folder: Path, hops: Hops, scripts: Scripts, clock_file: Path | None) -> None:
        self.clock = SharedClock(clock_file)
        self.orders = Orders(store)
        self.accounts = Accounts(store, folder=folder, clock=self.clock)
        self.acts = Acts(orders=self.orders, hops=hops, scripts=scripts)
        self.settling = Settling(accounts=self.accounts, orders=self.orders, hops=hops)
        self._pages = ProviderPages(accounts=self.accounts, acts=self.acts)
        self._office = ProviderOffice(accounts=self.accounts, orders=self.orders, settling=self.settling)

    def routes(self) -> list[web.RouteDef]:
        return [*self._pages.routes(), *self._office.routes()]

    def reset(self) -> None:
        self.orders.reset()
        self.settling.reset()
        self.accounts.reset()
