"""How a session is recognised by its owner: what kind of device, somewhere in which network."""

import ipaddress
import re

_KEPT_BITS = {4: 24, 6: 48}
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
# Most browsers call themselves several others, too: the first that fits is the one.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_PRODUCT = re.compile(r"[^/\s();]{1,40}")


def device_of(user_agent: str) -> str:
    """A short name for what called itself so: `Firefox on Linux`, `VitrineApp on iPhone`, `curl`."""
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    if browser is None and (product := _PRODUCT.match(user_agent)) and product[0] != "Mozilla":
        browser = product[0]
    if browser is None:
        return system or "unknown device"
    return f"{browser} on {system}" if system else browser


def area_of(address: str) -> str:
    """The network an address is in, /24 or /48: enough to tell home from elsewhere, and no more."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed, _KEPT_BITS[parsed.version]), strict=False))
