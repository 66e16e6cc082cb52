"""The socket as RFC 6455 wants it, category by category and with the numbers of the Autobahn test suite.

It is the gateway that answers, with all its settings; only what it hands frames to says them again. The exceptions are
named in docs/realtime.md. `test_autobahn` runs the suite itself where it is installed. Of its other categories 10 is
what `chop` does here, and 12 and 13 are compression, which is not spoken.
"""

import asyncio
from collections.abc import Mapping

import pytest

from server.realtime import connection
from server.realtime.frames import Limits
from tests.server.realtime.conftest import Live
from tests.server.realtime.echo import Echo
from tests.server.realtime.raw import BINARY, CLOSE, MORE, PING, PONG, TEXT, Heard, announced, closing, converse, frame

BYE = closing(1000)
VALID_TEXT = ("", "κόσμε", "\x00", "\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000")
AFTER = {"afterwards", "twice"}
INVALID_TEXT = (
    b"\x80",  # a continuation without a start
    b"\xbf",
    b"\xc3",  # half a character
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xc0\xaf",  # longer than need be
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xed\xa0\x80",  # surrogates
    b"\xed\xbf\xbf",
    b"\xf4\x90\x80\x80",  # beyond Unicode
    b"\xf8\x88\x80\x80\x80",
    b"\xfe",
    b"\xff",
    "κόσμε".encode() + b"\xf4\x90\x80\x80" + b"edited",
)
FINE_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
BAD_CODES = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535)

Cases = Mapping[str, tuple[bytes, Heard]]


def said(*texts: bytes | str, code: int | None = 1000) -> Heard:
    """These texts, and then the close."""
    return Heard(tuple((TEXT, text.encode() if isinstance(text, str) else text) for text in texts), code)


def wrong(code: int) -> Heard:
    return Heard((), code)


def framing() -> Cases:
    texts = [b"*" * size for size in (0, 1, 125, 126, 127, 128, 65_535, 65_536)]
    return {f"text of {len(text)}": (frame(TEXT, text) + BYE, said(text)) for text in texts}


def pings() -> Cases:
    pongs = tuple((PONG, b"%d" % number) for number in range(10))
    return {
        "empty": (frame(PING) + BYE, Heard(((PONG, b""),), 1000)),
        "binary payload": (frame(PING, b"\x00\xff\xfe") + BYE, Heard(((PONG, b"\x00\xff\xfe"),), 1000)),
        "125 bytes": (frame(PING, b"\xfe" * 125) + BYE, Heard(((PONG, b"\xfe" * 125),), 1000)),
        "126 bytes": (frame(PING, b"\xfe" * 126), wrong(1002)),
        "pong unasked for": (frame(PONG, b"unasked") + frame(TEXT, b"a") + BYE, said(b"a")),
        "ten": (b"".join(frame(PING, payload) for _, payload in pongs) + BYE, Heard(pongs, 1000)),
    }


def reserved_bits() -> Cases:
    return {
        f"bits {rsv} on {opcode}": (frame(opcode, b"x", rsv=rsv), wrong(1002))
        for rsv in range(1, 8)
        for opcode in (TEXT, PING, CLOSE)
    }


def opcodes() -> Cases:
    return {
        f"opcode {opcode} of {len(payload)}": (frame(TEXT, b"a") + frame(opcode, payload), said(b"a", code=1002))
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        for payload in (b"", b"reserved")
    }


def fragments() -> Cases:
    first, last = frame(TEXT, b"fragment1 ", fin=False), frame(MORE, b"fragment2")
    both = b"fragment1 fragment2"
    pong_first = Heard(((PONG, b"inside"), (TEXT, both)), 1000)
    return {
        "two": (first + last + BYE, said(both)),
        "many": (
            first + frame(MORE, b"-", fin=False) * 20 + last + BYE,
            said(b"fragment1 " + b"-" * 20 + b"fragment2"),
        ),
        "all empty": (frame(TEXT, fin=False) + frame(MORE, fin=False) + frame(MORE) + BYE, said(b"")),
        "ping inside": (first + frame(PING, b"inside") + last + BYE, pong_first),
        "pong inside": (first + frame(PONG, b"inside") + last + BYE, said(both)),
        "close inside": (first + BYE, wrong(1000)),
        "a fragmented ping": (frame(PING, b"a", fin=False) + frame(MORE, b"b"), wrong(1002)),
        "a fragmented pong": (frame(PONG, b"a", fin=False) + frame(MORE, b"b"), wrong(1002)),
        "nothing to go on with": (frame(MORE, b"alone"), wrong(1002)),
        "nothing to go on with, more to come": (frame(MORE, b"alone", fin=False) + last, wrong(1002)),
        "text inside text": (first + frame(TEXT, b"another"), wrong(1002)),
        "goes on after the end": (first + last + frame(MORE, b"too late"), said(both, code=1002)),
    }


def utf8() -> Cases:
    text = "κόσμε 𝄞 ÿ".encode()
    halves = {
        f"split at {at}": (frame(TEXT, text[:at], fin=False) + frame(MORE, text[at:]) + BYE, said(text))
        for at in range(len(text) + 1)
    }
    split = frame(TEXT, b"\xf4", fin=False) + frame(MORE, b"\x90\x80\x80")
    valid = {repr(one): (frame(TEXT, one.encode()) + BYE, said(one)) for one in VALID_TEXT}
    invalid = {repr(one): (frame(TEXT, one), wrong(1007)) for one in INVALID_TEXT}
    return halves | valid | invalid | {"invalid over two fragments": (split, wrong(1007))}


def closes() -> Cases:
    return {
        "without a code": (frame(CLOSE), wrong(1000)),
        "one byte": (frame(CLOSE, b"\x03"), wrong(1002)),
        "with a reason": (closing(1000, b"*" * 123), wrong(1000)),
        "too long a reason": (closing(1000, b"*" * 124), wrong(1002)),
        "a reason that is no text": (closing(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80"), wrong(1007)),
        "text afterwards": (BYE + frame(TEXT, b"late"), wrong(1000)),
        "ping afterwards": (BYE + frame(PING, b"late"), wrong(1000)),
        "twice": (BYE + BYE, wrong(1000)),
        **{f"code {code}": (closing(code), wrong(1000)) for code in FINE_CODES},
        **{f"code {code}": (closing(code), wrong(1002)) for code in BAD_CODES},
    }


def limits() -> Cases:
    half = frame(TEXT, b"*" * 32_768, fin=False)
    return {
        "64 KiB in fragments": (half + frame(MORE, b"*" * 32_768) + BYE, said(b"*" * 65_536)),
        "a byte more": (frame(TEXT, b"*" * 65_537), wrong(1009)),
        "a byte more in fragments": (half + frame(MORE, b"*" * 32_769), wrong(1009)),
        "without an end": (half + frame(MORE, b"*" * 32_768, fin=False) * 2, wrong(1009)),
        "announced and never sent": (announced(TEXT, 2**40), wrong(1009)),
        "binary": (frame(BINARY, b"\x00\x01"), wrong(1003)),
        "binary in fragments": (frame(BINARY, b"a", fin=False) + frame(MORE, b"b"), wrong(1003)),
    }


CATEGORIES = {
    "1 framing": framing,
    "2 pings": pings,
    "3 reserved bits": reserved_bits,
    "4 opcodes": opcodes,
    "5 fragments": fragments,
    "6 utf8": utf8,
    "7 closes": closes,
    "9 limits": limits,
}


@pytest.fixture
async def port(live: Live, monkeypatch: pytest.MonkeyPatch) -> int:
    """Where the gateway answers each text with itself."""
    monkeypatch.setattr(live.realtime.gateway, "_dispatch", Echo())
    monkeypatch.setattr(connection, "_LIMITS", Limits(frames_burst=1_000))
    assert live.server.port is not None
    return live.server.port


@pytest.mark.parametrize("chop", [0, 1, 997])
@pytest.mark.parametrize("category", CATEGORIES)
async def test_it_speaks_websocket(port: int, category: str, chop: int) -> None:
    cases = CATEGORIES[category]()
    # Byte by byte what is long would take long; what is sent after a close resets the connection.
    chosen = {
        name: case
        for name, case in cases.items()
        if chop != 1 or (len(case[0]) < 1_000 and not AFTER & set(name.split()))
    }
    heard = await asyncio.gather(*(converse(port, sent, chop=chop) for sent, _ in chosen.values()))
    found = dict(zip(chosen, heard, strict=True))
    assert {name: one for name, one in found.items() if not fits(one, chosen[name][1], chop)} == {}


def fits(heard: Heard, expected: Heard, chop: int) -> bool:
    """Whoever goes on sending after a fault may find the connection reset instead of reading why."""
    is_reset = bool(chop) and heard.code is None and expected.code != 1000
    return heard == expected or (is_reset and heard.frames == expected.frames[: len(heard.frames)])


async def test_exceptions_are_those_that_the_documentation_names(port: int) -> None:
    not_masked, long_for_short = frame(TEXT, b"a", masked=False), b"\x81\xfe\x00\x01" + b"\x00" * 4 + b"a"
    heard = await asyncio.gather(*(converse(port, sent + BYE) for sent in (not_masked, long_for_short)))
    assert heard == [said(b"a")] * 2
