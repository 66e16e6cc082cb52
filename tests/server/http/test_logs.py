"""The log: whole lines of JSON, quickly taken, without secrets."""

import io
import logging
import threading
import time
from collections.abc import Iterator

import orjson
import pytest
import structlog
from redis.exceptions import ResponseError

from actors.settings import Settings
from server.http import metrics
from server.http.logs import QUEUED_LINES, Sink, configure_logging, to_json


@pytest.fixture
def stream() -> Iterator[io.BytesIO]:
    """What is logged during the test; afterwards logging is as it was."""
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    yield io.BytesIO()
    structlog.reset_defaults()
    logging.getLogger().handlers, logging.getLogger().level = handlers, level


def _lines(stream: io.BytesIO) -> list[dict[str, object]]:
    for _ in range(1_500):
        if stream.getvalue():
            break
        threading.Event().wait(0.02)
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_object_with_time_level_and_fields(bare_settings: Settings, stream: io.BytesIO) -> None:
    configure_logging(bare_settings, stream)
    structlog.get_logger().info("post published", post_id="p1")
    structlog.get_logger().debug("not at this level")
    (line,) = _lines(stream)
    assert line["event"] == "post published"
    assert (line["level"], line["post_id"]) == ("info", "p1")
    assert str(line["timestamp"]).endswith("Z")


def test_secrets_do_not_reach_the_log(bare_settings: Settings, stream: io.BytesIO) -> None:
    configure_logging(bare_settings, stream)
    structlog.get_logger().warning("odd", token="t0p", password="s3cret", refresh_token="r3fresh")
    _lines(stream)
    assert not any(secret in stream.getvalue() for secret in (b"t0p", b"s3cret", b"r3fresh"))


def test_what_libraries_log_comes_out_alike(bare_settings: Settings, stream: io.BytesIO) -> None:
    configure_logging(bare_settings, stream)
    try:
        raise RuntimeError("gone wrong")
    except RuntimeError:
        logging.getLogger("some.library").exception("it %s", "failed")
    (line,) = _lines(stream)
    assert (line["event"], line["level"], line["logger"]) == ("it failed", "error", "some.library")
    assert "gone wrong" in str(line["exception"])


def test_what_json_cannot_hold_is_logged_all_the_same() -> None:
    assert orjson.loads(to_json({"event": "odd", "path": "/\udcff", "what": {1, 2}}))["event"] == "'odd'"
    assert orjson.loads(to_json({"event": "odd", "what": object}))["event"] == "odd"


def test_a_reader_that_stops_loses_lines_but_stalls_nobody() -> None:
    class Stuck(io.BytesIO):
        gate = threading.Event()

        def write(self, _: object) -> int:
            self.gate.wait(30)
            return 0

    dropped = metrics.log_lines_dropped_total
    before = dropped._value.get()
    stuck = Stuck()
    sink = Sink(stuck)
    began = time.monotonic()
    for _ in range(2 * QUEUED_LINES + 10):
        sink.write(b"{}")
    assert time.monotonic() - began < 5
    assert dropped._value.get() - before >= 10
    stuck.gate.set()
    sink.flush()


def test_an_exception_is_logged_with_its_words() -> None:
    assert b'"ResponseError: NOGROUP no such group"' in to_json({"error": ResponseError("NOGROUP no such group")})
