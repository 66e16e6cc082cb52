"""A darkroom that does not answer, in the way its first argument names."""

import signal
import sys
import time

from actors.media.confinement import confine

if __name__ == "__main__":
    how, parent, cpu_seconds = sys.argv[1:]
    confine(int(parent), int(cpu_seconds))
    if how == "hang":
        time.sleep(60)
    signal.raise_signal({"crash": signal.SIGSEGV, "vanish": signal.SIGKILL}[how])
