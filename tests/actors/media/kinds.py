"""Pictures people and their enemies send, and what must become of each: `ready`, or the reason it is turned away."""

from collections.abc import Callable
from typing import NamedTuple

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests import images

JPEG, PNG, WEBP, GIF, AVIF = (f"image/{name}" for name in ("jpeg", "png", "webp", "gif", "avif"))
READY = "ready"


class Kind(NamedTuple):
    """What it is, how it is made, as what it is sent, and what becomes of it."""

    name: str
    make: Callable[[], bytes]
    content_type: str
    outcome: str = READY


def _encoded(format_: str, mode: str = "RGB", size: tuple[int, int] = (640, 480), **options: object) -> bytes:
    return images.encode(images.scene(*size, mode=mode), format_, **options)


def _plain(size: tuple[int, int], format_: str, mode: str = "RGB", **options: object) -> bytes:
    """Of one colour, so that a large one is made quickly."""
    return images.encode(Image.new(mode, size, None if mode == "1" else 120), format_, **options)


def _transparent_palette() -> bytes:
    return images.encode(images.scene().convert("P"), "PNG", transparency=3)


def _wordy() -> bytes:
    said = PngInfo()
    said.add_itxt("Comment", "word " * 50_000, zip=True)
    return images.encode(images.scene(), "PNG", pnginfo=said)


SMALL = (
    *(
        Kind(f"JPEG of a camera, turned ({turn})", lambda turn=turn: images.photograph(orientation=turn), JPEG)  # type: ignore[misc]  # bound now, not later
        for turn in range(1, 9)
    ),
    Kind("JPEG, progressive", lambda: _encoded("JPEG", progressive=True), JPEG),
    Kind("JPEG, grey", lambda: _encoded("JPEG", "L"), JPEG),
    Kind("JPEG, CMYK without profile", lambda: _encoded("JPEG", "CMYK"), JPEG),
    Kind("JPEG, CMYK with profile", lambda: _encoded("JPEG", "CMYK", icc_profile=images.press_profile()), JPEG),
    Kind("JPEG with a profile that is none", lambda: _encoded("JPEG", icc_profile=b"RGB " * 9_000), JPEG),
    Kind("JPEG of two pictures (MPO)", images.two_pictures, JPEG),
    Kind("JPEG with broken EXIF", lambda: _encoded("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff rubbish"), JPEG),
    Kind("JPEG of one pixel", lambda: _encoded("JPEG", size=(1, 1)), JPEG),
    Kind("JPEG, 60,000 × 1", lambda: _plain((60_000, 1), "JPEG"), JPEG),
    Kind("JPEG with script and ZIP behind it", images.polyglot, JPEG),
    Kind("JPEG, cut off", lambda: images.photograph()[:9_000], JPEG, "broken_image"),
    Kind("JPEG, only its first bytes", lambda: b"\xff\xd8\xff\xe0", JPEG, "not_an_image"),
    Kind("PNG", lambda: _encoded("PNG"), PNG),
    Kind("PNG, 16 bits, grey", images.png_16_bit, PNG),
    Kind("PNG, 16 bits, colour", lambda: images.png_16_bit(channels=3), PNG),
    Kind("PNG, palette with transparency", _transparent_palette, PNG),
    Kind("PNG, one bit", lambda: _encoded("PNG", "1"), PNG),
    Kind("PNG, grey with alpha", lambda: _encoded("PNG", "LA"), PNG),
    Kind("PNG, alpha", lambda: _encoded("PNG", "RGBA"), PNG),
    Kind("PNG, animated", lambda: images.animation("PNG"), PNG),
    Kind("PNG of many words", _wordy, PNG),
    Kind("PNG, one pixel", lambda: _encoded("PNG", size=(1, 1)), PNG),
    Kind("PNG, cut off", lambda: _encoded("PNG")[:1_500], PNG, "broken_image"),
    Kind("PNG bomb, 3,600 megapixels", images.png_bomb, PNG, "too_many_pixels"),
    Kind("PNG bomb, 16 megapixels, few are there", lambda: images.png_bomb(4_000, 4_000), PNG, "broken_image"),
    Kind("PNG bomb in its text", lambda: images.png_with_inflating(b"zTXt", b"Comment\0\0"), PNG, "broken_image"),
    Kind("PNG bomb in its profile", lambda: images.png_with_inflating(b"iCCP", b"sRGB\0\0"), PNG, "broken_image"),
    Kind("WebP", lambda: _encoded("WEBP"), WEBP),
    Kind("WebP, lossless with alpha", lambda: _encoded("WEBP", "RGBA", lossless=True), WEBP),
    Kind("WebP, animated", lambda: images.animation("WEBP"), WEBP),
    Kind("WebP, cut off", lambda: _encoded("WEBP")[:1_500], WEBP, "broken_image"),
    Kind("AVIF", lambda: _encoded("AVIF", speed=10), AVIF),
    Kind("AVIF, alpha", lambda: _encoded("AVIF", "RGBA", speed=10), AVIF),
    Kind("AVIF, animated", lambda: images.animation("AVIF"), AVIF),
    Kind("AVIF, cut off", lambda: _encoded("AVIF", speed=10)[:900], AVIF, "not_an_image"),
    Kind("GIF, animated", images.animation, GIF),
    Kind("GIF, transparent", lambda: images.encode(images.scene().convert("P"), "GIF", transparency=0), GIF),
    Kind("GIF of one pixel", lambda: _encoded("GIF", "P", size=(1, 1)), GIF),
    Kind("GIF bomb, 4,295 megapixels", lambda: images.gif_claiming(65_535, 65_535), GIF, "too_many_pixels"),
    Kind("TIFF", lambda: _encoded("TIFF"), JPEG, "not_an_image"),
    Kind("BMP", lambda: _encoded("BMP"), PNG, "not_an_image"),
    Kind("SVG", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", PNG, "not_an_image"),
    Kind("text", images.text_file, JPEG, "not_an_image"),
    Kind("PNG sent as JPEG", lambda: _encoded("PNG"), JPEG, "type_mismatch"),
    Kind("GIF sent as PNG", images.animation, PNG, "type_mismatch"),
)
GRAIN = (4_000, 3_000)
LARGE = (
    Kind("JPEG, 12 megapixels", lambda: images.encode(images.noise(*GRAIN), quality=92), JPEG),
    Kind("JPEG, 100 megapixels", lambda: _plain((10_000, 10_000), "JPEG"), JPEG),
    Kind("JPEG, 100 megapixels, CMYK", lambda: _plain((10_000, 10_000), "JPEG", "CMYK"), JPEG),
    Kind(
        "JPEG, 100 megapixels, progressive",
        lambda: _plain((10_000, 10_000), "JPEG", "L", progressive=True),
        JPEG,
        "too_many_pixels",
    ),
    Kind("JPEG, 33 megapixels, progressive", lambda: _plain((6_600, 5_000), "JPEG", "L", progressive=True), JPEG),
    Kind(
        "JPEG, 16 megapixels and 20 MiB, progressive",
        lambda: _plain((5_000, 3_300), "JPEG", "RGB", progressive=True, subsampling=0).ljust(20 * 2**20, b"\0"),
        JPEG,
    ),
    Kind("JPEG, 20 MiB of which most is no picture", lambda: images.photograph().ljust(20 * 2**20, b"\0"), JPEG),
    Kind("PNG, 16 megapixels", lambda: images.encode(images.noise(4_700, 3_500), "PNG", compress_level=1), PNG),
    Kind("PNG, 33 megapixels", lambda: images.flat_png(6_600, 5_000), PNG),
    Kind("PNG, 18 megapixels, alpha", lambda: images.flat_png(4_300, 4_200, channels=4), PNG),
    Kind("PNG, 100 megapixels", lambda: images.flat_png(10_000, 10_000, channels=1), PNG, "too_many_pixels"),
    Kind("WebP, 12 megapixels", lambda: images.encode(images.noise(*GRAIN), "WEBP", method=0), WEBP),
    Kind("WebP, 12 megapixels, alpha", lambda: _plain((4_032, 3_024), "WEBP", "LA", method=0), WEBP),
    Kind("WebP, 100 megapixels", lambda: _plain((10_000, 10_000), "WEBP", method=0), WEBP, "too_many_pixels"),
    Kind("AVIF, 12 megapixels", lambda: images.encode(images.noise(*GRAIN), "AVIF", speed=10), AVIF),
    Kind("AVIF, 36 megapixels", lambda: _plain((6_000, 6_000), "AVIF", speed=10), AVIF, "too_many_pixels"),
    Kind("AVIF, 100 megapixels", lambda: _plain((10_000, 10_000), "AVIF", speed=10), AVIF, "too_many_pixels"),
    Kind("GIF, 100 megapixels", lambda: _plain((10_000, 10_000), "GIF", "L"), GIF, "too_many_pixels"),
    Kind("GIF, 20 megapixels", lambda: _plain((5_000, 4_000), "GIF", "L"), GIF),
)
