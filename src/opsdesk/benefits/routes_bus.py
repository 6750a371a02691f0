"""The adapter to the bank's bus over HTTP.

What is decided is answered with 200, be it yes or no; anything else is an envelope that is none, or no answer yet.
"""

from fastapi import APIRouter

from opsdesk import access
from opsdesk.benefits.bus_adapter import answer_message
from opsdesk.benefits.bus_messages import BusMessage, BusReply
from opsdesk.benefits.errors import CustomerListTooOld, KeyInUse
from opsdesk.benefits.partners.errors import PartnerUnknown
from opsdesk.benefits.partners.guard import LinkMaster
from opsdesk.benefits.rules import Rules
from opsdesk.benefits.settlement.errors import CompletionTimeInvalid
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, DatabaseNow

_REFUSALS = (
    *(*access.guard.REFUSALS, *BODY_REFUSALS),
    *(KeyInUse, CustomerListTooOld, PartnerUnknown, CompletionTimeInvalid),
)


def bus_routes(rules: Rules) -> APIRouter:
    """`rules` are the settings of benefits."""
    routes = APIRouter(prefix="/v1", tags=["benefit orders"], route_class=StrictRoute)

    @routes.post("/esb-messages", summary="Bring a message of the bus", responses=documented(*_REFUSALS))
    async def bring_message(
        message: BusMessage, actor: access.guard.BenefitBus, conn: Conn, now: DatabaseNow, master: LinkMaster
    ) -> BusReply:
        """The same key with the same content gets the same answer for good. Without an answer, ask again with it."""
        return await answer_message(conn, message, actor=actor, rules=rules, master=master, now=now)

    return routes
