"""What is left of somebody among others when their account is erased, ended a part at a time."""

from typing import NamedTuple
from uuid import UUID

from actors.graph.ties import Pair
from actors.kernel.transaction import Transaction

_TIES = {
    "follows": ("follower_id", "followee_id"),
    "follow_requests": ("requester_id", "target_id"),
    "blocks": ("blocker_id", "blocked_id"),
    "mutes": ("muter_id", "muted_id"),
}


class Ended(NamedTuple):
    """Who followed and who asked to follow whom until now. `is_part`: there may be more."""

    follows: list[Pair]
    requests: list[Pair]
    is_part: bool


async def end_ties(tx: Transaction, user_id: UUID, limit: int) -> Ended:
    """End ties of somebody who is gone, from either side, `limit` of each kind at most.

    Nobody else writes them any more: every command locks the living.
    """
    await tx.execute("DELETE FROM private_accounts WHERE user_id = $1", user_id)
    ended: dict[str, list[Pair]] = {}
    for table, (who, whom) in _TIES.items():
        rows = await tx.fetch(
            f"""
            DELETE FROM {table} t USING (
                SELECT {who} AS who, {whom} AS whom FROM {table} WHERE {who} = $1
                UNION ALL SELECT {who}, {whom} FROM {table} WHERE {whom} = $1
                ORDER BY who, whom LIMIT $2) AS gone
            WHERE t.{who} = gone.who AND t.{whom} = gone.whom RETURNING t.{who} AS who, t.{whom} AS whom
            """,
            user_id,
            limit,
        )
        ended[table] = [(row["who"], row["whom"]) for row in rows]
    is_part = any(len(pairs) == limit for pairs in ended.values())
    return Ended(ended["follows"], ended["follow_requests"], is_part)
