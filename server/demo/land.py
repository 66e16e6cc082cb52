"""Demo photographs of the wide world: mountains, sea, sand, fields, coasts from above, clouds from below."""

import math
from collections.abc import Mapping, Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageOps

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
    soft,
    tinted,
    vignetted,
)


def ridges(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Mountains behind mountains, paler the farther they are. Palette: sky above, sky below, light, far, near."""
    above, below, light, far, near = palette
    width, height = size
    image = gradient(size, [above, mix(above, below, 0.55), below, below])
    sun = (width * rng.uniform(0.2, 0.8), height * rng.uniform(0.24, 0.4))
    glow(image, sun, height * 0.75, light, 0.75)
    disc(image, sun, height * rng.uniform(0.035, 0.06), mix(light, (255, 255, 255), 0.55))
    layers = rng.randint(5, 7)
    for layer in range(layers):
        depth = layer / (layers - 1)
        skyline = line(rng, width, 0.56 - 0.12 * depth, rng.uniform(2.2, 3.6))
        top = height * (0.42 + 0.5 * depth)
        mask = ground(size, skyline, top, height * (0.2 - 0.07 * depth))
        tone = mix(far, near, depth**1.2)
        image.paste(gradient(size, [tone, tone, mix(tone, below, 0.45 * (1 - depth))]), (0, 0), mask)
    return vignetted(image, 0.25)


def sea(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """A low sun over water. Palette: sky above, sky below, light, water far, water near."""
    above, below, light, far, near = palette
    width, height = size
    horizon = round(height * rng.uniform(0.46, 0.6))
    image = Image.new("RGB", size)
    sky = gradient((width, horizon), [above, mix(above, below, 0.5), below])
    streaks = noise(rng, (width, horizon), 3, 5).resize((width, horizon // 3)).resize((width, horizon))
    sky = Image.composite(
        ImageChops.screen(sky, Image.new("RGB", sky.size, mix(light, below, 0.5))), sky, _faint(streaks)
    )
    image.paste(sky, (0, 0))
    image.paste(gradient((width, height - horizon), [far, mix(far, near, 0.6), near]), (0, horizon))
    sun = (width * rng.uniform(0.3, 0.7), horizon - height * rng.uniform(0.04, 0.14))
    glow(image, sun, height * 0.6, light, 0.85)
    disc(image, sun, height * 0.045, mix(light, (255, 255, 255), 0.6))
    image.paste(image.crop((0, horizon, width, height)), (0, horizon))
    glitter = ImageDraw.Draw(image)
    for _ in range(900):
        depth = rng.random() ** 1.6
        y = horizon + 2 + depth * (height - horizon - 4)
        spread = width * (0.02 + 0.3 * depth)
        x = rng.gauss(sun[0], spread)
        length = width * (0.004 + 0.035 * depth) * rng.uniform(0.4, 1.3)
        nearness = math.exp(-(((x - sun[0]) / (spread * 1.3)) ** 2))
        tone = mix(mix(far, near, depth), light, (0.2 + 0.7 * nearness) * (1 - 0.55 * depth))
        glitter.line((x - length, y, x + length, y), fill=tone, width=max(1, round(1 + 3 * depth)))
    return vignetted(image, 0.3)


def _faint(grey: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(grey).point([max(0, v - 110) for v in range(256)])


def dunes(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Sand in low light. Palette: sky above, sky below, lit sand, shaded sand, deep shade."""
    above, below, lit, shaded, deep = palette
    width, height = size
    image = gradient(size, [above, below, below])
    for layer in range(5):
        depth = layer / 4
        skyline = line(rng, width, 0.22, rng.uniform(1.1, 2.0))
        top, swing = height * (0.42 + 0.43 * depth), height * (0.06 + 0.08 * depth)
        mask = ground(size, skyline, top, swing)
        sand = gradient(size, [mix(below, lit, 0.4 + 0.6 * depth), lit, mix(lit, shaded, 0.5 + 0.3 * depth)])
        image.paste(sand, (0, 0), mask)
        crest = [value + 0.9 * max(0.0, math.sin(i / len(skyline) * 6 + layer)) for i, value in enumerate(skyline)]
        shade = ImageChops.multiply(mask, soft(ground(size, crest, top + swing * 0.25, swing * 1.15), 5))
        image.paste(
            gradient(size, [shaded, mix(shaded, deep, depth)]), (0, 0), shade.point([v * 4 // 5 for v in range(256)])
        )
    return vignetted(image, 0.2)


def fields(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Ploughed hills. Palette: sky above, sky below, crop, earth, shade."""
    above, below, crop, earth, shade = palette
    width, height = size
    image = gradient(size, [above, below, below])
    for layer in range(6):
        depth = layer / 5
        skyline = line(rng, width, 0.25, rng.uniform(1.2, 2.2))
        top, swing = height * (0.36 + 0.52 * depth), height * 0.09
        mask = ground(size, skyline, top, swing)
        tone = mix(mix(crop, earth, rng.random()), below, 0.45 * (1 - depth))
        hill = gradient(size, [mix(tone, (255, 255, 255), 0.12), tone, mix(tone, shade, 0.5)])
        pen = ImageDraw.Draw(hill)
        vanish, gap = width * rng.uniform(-0.3, 1.3), width * (0.012 + 0.03 * depth)
        for furrow in range(-60, 60):
            foot = vanish + furrow * gap * 6
            pen.line(
                (vanish + furrow * gap, top - swing, foot, height * 1.05),
                fill=mix(tone, shade, 0.28),
                width=round(2 + 5 * depth),
            )
        image.paste(hill, (0, 0), mask)
    return vignetted(image, 0.25)


def clouds(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Looking up. Palette: sky above, sky below, cloud lit, cloud shaded."""
    above, below, lit, shaded = palette
    width, height = size
    image = gradient(size, [above, mix(above, below, 0.5), below])
    for layer in range(2):
        body = noise(rng, size, 2 + layer, 6)
        mask = body.point([max(0, min(255, round((v - 118 - 22 * layer) * 2.6))) for v in range(256)])
        light = tinted(body.crop((30, 44, width, height)).resize(size), [shaded, mix(shaded, lit, 0.6), lit, lit])
        image.paste(light, (0, 0), mask)
    return vignetted(image, 0.2)


def _map(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    return tinted(noise(rng, size, 3, 6), palette)


LAND: Mapping[str, tuple[Scene, Sequence[Sequence[Colour]]]] = {
    "ridges": (
        ridges,
        [
            colours("2d3a5e f2b48c ffd9a0 b98a94 1d2238"),
            colours("8fb4c9 f3e6d2 fff4d6 9db4bd 1f3a45"),
            colours("3b2a4d e8795a ffc27a 8d5a74 1c1326"),
            colours("6f8f8a e7e3cf fff7dc a3b5a4 21352f"),
            colours("27426b c9d7e8 ffffff 8ea6c4 14233c"),
        ],
    ),
    "sea": (
        sea,
        [
            colours("31456b f6a86f ffd38a b4735f 1b2940"),
            colours("7fa6bd f4e3c6 fff0c2 8fb0b6 1d4a5c"),
            colours("47305a f08a6b ffcf9a 9a5a6c 201a35"),
            colours("a9c0c9 eef0ea ffffff 9db7bf 3c5e6b"),
            colours("16283f 5f8aa6 dff3ff 3d6782 0b1725"),
        ],
    ),
    "dunes": (
        dunes,
        [
            colours("6b92b5 f3dcbf efb27a a05f3f 4a2a22"),
            colours("3b3157 f0a58a e8976b 86425a 2a1a38"),
            colours("9fc0c8 f7ead2 f2d3a0 b58a5f 5f4433"),
            colours("d9a58a f9e2c8 e9a17a 9a4f42 43201f"),
            colours("aeb9c4 ece6de d9c9b3 8d7f74 3f3a3a"),
        ],
    ),
    "coast": (
        _map,
        [
            colours("0b2f4a 14607a 2fa0a8 9adccb f3ead0 e4cf9f b59a6a 6f7a4a"),
            colours("141c2c 2a4560 6f9ab0 cfe0e4 ffffff e8e4dc"),
            colours("2a1320 7a2a3a d0604a f2a86a fbe3b8 fff6e0"),
            colours("0f2a22 2a5a40 6f9a5a c8cf8a f2e8c0 dcb88a"),
            colours("1b1b1f 4a4a50 8a8a8c c8c6c0 f2f0ea ffffff"),
        ],
    ),
    "clouds": (
        clouds,
        [
            colours("2f6aa8 a9d0ea ffffff b4c2d4"),
            colours("3a3f74 f0a88a ffe3c4 a0708a"),
            colours("6f8a9c d8e0e0 ffffff 8f9aa4"),
            colours("1a2340 6a5a8a ffc4a0 4a3f66"),
            colours("5aa0b8 f0ead0 fff8e4 c0a898"),
        ],
    ),
    "fields": (
        fields,
        [
            colours("7fb0d4 f2ead2 a8b85a c09a5a 3a4a24"),
            colours("c9a58a f8e2c0 d8a94a a8663a 4a2a1c"),
            colours("9fb8c0 eef0e4 7fa070 b0a878 2a3f30"),
            colours("5a4a7a f0b08a b08a5a 7a4a4a 2a1c30"),
            colours("a8c8d8 fbf3dc e0cf6a 8fb05a 44561f"),
        ],
    ),
}
"""Scenes by daylight, each with its palettes."""
