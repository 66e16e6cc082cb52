"""SQL of what people chose, and the conditions that follow from it.

The conditions are about a row `n` of notifications, `pr` being its owner's row of notification_preferences, if any.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from asyncpg import Record

from actors.graph.visibility import may_meet
from actors.kernel.transaction import Reads, Transaction
from actors.notifications.kinds import KINDS, is_one_of
from actors.notifications.messages import SubjectKind
from actors.notifications.preference_messages import Admission, Channel, PolicyView, PreferencesView

OF_OWNER = "LEFT JOIN notification_preferences pr ON pr.user_id = n.user_id"
RINGS = f"COALESCE((pr.kinds #>> ARRAY[n.kind, '{Channel.live}'])::boolean, {is_one_of('n.kind', lambda k: k.rings)})"
"""The owner wants to be told of this kind at once."""
IS_MAILED = (
    f"COALESCE((pr.kinds #>> ARRAY[n.kind, '{Channel.mail_digest}'])::boolean, "
    f"{is_one_of('n.kind', lambda k: k.is_mailed)})"
)
"""The owner wants to read of this kind in a digest."""
IS_THERE = f"""(n.subject_kind <> '{SubjectKind.post}'
    OR EXISTS (SELECT FROM posts WHERE id = n.subject_id AND deleted_at IS NULL))"""
"""What it is about has not been deleted, or was restored."""
_CHOICES = "kinds, mail_digest, from_not_following, from_new_accounts, new_account_days"


def is_welcome(person: str, at: str) -> str:
    """What it is about is there, the owner may meet the person, and their policy lets through what was done then."""
    return f"""({is_one_of("n.kind", lambda k: not k.has_people)} OR ({IS_THERE} AND {may_meet("n.user_id", person)}
        AND (pr.user_id IS NULL OR {is_one_of("n.kind", lambda k: not k.is_filtered)} OR (
            (pr.from_not_following = 'accept' OR EXISTS (
                SELECT FROM follows WHERE follower_id = n.user_id AND followee_id = {person}))
            AND (pr.from_new_accounts = 'accept' OR EXISTS (
                SELECT FROM users known WHERE known.id = {person}
                AND known.created_at <= {at} - make_interval(days => pr.new_account_days)))))))"""


async def chosen(db: Reads, user_id: UUID) -> PreferencesView:
    """What holds for somebody: what they chose, and for the rest what holds for everybody."""
    row = await db.fetchrow(f"SELECT {_CHOICES} FROM notification_preferences WHERE user_id = $1", user_id)
    return _shown(row)


async def choose(tx: Transaction, user_id: UUID, now: PreferencesView) -> None:
    """Let this hold for somebody from now on."""
    await tx.execute(
        f"""
        INSERT INTO notification_preferences (user_id, {_CHOICES})
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id) DO UPDATE SET kinds = excluded.kinds,
            mail_digest = excluded.mail_digest, from_not_following = excluded.from_not_following,
            from_new_accounts = excluded.from_new_accounts, new_account_days = excluded.new_account_days
        """,
        user_id,
        _chosen_kinds(now),
        now.mail_digest,
        now.policy.from_not_following,
        now.policy.from_new_accounts,
        now.policy.new_account_days,
    )


async def hearing_only_whom_they_follow(db: Reads, user_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these people who hear of nobody else."""
    rows = await db.fetch(
        "SELECT user_id FROM notification_preferences WHERE user_id = ANY($1::uuid[]) AND from_not_following = $2",
        list(user_ids),
        Admission.filter,
    )
    return frozenset(row["user_id"] for row in rows)


def _shown(row: Record | None) -> PreferencesView:
    kinds: Mapping[str, Mapping[str, bool]] = row["kinds"] if row else {}
    return PreferencesView(
        kinds={
            kind: {
                Channel.live: kinds.get(kind, {}).get(Channel.live, declared.rings),
                Channel.mail_digest: kinds.get(kind, {}).get(Channel.mail_digest, declared.is_mailed),
            }
            for kind, declared in KINDS.items()
        },
        mail_digest=row["mail_digest"] if row else True,
        policy=PolicyView(**{name: row[name] for name in PolicyView.model_fields}) if row else PolicyView(),
    )


def _chosen_kinds(now: PreferencesView) -> dict[str, Any]:
    """What differs from the rest: who left a kind alone follows what holds for everybody, should that change."""
    usual = _shown(None).kinds
    return {
        kind.value: differing
        for kind, channels in now.kinds.items()
        if (differing := {channel.value: on for channel, on in channels.items() if usual[kind][channel] != on})
    }
