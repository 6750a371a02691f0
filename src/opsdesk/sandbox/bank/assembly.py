"""The systems of the bank, put together."""

from opsdesk.sandbox.bank import channel2, esb
from opsdesk.sandbox.bank.benefits import Benefits
from opsdesk.sandbox.bank.channel2 import Channel2
from opsdesk.sandbox.bank.customers import Customers
from opsdesk.sandbox.bank.errands import Errands
from opsdesk.sandbox.bank.esb import Esb
from opsdesk.sandbox.bank.hops import Hops
from opsdesk.sandbox.bank.pages import BankPages
from opsdesk.sandbox.bank.product import Product
from opsdesk.sandbox.bank.short_messages import ShortMessages
from opsdesk.sandbox.bank.wire import Wire
from opsdesk.sandbox.certificates import Certificates
from opsdesk.sandbox.partners import Route
from opsdesk.sandbox.store import Store

HOSTS = (channel2.HOST, esb.HOST)
START = "/bank/"
PATIENCE_S = 10.0
"""How long each system waits for the next one."""


class Bank:
    def __init__(
        self, *, store: Store, trust: Certificates, https_port: int, bus_key: str, slow_s: float, patience_s: float
    ) -> None:
        self.hops, self.customers, self.messages = Hops(store), Customers(store), ShortMessages(store)
        self.wire = Wire(ca_file=trust.ca_file, https_port=https_port, patience_s=patience_s)
        self.product = Product(store=store, hops=self.hops, wire=self.wire)
        self.esb = Esb(product=self.product, hops=self.hops, bus_key=bus_key, slow_s=slow_s)
        self.channel2 = Channel2(wire=self.wire, hops=self.hops, bus_key=bus_key)
        benefits = Benefits(product=self.product, wire=self.wire, hops=self.hops, bus_key=bus_key)
        errands = Errands(benefits=benefits, hops=self.hops, messages=self.messages)
        self.pages = BankPages(benefits=benefits, errands=errands, customers=self.customers, messages=self.messages)

    def routes(self) -> list[Route]:
        return [*self.channel2.routes(), *self.esb.routes()]
