"""What each kind of notification is about. A new kind is a word in `NotificationKind`, an entry here, and a handler
of the fact that tells of it, which names the deeds that may have changed."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from actors.notifications.messages import NotificationKind, SubjectKind

_SAYS = """FROM comments c JOIN posts p ON p.id = c.post_id LEFT JOIN comments top ON top.id = c.parent_id
    WHERE c.post_id = a.subject_id AND c.author_id = a.person_id AND c.deleted_at IS NULL AND top.deleted_at IS NULL"""


class Kind(NamedTuple):
    """A kind of notification.

    `deed`: SQL that selects the id of the latest of what `a.person_id` did to `a.subject_id` of `a.user_id` and that
    stands, and no row when nothing does; a later id is news of its own. `words` follow the people's names in a
    digest, or stand alone. `has_people`: somebody did it. `is_filtered`: a policy may hold it back. `rings` and
    `is_mailed`: what holds for who chose nothing.
    """

    subject: SubjectKind
    deed: str
    words: str
    has_people: bool = True
    is_filtered: bool = True
    rings: bool = True
    is_mailed: bool = True


KINDS: Mapping[NotificationKind, Kind] = {
    NotificationKind.follow: Kind(
        SubjectKind.profile,
        "SELECT follower_id FROM follows WHERE followee_id = a.subject_id AND follower_id = a.person_id",
        "followed you",
    ),
    # What waits for an answer reaches whoever is to give it.
    NotificationKind.follow_request: Kind(
        SubjectKind.profile,
        "SELECT requester_id FROM follow_requests WHERE target_id = a.subject_id AND requester_id = a.person_id",
        "asked to follow you",
        is_filtered=False,
    ),
    NotificationKind.like: Kind(
        SubjectKind.post,
        "SELECT user_id FROM likes WHERE post_id = a.subject_id AND user_id = a.person_id",
        "liked your photograph",
        is_mailed=False,
    ),
    NotificationKind.repost: Kind(
        SubjectKind.post,
        "SELECT user_id FROM reposts WHERE post_id = a.subject_id AND user_id = a.person_id",
        "reposted your photograph",
        is_mailed=False,
    ),
    # Nobody is told twice of one comment: to whom it replies, else under whose post it is, else whom it names.
    NotificationKind.reply: Kind(
        SubjectKind.post,
        f"SELECT c.id {_SAYS} AND top.author_id = a.user_id ORDER BY c.id DESC LIMIT 1",
        "replied to you",
    ),
    NotificationKind.comment: Kind(
        SubjectKind.post,
        f"""SELECT c.id {_SAYS} AND p.author_id = a.user_id AND top.author_id IS DISTINCT FROM a.user_id
            ORDER BY c.id DESC LIMIT 1""",
        "commented on your photograph",
    ),
    NotificationKind.mention: Kind(
        SubjectKind.post,
        f"""SELECT c.id {_SAYS} AND a.user_id = ANY(c.mentions)
                AND p.author_id <> a.user_id AND top.author_id IS DISTINCT FROM a.user_id
            UNION ALL SELECT id FROM posts WHERE id = a.subject_id AND author_id = a.person_id
                AND a.user_id = ANY(mentions)
            ORDER BY id DESC LIMIT 1""",
        "mentioned you",
    ),
    NotificationKind.upload_rejected: Kind(
        SubjectKind.upload,
        "SELECT id FROM photos WHERE id = a.subject_id AND owner_id = a.user_id AND state = 'rejected'",
        "A photograph that you uploaded cannot be shown.",
        has_people=False,
    ),
}


def is_one_of(kind: str, which: Callable[[Kind], bool]) -> str:
    """The SQL condition that a kind, itself an expression in SQL, is one of those."""
    names = ",".join(name for name, declared in KINDS.items() if which(declared))
    return f"{kind} = ANY('{{{names}}}'::text[])"
