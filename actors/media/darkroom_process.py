"""The process in which one picture is developed.

`python -m actors.media.darkroom_process <content type> <parent's pid> <CPU seconds>` reads the original from its
input and writes a line of JSON, then the variants one after the other.
"""

import ctypes
import json
import os
import resource
import signal
import sys

from actors.media.developing import develop
from actors.media.picture import Rejected

ADDRESS_SPACE = 320 * 2**20
"""A picture's memory budget, Python and Pillow (50 MB), the original (20) and the variants (40)."""

_PR_SET_PDEATHSIG = 1


def confine(parent: int, cpu_seconds: int) -> None:
    """Die with the parent, and take no more than a share of this machine."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(content_type: str, parent: str, cpu_seconds: str) -> None:
    """Develop what comes in."""
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
