"""The advisory locks of PostgreSQL by which one process of many does what only one may do."""

LEADER = 0x7672_6C79
"""Held by the leading relay ("vrly")."""
SCHEDULER = 0x7672_7363
"""Held by the scheduler at work ("vrsc")."""

TAKE = "SELECT pg_try_advisory_lock($1)"
IS_HELD = """
SELECT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 0 AND objid = $1::bigint AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
"""Whether some process has it."""
