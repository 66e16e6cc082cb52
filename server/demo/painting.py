"""Paint and brushes for photographs nobody took: gradients, noise, light, silhouettes."""

import math
from collections.abc import Callable, Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

Colour = tuple[int, int, int]
Size = tuple[int, int]
Scene = Callable[[Random, Size, Sequence[Colour]], Image.Image]
"""Paints a picture of a size in the colours of a palette, the same for the same `Random`."""


def colour(text: str) -> Colour:
    """From six hex digits."""
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def colours(text: str) -> list[Colour]:
    """From six hex digits each, parted by spaces."""
    return [colour(part) for part in text.split()]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other colour in the one, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def ramp(stops: Sequence[Colour], steps: int = 256) -> list[Colour]:
    """`steps` colours that pass evenly through the stops."""
    parts = len(stops) - 1
    found = []
    for step in range(steps):
        place = step / (steps - 1) * parts
        index = min(int(place), parts - 1)
        found.append(mix(stops[index], stops[index + 1], place - index))
    return found


def gradient(size: Size, stops: Sequence[Colour]) -> Image.Image:
    """The stops from top to bottom."""
    column = Image.new("RGB", (1, 256))
    column.putdata(ramp(stops))
    return column.resize((1, size[1]), Image.Resampling.BICUBIC).resize(size, Image.Resampling.NEAREST)


def noise(rng: Random, size: Size, cells: int, octaves: int = 4) -> Image.Image:
    """Grey clouds, from black to white: `cells` blotches across, each octave half as large and half as strong."""
    clouds: Image.Image | None = None
    for octave in range(octaves):
        across = cells * 2**octave
        small = (across, max(2, round(across * size[1] / size[0])))
        layer = Image.frombytes("L", small, rng.randbytes(small[0] * small[1])).resize(size, Image.Resampling.BICUBIC)
        clouds = layer if clouds is None else Image.blend(clouds, layer, 1 / (2**octave + 1))
    assert clouds is not None
    return ImageOps.autocontrast(clouds, cutoff=1)


def tinted(grey: Image.Image, stops: Sequence[Colour]) -> Image.Image:
    """Black becomes the first colour, white the last."""
    tones = ramp(stops)
    return Image.merge("RGB", [grey.point([tone[channel] for tone in tones]) for channel in range(3)])


def grained(rng: Random, image: Image.Image, strength: float = 0.05) -> Image.Image:
    """With the grain of film, which also hides the steps of a gradient."""
    grain = Image.frombytes("L", (512, 512), rng.randbytes(512 * 512))
    sheet = Image.new("L", image.size)
    for left in range(0, image.width, 512):
        for top in range(0, image.height, 512):
            sheet.paste(grain, (left, top))
    return Image.blend(image, ImageChops.soft_light(image, Image.merge("RGB", (sheet,) * 3)), strength * 4)


def vignetted(image: Image.Image, strength: float = 0.35) -> Image.Image:
    """Darker towards the corners."""
    shade = ImageOps.invert(Image.radial_gradient("L")).point([255 - round((255 - v) * strength) for v in range(256)])
    return ImageChops.multiply(image, Image.merge("RGB", (shade.resize(image.size, Image.Resampling.BICUBIC),) * 3))


def glow(image: Image.Image, centre: tuple[float, float], radius: float, tone: Colour, strength: float = 1.0) -> None:
    """Add light around a point, fading out at `radius` pixels."""
    diameter = max(2, round(radius * 2))
    falloff = [round(255 * strength * max(0.0, 1 - v / 180) ** 2) for v in range(256)]
    mask = Image.radial_gradient("L").point(falloff).resize((diameter, diameter), Image.Resampling.BICUBIC)
    left, top = round(centre[0] - radius), round(centre[1] - radius)
    box = (max(0, left), max(0, top), min(image.width, left + diameter), min(image.height, top + diameter))
    if box[0] >= box[2] or box[1] >= box[3]:
        return
    mask = mask.crop((box[0] - left, box[1] - top, box[2] - left, box[3] - top))
    light = Image.composite(Image.new("RGB", mask.size, tone), Image.new("RGB", mask.size), mask)
    image.paste(ImageChops.screen(image.crop(box), light), box)


def disc(image: Image.Image, centre: tuple[float, float], radius: float, tone: Colour, opacity: float = 1.0) -> None:
    """A round, with a clean edge."""
    edge = round(radius * 4)
    mask = Image.new("L", (edge, edge))
    ImageDraw.Draw(mask).ellipse((2, 2, edge - 3, edge - 3), fill=round(255 * opacity))
    mask = mask.reduce(2)
    image.paste(tone, (round(centre[0] - radius), round(centre[1] - radius)), mask)


def line(rng: Random, width: int, roughness: float, waves: float) -> list[float]:
    """A skyline from -1 to 1, a value every four pixels: rolling at roughness 0.3, jagged at 0.6."""
    count = width // 4 + 2
    heights = [0.0] * count
    strength, total = 1.0, 0.0
    for _ in range(6):
        knots = [rng.uniform(-1, 1) for _ in range(int(waves) + 3)]
        for index in range(count):
            place = index / count * waves
            whole = int(place)
            share = (1 - math.cos((place - whole) * math.pi)) / 2
            heights[index] += strength * (knots[whole] * (1 - share) + knots[whole + 1] * share)
        total += strength
        strength *= roughness
        waves *= 2.1
    return [height / total for height in heights]


def ground(size: Size, skyline: Sequence[float], top: float, swing: float) -> Image.Image:
    """The mask of what lies below a skyline that swings around `top` (both in pixels)."""
    width, height = size
    mask = Image.new("L", (width, height * 2))
    points = [(index * 4.0, (top + swing * value) * 2) for index, value in enumerate(skyline)]
    ImageDraw.Draw(mask).polygon([(0, height * 2), *points, (width, height * 2)], fill=255)
    return mask.reduce((1, 2))


def shifted(image: Image.Image, right: int, down: int) -> Image.Image:
    """The same somewhere else; what it leaves is black."""
    moved = Image.new(image.mode, image.size)
    moved.paste(image, (right, down))
    return moved


def soft(image: Image.Image, radius: float) -> Image.Image:
    """Out of focus. Done small: a blur has no details to lose."""
    shrink = max(1, int(radius // 3))
    small = image.reduce(shrink) if shrink > 1 else image
    blurred = small.filter(ImageFilter.GaussianBlur(radius / shrink))
    return blurred.resize(image.size, Image.Resampling.BICUBIC) if shrink > 1 else blurred
