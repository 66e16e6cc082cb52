"""Whose a picture is: what of its metadata stays when all the rest is left behind."""

import contextlib
from copy import deepcopy
from typing import NamedTuple
from xml.etree import ElementTree

from PIL import Image, ImageFile, IptcImagePlugin

_ARTIST, _COPYRIGHT = 0x013B, 0x8298
_IPTC_BYLINE, _IPTC_COPYRIGHT = (2, 80), (2, 116)
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": _RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "cc": "http://creativecommons.org/ns#",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
}
_KEPT = frozenset(
    f"{{{_NAMESPACES[prefix]}}}{name}"
    for prefix, names in {
        "dc": ("rights", "creator"),
        "xmpRights": ("Marked", "WebStatement", "UsageTerms", "Owner"),
        "cc": ("license", "attributionName", "attributionURL"),
        "photoshop": ("Credit",),
    }.items()
    for name in names
)
_LICENCES = (f"{{{_NAMESPACES['cc']}}}license", f"{{{_NAMESPACES['xmpRights']}}}WebStatement")
_TEXT_LIMIT, _PACKET_LIMIT = 500, 8_192

for _prefix, _uri in _NAMESPACES.items():
    ElementTree.register_namespace(_prefix, _uri)


class Rights(NamedTuple):
    """Artist, copyright notice and licence address as plain text.

    `xmp` is a packet of nothing but such statements, in whole.
    """

    artist: str | None = None
    copyright: str | None = None
    licence: str | None = None
    xmp: bytes = b""

    @property
    def exif(self) -> bytes:
        """The EXIF block of a picture that says only this; empty when there is nothing to say."""
        tags = {_ARTIST: self.artist, _COPYRIGHT: self.copyright}
        exif = Image.Exif()
        exif.update({tag: text.encode() for tag, text in tags.items() if text})
        return exif.tobytes() if len(exif) else b""


def read_rights(image: ImageFile.ImageFile) -> Rights:
    """Find them in EXIF, IPTC, PNG's text and XMP. Metadata that cannot be read counts as none."""
    artist, copyright_ = None, None
    with contextlib.suppress(Exception):
        exif = image.getexif()
        artist, copyright_ = one_line(exif.get(_ARTIST)), one_line(exif.get(_COPYRIGHT))
    with contextlib.suppress(Exception):
        iptc = IptcImagePlugin.getiptcinfo(image) or {}
        artist = artist or one_line(iptc.get(_IPTC_BYLINE))
        copyright_ = copyright_ or one_line(iptc.get(_IPTC_COPYRIGHT))
    artist = artist or one_line(image.info.get("Author"))
    copyright_ = copyright_ or one_line(image.info.get("Copyright"))
    licence, xmp = None, b""
    with contextlib.suppress(Exception):
        licence, xmp = _packet(image.info.get("xmp", b""))
    return Rights(artist, copyright_, licence, xmp)


def one_line(value: object) -> str | None:
    """One line of printable text, or None. EXIF is read as Latin-1, though UTF-8 is what most write."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    elif isinstance(value, str):
        with contextlib.suppress(UnicodeError):
            value = value.encode("latin-1").decode("utf-8")
    if not isinstance(value, str):
        return None
    line = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return line[:_TEXT_LIMIT] or None


def _packet(xmp: bytes | str) -> tuple[str | None, bytes]:
    """The licence's address and the kept statements as a packet of their own."""
    source = (xmp if isinstance(xmp, str) else xmp.decode()).strip("\0 \n")
    if not source or "<!" in source:
        return None, b""
    root = ElementTree.fromstring(source)  # noqa: S314  without a DTD, refused above, there are no entities
    kept = ElementTree.Element(f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    for description in root.iter(f"{{{_RDF}}}Description"):
        kept.attrib.update({name: value for name, value in description.attrib.items() if name in _KEPT})
        kept.extend([deepcopy(child) for child in description if child.tag in _KEPT])
    if len(kept.attrib) == 1 and not len(kept):
        return None, b""
    meta = ElementTree.Element(f"{{{_NAMESPACES['x']}}}xmpmeta")
    ElementTree.SubElement(meta, f"{{{_RDF}}}RDF").append(kept)
    packet = ElementTree.tostring(meta, encoding="unicode").encode()
    licence = next(filter(None, (_statement(kept, name) for name in _LICENCES)), None)
    return licence, packet if len(packet) <= _PACKET_LIMIT else b""


def _statement(description: ElementTree.Element, name: str) -> str | None:
    child = description.find(name)
    inner = None if child is None else child.get(f"{{{_RDF}}}resource") or child.text
    return one_line(description.get(name) or inner)
