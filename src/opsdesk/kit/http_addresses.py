"""What addresses of hosts say: where connections to them go instead, and which of them are this machine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from opsdesk.kit.errors import Invalid

Addresses = Mapping[tuple[str, int | None], tuple[str, int]]
"""By host and port, or host and None for every port of it."""

_ENTRY = re.compile(
    r"(?P<host>[^=:\s]+)(:(?P<port>\d{1,5}))?=(?P<address>\[[0-9A-Fa-f:.]+\]|[^=:\s]+):(?P<to_port>\d{1,5})"
)


@dataclass(eq=False)
class ConnectToUnreadable(Invalid):
    """The setting `connect_to` is a list of `host=address:port` or `host:port=address:port`, where host is a name."""

    entry: str


def addresses(connect_to: str) -> Addresses:
    """Read the setting.

    Raises ConnectToUnreadable, which names the entry.
    """
    entries = [entry.strip() for entry in connect_to.split(",") if entry.strip()]
    return dict(_address(entry) for entry in entries)


def is_plain_loopback(url: str) -> bool:
    """Whether the URL is one without TLS that never leaves this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme == "http" and (host == "localhost" or (_is_ip(host) and ip_address(host).is_loopback))


def _address(entry: str) -> tuple[tuple[str, int | None], tuple[str, int]]:
    match = _ENTRY.fullmatch(entry)
    if match is None or _is_ip(match["host"]):
        raise ConnectToUnreadable(entry)
    port = int(match["port"]) if match["port"] else None
    return (match["host"].lower(), port), (match["address"].strip("[]"), int(match["to_port"]))


def _is_ip(host: str) -> bool:
    """An address in a URL is connected to as it is, so that an entry for one would never be used."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
