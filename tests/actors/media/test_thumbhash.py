"""The placeholder says what the picture looks like, in the format others read."""

from math import cos, pi

import pytest

from actors.media.thumbhash import thumbhash
from tests import images


def average(hash_: bytes) -> tuple[float, float, float, float]:
    """The mean colour a hash tells, read as the reference's `thumbHashToAverageRGBA` does; each 0…1."""
    header = int.from_bytes(hash_[:3], "little")
    light = (header & 63) / 63
    p = (header >> 6 & 63) / 31.5 - 1
    q = (header >> 12 & 63) / 31.5 - 1
    alpha = (hash_[5] & 15) / 15 if header >> 23 else 1.0
    blue = light - 2 / 3 * p
    red = (3 * light - blue + q) / 2
    return red, red - q, blue, alpha


def aspect(hash_: bytes) -> float:
    """Breadth by height, as the reference's `thumbHashToApproximateAspectRatio` reads it."""
    has_alpha, is_wide, limit = hash_[2] & 128, hash_[4] & 128, hash_[3] & 7
    long = 5 if has_alpha else 7
    return long / limit if is_wide else limit / long


def luminance(hash_: bytes, x: float, y: float) -> float:
    """Brightness at a place (0…1 each), decoded by the inverse transform; without alpha."""
    header, shape = int.from_bytes(hash_[:3], "little"), int.from_bytes(hash_[3:5], "little")
    limit, is_wide = shape & 7, shape >> 15
    nx, ny = max(3, 7 if is_wide else limit), max(3, limit if is_wide else 7)
    scale, value, index = (header >> 18 & 31) / 31, (header & 63) / 63, 0
    for cy in range(ny):
        cx = 0 if cy else 1
        while cx * ny < nx * (ny - cy):
            nibble = hash_[5 + index // 2] >> 4 * (index % 2) & 15
            value += (
                (nibble / 7.5 - 1)
                * scale
                * 2
                * cos(pi * cx * x)
                * cos(pi * cy * y)
                * (2 if cx and cy else 1)
                / (2 if cx and cy else 1)
            )
            index, cx = index + 1, cx + 1
    return value


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 200, 60), (10, 10, 240), (255, 255, 255), (0, 0, 0)])
def test_a_plain_colour_is_told_as_the_mean(colour: tuple[int, int, int]) -> None:
    told = average(thumbhash(8, 8, bytes((*colour, 255)) * 64))
    assert [round(part * 255) for part in told[:3]] == pytest.approx(colour, abs=12)
    assert told[3] == 1


def test_the_shape_is_told() -> None:
    wide = thumbhash(32, 16, images.scene(32, 16, "RGBA").tobytes())
    tall = thumbhash(16, 32, images.scene(16, 32, "RGBA").tobytes())
    assert aspect(wide) == pytest.approx(2, rel=0.15)
    assert aspect(tall) == pytest.approx(0.5, rel=0.15)


def test_what_is_bright_is_told_as_bright() -> None:
    rows = b"".join(bytes((y * 8, y * 8, y * 8, 255)) * 32 for y in range(32))
    hash_ = thumbhash(32, 32, rows)
    shades = [luminance(hash_, 0.5, y) for y in (0.1, 0.5, 0.9)]
    assert shades == sorted(shades)
    assert shades[2] - shades[0] > 0.5


def test_transparency_is_told() -> None:
    assert average(thumbhash(4, 4, bytes((255, 0, 0, 128)) * 16))[3] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("width", "height", "length"), [(101, 1, 404), (0, 0, 0), (2, 2, 15)])
def test_other_sizes_are_refused(width: int, height: int, length: int) -> None:
    with pytest.raises(ValueError, match="pixels"):
        thumbhash(width, height, bytes(length))
