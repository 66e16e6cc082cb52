"""What the live edge counts, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

sockets = Gauge("vitrine_live_sockets", "Open sockets")
subscriptions = Gauge("vitrine_live_subscriptions", "Topics watched, summed over sockets")
slow_sockets = Gauge("vitrine_live_slow_sockets", "Sockets whose reader is behind")
queued_bytes = Gauge("vitrine_live_queued_bytes", "Bytes of events that wait for slow readers")
frames_total = Counter("vitrine_live_frames_total", "Writes of frames to sockets", ["kind"])
lags_total = Counter("vitrine_live_lags_total", "Times a reader was told that it missed events", ["cause"])
resumes_total = Counter("vitrine_live_resumes_total", "Positions continued from", ["recovered"])
closes_total = Counter("vitrine_live_closes_total", "Sockets this side closed", ["code"])
errors_total = Counter("vitrine_live_errors_total", "Requests answered by an error", ["code"])
entries_total = Counter("vitrine_live_entries_total", "Entries of the live log read")
resets_total = Counter("vitrine_live_resets_total", "Gaps and new epochs noticed in the live log")
delay_seconds = Histogram(
    "vitrine_live_delay_seconds",
    "From the fact to its entry being read",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
