"""The bank's side of a certification: orders and links out of the sandbox's points API, and its clock."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from opsdesk_partner.answers import BUSINESS_ZONE
from opsdesk_partner.errors import PartnerError
from opsdesk_partner.transport import Answered, Connections, exchange

LASTING = timedelta(days=3650)


class NotPrepared(PartnerError):
    """The sandbox did not do what a case needs of it: this says nothing of the integration."""

    code = "not_prepared"


@dataclass(frozen=True, slots=True)
class BankOrder:
    order_id: str
    benefit_code: str
    service: str
    status: int
    points: int
    body: Mapping[str, Any]


class SandboxClock:
    """The sandbox's time: what is signed has to carry that, and not this machine's."""

    def __init__(self, control_url: str, connections: Connections) -> None:
        self._url, self._connections = f"{control_url.rstrip('/')}/control/clock", connections
        self._offset_s = float(self._ask("GET", None)["offset_s"])

    def __call__(self) -> float:
        return time.time() + self._offset_s

    def now(self) -> datetime:
        return datetime.fromtimestamp(self(), UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock of the sandbox forward."""
        self._offset_s = float(self._ask("POST", {"advance_s": seconds})["offset_s"])

    def _ask(self, method: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        return asked(self._connections, method, self._url, body, {})


class Sandbox:
    """The bank, as its own systems use it."""

    def __init__(
        self,
        points_url: str,
        *,
        api_key: str,
        clock: SandboxClock,
        connections: Connections,
        customer_id: str,
        service: str,
        other_service: str | None = None,
    ) -> None:
        """`customer_id`: a customer who may redeem; `service`: one of this provider; `other_service`: of another."""
        self._url, self._key, self._connections = points_url.rstrip("/"), api_key, connections
        self._customer_id = customer_id
        self.clock, self.service, self.other_service = clock, service, other_service

    def order(
        self, *, channel: str = "mobile", service: str | None = None, lots: tuple[timedelta, ...] = (LASTING,)
    ) -> BankOrder:
        """A new order, paid with points that are granted for it, in lots that last as long as `lots` say."""
        points, now = self._points_of(service or self.service), self.clock.now()
        for number, lasts in enumerate(lots):
            part = points // len(lots) + (points % len(lots) if number == 0 else 0)
            grant = {"customer_id": self._customer_id, "points": part, "expires_at": (now + lasts).isoformat()}
            self._write("/v1/points-grants", {**grant, "grant_key": f"certify-{uuid.uuid4()}"})
        body = {"channel": channel, "customer_id": self._customer_id, "service": service or self.service}
        return _order(self._write("/v1/benefit-orders", body))

    def link(self, order: BankOrder, *, purpose: str = "booking", channel: str = "mobile") -> str:
        body = {"purpose": purpose, "channel": channel}
        return str(self._write(f"/v1/benefit-orders/{order.order_id}/links", body)["request"])

    def read(self, order: BankOrder) -> BankOrder:
        return _order(self._ask("GET", f"/v1/benefit-orders/{order.order_id}", None, {}))

    def digits(self, *, ago: timedelta = timedelta()) -> str:
        """A moment in the bank's zone, as completions have it."""
        return (self.clock.now() - ago).astimezone(BUSINESS_ZONE).strftime("%Y%m%d%H%M%S")

    def settle(self, completed_at: datetime) -> str:
        """Have the month of a completion closed, on the third of the next one, and its files issued; YYYY-MM."""
        at = completed_at.astimezone(BUSINESS_ZONE)
        third = (at.replace(day=1) + timedelta(days=32)).replace(day=3, hour=6, minute=0, second=0, microsecond=0)
        self.clock.advance(max((third - self.clock.now()).total_seconds(), 0.0))
        month = at.strftime("%Y-%m")
        self._write("/v1/settlement-periods", {"month": month})
        return month

    def _points_of(self, service: str) -> int:
        items = self._ask("GET", "/v1/benefit-services", None, {}).get("items", [])
        found = next((each for each in items if each.get("service") == service), None)
        if found is None:
            raise NotPrepared(f"the sandbox offers no service {service}")
        return int(found["points"])

    def _write(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._ask("POST", path, body, {"Idempotency-Key": str(uuid.uuid4())})

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        url = f"{self._url}{path}"
        return asked(self._connections, method, url, body, {**headers, "Authorization": f"Bearer {self._key}"})


def asked(
    connections: Connections,
    method: str,
    url: str,
    body: Mapping[str, Any] | None,
    headers: Mapping[str, str],
) -> Mapping[str, Any]:
    """What the sandbox answers. Raises NotPrepared."""
    raw = b"" if body is None else json.dumps(body).encode()
    answer = exchange(connections, method, url, {**headers, "Content-Type": "application/json"}, raw)
    if isinstance(answer, Answered) and answer.status < 300:
        found = json.loads(answer.body)
        if isinstance(found, dict):
            return found
    told = answer.body[:500].decode(errors="replace") if isinstance(answer, Answered) else answer.reason
    status = answer.status if isinstance(answer, Answered) else "no answer"
    raise NotPrepared(f"{method} {url.partition('?')[0]}: {status} {told}")


def _order(body: Mapping[str, Any]) -> BankOrder:
    return BankOrder(
        str(body["order_id"]),
        str(body["benefit_code"]),
        str(body["service"]),
        int(body["status"]),
        int(body["points"]),
        body,
    )
