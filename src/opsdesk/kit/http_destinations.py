"""Where calls may go: nobody who can write an address may reach with it what only this machine or its network can.

A name is judged by what it resolves to, at the moment of connecting, and the connection goes to exactly that address:
a name that resolves to something else a moment later gains nothing.
"""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import ClassVar

from opsdesk.kit.errors import Invalid, Refused

NETWORKS_MAX = 100
JUDGED_KEPT = 1024

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Source: the IANA registries of special-purpose addresses, and what clouds document of their metadata services. Listed
# here, and not asked of `ipaddress`, whose idea of a global address differs between releases of Python.
_REFUSED_4: Sequence[tuple[IPv4Network, str]] = [
    (IPv4Network(network), kind)
    for network, kind in [
        ("0.0.0.0/8", "an address of this host"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "an address shared behind a carrier"),
        ("127.0.0.0/8", "a loopback address"),
        ("168.63.129.16/32", "the metadata service of a cloud"),
        ("169.254.169.254/32", "the metadata service of a cloud"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "an address of protocols"),
        ("192.0.2.0/24", "an address of documentation"),
        ("192.88.99.0/24", "an address of a transition mechanism"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "an address of benchmarks"),
        ("198.51.100.0/24", "an address of documentation"),
        ("203.0.113.0/24", "an address of documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
    ]
]
_REFUSED_6: Sequence[tuple[IPv6Network, str]] = [
    (IPv6Network(network), kind)
    for network, kind in [
        ("::1/128", "a loopback address"),
        ("fd00:ec2::254/128", "the metadata service of a cloud"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("ff00::/8", "a multicast address"),
        ("2001::/23", "an address of protocols"),
        ("2001:db8::/32", "an address of documentation"),
        ("2002::/16", "an address of a transition mechanism"),
        ("3fff::/20", "an address of documentation"),
    ]
]
_PUBLIC_6 = IPv6Network("2000::/3")
"""All that is given out; whatever lies outside is for something else."""
_EMBEDDING = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""IPv4 addresses written as IPv6 ones, and those that a network translates (NAT64): the last four bytes count."""
_LOW_BYTES = 0xFFFF_FFFF
_NUMBERS = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}\.?", re.IGNORECASE)
"""What the C library reads as an IPv4 address: one to four numbers, decimal, octal or hexadecimal."""


@dataclass(eq=False)
class DestinationRefused(Refused):
    """The call would go to an address inside, and the setting ALLOW_NETWORKS does not list it."""

    status: ClassVar[int] = 403
    kind: str
    """What sort of address, not which: where a name leads inside is nobody's to know."""


@dataclass(eq=False)
class AllowNetworksUnreadable(Invalid):
    """The setting `allow_networks` is a list of networks such as `10.0.0.0/8` or `fd00::/8`, separated by commas."""

    entry: str


class Destinations:
    """Judges addresses: public ones are free to call, and those that the setting lists."""

    def __init__(self, allow_networks: str = "") -> None:
        """Raises AllowNetworksUnreadable, which names the entry."""
        self._allowed = networks(allow_networks)
        self._judged = lru_cache(maxsize=JUDGED_KEPT)(self._judge)
        self._judged_host = lru_cache(maxsize=JUDGED_KEPT)(self._judge_host)

    def check(self, address: str) -> None:
        """Raises DestinationRefused."""
        if (kind := self._judged(address)) is not None:
            raise DestinationRefused(kind)

    def check_host(self, host: str) -> None:
        """The host of a URL, if it is an address in any spelling; a name is judged when it is resolved.

        Raises DestinationRefused.
        """
        if (kind := self._judged_host(host)) is not None:
            raise DestinationRefused(kind)

    def _judge_host(self, host: str) -> str | None:
        return self._judge(host) if ":" in host or _NUMBERS.fullmatch(host) else None

    def _judge(self, address: str) -> str | None:
        found = literal_address(address)
        if found is None:
            return "no address that can be read"
        embedded = _embedded(found)
        return None if any(_lies_in(each, self._allowed) for each in (found, embedded)) else inside(found)


def networks(setting: str) -> tuple[Network, ...]:
    """Read the setting. Raises AllowNetworksUnreadable."""
    entries = [entry.strip() for entry in setting.split(",") if entry.strip()]
    if len(entries) > NETWORKS_MAX:
        raise AllowNetworksUnreadable(f"more than {NETWORKS_MAX} networks")
    return tuple(map(_network, entries))


def _network(entry: str) -> Network:
    try:
        return ip_network(entry)
    except ValueError:
        raise AllowNetworksUnreadable(entry) from None


def literal_address(host: str) -> Address | None:
    """The address that a host is, in any spelling that a resolver would read as one; None for a name."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    if not _NUMBERS.fullmatch(host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


def inside(address: Address) -> str | None:
    """What kind of address it is that the public has no way to; None for one that is public."""
    address = _embedded(address)
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _REFUSED_4 if address in network), None)
    kind = next((kind for network, kind in _REFUSED_6 if address in network), None)
    return kind or (None if address in _PUBLIC_6 else "a reserved address")


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, else the address itself."""
    if isinstance(address, IPv6Address) and any(address in network for network in _EMBEDDING):
        return IPv4Address(int(address) & _LOW_BYTES)
    return address


def _lies_in(address: Address, allowed: Sequence[Network]) -> bool:
    return any(address in network for network in allowed)
