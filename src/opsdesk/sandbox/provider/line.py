"""The line from a provider to the bank, with the faults that a script asks for."""

from typing import Any

import urllib3
from urllib3.exceptions import ProtocolError

from opsdesk.sandbox.behaviours import Behaviour
from opsdesk_partner.transport import Connections

HOST = "provider"
"""How scripts name a provider's side of the line; their paths are those of the open platform."""
PATHS = ("/open/v1/bookings", "/open/v1/quotes", "/open/v1/cancellations", "/open/v1/completions")
ADDRESSES = frozenset((HOST, path) for path in PATHS)
FAULTS = frozenset({Behaviour.LOST, Behaviour.RESET, Behaviour.DUPLICATED})


class Line:
    """Sends as its pool does, but for the first request: it is lost on the way, unanswered, or delivered twice."""

    def __init__(self, pool: Connections, fault: Behaviour) -> None:
        self._pool = pool
        self._fault: Behaviour | None = fault

    def request(self, method: str, url: str, **values: Any) -> urllib3.BaseHTTPResponse:
        fault, self._fault = self._fault, None
        if fault is Behaviour.RESET:
            raise ProtocolError("the script has the connection end before anything arrives")
        if fault in {Behaviour.LOST, Behaviour.DUPLICATED}:
            first = self._pool.request(method, url, **values)
            first.drain_conn()
            first.release_conn()
            if fault is Behaviour.LOST:
                raise ProtocolError("the script loses the answer")
            # The very same request once more, as a network delivers it: the bank has seen its nonce.
            second = self._pool.request(method, url, **values)
            second.drain_conn()
            second.release_conn()
            raise ProtocolError("the script loses the answer to what was delivered twice")
        return self._pool.request(method, url, **values)
