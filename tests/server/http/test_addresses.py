"""Whose a request is by its address: what proxies of ours say counts, what anybody else says does not."""

from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from server.http.addresses import client_address, network_of

PROXY = "10.0.0.1"


class Transport:
    """The connection a request came in by."""

    def __init__(self, peer: str) -> None:
        self.peer = peer

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (self.peer, 4711) if name == "peername" else default


def address(trusted_proxies: int, *lines: str, peer: str = PROXY, **others: str) -> str:
    headers: CIMultiDict[str] = CIMultiDict([("X-Forwarded-For", line) for line in lines])
    headers.extend({name.replace("_", "-"): value for name, value in others.items()})
    request = make_mocked_request("GET", "/", headers=headers, transport=Transport(peer))
    return client_address(request, trusted_proxies)


def test_without_proxies_of_ours_only_the_connection_counts() -> None:
    assert address(0, "192.0.2.1") == PROXY
    assert address(0, "192.0.2.1", "192.0.2.2", Forwarded="for=192.0.2.3", X_Real_IP="192.0.2.4") == PROXY


@pytest.mark.parametrize(
    "forged",
    [
        (),
        ("198.51.100.7",),
        ("198.51.100.7, 198.51.100.8",),
        ("198.51.100.7", "198.51.100.8"),
        ("", "garbage,,,,"),
        ("192.0.2.1",),
        ("x" * 4000,),
        ("for=198.51.100.7",),
        ("198.51.100.7\x0b",),
    ],
)
def test_a_forged_header_changes_nothing(forged: tuple[str, ...]) -> None:
    others = {"Forwarded": "for=198.51.100.9", "X-Real-IP": "198.51.100.9", "CF-Connecting-IP": "198.51.100.9"}
    assert address(1, *forged, "192.0.2.1", **others) == "192.0.2.1"
    assert address(1, ", ".join((*forged, "192.0.2.1")), **others) == "192.0.2.1"
    assert address(2, *forged, "192.0.2.1, 10.0.0.2", **others) == "192.0.2.1"
    assert address(2, *forged, "192.0.2.1", "10.0.0.2", **others) == "192.0.2.1"


def test_who_came_past_some_of_the_proxies_is_told_by_those_that_were_passed() -> None:
    assert address(2, "192.0.2.1") == "192.0.2.1"
    assert address(2) == PROXY


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ("  192.0.2.1\t", "192.0.2.1"),
    ],
)
def test_an_address_is_one_address_however_a_proxy_writes_it(given: str, meant: str) -> None:
    assert address(1, given) == meant


@pytest.mark.parametrize(
    "garbage",
    ["", "unknown", "_hidden", "192.0.2", "192.0.2.1.5", "192.0.2.1:port", "[192.0.2.1", "[]", "1", "::1]:1", "\x00"],
)
def test_what_is_no_address_counts_as_the_proxy_s(garbage: str) -> None:
    assert address(1, garbage) == PROXY


def test_a_connection_from_an_ipv4_address_is_one_however_it_is_listened_for() -> None:
    assert address(0, peer="::ffff:192.0.2.1") == address(0, peer="192.0.2.1") == "192.0.2.1"
    assert address(0, peer="") == "unknown"


def test_an_ipv6_client_cannot_take_a_new_address_for_each_request() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1:2:3") != network_of("2001:db8:0:1::1")
    assert network_of("fe80::1%eth0") == network_of("fe80::2%eth1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
