"""How large a WebP says it is, without a decoder: https://developers.google.com/speed/webp/docs/riff_container."""


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of the canvas; None for what is no WebP, or ends too soon."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    match data[12:16]:
        case b"VP8X":
            return _number(data[24:27]) + 1, _number(data[27:30]) + 1
        case b"VP8L":
            both = _number(data[21:25])
            return (both & 0x3FFF) + 1, (both >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _number(data[26:28]) & 0x3FFF, _number(data[28:30]) & 0x3FFF
    return None


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "little")
