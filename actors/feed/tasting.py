"""People tell their feed what they like to see: each their own rows, and never more than so many."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from actors.accounts.events import AccountErased
from actors.feed.tasting_messages import (
    FeedPreferences,
    GetFeedPreferences,
    GiveFeedback,
    SetFeedPreferences,
    Signal,
)
from actors.graph.visibility import may_see
from actors.kernel.actor import Actor, on
from actors.kernel.errors import NotFound, Refusal
from actors.kernel.transaction import Reads, Transaction

KEPT = {Signal.seen: 400, Signal.less: 100}
"""So many of each are kept of a person, the latest."""


class Tasting(Actor):
    """Keeps what people say of posts in their feed, and what they prefer."""

    @on(GiveFeedback, batch=256)
    async def take_feedback(self, wishes: Sequence[GiveFeedback]) -> Sequence[Refusal | None]:
        async with self.transaction() as tx:
            await _lock(tx, {wish.caller.id for wish in wishes})
            said = await _keep(tx, [(wish.caller.id, wish.post_id, wish.signal) for wish in wishes])
            await _forget_oldest(tx, Counter((wish.caller.id, wish.signal) for wish in wishes))
            return tx.answers([None if (wish.caller.id, wish.post_id) in said else NotFound() for wish in wishes])

    @on(GetFeedPreferences)
    async def show_preferences(self, question: GetFeedPreferences) -> FeedPreferences:
        return await _preferences(self.read, question.caller.id)

    @on(SetFeedPreferences)
    async def prefer(self, wish: SetFeedPreferences) -> FeedPreferences:
        async with self.transaction() as tx:
            await _lock(tx, {wish.caller.id})
            if wish.show_sensitive is not None:
                await tx.execute(
                    """
                    INSERT INTO feed_preferences (user_id, show_sensitive) SELECT id, $2 FROM users WHERE id = $1
                    ON CONFLICT (user_id) DO UPDATE SET show_sensitive = excluded.show_sensitive
                    """,
                    wish.caller.id,
                    wish.show_sensitive,
                )
            return tx.answer(await _preferences(tx, wish.caller.id))

    @on(AccountErased)
    async def account_erased(self, event: AccountErased) -> None:
        async with self.transaction() as tx:
            await tx.execute("DELETE FROM feed_feedback WHERE user_id = $1", event.user_id)
            await tx.execute("DELETE FROM feed_preferences WHERE user_id = $1", event.user_id)
            await tx.execute("DELETE FROM feed_giants WHERE user_id = $1", event.user_id)


async def _lock(tx: Transaction, user_ids: set[UUID]) -> None:
    await tx.fetch("SELECT FROM users WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", list(user_ids))


async def _keep(tx: Transaction, said: Sequence[tuple[UUID, UUID, Signal]]) -> set[tuple[UUID, UUID]]:
    """Write down what people said of posts they may see; returns of whom and which that was so."""
    once = list(dict.fromkeys(said))
    rows = await tx.fetch(
        f"""
        INSERT INTO feed_feedback (user_id, signal, post_id, at)
        SELECT a.user_id, a.signal, p.id, now()
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS a (user_id, post_id, signal)
        JOIN users u ON u.id = a.user_id
        JOIN posts p ON p.id = a.post_id AND p.deleted_at IS NULL AND p.original_post_id IS NULL
        WHERE {may_see("a.user_id", "p.author_id")}
        ON CONFLICT (user_id, signal, post_id) DO UPDATE SET at = excluded.at RETURNING user_id, post_id
        """,
        [user_id for user_id, _, _ in once],
        [post_id for _, post_id, _ in once],
        [signal for _, _, signal in once],
    )
    return {(row["user_id"], row["post_id"]) for row in rows}


async def _forget_oldest(tx: Transaction, said: Counter[tuple[UUID, Signal]]) -> None:
    await tx.execute(
        """
        DELETE FROM feed_feedback f USING (
            SELECT o.user_id, o.signal, o.post_id FROM unnest($1::uuid[], $2::text[], $3::int[]) AS a (id, signal, kept)
            CROSS JOIN LATERAL (
                SELECT user_id, signal, post_id FROM feed_feedback WHERE user_id = a.id AND signal = a.signal
                ORDER BY at DESC, post_id DESC OFFSET a.kept) AS o) AS old
        WHERE f.user_id = old.user_id AND f.signal = old.signal AND f.post_id = old.post_id
        """,
        [user_id for user_id, _ in said],
        [signal for _, signal in said],
        [KEPT[signal] for _, signal in said],
    )


async def _preferences(db: Reads, user_id: UUID) -> FeedPreferences:
    shown = await db.fetchval("SELECT show_sensitive FROM feed_preferences WHERE user_id = $1", user_id)
    return FeedPreferences(show_sensitive=bool(shown))
