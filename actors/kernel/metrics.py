"""What the kernel counts and times, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

mailbox_depth = Gauge("vitrine_mailbox_depth_messages", "Messages waiting in an actor's lanes", ["domain"])
lane_busy_seconds = Histogram(
    "vitrine_lane_busy_seconds",
    "Time a lane spent on one batch",
    ["domain"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
batch_size = Histogram(
    "vitrine_batch_size_messages",
    "Messages handled at once",
    ["domain", "message"],
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
)
busy_total = Counter("vitrine_busy_total", "Messages refused because too much was waiting", ["domain"])
expired_total = Counter("vitrine_expired_total", "Messages dropped because their deadline had passed", ["domain"])
restarts_total = Counter("vitrine_lane_restarts_total", "Times a lane began with fresh state", ["domain"])
failed_messages_total = Counter(
    "vitrine_failed_messages_total", "Messages whose handler raised, alone and again", ["domain", "message"]
)
outbox_lag_seconds = Gauge("vitrine_outbox_lag_seconds", "Time the fact that waits longest has waited for the relay")
replica_lag_seconds = Gauge("vitrine_replica_lag_seconds", "How far the read replica is behind at the least")
relay_leader = Gauge("vitrine_relay_is_leader", "1 in the process whose relay leads")
relayed_total = Counter("vitrine_relayed_facts_total", "Facts moved from the outbox to Redis")
epochs_total = Counter("vitrine_epochs_total", "Epochs begun because Redis had lost something")
inbox_depth = Gauge("vitrine_inbox_depth_events", "Events in a domain's durable mailbox", ["domain"])
jobs_queued = Gauge("vitrine_jobs_queued", "Jobs in the queue, those at work included")
inbox_retries_total = Counter("vitrine_inbox_retries_total", "Events tried again after a failure", ["domain"])
inbox_reclaimed_total = Counter("vitrine_inbox_reclaimed_total", "Events taken over from a dead process", ["domain"])
dead_total = Counter("vitrine_dead_letters_total", "Events and jobs tried for the last time", ["domain"])
cache_lookups_total = Counter(
    "vitrine_cache_lookups_total", "Times something kept in this process was looked for", ["cache", "outcome"]
)
