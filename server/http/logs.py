"""Logs: one JSON object a line on standard output, written by a thread, so that a slow reader stalls nobody."""

import atexit
import logging
import sys
import threading
from collections import deque
from collections.abc import MutableMapping
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
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _hide_secrets,
            structlog.processors.JSONRenderer(serializer=to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _SinkLogger(sink),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("aiohttp.access").disabled = True


def to_json(fields: MutableMapping[str, Any], **_: object) -> bytes:
    """One line of the log. What JSON does not know shows as its `repr`, half surrogates escaped."""
    try:
        return orjson.dumps(fields, default=repr)
    except orjson.JSONEncodeError:
        return orjson.dumps(
            {name: repr(value).encode("ascii", "backslashreplace").decode() for name, value in fields.items()}
        )


def _hide_secrets(_: object, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in fields:
        if name in _SECRET:
            fields[name] = _HIDDEN
    return fields
