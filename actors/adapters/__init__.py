"""The outside world by role, not by vendor."""


class Outage(Exception):
    """An outside part does not answer, or answers that it cannot. Nothing is known to have been done."""
