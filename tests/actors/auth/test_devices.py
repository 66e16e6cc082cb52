"""Sessions are named so that their owner knows them again."""

import pytest

from actors.auth.devices import area_of, device_of

_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
_MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19 Safari/605.1"
)


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (_WINDOWS, "Chrome on Windows"),
        (f"{_WINDOWS} Edg/141.0", "Edge on Windows"),
        (f"{_WINDOWS} OPR/120.0", "Opera on Windows"),
        (_MAC, "Safari on macOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit Version/19 Safari/604",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 16; Pixel) AppleWebKit Chrome/141.0 Mobile Safari/537.36", "Chrome on Android"),
        ("VitrineApp/3.1 (Android 16)", "VitrineApp on Android"),
        ("curl/8.5.0", "curl"),
        ("Mozilla/5.0", "unknown device"),
        ("", "unknown device"),
        ("/()", "unknown device"),
    ],
)
def test_a_device_has_a_short_name(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device


@pytest.mark.parametrize(
    ("address", "area"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::77", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", "unknown"),
        ("unknown", "unknown"),
    ],
)
def test_an_area_is_a_network_and_no_address(address: str, area: str) -> None:
    assert area_of(address) == area
