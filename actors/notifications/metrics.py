"""What operators see of notifications."""

from collections.abc import Iterable

from prometheus_client import Counter

from actors.notifications.moving import Moved

rung_total = Counter("vitrine_notifications_rung_total", "Notifications that rang on devices", ["kind"])
quiet_total = Counter(
    "vitrine_notifications_quiet_total", "Notifications with news of kinds that ring not by preference", ["kind"]
)
taken_back_total = Counter("vitrine_notifications_taken_back_total", "Deeds that were undone", ["kind"])
held_back_total = Counter(
    "vitrine_notifications_held_back_total", "Deeds of muted, filtered or hidden people, not told", ["kind"]
)
digests_total = Counter("vitrine_notification_digests_total", "Digests by what became of them", ["outcome"])


def count(moved: Iterable[Moved]) -> None:
    """Count what was committed."""
    for one in moved:
        if one.news:
            (rung_total if one.rings else quiet_total).labels(one.group.kind).inc()
        if one.taken_back:
            taken_back_total.labels(one.group.kind).inc(one.taken_back)
        if one.held_back:
            held_back_total.labels(one.group.kind).inc(one.held_back)
