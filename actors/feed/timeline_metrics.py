"""What operators see of timelines."""

from prometheus_client import Counter, Histogram

pages_total = Counter(
    "vitrine_following_pages_total", "Pages of the following feed by what they began with: timeline or sql", ["source"]
)
built_total = Counter("vitrine_timelines_built_total", "Timelines read from PostgreSQL")
build_seconds = Histogram(
    "vitrine_timeline_build_seconds", "Time to build a timeline", buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
)
added_total = Counter("vitrine_timeline_entries_added_total", "Rows added to timelines, once for each")
