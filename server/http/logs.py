"""Logs: one JSON object a line on standard output, written by a thread, so that a slow reader stalls nobody."""

import atexit
import logging
import sys
import threading
from collections import deque
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson
import structlog

from actors.settings import Settings
from server.http import metrics

QUEUED_LINES = 20_000
_FLUSH_SECONDS = 0.05
_SECRET = frozenset(
    {"password", "token", "access_token", "refresh_token", "authorization", "cookie", "secret", "ticket", "code"}
)
_HIDDEN = "[hidden]"


class Sink:
    """Takes lines at once and writes them soon; beyond 20,000 unwritten ones it drops and counts."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: deque[bytes] = deque()
        self._arrived = threading.Event()
        self._writing = threading.Lock()
        threading.Thread(target=self._run, name="log", daemon=True).start()
        atexit.register(self.flush)

    def write(self, line: bytes) -> None:
        """Take a line without its end."""
        if len(self._lines) >= QUEUED_LINES:
            metrics.log_lines_dropped_total.inc()
            return
        self._lines.append(line)
        if not self._arrived.is_set():
            self._arrived.set()

    def flush(self) -> None:
        """Write what was taken."""
        with self._writing:
            taken = [self._lines.popleft() for _ in range(len(self._lines))]
            if not taken:
                return
            try:
                self._stream.write(b"\n".join(taken) + b"\n")
                self._stream.flush()
            except (OSError, ValueError):
                metrics.log_lines_dropped_total.inc(len(taken))

    def _run(self) -> None:
        waiting = threading.Event()
        while True:
            self._arrived.wait()
            waiting.wait(_FLUSH_SECONDS)
            self._arrived.clear()
            self.flush()


class _SinkLogger:
    """What structlog hands rendered lines to."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def msg(self, line: bytes) -> None:
        self._sink.write(line)

    debug = info = warning = error = critical = exception = log = msg


class _Forward(logging.Handler):
    """Hands what libraries log to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        level = record.levelname.lower()
        getattr(structlog.get_logger(), level if level in {"debug", "info", "warning", "critical"} else "error")(
            record.getMessage(), **fields
        )


def configure_logging(settings: Settings, stream: BinaryIO | None = None) -> None:
    """Log from now on as this process should: level by settings, to standard output or `stream`."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    sink = Sink(stream or sys.stdout.buffer)
    structlog.configure(
        processors=[_line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _SinkLogger(sink),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("aiohttp.access").disabled = True


def to_json(fields: Mapping[str, Any]) -> bytes:
    """One line of the log. What JSON does not know shows as its `repr`, half surrogates escaped."""
    try:
        return orjson.dumps(fields, default=_shown, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:
        readable = {name: _shown(value).encode("ascii", "backslashreplace").decode() for name, value in fields.items()}
        return orjson.dumps(readable)


def _shown(value: object) -> str:
    """An exception by its class and words: redis-py's own `repr` leaves out what the server said."""
    return f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else repr(value)


def _line(logger: Any, method: str, fields: MutableMapping[str, Any]) -> bytes:
    """All that structlog's processors would do, in one: every request writes a line, and six calls cost 15 µs."""
    if "request_id" not in fields:
        structlog.contextvars.merge_contextvars(logger, method, fields)
    if "exc_info" in fields:
        structlog.processors.format_exc_info(logger, method, fields)
    if not _SECRET.isdisjoint(fields):
        fields.update(dict.fromkeys(_SECRET.intersection(fields), _HIDDEN))
    level = "error" if method == "exception" else method
    return to_json({"timestamp": datetime.now(UTC), "level": level, **fields})
