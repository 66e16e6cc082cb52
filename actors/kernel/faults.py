"""Named points at which a test may let this process die: killed, as by a power cut."""

import os
import signal

from actors.settings import Settings


def reach(point: str, settings: Settings) -> None:
    """This point is reached; `VITRINE_FAULT` says whether to die here."""
    if point == settings.fault:
        os.kill(os.getpid(), signal.SIGKILL)
