"""Forgetting what is over, and sealing anew what an old key sealed."""

import structlog

from actors.auth import authenticators, forgetting
from actors.auth.sealing import Seal, Sealed
from actors.kernel.jobs import JobContext, job

log = structlog.get_logger(__name__)

AT_ONCE = 1_000


@job("auth.forget", cron="17 * * * *")
async def forget(context: JobContext) -> None:
    """Forget sessions and refresh tokens that are over, in small commits: a chunk that is lost is found again."""
    forgotten = 0
    for some in (forgetting.spent_tokens, forgetting.sessions, forgetting.unconfirmed_authenticators):
        while True:
            async with context.adapters.database.for_command() as connection:
                count = await some(connection, AT_ONCE)
            forgotten += count
            if count < AT_ONCE:
                break
    if forgotten:
        log.info("sessions and tokens forgotten", rows=forgotten)


@job("auth.reseal", cron="41 3 * * *")
async def reseal(context: JobContext) -> None:
    """Seal with the current key what an older one sealed, so that the older may leave JWT_SECRET a day later."""
    seal = Seal.of(context.adapters.settings, "totp")
    while rows := await authenticators.sealed_otherwise(context.read, seal.key_id, seal.known_ids, AT_ONCE):
        for row in rows:
            was = Sealed(row["secret"], row["sealed_with"])
            secret = seal.open(was, row["user_id"].bytes)
            assert secret is not None, "its key is among the known"
            async with context.adapters.database.for_command() as connection:
                await authenticators.reseal(connection, row["user_id"], was, seal.close(secret, row["user_id"].bytes))
