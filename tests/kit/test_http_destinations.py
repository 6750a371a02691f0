"""Calls go to public addresses only, however an address inside is spelled and whatever a name resolves to."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from opsdesk.kit.http_client import http_client
from opsdesk.kit.http_destinations import AllowNetworksUnreadable, DestinationRefused, Destinations, inside, networks

INSIDE_4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
]  # fmt: skip
INSIDE_6 = [
    "::/96", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8", "2001::/32", "2001:db8::/32", "2002::/16",
    "fd00:ec2::254/128", "64:ff9b:1::/48", "100::/64", "3fff::/20", "5f00::/16", "4000::/3",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "169.253.1.1", "2606:4700::1111", "2a00:1450:4001::1"]


def addresses_in(cidr: str) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    network = ip_network(cidr)
    return st.integers(int(network[0]), int(network[-1])).map(type(network[0]))


inside_4 = st.sampled_from(INSIDE_4).flatmap(addresses_in)
inside_6 = st.sampled_from(INSIDE_6).flatmap(addresses_in)


def number(draw: st.DrawFn, value: int) -> str:
    return draw(st.sampled_from(["{:d}", "0{:o}", "0x{:x}", "0X{:X}", "0x0000{:x}", "0000{:o}"])).format(value)


@st.composite
def spelled_4(draw: st.DrawFn) -> tuple[str, IPv4Address]:
    """An address inside as one to four numbers, each decimal, octal or hexadecimal, as the C library reads them."""
    address = draw(inside_4)
    octets = address.packed
    kept = draw(st.integers(0, 3))
    rest = int.from_bytes(octets[kept:], "big")
    text = ".".join([*(number(draw, octet) for octet in octets[:kept]), number(draw, rest)])
    return text, IPv4Address(address)


@given(spelled_4())
def test_no_spelling_of_an_inner_address_is_called(spelled: tuple[str, IPv4Address]) -> None:
    text, address = spelled
    assert socket.inet_aton(text) == address.packed
    with pytest.raises(DestinationRefused):
        Destinations().check_host(text)


@given(inside_4, st.sampled_from(["::ffff:0:0/96", "64:ff9b::/96"]))
def test_an_inner_address_written_as_ipv6_is_not_called(address: IPv4Address, prefix: str) -> None:
    embedded = IPv6Address(int(IPv6Network(prefix)[0]) | int(address))
    with pytest.raises(DestinationRefused):
        Destinations().check_host(str(embedded))
    with pytest.raises(DestinationRefused):
        Destinations().check_host(f"[{embedded.exploded}]")


@given(inside_6, st.sampled_from(["{}", "[{}]", "{}%eth0", "{}%25eth0"]))
def test_no_inner_ipv6_address_is_called(address: IPv6Address, form: str) -> None:
    with pytest.raises(DestinationRefused):
        Destinations().check_host(form.format(address))


@given(inside_4)
def test_an_address_of_6to4_is_not_called_whatever_it_holds(address: IPv4Address) -> None:
    assert inside(IPv6Address((0x2002 << 112) | (int(address) << 80) | 1))


@given(st.one_of(inside_4, inside_6))
def test_what_a_name_resolves_to_is_judged_like_an_address(address: IPv4Address | IPv6Address) -> None:
    with pytest.raises(DestinationRefused):
        Destinations().check(str(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_called(address: str) -> None:
    Destinations().check_host(address)
    assert inside(ip_address(address)) is None


@pytest.mark.parametrize("cidr", INSIDE_4)
def test_the_first_and_last_address_of_each_network_inside_are_refused(cidr: str) -> None:
    network = ip_network(cidr)
    assert all(inside(address) for address in (network[0], network[-1]))


@pytest.mark.parametrize("host", ["10.1.2.3", "::ffff:10.1.2.3", "0xa.1.515", "64:ff9b::a01:203", "fd00::7"])
def test_the_networks_of_the_setting_are_called(host: str) -> None:
    Destinations("10.1.2.0/24, fd00::/8,").check_host(host)
    with pytest.raises(DestinationRefused):
        Destinations("10.1.3.0/24").check_host(host)


def test_the_metadata_services_of_clouds_are_named() -> None:
    found = {host: inside(ip_address(host)) for host in ("169.254.169.254", "168.63.129.16", "fd00:ec2::254")}
    assert set(found.values()) == {"the metadata service of a cloud"}


@pytest.mark.parametrize("setting", ["10.0.0.1/8", "nonsense", "10.0.0.0/33", ",".join(["10.0.0.0/8"] * 101)])
def test_networks_that_cannot_be_read_are_refused(setting: str) -> None:
    with pytest.raises(AllowNetworksUnreadable):
        networks(setting)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "[::1]", "１２７.0.0.1"])
async def test_nothing_on_this_machine_is_reached_by_any_name(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = URL(f"http://{host}:{server.getsockname()[1]}/")
        async with http_client() as http:
            with pytest.raises(DestinationRefused):
                async with http.request("GET", url, headers={}):
                    pass
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_a_mapping_of_the_operator_lets_in_its_name_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        async with http_client(connect_to=f"partner.example=127.0.0.1:{port}") as http:
            for host in ("127.0.0.1", "localhost"):
                with pytest.raises(DestinationRefused):
                    async with http.request("GET", URL(f"http://{host}:{port}/"), headers={}):
                        pass
