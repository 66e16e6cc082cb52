"""Portraits of demo people."""

from collections.abc import Sequence
from random import Random

from PIL import Image, ImageDraw

from server.demo.painting import (
    Colour,
    Size,
    colours,
    disc,
    gradient,
    mix,
    soft,
)


def face(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Somebody, from the shoulders up. Palette: wall, clothes, skin, hair."""
    wall, clothes, skin, hair = palette
    width, height = size
    image = gradient(size, [mix(wall, (255, 255, 255), 0.3), wall, mix(wall, clothes, 0.25)])
    pen = ImageDraw.Draw(image)
    middle = width * rng.uniform(0.47, 0.53)
    half = width * rng.uniform(0.16, 0.18)
    crown = height * 0.22
    shape = rng.randrange(4)
    if shape == 0:
        pen.rounded_rectangle(
            (middle - half * 1.45, crown - half * 0.5, middle + half * 1.45, height * 0.74), half * 1.3, fill=hair
        )
    elif shape == 1:
        pen.ellipse((middle - half * 1.6, crown - half * 0.9, middle + half * 1.6, crown + half * 2.3), fill=hair)
    elif shape == 2:
        disc(image, (middle, crown - half * 0.5), half * 0.62, hair)
    pen.ellipse((middle - width * 0.36, height * 0.72, middle + width * 0.36, height * 1.35), fill=clothes)
    pen.rounded_rectangle(
        (middle - half * 0.42, height * 0.5, middle + half * 0.42, height * 0.78),
        half * 0.4,
        fill=mix(skin, hair, 0.22),
    )
    pen.ellipse((middle - half, crown, middle + half, crown + half * 2.5), fill=skin)
    pen.pieslice(
        (middle - half * 1.06, crown - half * 0.16, middle + half * 1.06, crown + half * 2.1), 180, 360, fill=hair
    )
    pen.ellipse((middle - half * 0.98, crown + half * 0.62, middle + half * 0.98, crown + half * 1.5), fill=skin)
    return soft(image, 1.2)


FACES = [
    colours("f0c9a8 3a5a6a e8b894 3a241a"),
    colours("c8d8d0 c8553d 8a5a3f 1a1210"),
    colours("d8cfe8 5a4a8a f0cdb0 b0763a"),
    colours("f4dfa8 2f4858 c68a62 22160f"),
    colours("c4dbe8 f0b04a f2d3bc 8a4a2a"),
    colours("e8c8cc 3a6a5a 6a442f 0f0b0a"),
    colours("d4e0b8 7a3a5a e4b48c 4a3020"),
    colours("f2d8c8 4a6ab0 d8a078 2a1a14"),
    colours("c8d0dc d9728a f0c8a8 d8d0c8"),
    colours("e0d4b8 1f3a45 b07a52 140e0c"),
    colours("bfe0d8 8a5a9a ecc0a0 6a2f20"),
    colours("f0bfa8 22304a 9a6844 1c120e"),
]
"""Palettes of people."""
