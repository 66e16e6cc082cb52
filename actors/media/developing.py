"""A picture's bytes become the sizes people see: checked, upright, and stripped of all but whose it is.

Pure work on bytes that knows nothing of uploads. The darkroom runs it, in a process that may die of it.
"""

from base64 import b64encode
from io import BytesIO

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from actors.media.colours import eight_bit, to_rgb
from actors.media.picture import BYTES_A_PIXEL, EDGES, MEMORY_BUDGET, Picture, Rejected, Variant
from actors.media.rights import Rights, read_rights
from actors.media.taken import read_taken
from actors.media.thumbhash import thumbhash
from actors.media.webp import webp_size

_FORMATS = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"} | {
    "AVIF": "image/avif",
    "GIF": "image/gif",
}
_PLUGINS = (AvifImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
_GAP = 1.5
"""A JPEG is decoded at 1/2, 1/4 or 1/8 as long as this many times the wanted size is left."""
_NEAR = 0.95
"""Or where that alone comes so near to the wanted size: a camera's 4,000 pixels become 2,000 for a tenth of the time
in which they become 2,048."""

Image.MAX_IMAGE_PIXELS = None  # it only warns below twice its bound; ours is by memory, and refuses


def develop(original: bytes, content_type: str) -> Picture:
    """Make every variant of a picture that claims to be of this type.

    Raises `Rejected` with `not_an_image`, `type_mismatch`, `too_many_pixels` or `broken_image`.
    """
    image = _open(original, content_type)
    try:
        width, height = image.size
        rights, taken = read_rights(image), read_taken(image)
        turn = _turn(image)
        if turn in {5, 6, 7, 8}:
            width, height = height, width
        profile = image.info.get("icc_profile")
        decoded = _decoded(image)
        del image  # and with it a decoder that may hold two more canvases
        largest, profile = _reduced(decoded, profile, turn)
    except Rejected:
        raise
    except MemoryError:
        raise Rejected("too_many_pixels", "the memory did not suffice") from None
    except Exception as error:
        # Decoders of hostile bytes raise whatever they like: struct.error, SyntaxError, ZeroDivisionError …
        raise Rejected("broken_image", repr(error)) from error
    variants = tuple(_variant(name, edge, largest, rights, profile) for name, edge in EDGES.items())
    about = (rights.artist, rights.copyright, rights.licence, taken)
    return Picture(width, height, _placeholder(largest), *about, variants)


def _open(original: bytes, content_type: str) -> ImageFile.ImageFile:
    if content_type == "image/webp" and (size := webp_size(original)):
        _afford(*size, BYTES_A_PIXEL[content_type] * size[0] * size[1])  # its decoder takes the canvas to begin with
    try:
        image = Image.open(BytesIO(original), formats=tuple(format_ for format_ in _FORMATS if format_ != "MPO"))
    except UnidentifiedImageError:
        raise Rejected("not_an_image") from None
    except Exception as error:
        raise Rejected("broken_image", repr(error)) from error
    found = _FORMATS[image.format or ""]
    if found != content_type:
        raise Rejected("type_mismatch", f"signed as {content_type}, is {found}")
    _afford(*image.size, _memory(image, found, len(original)))
    return image


def _afford(width: int, height: int, memory: int) -> None:
    if memory > MEMORY_BUDGET:
        raise Rejected("too_many_pixels", f"{width} x {height}")


def _memory(image: ImageFile.ImageFile, content_type: str, size: int) -> int:
    """Bytes that decoding this file of `size` bytes takes."""
    pixels = image.width * image.height
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        is_plain = content_type == "image/png" and image.mode in {"L", "RGB"} and "transparency" not in image.info
        return pixels * (6 if is_plain else BYTES_A_PIXEL[content_type])
    decoded = pixels * 4 // _shrinking(image) ** 2 + size
    if not image.info.get("progressive"):
        return decoded
    samples = [across * down for _, across, down, _ in image.layer]
    return decoded + 2 * pixels * sum(samples) // max(samples)  # every coefficient, until the last scan


def _shrinking(image: ImageFile.ImageFile) -> int:
    """1, 2, 4 or 8: by which a JPEG is made smaller while it is decoded."""
    longer, wanted = max(image.size), EDGES["full"]
    for factor in (8, 4, 2):
        left = longer // factor
        if left >= wanted * _GAP or wanted * _NEAR <= left <= wanted:
            return factor
    return 1


def _turn(image: Image.Image) -> int:
    try:
        turn = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  a picture whose EXIF cannot be read is shown as it lies
        return 1
    return turn if isinstance(turn, int) else 1


def _decoded(image: ImageFile.ImageFile) -> Image.Image:
    """The pixels, of a JPEG no more than needed, in a mode that can be resampled."""
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        factor = _shrinking(image)
        image.draft(None, (max(1, image.width // factor), max(1, image.height // factor)))
        image.load()
        return image
    pixels = eight_bit(image)
    return image.copy() if pixels is image and image.format in {"WEBP", "AVIF"} else pixels


def _reduced(small: Image.Image, profile: bytes | None, turn: int) -> tuple[Image.Image, bytes | None]:
    """The largest variant as plain RGB or RGBA pixels, upright, and the colour profile they are in."""
    edge = (EDGES["full"], EDGES["full"])
    small.thumbnail(edge, Image.Resampling.LANCZOS, reducing_gap=_GAP)
    small, profile = to_rgb(small, profile)
    if small.mode == "RGBA" and small.getchannel("A").getextrema() == (255, 255):
        small = small.convert("RGB")  # many an editor writes an alpha channel that says nothing
    if turn in _UPRIGHT:
        small = small.transpose(_UPRIGHT[turn])
    clean = Image.new(small.mode, small.size)  # the savers also write what they find in `info`
    clean.paste(small)
    return clean, profile


def _variant(name: str, edge: int, largest: Image.Image, rights: Rights, profile: bytes | None) -> Variant:
    image = largest
    if max(image.size) > edge:
        image = largest.copy()
        image.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=3.0)
    file = BytesIO()
    if name == "full" and image.mode == "RGB":
        content_type = "image/jpeg"
        image.save(
            file,
            "JPEG",
            quality=85,
            progressive=True,
            exif=rights.exif,
            xmp=rights.xmp,
            icc_profile=profile,
        )
    else:
        content_type = "image/webp"
        image.save(file, "WEBP", quality=80, method=2, exif=rights.exif, xmp=rights.xmp, icc_profile=profile)
    return Variant(name, *image.size, content_type, file.getvalue())


def _placeholder(largest: Image.Image) -> str:
    small = largest.copy()
    small.thumbnail((32, 32), Image.Resampling.BOX, reducing_gap=2.0)
    return b64encode(thumbhash(*small.size, small.convert("RGBA").tobytes())).decode()
