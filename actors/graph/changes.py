"""What became different between locked people, written and announced."""

from actors.graph import queries
from actors.graph.events import (
    Blocked,
    Followed,
    FollowRequested,
    FollowRequestEnded,
    Muted,
    SightNarrowed,
    Unblocked,
    Unfollowed,
    Unmuted,
)
from actors.graph.ties import Changes
from actors.kernel.transaction import Transaction


async def write(tx: Transaction, changes: Changes) -> None:
    """Write the rows and announce a fact for each: what ends comes before what begins."""
    if changes.unfollowed:
        await queries.unfollow(tx, changes.unfollowed)
        tx.emit(*(Unfollowed(follower_id=who, followee_id=whom) for who, whom in changes.unfollowed))
    if changes.unrequested:
        await queries.unrequest(tx, changes.unrequested)
        tx.emit(*(FollowRequestEnded(requester_id=who, target_id=whom) for who, whom in changes.unrequested))
    if changes.unblocked:
        await queries.unblock(tx, changes.unblocked)
        tx.emit(*(Unblocked(blocker_id=who, blocked_id=whom) for who, whom in changes.unblocked))
    if changes.unmuted:
        await queries.unmute(tx, changes.unmuted)
        tx.emit(*(Unmuted(muter_id=who, muted_id=whom) for who, whom in changes.unmuted))
    if changes.blocked:
        await queries.block(tx, changes.blocked)
        tx.emit(*(Blocked(blocker_id=who, blocked_id=whom) for who, whom in changes.blocked))
    if changes.followed:
        await queries.follow(tx, changes.followed)
        tx.emit(*(Followed(follower_id=who, followee_id=whom) for who, whom in changes.followed))
    if changes.requested:
        await queries.request(tx, changes.requested)
        tx.emit(*(FollowRequested(requester_id=who, target_id=whom) for who, whom in changes.requested))
    if changes.muted:
        await queries.mute(tx, changes.muted)
        tx.emit(*(Muted(muter_id=who, muted_id=whom) for who, whom, _ in changes.muted))
    tx.emit(*(SightNarrowed(author_id=author, viewer_id=viewer) for author, viewer in changes.sight_ended))
