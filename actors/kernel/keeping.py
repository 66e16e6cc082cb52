"""How much of the live log is kept for processes that start: it is their window for those who come back.

What is ephemeral may be thousands of entries a second and would push everything else out of any bound. So the rest is
written twice: to the log, which is as long as a process that follows it may lag behind, and to a second stream of the
same ids, which is kept for the whole window.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from actors.kernel.streams import KEPT, LIVE, Pipe

FOLLOWED_ENTRIES = 120_000
"""Entries of the log itself: at ten thousand a second, twelve seconds."""
KEPT_ENTRIES = 50_000
KEPT_FOR = timedelta(minutes=11)
"""Ten minutes, and one for clocks that differ."""
KEPT_BYTES = 128 << 20
"""Over this the oldest go, whatever their age."""
STEP = 1_000
"""Entries let go at once; so many more than need be may be there."""

Send = Callable[[Pipe], Awaitable[Sequence[Any]]]


async def trim(send: Send) -> None:
    """Let go of what is older than ten minutes *and* beyond the latest 50,000, and of what is over the cap of bytes."""
    pipe = Pipe()
    pipe.add("XTRIM", LIVE, "MAXLEN", "~", FOLLOWED_ENTRIES)
    await send(pipe)
    while await _let_go(send):
        pass


async def _let_go(send: Send) -> bool:
    """Let some of the oldest go, if they may. True: there may be more."""
    pipe = Pipe()
    pipe.add("XLEN", KEPT)
    pipe.add("MEMORY", "USAGE", KEPT)
    length, size = await send(pipe)
    if length <= STEP:
        return False
    is_too_big = size > KEPT_BYTES
    if not is_too_big and length - STEP < KEPT_ENTRIES:
        return False
    pipe = Pipe()
    pipe.add("XRANGE", KEPT, "-", "+", "COUNT", STEP)
    ((*_, (last_id, fields)),) = await send(pipe)
    if not is_too_big and _at(fields) >= datetime.now(UTC) - KEPT_FOR:
        return False
    pipe = Pipe()
    pipe.add("XTRIM", KEPT, "MINID", last_id)
    await send(pipe)
    return True


def _at(fields: Sequence[bytes]) -> datetime:
    return datetime.fromisoformat(dict(zip(fields[::2], fields[1::2], strict=True))[b"a"].decode())
