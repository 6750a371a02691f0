"""The adapter to the bank's bus over HTTP.

What is decided is answered with 200, be it yes or no; anything else is an envelope that is none, or no answer yet.
"""

from fastapi import APIRouter

from opsdesk import access
from opsdesk.benefits.bus_adapter import answer_message, redeem_message
from opsdesk.benefits.bus_messages import BusMessage, BusReply, BusService
from opsdesk.benefits.errors import CustomerListTooOld, KeyInUse
from opsdesk.benefits.partners.errors import PartnerUnknown
from opsdesk.benefits.partners.guard import LinkMaster
from opsdesk.benefits.providing import Redeemer
from opsdesk.benefits.rules import Rules
from opsdesk.benefits.settlement.errors import CompletionTimeInvalid
from opsdesk.kit.coalescing import Stopping, TooManyWaiting
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import ClockOf, database_now

_REFUSALS = (
    *(*access.guard.REFUSALS, *BODY_REFUSALS),
    *(KeyInUse, CustomerListTooOld, PartnerUnknown, CompletionTimeInvalid, TooManyWaiting, Stopping),
)


def bus_routes(rules: Rules) -> APIRouter:
    """`rules` are the settings of benefits."""
    routes = APIRouter(prefix="/v1", tags=["benefit orders"], route_class=StrictRoute)

    @routes.post("/esb-messages", summary="Bring a message of the bus", responses=documented(*_REFUSALS))
    async def bring_message(
        message: BusMessage,
        actor: access.guard.BriefBenefitBus,
        database: access.guard.Db,
        clock: ClockOf,
        master: LinkMaster,
        redeem: Redeemer,
    ) -> BusReply:
        """The same key with the same content gets the same answer for good. Without an answer, ask again with it."""
        if message.head.service is BusService.REDEEM:
            return await redeem_message(message, actor=actor, redeem=redeem)
        async with database.transaction() as conn:
            now = await database_now(conn, clock)
            return await answer_message(conn, message, actor=actor, rules=rules, master=master, now=now)

    return routes
