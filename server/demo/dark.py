"""Demo photographs after sunset: stars, houses, lights out of focus."""

from collections.abc import Mapping, Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw

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
    vignetted,
)


def night(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Stars over trees. Palette: sky above, sky below, milky way, hills, trees."""
    above, below, milk, hills, trees = palette
    width, height = size
    image = gradient(size, [above, mix(above, below, 0.5), below])
    band = Image.new("L", size)
    start, tilt = width * rng.uniform(0.1, 0.4), width * rng.uniform(0.25, 0.5)
    ImageDraw.Draw(band).polygon(
        [(start, 0), (start + width * 0.22, 0), (start + tilt + width * 0.3, height), (start + tilt, height)], fill=170
    )
    band = ImageChops.multiply(soft(band, width * 0.07), noise(rng, size, 5, 5))
    image = Image.composite(ImageChops.screen(image, Image.new("RGB", size, milk)), image, band)
    sky = ImageDraw.Draw(image)
    for _ in range(1400):
        x, y = rng.uniform(0, width), rng.uniform(0, height * 0.9)
        tone = mix(mix(above, below, y / height), (255, 250, 240), rng.random() ** 2.2)
        radius = 0.4 + rng.random() ** 9 * 2.6
        sky.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tone)
    image.paste(hills, (0, 0), ground(size, line(rng, width, 0.5, 2.4), height * 0.78, height * 0.1))
    skyline = line(rng, width, 0.4, 2.0)
    wood = ImageDraw.Draw(image)
    x = -20.0
    while x < width + 20:
        base = height * 0.9 + height * 0.05 * skyline[max(0, min(len(skyline) - 1, int(x // 4)))]
        tall = height * rng.uniform(0.05, 0.16)
        for tier in range(6):
            y, half = base - tall + tall * tier / 6, tall * (0.05 + 0.035 * tier)
            wood.polygon([(x, y - tall * 0.1), (x - half, y + tall * 0.26), (x + half, y + tall * 0.26)], fill=trees)
        x += tall * rng.uniform(0.18, 0.5)
    image.paste(trees, (0, 0), ground(size, skyline, height * 0.92, height * 0.05))
    return image


def bokeh(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Lights out of focus. Palette: above, below, then the lights."""
    width, height = size
    image = gradient(size, [palette[0], palette[1], mix(palette[1], palette[0], 0.6)])
    for layer in range(3):
        lights = Image.new("RGB", size)
        for _ in range(16):
            radius = min(size) * rng.uniform(0.025, 0.1) * (1.6 - 0.5 * layer)
            centre = (rng.uniform(0, width), rng.gauss(height * 0.55, height * 0.2))
            tone = mix((0, 0, 0), rng.choice(palette[2:]), rng.uniform(0.35, 0.9))
            disc(lights, centre, radius, tone)
            disc(lights, centre, radius * 0.93, mix(tone, (0, 0, 0), 0.22))
        image = ImageChops.screen(image, soft(lights, min(size) * (0.02 - 0.008 * layer)))
    return vignetted(image, 0.5)


def city(rng: Random, size: Size, palette: Sequence[Colour]) -> Image.Image:
    """Houses at dusk, some at home. Palette: sky above, sky below, far, near, windows."""
    above, below, far, near, window = palette
    width, height = size
    image = gradient(size, [above, mix(above, below, 0.7), below])
    glow(image, (width * rng.uniform(0.2, 0.8), height * 0.62), height * 0.7, mix(below, (255, 255, 255), 0.3), 0.5)
    town = ImageDraw.Draw(image)
    for layer in range(4):
        depth = layer / 3
        tone = mix(far, near, depth)
        x = -width * rng.uniform(0, 0.05)
        while x < width:
            wide = width * rng.uniform(0.05, 0.12) * (0.7 + 0.6 * depth)
            top = height * (0.36 + 0.2 * depth + rng.uniform(0, 0.22))
            town.rectangle((x, top, x + wide, height), fill=mix(tone, near, rng.uniform(0, 0.15)))
            pane = width * (0.005 + 0.004 * depth)
            for row in range(int((height - top) / (pane * 3.4))):
                for column in range(1, int(wide / (pane * 2.4))):
                    if rng.random() < 0.16 + 0.12 * depth:
                        left, upper = x + column * pane * 2.3, top + (row + 0.8) * pane * 3.3
                        fill = mix(tone, window, rng.uniform(0.25, 0.5 + 0.5 * depth))
                        town.rectangle((left, upper, left + pane, upper + pane * 1.7), fill=fill)
            x += wide + width * rng.uniform(0, 0.012)
    return vignetted(image, 0.35)


DARK: Mapping[str, tuple[Scene, Sequence[Sequence[Colour]]]] = {
    "night": (
        night,
        [
            colours("0a1230 2c4a70 a7b6e8 12203c 070c1a"),
            colours("10102a 56457a e0b8e8 1b1838 0a0818"),
            colours("06181f 1f5a5e a8e6d6 0c2c30 04100f"),
            colours("0d0f1f 8a4f5a ffcaa8 241a2c 0a0810"),
            colours("0b1a2b 3a6a8f cfe6ff 13283d 060d16"),
        ],
    ),
    "bokeh": (
        bokeh,
        [
            colours("120b1c 3a1f33 ff9a5a ffd08a d8527a 7a4bd0"),
            colours("06141a 123a44 5ad0c8 f6e3a0 3a8fd0 ffffff"),
            colours("190f0a 4a2414 ffb347 ff7a3c ffe2a8 c94f2f"),
            colours("0b0f24 2a2f66 7aa0ff ff8ac0 ffd6a0 a0fff0"),
            colours("0f1710 2c4a30 c8e88a fff2b0 6ac08a ffb070"),
        ],
    ),
    "city": (
        city,
        [
            colours("2b3558 f0a27a 6a5a7a 171a2e ffd68a"),
            colours("1a2540 7a8fb5 4a5a7f 0d1424 ffe3a8"),
            colours("5a3a5f f5b08f 8a5a70 1f1426 fff0c0"),
            colours("7d97a8 efe5d5 8fa0a8 2b3a44 ffdf9a"),
            colours("0f1626 3f5f7a 2a4056 080c16 ffb870"),
        ],
    ),
}
"""Scenes of the night, each with its palettes."""
