"""A darkroom that does not answer, in the way its first argument names."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from actors.media.confinement import confine

if __name__ == "__main__":
    how, parent, cpu_seconds = sys.argv[1:]
    confine(int(parent), int(cpu_seconds))
    match how:
        case "hang":
            time.sleep(60)
        case "talk":
            while True:
                sys.stdout.buffer.write(b"x" * 2**20)
        case "tell lies":
            head = {"took": {"cpu_seconds": 1, "peak_bytes": 1}, "width": 1, "height": 1, "placeholder": "AAAA"}
            about: dict[str, object] = {"artist": None, "copyright": None, "licence": None, "taken": {}}
            variants = [("../../originals/x", 1, 1, "text/html", 1)] * 3
            print(json.dumps({**head, **about, "variants": variants}), "xxx", sep="\n", end="", flush=True)
            os._exit(0)
        case "compute":
            while True:
                pass
        case "read a secret":
            Path(f"/proc/{parent}/environ").read_bytes()
        case "call home":
            socket.create_connection(("127.0.0.1", 9))
        case "start a program":
            subprocess.run(["/bin/true"], check=False)
        case "kill its parent":
            os.kill(int(parent), signal.SIGKILL)
    signal.raise_signal({"crash": signal.SIGSEGV, "vanish": signal.SIGKILL}[how])
