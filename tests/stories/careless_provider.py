"""An integration that makes the usual mistakes, for the cases to find."""

from opsdesk_partner import Bank
from opsdesk_partner.certification import SdkIntegration, Shown
from opsdesk_partner.certification.integration import Agree


class Careless(SdkIntegration):
    """One text for every link that is over, a new key for every press, and no question before points are lost."""

    def use(self, request: str, *, key: str | None = None) -> Shown:
        shown = super().use(request)
        return Shown(shown.is_done, shown.code, "链接已失效") if shown.code == "link_expired" else shown

    def cancel(self, request: str, *, agree: Agree) -> Shown:
        return super().cancel(request, agree=lambda _question: True)


def integration(bank: Bank) -> Careless:
    """What `certify --integration` is given."""
    return Careless(bank)
