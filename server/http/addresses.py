"""Where a request comes from: the address of the client, not of the proxies in front of us."""

import ipaddress
import re
from functools import lru_cache

from aiohttp import web

UNKNOWN = "unknown"

_WITH_PORT = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[0-9.]+))(?::\d{1,5})?")


def client_address(request: web.Request, trusted_proxies: int) -> str:
    """The client's address. Each trusted proxy vouches for the last entry of `X-Forwarded-For` it was given;
    what stands before those is the client's own claim and is not read, nor is any other header."""
    peer = _address(request.remote or "") or request.remote or UNKNOWN
    if trusted_proxies == 0:
        return peer
    hops = [hop for line in request.headers.getall("X-Forwarded-For", ()) for hop in line.split(",")]
    if not hops:
        return peer
    return _address(hops[max(0, len(hops) - trusted_proxies)].strip()) or peer


@lru_cache(8192)
def network_of(address: str) -> str:
    """What one client can hold: an IPv4 address, or the /64 an IPv6 address is in."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


@lru_cache(8192)
def _address(text: str) -> str | None:
    """The address that stands there, with or without a port; an IPv4 one however it is dressed up."""
    found = _WITH_PORT.fullmatch(text)
    bare = text if found is None else found["six"] or found["four"] or ""
    try:
        parsed = ipaddress.ip_address(bare)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if parsed.version == 6 else None
    return str(mapped or parsed)
