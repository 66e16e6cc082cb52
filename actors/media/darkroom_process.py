"""The process in which one picture is developed.

`python -m actors.media.darkroom_process <content type> <parent's pid> <CPU seconds>` reads the original from its
input and writes a line of JSON, then the variants one after the other. The line also says what it took.
"""

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, MpoImagePlugin, TiffImagePlugin

from actors.media.confinement import confine
from actors.media.developing import develop
from actors.media.picture import Rejected, Variant

Image.preinit()
LATER = (ImageOps, MpoImagePlugin, TiffImagePlugin)
"""What Pillow imports only when a picture needs it, which is too late for a process that opens no file."""


def main(content_type: str, parent: str, cpu_seconds: str) -> None:
    """Develop what comes in."""
    warnings.simplefilter("ignore")  # to show one is to open its source
    with Path("/proc/self/status").open("rb", buffering=0) as status:
        confine(int(parent), int(cpu_seconds))
        variants: tuple[Variant, ...] = ()
        try:
            picture = develop(sys.stdin.buffer.read(), content_type)
        except Rejected as no:
            answer: dict[str, Any] = {"rejected": no.reason, "detail": no.detail}
        else:
            variants = picture.variants
            answer = picture._asdict() | {"variants": [(*v[:-1], len(v.data)) for v in variants]}
        took = {"cpu_seconds": time.process_time(), "peak_bytes": _peak(status.read())}
    out = sys.stdout.buffer
    out.write(json.dumps({"took": took, **answer}).encode() + b"\n")
    for variant in variants:
        out.write(variant.data)


def _peak(status: bytes) -> int:
    """The most this process has held. Its resource usage would say what its parent held when it began."""
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(b"VmHWM"))


if __name__ == "__main__":
    main(*sys.argv[1:])
