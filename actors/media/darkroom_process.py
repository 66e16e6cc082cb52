"""The process in which one picture is developed.

`python -m actors.media.darkroom_process <content type> <parent's pid> <CPU seconds>` reads the original from its
input and writes a line of JSON, then the variants one after the other.
"""

import json
import sys
import warnings

from PIL import Image, ImageOps, MpoImagePlugin, TiffImagePlugin

from actors.media.confinement import confine
from actors.media.developing import develop
from actors.media.picture import Rejected

Image.preinit()
LATER = (ImageOps, MpoImagePlugin, TiffImagePlugin)
"""What Pillow imports only when a picture needs it, which is too late for a process that opens no file."""


def main(content_type: str, parent: str, cpu_seconds: str) -> None:
    """Develop what comes in."""
    warnings.simplefilter("ignore")  # to show one is to open its source
    confine(int(parent), int(cpu_seconds))
    out = sys.stdout.buffer
    try:
        picture = develop(sys.stdin.buffer.read(), content_type)
    except Rejected as no:
        out.write(json.dumps({"rejected": no.reason, "detail": no.detail}).encode() + b"\n")
        return
    answer = picture._asdict() | {"variants": [(*v[:-1], len(v.data)) for v in picture.variants]}
    out.write(json.dumps(answer).encode() + b"\n")
    for variant in picture.variants:
        out.write(variant.data)


if __name__ == "__main__":
    main(*sys.argv[1:])
