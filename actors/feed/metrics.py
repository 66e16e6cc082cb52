"""What is counted of feeds."""

from prometheus_client import Counter, Histogram

snapshots_total = Counter(
    "vitrine_feed_snapshots_total", "Rankings frozen, found again and not found again by walks", ["kind"]
)
snapshot_age = Histogram(
    "vitrine_feed_snapshot_age_seconds",
    "How old a ranking is that a walk goes on along",
    buckets=(1, 5, 15, 60, 180, 600),
)
