"""Pictures of every kind: each comes out right, or is rejected with a reason."""

import hashlib
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageCms
from PIL.ExifTags import IFD
from PIL.PngImagePlugin import PngInfo

from actors.media.developing import develop
from actors.media.picture import Picture, Rejected
from tests import images

JPEG, PNG, WEBP, GIF, AVIF = (f"image/{name}" for name in ("jpeg", "png", "webp", "gif", "avif"))


def opened(picture: Picture, name: str = "full") -> Image.Image:
    """One variant, decoded, after checking that it is what it says."""
    (variant,) = [variant for variant in picture.variants if variant.name == name]
    image = Image.open(BytesIO(variant.data))
    image.load()
    assert image.size == (variant.width, variant.height)
    assert Image.MIME[image.format or ""] == variant.content_type
    return image


def near(pixel: object, colour: tuple[int, ...], tolerance: int = 40) -> bool:
    """Whether a pixel has about that colour."""
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=False))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_shown_upright_in_every_orientation(orientation: int) -> None:
    picture = develop(images.photograph(640, 480, orientation=orientation), JPEG)
    assert (picture.width, picture.height) == (640, 480)
    for name, size in (("thumb", (320, 240)), ("card", (640, 480)), ("full", (640, 480))):
        image = opened(picture, name).convert("RGB")
        assert image.size == size
        assert near(image.getpixel((size[0] // 20, size[1] // 20)), (230, 20, 20)), "the red corner is upper left"
        assert image.getexif().get(images.ORIENTATION, 1) == 1


def test_place_serials_and_comments_are_gone_while_rights_and_colours_stay() -> None:
    original = images.photograph()
    for secret in images.SECRETS:
        assert secret in original, "the test is worth nothing if it was not there"
    picture = develop(original, JPEG)
    assert (picture.artist, picture.copyright) == ("Ada Lovelace", "© 2026 Ada Lovelace")
    assert picture.licence == "https://creativecommons.org/licenses/by/4.0/"
    for variant in picture.variants:
        for secret in images.SECRETS:
            assert secret not in variant.data
        image = Image.open(BytesIO(variant.data))
        exif = image.getexif()
        assert set(exif) == {images.ARTIST, images.COPYRIGHT}
        assert not exif.get_ifd(IFD.GPSInfo)
        assert image.info["icc_profile"] == images.srgb_profile()
        xmp = image.info["xmp"].decode()
        assert "© Ada Lovelace" in xmp
        assert "https://creativecommons.org/licenses/by/4.0/" in xmp
        assert "exif" not in xmp.lower().replace("xmlns", "")


def test_rights_in_xmp_alone_or_in_text_of_a_png_are_found() -> None:
    by_xmp = develop(images.encode(images.scene(), xmp=images.XMP), JPEG)
    assert by_xmp.licence == "https://creativecommons.org/licenses/by/4.0/"
    said = PngInfo()
    said.add_text("Copyright", "© Grace")
    said.add_text("Author", "Grace Hopper")
    by_text = develop(images.encode(images.scene(), "PNG", pnginfo=said), PNG)
    assert (by_text.artist, by_text.copyright) == ("Grace Hopper", "© Grace")


@pytest.mark.parametrize(
    "xmp",
    [
        b"<not xml",
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>',
        images.XMP.decode().encode("utf-16"),
        b"\xff\xfe\x00",
    ],
)
def test_xmp_that_cannot_be_trusted_counts_as_none(xmp: bytes) -> None:
    picture = develop(images.encode(images.scene(), xmp=xmp), JPEG)
    assert picture.licence is None
    assert all("xmp" not in Image.open(BytesIO(variant.data)).info for variant in picture.variants)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_does_not_cost_the_picture() -> None:
    picture = develop(images.encode(images.scene(), exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage"), JPEG)
    assert picture.artist is None
    assert opened(picture).size == (640, 480)


@pytest.mark.parametrize(
    ("make", "content_type", "reason"),
    [
        (images.text_file, JPEG, "not_an_image"),
        (lambda: b"", JPEG, "not_an_image"),
        (lambda: b"\xff\xd8\xff\xe0", JPEG, "not_an_image"),
        (lambda: b"BM" + images.encode(images.scene(), "BMP")[2:], JPEG, "not_an_image"),
        (lambda: images.encode(images.scene(), "PNG"), JPEG, "type_mismatch"),
        (images.photograph, WEBP, "type_mismatch"),
        (images.animation, PNG, "type_mismatch"),
        (lambda: images.photograph()[:9_000], JPEG, "broken_image"),
        (lambda: images.encode(images.scene(), "PNG")[:1_500], PNG, "broken_image"),
        (lambda: images.encode(images.scene(), "WEBP")[:1_500], WEBP, "broken_image"),
        (images.png_bomb, PNG, "too_many_pixels"),
        (lambda: images.png_bomb(4_000, 4_000), PNG, "broken_image"),
    ],
)
def test_what_is_no_picture_is_rejected_with_its_reason(
    make: Callable[[], bytes], content_type: str, reason: str
) -> None:
    with pytest.raises(Rejected) as no:
        develop(make(), content_type)
    assert no.value.reason == reason


@pytest.mark.parametrize(("name", "content_type"), [("PNG", PNG), ("WEBP", WEBP), ("AVIF", AVIF), ("JPEG", JPEG)])
def test_every_type_comes_out_looking_the_same(name: str, content_type: str) -> None:
    image = opened(develop(images.encode(images.scene(), name, quality=90), content_type)).convert("RGB")
    for point in ((20, 20), (600, 40), (40, 440), (600, 440)):
        seen = images.scene().getpixel(point)
        assert isinstance(seen, tuple)
        assert near(image.getpixel(point), seen, 16)


def test_a_press_picture_in_cmyk_comes_out_in_its_colours() -> None:
    image = opened(develop(images.encode(images.scene(mode="CMYK"), quality=95), JPEG))
    assert image.mode == "RGB"
    assert near(image.getpixel((20, 20)), (230, 20, 20))


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_a_channel_keep_their_shades(channels: int) -> None:
    image = opened(develop(images.png_16_bit(256, 64, channels=channels), PNG))
    for x in (8, 128, 248):
        assert near(image.getpixel((x, 32)), (x, x, x), 8)


@pytest.mark.parametrize(("name", "content_type"), [("GIF", GIF), ("WEBP", WEBP), ("PNG", PNG), ("AVIF", AVIF)])
def test_of_an_animation_the_first_frame_is_shown(name: str, content_type: str) -> None:
    image = opened(develop(images.animation(name), content_type)).convert("RGB")
    assert near(image.getpixel((40, 30)), (255, 0, 0))


def test_transparency_is_kept() -> None:
    scene = images.scene(mode="RGBA")
    scene.putalpha(0)
    picture = develop(images.encode(scene, "PNG"), PNG)
    for name in ("thumb", "card", "full"):
        pixel = opened(picture, name).getpixel((5, 5))
        assert isinstance(pixel, tuple)
        assert pixel[3] == 0


def test_one_pixel_is_a_picture_too() -> None:
    picture = develop(images.encode(images.scene(1, 1), "PNG"), PNG)
    assert (picture.width, picture.height) == (1, 1)
    assert all((variant.width, variant.height) == (1, 1) for variant in picture.variants)


def test_a_thread_of_pixels_keeps_its_breadth() -> None:
    picture = develop(images.encode(images.scene(4_000, 2), "PNG"), PNG)
    assert [variant.width for variant in picture.variants] == [320, 960, 2048]
    assert all(variant.height >= 1 for variant in picture.variants)


def test_what_hides_behind_a_picture_stays_behind() -> None:
    picture = develop(images.polyglot(), JPEG)
    assert all(b"<script>" not in variant.data and b"PK" not in variant.data for variant in picture.variants)


def test_a_wide_gamut_profile_stays_and_a_grey_one_is_applied() -> None:
    grey = Image.linear_gradient("L")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    image = opened(develop(images.encode(grey, icc_profile=profile), JPEG))
    assert image.mode == "RGB"
    assert "icc_profile" not in image.info


def test_the_same_bytes_develop_to_the_same_bytes() -> None:
    first, again = (develop(images.photograph(), JPEG) for _ in range(2))
    assert [hashlib.sha256(v.data).digest() for v in first.variants] == [
        hashlib.sha256(v.data).digest() for v in again.variants
    ]


def test_variants_are_three_and_never_larger_than_the_original() -> None:
    picture = develop(images.encode(images.scene(3_000, 1_500), quality=80), JPEG)
    assert [(v.name, v.width, v.height) for v in picture.variants] == [
        ("thumb", 320, 160),
        ("card", 960, 480),
        ("full", 2048, 1024),
    ]
    assert len(b64decode(picture.placeholder)) <= 30
