"""What the edge measures, by route template, never by path."""

import time
from collections.abc import Callable
from functools import lru_cache

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

KEPT_SECONDS = 1.0

request_seconds = Histogram(
    "vitrine_http_request_seconds",
    "Time from the request's headers to its reply, in seconds.",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)


class InFlight:
    """A plain number, read when it is asked for: a gauge's lock costs more than some handlers do."""

    now = 0


in_flight = InFlight()
Gauge("vitrine_http_requests_in_flight", "Requests being answered now.").set_function(lambda: in_flight.now)
limited_total = Counter("vitrine_http_limited_total", "Requests refused by a rate limit.", ("bucket",))
limiter_failures_total = Counter(
    "vitrine_http_limiter_failures_total", "Times the limiter could not reach Redis and let requests pass."
)
web_session_failures_total = Counter(
    "vitrine_web_session_failures_total", "Times Redis could not be asked for a web session, or told of one."
)
too_slow_total = Counter(
    "vitrine_http_too_slow_total", "Requests or replies given up because the client was too slow.", ("part",)
)
log_lines_dropped_total = Counter(
    "vitrine_log_lines_dropped_total", "Log lines dropped because the reader of the log was too slow."
)


class Exposition:
    """Every metric as text. Writing it holds up everybody else for milliseconds: once a second, whoever asks."""

    def __init__(self) -> None:
        self._text = b""
        self._good_until = 0.0

    def text(self, measure: Callable[[], None]) -> bytes:
        """What was measured within the last second, or is now, after `measure` brought gauges up to date."""
        if time.monotonic() >= self._good_until:
            measure()
            self._text = generate_latest(REGISTRY)
            self._good_until = time.monotonic() + KEPT_SECONDS
        return self._text


exposition = Exposition()

# A child is looked up under a lock for 1 µs; remembered, observing costs 0.4.
seconds_of = lru_cache(4096)(request_seconds.labels)
