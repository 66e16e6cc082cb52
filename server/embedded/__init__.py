"""PostgreSQL, Valkey and S3 for a machine that has none, from wheels; and `vitrine dev`.

What `DB_URL`, `REDIS_URL` and `S3_ENDPOINT` already give is not started.
"""
