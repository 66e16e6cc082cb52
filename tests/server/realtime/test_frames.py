"""Frames on the wire are what the models and the document say."""

import sys
from typing import Any
from uuid import uuid4

import orjson
import pytest
from pydantic import BaseModel

from actors.live_data import DATA
from server.realtime import encoding
from server.realtime.asyncapi import document
from server.realtime.codes import CloseCode, ErrorCode
from server.realtime.entries import Entry, Position
from server.realtime.frames import CountsPush, EventPush, LagPush, PingPush
from server.realtime.refusals import Denied
from server.realtime.topics import CARRIES
from tests.contract import ContractBroken, hold_frame


def _payload(frame: bytes) -> bytes:
    """What an unmasked frame holds."""
    assert frame[0] == 0x81
    size, start = frame[1], 2
    if size == 126:
        size, start = int.from_bytes(frame[2:4]), 4
    elif size == 127:
        size, start = int.from_bytes(frame[2:10]), 10
    assert len(frame) == start + size
    return frame[start:]


def _entry(text: str) -> Entry:
    data = orjson.dumps({"text": text})
    return Entry(7, ("tag:sea",), b"post.published", str(uuid4()).encode(), b"2026-11-22T12:00:00Z", data)


@pytest.mark.parametrize("size", [0, 60, 200, 70_000])
def test_spliced_frames_are_what_their_models_say(size: int) -> None:
    label = encoding.kept_json('tag:"quoted"\\')
    frames: list[tuple[type[BaseModel], bytes]] = [
        (EventPush, encoding.event_frame(label, _entry("é" * size), "5-7")),
        (PingPush, encoding.ping_frame("5-7")),
        (LagPush, encoding.lag_frame(label, "5-7", "6-0")),
        (CountsPush, encoding.counts_frame([orjson.dumps([str(uuid4()), 1, 2, 3, 4])] * (size or 1))),
    ]
    for model, frame in frames:
        said: Any = orjson.loads(_payload(frame))
        again = model.model_validate_json(_payload(frame)).model_dump(mode="json", by_alias=True)
        assert said == again


def test_what_is_kept_of_json_is_no_larger_than_its_text() -> None:
    assert sys.getsizeof(encoding.kept_json("post:1")) < 100


def test_every_error_code_has_a_status_and_temporary_ones_say_when_to_try_again() -> None:
    for code in ErrorCode:
        error = Denied(code, "why").error
        assert 400 <= error.status < 600
        assert error.temporary == (error.retry_after_ms is not None)
        assert error.temporary == (code in {ErrorCode.rate_limited, ErrorCode.unavailable, ErrorCode.internal})


def test_positions_are_read_as_written_and_nothing_else_is() -> None:
    assert Position.parse(str(Position(1732271234, 99))) == (1732271234, 99)
    for text in ("", "5", "5-", "-5", "5-1 ", "a-b", "5-1-1", "$", "9" * 30 + "-1"):
        assert Position.parse(text) is None


def test_the_asyncapi_document_is_whole() -> None:
    described = orjson.loads(orjson.dumps(document("https://vitrine.example")))
    assert described["asyncapi"] == "3.0.0"
    assert described["servers"]["vitrine"] | {"description": ""} == {
        "host": "vitrine.example",
        "protocol": "wss",
        "description": "",
    }
    ops = {"connect", "sub", "unsub", "track", "untrack", "refresh", "pong"}
    pushes = {"event", "counts", "lag", "notice", "ping"}
    actions = {name: operation["action"] for name, operation in described["operations"].items()}
    assert actions == dict.fromkeys(ops, "receive") | dict.fromkeys(pushes, "send")
    references = list(_references(described))
    assert len(references) > 50
    for reference in references:
        part: Any = described
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        assert part
    for code in CloseCode:
        assert f"{code.value} {code.name}" in described["info"]["description"]


def test_every_event_of_every_topic_is_a_message_that_says_what_its_data_is() -> None:
    described = document("https://vitrine.example")
    messages, schemas = described["components"]["messages"], described["components"]["schemas"]
    named = {
        f"{topic.partition(':<')[0].replace(':', '-')}.{kind}" for topic, kinds in CARRIES.items() for kind in kinds
    }
    assert named == {name for name in messages if "." in name}
    for name in named:
        _, narrowed = messages[name]["payload"]["allOf"]
        data = schemas[narrowed["properties"]["data"]["$ref"].rpartition("/")[2]]
        assert data["type"] == "object"
        assert data["properties"]
        assert data["additionalProperties"] is False
    assert set(DATA) <= {kind for kinds in CARRIES.values() for kind in kinds}, "what is announced goes out somewhere"


def test_an_event_is_held_to_what_its_type_says_on_its_topic() -> None:
    change = {"kind": "like", "subject_id": str(uuid4()), "on": True}
    frame = {"push": "event", "topic": "me", "type": "mine.changed", "id": "1", "at": "now", "position": "5-1"}
    hold_frame({**frame, "data": change})
    for wrong in ({"topic": "tag:sea"}, {"type": "post.deleted"}, {"data": {"on": True}}, {"data": change | {"x": 1}}):
        with pytest.raises(ContractBroken):
            hold_frame({**frame, "data": change, **wrong})


def _references(part: Any) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)
