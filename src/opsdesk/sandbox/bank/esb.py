"""esb.internal: the bank's bus. It routes by the service that a message names, and never says that something failed
of which it does not know whether it was done."""

import asyncio
import contextlib
from collections.abc import Mapping

from opsdesk.sandbox.bank.hops import Hops
from opsdesk.sandbox.bank.journey import ESB, OPEN_PLATFORM, POINT_SYSTEM, Journey, received
from opsdesk.sandbox.bank.outcomes import Outcome, Unknown, of_envelope
from opsdesk.sandbox.bank.product import Product, Words, note_return
from opsdesk.sandbox.behaviours import Behaviour, Plan
from opsdesk.sandbox.calls import Answer, Call
from opsdesk.sandbox.partners import Route

HOST = "esb.internal"
PATH = "/v1/messages"
ADAPTER = "/v1/esb-messages"

TO_POINT_SYSTEM: Mapping[str, Words] = {
    "benefit.redeem": Words("调用积分系统兑换接口", "返回兑换结果", "返回兑换结果 {message}"),
    "benefit.book": Words("调用积分系统预约接口", "返回预约成功"),
    "benefit.quote": Words("查询订单幸福点过期情况", "返回过期幸福点信息", "返回失败 {message}"),
    "benefit.cancel": Words("调用取消接口", "返回取消成功", "返回失败 {message}"),
    "benefit.complete": Words("调用积分系统服务完成接口", "返回完成成功", '返回失败"{message}"'),
}
"""Every service there is, and the arrows between the bus and the points system."""
FROM_OPEN_PLATFORM: Mapping[str, Words] = {
    "benefit.book": Words("转发预约请求", "返回成功", "返回失败 {message}"),
    "benefit.quote": Words("转发查询请求", "返回查询结果", "返回失败 {message}"),
    "benefit.cancel": Words("转发取消请求", "返回结果", "返回结果 {message}"),
    "benefit.complete": Words("转发完成请求", "返回结果", "返回结果 {message}"),
}
"""What the open platform sends: it is not of the sandbox, so that the bus notes its arrows."""
CARRIES_OUT = frozenset({Behaviour.SLOW, Behaviour.DUPLICATED, Behaviour.REORDERED})


def service_of(call: Call) -> str:
    head = call.body.get("head")
    service = head.get("service") if isinstance(head, dict) else None
    return service if isinstance(service, str) else ""


def nobody_knows(status: int) -> Answer:
    """The answer where there was none."""
    message = "结果未知,请使用原请求号再次查询"
    return Answer(status, {"head": {"code": "outcome_unknown", "message": message, "retry": True}, "body": {}})


class Esb:
    def __init__(self, *, product: Product, hops: Hops, bus_key: str, slow_s: float) -> None:
        self._bus_key = bus_key
        self._product = product
        self._hops = hops
        self._slow_s = slow_s
        self._passed = asyncio.Event()
        self.closing = asyncio.Event()
        """Set when the sandbox stops: what is held back is let go."""

    def routes(self) -> list[Route]:
        return [
            Route(
                HOST,
                PATH,
                self._take,
                token=self._bus_key,
                remembers=False,
                name_in=service_of,
                carries_out=CARRIES_OUT,
            )
        ]

    async def _take(self, call: Call, plan: Plan) -> Answer:
        service, journey = service_of(call), received(call.headers)
        if service not in TO_POINT_SYSTEM:
            return Answer(404, {"head": {"code": "unknown_service", "message": "没有这项服务", "retry": False}})
        from_outside = journey.caller == OPEN_PLATFORM
        words = FROM_OPEN_PLATFORM.get(service)
        if from_outside and words is not None:
            self._hops.add(journey.trace_id, OPEN_PLATFORM, ESB, words.asked)
        answer = await self._route(journey.through(ESB), call, plan)
        if from_outside and words is not None:
            note_return(self._hops, journey, ESB, of_envelope(answer.status, answer.body), words)
        return answer

    async def _route(self, journey: Journey, call: Call, plan: Plan) -> Answer:
        """Deliver the message as the script wants it."""
        match plan.behaviour:
            case Behaviour.SLOW:
                await self._hold(self.closing, float(plan.detail.get("seconds", self._slow_s)))
            case Behaviour.REORDERED:
                await self._hold(self._passed, self._slow_s)
            case Behaviour.DUPLICATED:
                answer, _again = await asyncio.gather(self._deliver(journey, call), self._deliver(journey, call))
                return answer
            case _:
                pass
        answer = await self._deliver(journey, call)
        self._passed.set()
        self._passed = asyncio.Event()
        return answer

    async def _hold(self, until: asyncio.Event, seconds: float) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in {until, self.closing}]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _deliver(self, journey: Journey, call: Call) -> Answer:
        words = TO_POINT_SYSTEM[service_of(call)]
        self._hops.add(journey.trace_id, ESB, POINT_SYSTEM, words.asked)
        head = {**call.body["head"], "path": ">".join(journey.path)}
        heard = await self._product.send(journey, "POST", ADAPTER, {**call.body, "head": head})
        outcome: Outcome = Unknown() if heard is None else of_envelope(heard.status, heard.body)
        if heard is None or heard.body is None or isinstance(outcome, Unknown):
            return nobody_knows(504 if heard is None else 503)
        note_return(self._hops, journey, POINT_SYSTEM, outcome, words)
        return Answer(heard.status, heard.body)
