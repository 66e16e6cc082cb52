"""Frames as bytes, WebSocket header included: made once, then written to any number of sockets as they are."""

from collections.abc import Iterable
from struct import Struct

import orjson
from pydantic import BaseModel

from server.realtime.entries import Entry

_TEXT, _CLOSE, _PONG = 0x81, 0x88, 0x8A
_SHORT, _MEDIUM, _LONG = Struct("!BB"), Struct("!BBH"), Struct("!BBQ")
_CLOSE_CODE = Struct("!H")


def _framed(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return _SHORT.pack(opcode, size) + payload
    if size < 65536:
        return _MEDIUM.pack(opcode, 126, size) + payload
    return _LONG.pack(opcode, 127, size) + payload


def text_frame(model: BaseModel) -> bytes:
    """A text frame that holds this model."""
    return _framed(_TEXT, model.model_dump_json(by_alias=True).encode())


def close_frame(code: int, reason: str) -> bytes:
    """The close frame; reasons are short ASCII words."""
    return _framed(_CLOSE, _CLOSE_CODE.pack(code) + reason.encode())


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping of the WebSocket protocol itself, which echoes its payload."""
    return _framed(_PONG, bytes(payload))


def ping_frame(position: str) -> bytes:
    """Our own ping: an ordinary frame, so that browsers can see it."""
    return _framed(_TEXT, b'{"push":"ping","position":"%b"}' % position.encode())


def lag_frame(label: bytes, old: str, new: str) -> bytes:
    """Names what was not sent. `label` is the topic as JSON."""
    return _framed(_TEXT, b'{"push":"lag","topic":%b,"from":"%b","to":"%b"}' % (label, old.encode(), new.encode()))


def event_frame(label: bytes, entry: Entry, position: str) -> bytes:
    """An event on a topic: Redis's own bytes between ours, never parsed. `label` is the topic as JSON."""
    return _framed(
        _TEXT,
        b'{"push":"event","topic":%b,"type":"%b","id":"%b","at":"%b","position":"%b","data":%b}'
        % (label, entry.type, entry.id, entry.at, position.encode(), entry.data),
    )


def counts_frame(items: Iterable[bytes]) -> bytes:
    """Counts of posts, each item already JSON."""
    return _framed(_TEXT, b'{"push":"counts","items":[%b]}' % b",".join(items))


def kept_json(value: object) -> bytes:
    """JSON to keep. A copy: what orjson returns holds its working buffer, 4 KB for a few bytes."""
    return bytes(memoryview(orjson.dumps(value)))
