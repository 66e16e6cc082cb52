"""Where a request comes from: the address of the client, not of the proxies in front of us."""

import ipaddress
from functools import lru_cache

from aiohttp import web

UNKNOWN = "unknown"


def client_address(request: web.Request, trusted_proxies: int) -> str:
    """The client's address. Each trusted proxy vouches for the last entry of `X-Forwarded-For` it was given;
    what stands before those is the client's own claim and is not read."""
    peer = request.remote or UNKNOWN
    if trusted_proxies == 0:
        return peer
    hops = [hop.strip() for line in request.headers.getall("X-Forwarded-For", ()) for hop in line.split(",")]
    claimed = hops[-trusted_proxies] if len(hops) >= trusted_proxies else (hops[0] if hops else peer)
    return _address(claimed) or peer


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


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return None
