"""channel2.internal: passes what mobile and telephone banking send on to the bus, and adds nothing."""

from opsdesk.sandbox.bank import esb
from opsdesk.sandbox.bank.hops import Hops
from opsdesk.sandbox.bank.journey import CHANNEL2, ESB, received
from opsdesk.sandbox.bank.outcomes import of_envelope
from opsdesk.sandbox.bank.product import Words, note_return
from opsdesk.sandbox.bank.wire import Wire
from opsdesk.sandbox.behaviours import Plan
from opsdesk.sandbox.calls import Answer, Call
from opsdesk.sandbox.partners import Route

HOST = "channel2.internal"
PATH = "/v1/messages"

_WORDS = Words("转发至ESB总线", "返回结果", "返回结果 {message}")


class Channel2:
    def __init__(self, *, wire: Wire, hops: Hops, bus_key: str) -> None:
        self._bus_key = bus_key
        self._wire = wire
        self._hops = hops

    def routes(self) -> list[Route]:
        return [Route(HOST, PATH, self._forward, token=self._bus_key, remembers=False, name_in=esb.service_of)]

    async def _forward(self, call: Call, _plan: Plan) -> Answer:
        journey = received(call.headers).through(CHANNEL2)
        self._hops.add(journey.trace_id, CHANNEL2, ESB, _WORDS.asked)
        heard = await self._wire.post_inside(esb.HOST, esb.PATH, call.raw, journey.bus_headers(self._bus_key))
        if heard is None or heard.body is None:
            return esb.nobody_knows(504)
        note_return(self._hops, journey, ESB, of_envelope(heard.status, heard.body), _WORDS)
        return Answer(heard.status, heard.body)
