"""How a request travels through the bank: its trace, its key, and the participants that it came through."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

CUSTOMER, MOBILE_BANK, CRM, CHANNEL2, ESB = "Customer", "MobileBank", "CRM", "Channel2", "ESB"
POINT_SYSTEM, OPEN_PLATFORM = "PointSystem", "OpenPlatform"

TRACE_HEADER, PATH_HEADER, KEY_HEADER = "traceparent", "Opsdesk-Path", "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Journey:
    """What is carried along unchanged, but for the path, to which each participant adds itself."""

    traceparent: str
    path: tuple[str, ...] = ()
    key: str | None = None

    @property
    def trace_id(self) -> str:
        return self.traceparent.split("-")[1]

    @property
    def caller(self) -> str:
        """Who sent the request; nobody known is somebody of the open platform."""
        return self.path[-1] if self.path else OPEN_PLATFORM

    def through(self, participant: str) -> "Journey":
        return replace(self, path=(*self.path, participant))

    def headers(self) -> dict[str, str]:
        headers = {TRACE_HEADER: self.traceparent, PATH_HEADER: ">".join(self.path)}
        return headers if self.key is None else {**headers, KEY_HEADER: self.key}

    def bus_headers(self, bus_key: str) -> dict[str, str]:
        """The same for a message of the bus, which wants to know who may send one."""
        return {**self.headers(), "Authorization": f"Bearer {bus_key}"}


def new_traceparent() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def new_key() -> str:
    return secrets.token_hex(16)


def received(headers: Mapping[str, str]) -> Journey:
    """The journey of a request, by its headers in lower case."""
    given = headers.get(TRACE_HEADER, "")
    path = tuple(name for name in headers.get(PATH_HEADER.lower(), "").split(">") if name)
    return Journey(
        traceparent=given if given.count("-") == 3 else new_traceparent(),
        path=path,
        key=headers.get(KEY_HEADER.lower()),
    )
