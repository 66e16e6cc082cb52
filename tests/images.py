"""Pictures of every kind a person, or somebody who means harm, may upload."""

import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageDraw
from PIL.TiffImagePlugin import IFDRational

ARTIST, COPYRIGHT, ORIENTATION, MAKE, MODEL, SOFTWARE = 0x013B, 0x8298, 0x0112, 0x010F, 0x0110, 0x0131
EXIF_IFD, GPS_IFD = 0x8769, 0x8825
SERIAL, LENS_SERIAL, MAKER_NOTE = 0xA431, 0xA435, 0x927C
LENS_MODEL, F_NUMBER, EXPOSURE, ISO, FOCAL_LENGTH = 0xA434, 0x829D, 0x829A, 0x8827, 0x920A

SECRETS = (
    b"SN-4711",
    b"LENS-0815",
    b"MAKER-NOTE",
    b"Secret Street",
    b"35.6762",
    b"SpyCam",
    b"C0MMENT",
)
"""What `photograph` hides in its metadata and nobody may find in a variant."""

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"
 xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:cc="http://creativecommons.org/ns#"
 exif:GPSLatitude="35.6762N" aux:SerialNumber="SN-4711"
 xmpRights:WebStatement="https://creativecommons.org/licenses/by/4.0/">
<cc:license rdf:resource="https://creativecommons.org/licenses/by/4.0/"/>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Ada Lovelace</rdf:li></rdf:Alt></dc:rights>
<exif:GPSLongitude>Secret Street</exif:GPSLongitude>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()


def scene(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    """A gradient with a red square in its upper left corner, so that one can tell which way is up."""
    image = Image.merge(
        "RGB",
        [
            Image.linear_gradient("L").resize((width, height)),
            Image.linear_gradient("L").rotate(90).resize((width, height)),
            Image.new("L", (width, height), 120),
        ],
    )
    square = max(1, min(width, height) // 4)
    ImageDraw.Draw(image).rectangle((0, 0, square - 1, square - 1), fill=(230, 20, 20))
    return image if mode == "RGB" else image.convert(mode)


def noise(width: int, height: int) -> Image.Image:
    """As much detail as a real photograph: the gradient under a grain."""
    grain = Image.effect_noise((width // 4, height // 4), 40).resize((width, height), Image.Resampling.BICUBIC)
    return Image.blend(scene(width, height), Image.merge("RGB", [grain, grain, grain]), 0.3)


def encode(image: Image.Image, format_: str = "JPEG", **options: Any) -> bytes:
    """The image as a file."""
    file = BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


@cache
def srgb_profile() -> bytes:
    """An ICC profile for RGB; the same one every time, though it tells when it was made."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(orientation: int = 1) -> Image.Exif:
    """EXIF with rights to keep, and with a place, serial numbers and a maker's note to leave behind."""
    block = Image.Exif()
    block[ORIENTATION] = orientation
    block[ARTIST] = "Ada Lovelace"
    block[COPYRIGHT] = "© 2026 Ada Lovelace".encode()
    block[MAKE], block[MODEL], block[SOFTWARE] = "Spy", "Spy Cam 3", "SpyCam 2"
    block.get_ifd(EXIF_IFD).update({SERIAL: "SN-4711", LENS_SERIAL: "LENS-0815", MAKER_NOTE: b"MAKER-NOTE" * 20})
    block.get_ifd(EXIF_IFD).update(
        {LENS_MODEL: "35mm F2.8", F_NUMBER: 2.8, EXPOSURE: IFDRational(1, 250), ISO: 400, FOCAL_LENGTH: 35.0}
    )
    block.get_ifd(GPS_IFD).update({1: "N", 2: (35.0, 40.0, 34.3), 3: "E", 4: (139.0, 39.0, 1.0), 29: "Secret Street"})
    return block


def photograph(width: int = 640, height: int = 480, *, orientation: int = 1, **options: Any) -> bytes:
    """A JPEG as a camera writes it: EXIF with GPS and serials, XMP, a colour profile and a comment.

    It *shows* a width × height scene: the stored pixels are turned the way `orientation` says.
    """
    image = scene(width, height)
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = image.transpose(stored[orientation]) if orientation in stored else image
    said: dict[str, Any] = {"exif": exif(orientation), "xmp": XMP, "icc_profile": srgb_profile(), "comment": b"C0MMENT"}
    return encode(image, **{"quality": 90} | said | options)


def text_file() -> bytes:
    """No picture at all, whatever its name says."""
    return b"Dear server,\nthis is a text file called holiday.jpg.\n" * 40


def png_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A few kilobytes that claim, truthfully for the first rows, to be billions of pixels."""
    rows = zlib.compress(b"\0" * 4_000_000, 9)
    return png(struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), rows)


def png_16_bit(width: int = 64, height: int = 48, *, channels: int = 1) -> bytes:
    """16 bits a channel, from black at the left to white at the right; one channel or three."""
    row = b"".join(struct.pack(">H", 65_535 * x // (width - 1)) * channels for x in range(width))
    kind = {1: 0, 3: 2}[channels]
    return png(struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0), zlib.compress((b"\0" + row) * height))


def flat_png(width: int, height: int, *, channels: int = 3) -> bytes:
    """A PNG of one colour, made without ever having all of its pixels."""
    deflating = zlib.compressobj(1)
    row = b"\0" + b"\x78" * (width * channels)
    body = b"".join([*(deflating.compress(row) for _ in range(height)), deflating.flush()])
    kind = {1: 0, 3: 2, 4: 6}[channels]
    return png(struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0), body)


def png(header: bytes, data: bytes) -> bytes:
    """A PNG of this IHDR and this IDAT."""
    chunks = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


def animation(format_: str = "GIF", size: tuple[int, int] = (80, 60)) -> bytes:
    """Three frames: red, green, blue."""
    first, *others = [Image.new("RGB", size, colour) for colour in ("red", "lime", "blue")]
    return encode(first, format_, save_all=True, append_images=others, duration=100)


def polyglot() -> bytes:
    """A sound JPEG with a script and an archive behind it."""
    return photograph(200, 150) + b"<script>alert(1)</script>PK\x03\x04" + b"\0" * 2_000


def two_pictures() -> bytes:
    """A JPEG that holds a second one, as cameras write them (MPO)."""
    return encode(scene(), "MPO", save_all=True, append_images=[scene(320, 240)])


def gif_claiming(width: int, height: int) -> bytes:
    """A GIF of one small frame on a canvas of this size."""
    file = encode(Image.new("P", (8, 8)), "GIF")
    return file[:6] + struct.pack("<HH", width, height) + file[10:]


def png_with_inflating(chunk: bytes, head: bytes) -> bytes:
    """A PNG with a chunk (`zTXt`, `iCCP`) that inflates from 60 KB to 60 MB."""
    file = encode(scene(64, 48), "PNG")
    body = head + zlib.compress(b"\0" * 60_000_000, 9)
    bomb = struct.pack(">I", len(body)) + chunk + body + struct.pack(">I", zlib.crc32(chunk + body))
    return file[:33] + bomb + file[33:]


def press_profile() -> bytes:
    """An ICC profile for CMYK in which cyan ink alone prints as red: whoever ignores it, is seen to."""
    inks = [(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    lab = b"".join(
        bytes((135, 208, 195)) if ink == (1, 0, 0, 0) else bytes((255 - 60 * sum(ink), 128, 128)) for ink in inks
    )
    identity = struct.pack(">9i", *(65_536 if i % 4 == 0 else 0 for i in range(9)))
    straight = bytes(range(256))
    table = b"mft1" + struct.pack(">IBBBB", 0, 4, 3, 2, 0) + identity + straight * 4 + lab + straight * 3
    head = struct.pack(">I4sI4s4s4s", 132 + 12 + len(table), b"", 0x0210_0000, b"prtr", b"CMYK", b"Lab ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + struct.pack(">III", 0xF6D6, 0x1_0000, 0xD32D)
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(table))
    return head.ljust(128, b"\0") + tags + table


def same_size(*files: bytes) -> list[bytes]:
    """These files, the shorter ones with nothing that matters behind them, so that all are equally long."""
    return [file.ljust(max(map(len, files)), b"\0") for file in files]
