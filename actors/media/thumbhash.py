"""ThumbHash: some 25 bytes that show what a picture will look like before it is loaded.

The algorithm and its constants are Evan Wallace's (https://evanw.github.io/thumbhash/, MIT), so every client
library of that name can draw them.
"""

from collections.abc import Sequence
from math import cos, floor, pi
from typing import NamedTuple


class _Channel(NamedTuple):
    """A channel as its mean, its waves (each 0…1) and what they were scaled by."""

    dc: float
    ac: list[float]
    scale: float


def thumbhash(width: int, height: int, rgba: bytes) -> bytes:
    """The hash of a picture given as `width * height * 4` bytes. Raises ValueError above 100 × 100 pixels."""
    count = width * height
    if not 0 < max(width, height) <= 100 or len(rgba) != 4 * count:
        raise ValueError("needs 1 to 100 pixels each way and four bytes a pixel")
    light, yellow, red, alpha, has_alpha = _channels(count, rgba)
    limit = 5 if has_alpha else 7
    nx = max(1, _round(limit * width / max(width, height)))
    ny = max(1, _round(limit * height / max(width, height)))
    l_dc, l_ac, l_scale = _encode(light, width, height, max(3, nx), max(3, ny))
    p_dc, p_ac, p_scale = _encode(yellow, width, height, 3, 3)
    q_dc, q_ac, q_scale = _encode(red, width, height, 3, 3)
    is_wide = width > height
    header = (
        _round(63 * l_dc)
        | _round(31.5 + 31.5 * p_dc) << 6
        | _round(31.5 + 31.5 * q_dc) << 12
        | _round(31 * l_scale) << 18
        | has_alpha << 23
    )
    shape = (ny if is_wide else nx) | _round(63 * p_scale) << 3 | _round(63 * q_scale) << 9 | is_wide << 15
    head = header.to_bytes(3, "little") + shape.to_bytes(2, "little")
    waves = l_ac + p_ac + q_ac
    if has_alpha:
        a_dc, a_ac, a_scale = _encode(alpha, width, height, 5, 5)
        head += bytes([_round(15 * a_dc) | _round(15 * a_scale) << 4])
        waves += a_ac
    return head + _nibbles([_round(15 * wave) for wave in waves])


def _round(value: float) -> int:
    """Half up, as in the reference."""
    return floor(value + 0.5)


def _nibbles(values: Sequence[int]) -> bytes:
    padded = [*values, 0] if len(values) % 2 else values
    return bytes(low | high << 4 for low, high in zip(padded[::2], padded[1::2], strict=True))


def _channels(count: int, rgba: bytes) -> tuple[list[float], list[float], list[float], list[float], bool]:
    """Luminance, yellow–blue, red–green and alpha, laid over the mean colour."""
    alpha = [value / 255 for value in rgba[3::4]]
    weight = sum(alpha)
    planes = [[value / 255 for value in rgba[offset::4]] for offset in range(3)]
    means = [sum(v * a for v, a in zip(p, alpha, strict=True)) / weight if weight else 0.0 for p in planes]
    red, green, blue = (
        [mean * (1 - a) + a * value for value, a in zip(plane, alpha, strict=True)]
        for plane, mean in zip(planes, means, strict=True)
    )
    light = [(r + g + b) / 3 for r, g, b in zip(red, green, blue, strict=True)]
    yellow = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]
    return light, yellow, [r - g for r, g in zip(red, green, strict=True)], alpha, weight < count


def _encode(channel: Sequence[float], width: int, height: int, nx: int, ny: int) -> _Channel:
    """The low frequencies of a channel, by a DCT first along rows, then along columns."""
    across = [[cos(pi / width * cx * (x + 0.5)) for x in range(width)] for cx in range(nx)]
    rows = [channel[y * width : (y + 1) * width] for y in range(height)]
    half = [[sum(v * f for v, f in zip(row, wave, strict=True)) for row in rows] for wave in across]
    dc, ac = 0.0, []
    for cy in range(ny):
        down = [cos(pi / height * cy * (y + 0.5)) for y in range(height)]
        cx = 0
        while cx * ny < nx * (ny - cy):
            value = sum(v * f for v, f in zip(half[cx], down, strict=True)) / (width * height)
            if cx or cy:
                ac.append(value)
            else:
                dc = value
            cx += 1
    scale = max(map(abs, ac), default=0.0)
    return _Channel(dc, [0.5 + 0.5 / scale * value for value in ac] if scale else ac, scale)
