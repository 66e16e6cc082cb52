"""Every way to store colours, brought down to 8-bit RGB or RGBA."""

from io import BytesIO

from PIL import Image, ImageCms

_SIXTEEN_TO_EIGHT = [value >> 8 for value in range(65_536)]
_LARGEST_PROFILE = 65_536
"""Screen profiles take 0.5 to 4 KB; a printer's megabytes would weigh more than the picture."""


def eight_bit(image: Image.Image) -> Image.Image:
    """The image (of an animation: its first frame) in a mode that can be resampled: L, RGB, RGBA or CMYK."""
    if image.mode.startswith("I"):
        return image.convert("I").point(_SIXTEEN_TO_EIGHT, "L")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    is_fit = image.mode == mode or (mode == "RGB" and image.mode in {"L", "CMYK"})
    return image if is_fit else image.convert(mode)


def to_rgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bytes | None]:
    """The image in RGB or RGBA and the profile its numbers are meant in: its own if that is an RGB profile.

    Other profiles (a press's CMYK, a scanner's grey) are applied: the result is sRGB and needs none.
    """
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    if not profile:
        return image.convert(target), None
    is_rgb = profile[16:20] == b"RGB "
    if is_rgb and len(profile) <= _LARGEST_PROFILE:
        return image.convert(target), profile
    if is_rgb:
        image = image.convert(target)
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        applied = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=target)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert(target), None
    assert applied is not None
    return applied, None
