"""Demo photographs from nearby: trunks in fog, leaves on a wall, things on a table."""

import math
from collections.abc import Mapping, Sequence
from random import Random

from PIL import Image, ImageDraw

from server.demo.painting import (
    Colour,
    Scene,
    Size,
    colours,
    disc,
    glow,
    gradient,
    ground,
    line,
    mix,
    noise,
    shifted,
    soft,
    vignetted,
)


def forest(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Trunks in fog. Palette: fog above, fog below, far, near."""
    above, below, far, near = palette
    width, height = size
    image = gradient(size, [above, below, mix(below, far, 0.4)])
    glow(image, (width * rng.uniform(0.3, 0.7), height * 0.3), height * 0.6, (255, 255, 255), 0.4)
    for layer in range(5):
        depth = layer / 4
        mask = Image.new("L", size)
        pen = ImageDraw.Draw(mask)
        x = width * rng.uniform(0, 0.06)
        while x < width:
            half = width * (0.004 + 0.014 * depth) * rng.uniform(0.7, 1.5)
            lean = rng.uniform(-1, 1) * width * 0.02
            pen.polygon(
                [(x - half * 0.7 + lean, 0), (x + half * 0.7 + lean, 0), (x + half, height), (x - half, height)],
                fill=255,
            )
            for _ in range(7):
                y = rng.uniform(0, height * 0.6)
                at = x + lean * (1 - y / height)
                reach = rng.choice((-1, 1)) * width * rng.uniform(0.02, 0.07)
                pen.line(
                    (at, y, at + reach, y - abs(reach) * rng.uniform(0.2, 0.8)), fill=255, width=max(1, round(half / 3))
                )
            x += width * rng.uniform(0.04, 0.13) * (0.5 + depth)
        tone = mix(far, near, depth)
        image.paste(gradient(size, [mix(tone, above, 0.35 * (1 - depth)), tone, mix(tone, below, 0.5)]), (0, 0), mask)
        if layer < 4:
            fog = noise(rng, size, 3, 3).point([round(v * 0.32) for v in range(256)])
            image.paste(mix(below, above, 0.5), (0, 0), fog)
    floor = ground(size, line(rng, width, 0.5, 3), height * 0.92, height * 0.04)
    image.paste(near, (0, 0), soft(floor, 4))
    return vignetted(image, 0.35)


def leaves(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Fronds against a wall. Palette: wall lit, wall shaded, leaf pale, leaf dark."""
    lit, shaded, pale, dark = palette
    width, height = size
    image = gradient(size, [lit, mix(lit, shaded, 0.5), shaded])
    for layer in range(3):
        mask, veins = Image.new("L", size), Image.new("L", size)
        pen, vein = ImageDraw.Draw(mask), ImageDraw.Draw(veins)
        for _ in range(4 + layer):
            root = (rng.uniform(-0.1, 1.1) * width, height * rng.uniform(0.95, 1.15))
            heading = math.radians(rng.uniform(-125, -55))
            reach = height * rng.uniform(0.5, 0.95)
            bend = rng.uniform(-0.9, 0.9)
            for step in range(24):
                share = (step + 1) / 24
                angle = heading + bend * share
                at = (root[0] + math.cos(angle) * reach * share, root[1] + math.sin(angle) * reach * share)
                blade = reach * 0.34 * math.sin(math.pi * min(1.0, share * 0.9 + 0.12))
                for side in (-1, 1):
                    _blade(pen, vein, at, angle + side * (0.75 - 0.3 * share), blade)
        shadow = shifted(soft(mask, 16), 26, 34).point([v // 3 for v in range(256)])
        image.paste(mix(shaded, dark, 0.55), (0, 0), shadow)
        tone = mix(pale, dark, layer / 2)
        image.paste(gradient(size, [mix(tone, lit, 0.22), tone, mix(tone, dark, 0.45)]), (0, 0), mask)
        image.paste(mix(tone, pale, 0.5), (0, 0), veins.point([v // 3 for v in range(256)]))
    return vignetted(image, 0.25)


def _blade(
    pen: ImageDraw.ImageDraw, vein: ImageDraw.ImageDraw, at: tuple[float, float], angle: float, length: float
) -> None:
    ahead, aside = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    outline = []
    for share, half in (
        (0, 0.0),
        (0.25, 0.075),
        (0.5, 0.09),
        (0.75, 0.06),
        (1, 0.0),
        (0.75, -0.06),
        (0.5, -0.09),
        (0.25, -0.075),
    ):
        outline.append(
            (
                at[0] + length * (ahead[0] * share + aside[0] * half),
                at[1] + length * (ahead[1] * share + aside[1] * half),
            )
        )
    pen.polygon(outline, fill=255)
    vein.line((at, (at[0] + ahead[0] * length, at[1] + ahead[1] * length)), fill=255, width=2)


def still(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Arches, steps and a ball in hard light. Palette: wall, shade, three paints."""
    wall, shade, *paints = palette
    width, height = size
    image = gradient(size, [mix(wall, (255, 255, 255), 0.25), wall, mix(wall, shade, 0.25)])
    floor = round(height * rng.uniform(0.68, 0.78))
    image.paste(gradient((width, height - floor), [mix(wall, shade, 0.3), mix(wall, shade, 0.08)]), (0, floor))
    shadows = Image.new("L", size)
    cast = ImageDraw.Draw(shadows)
    shapes: list[tuple[Colour, Image.Image]] = []
    for index in range(4):
        mask = Image.new("L", size)
        pen = ImageDraw.Draw(mask)
        wide, tall = width * rng.uniform(0.12, 0.24), height * rng.uniform(0.18, 0.5)
        left = width * (0.06 + 0.23 * index) + rng.uniform(-0.04, 0.04) * width
        base = floor + height * rng.uniform(0.02, 0.14)
        if rng.random() < 0.6:
            pen.rectangle((left, base - tall + wide / 2, left + wide, base), fill=255)
            pen.ellipse((left, base - tall, left + wide, base - tall + wide), fill=255)
        else:
            pen.rectangle((left, base - tall * 0.6, left + wide, base), fill=255)
        slant = tall * 0.9
        cast.polygon(
            [
                (left, base),
                (left + wide, base),
                (left + wide + slant, base - tall * 0.28),
                (left + slant, base - tall * 0.28),
            ],
            fill=150,
        )
        shapes.append((paints[index % len(paints)], mask))
    image.paste(shade, (0, 0), soft(shadows, 6))
    for tone, mask in shapes:
        image.paste(mix(tone, shade, 0.3), (0, 0), shifted(mask, round(width * 0.012), 0))
        image.paste(gradient(size, [mix(tone, (255, 255, 255), 0.2), tone, mix(tone, shade, 0.25)]), (0, 0), mask)
    radius = min(size) * rng.uniform(0.06, 0.1)
    ball = (width * rng.uniform(0.25, 0.75), height * 0.93 - radius)
    tone = rng.choice(paints)
    disc(image, (ball[0] + radius * 0.5, ball[1] + radius * 0.35), radius, mix(wall, shade, 0.45), 0.55)
    disc(image, ball, radius, tone)
    glow(image, (ball[0] - radius * 0.35, ball[1] - radius * 0.4), radius * 0.8, (255, 255, 255), 0.5)
    return image


NEAR: Mapping[str, tuple[Scene, Sequence[Sequence[Colour]]]] = {
    "forest": (
        forest,
        [
            colours("dfe6e2 b9c7c0 9db0a8 16211d"),
            colours("f3dfc0 d9b48a b98a66 24160f"),
            colours("cfdbe6 9fb4c6 8098ae 121c28"),
            colours("e6e0c8 b8bf94 8f9a6a 1a2212"),
            colours("e9d5d8 c2a0ac 9a7888 21141c"),
        ],
    ),
    "leaves": (
        leaves,
        [
            colours("f2e4d2 dcb998 7fa07a 16352a"),
            colours("e3ecec a9c2c4 5f9a90 0f3038"),
            colours("f6d9cf d99a8a 9a7a5a 3a1f22"),
            colours("efe9da cfc6a8 93a45a 2a3614"),
            colours("dfe0ee aeb0d4 7a80b4 1c1f44"),
        ],
    ),
    "still": (
        still,
        [
            colours("f0dccb 8a5a4a e07a5a 3a6a7a f2c14e"),
            colours("dfe5e0 4a6a66 e9b88a c8553d 2f4858"),
            colours("f3e3e0 7a4a5a d9728a 8aa0c0 f4c7a0"),
            colours("e8e4d4 5a5a44 8a9a5a d9a05a 4a3a2a"),
            colours("d8e0ec 3a4a6a 5a7ab0 f0a07a f4ead2"),
        ],
    ),
}
"""Scenes from nearby, each with its palettes."""
