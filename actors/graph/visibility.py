"""Who may see whom: the one place that decides it, as conditions for the SQL of every domain.

`viewer` and `author` are SQL expressions of a user's id, columns with the name of their table or better its alias: any
other would mean a column of these conditions' own tables. A NULL viewer is a visitor.
"""

import re

from actors.auth.presence import is_present

_EXPRESSION = re.compile(r"(?!(?:seen|follows|blocks|mutes|private_accounts)\.)\w+\.\w+|\$\d+(?:::uuid)?|NULL::uuid")


def may_see(viewer: str, author: str) -> str:
    """The viewer may see what the author shows: they may meet, and a private account is followed."""
    return f"""({may_meet(viewer, author)} AND ({author} IS NOT DISTINCT FROM {viewer}
        OR NOT {is_private(author)}
        OR EXISTS (SELECT FROM follows WHERE follower_id = {viewer} AND followee_id = {author})))"""


def may_meet(viewer: str, author: str) -> str:
    """The account shows, and neither blocks the other: who is private is heard too, in a place that is not theirs."""
    _check(viewer, author)
    return f"""(
        EXISTS (SELECT FROM users seen WHERE seen.id = {author} AND {is_present("seen")})
        AND ({author} IS NOT DISTINCT FROM {viewer} OR NOT EXISTS (
            SELECT FROM blocks WHERE blocker_id = {viewer} AND blocked_id = {author}
            UNION ALL SELECT FROM blocks WHERE blocker_id = {author} AND blocked_id = {viewer})))"""


def is_private(author: str) -> str:
    """The author shows their work to followers alone."""
    _check(author)
    return f"EXISTS (SELECT FROM private_accounts WHERE user_id = {author})"


def has_blocks(author: str) -> str:
    """The author blocks somebody, or is blocked."""
    _check(author)
    return f"""EXISTS (
        SELECT FROM blocks WHERE blocker_id = {author} UNION ALL SELECT FROM blocks WHERE blocked_id = {author})"""


def is_open(author: str) -> str:
    """Everybody may see what the author shows, visitors too: asked first where one author meets many viewers."""
    return f"({may_see('NULL::uuid', author)} AND NOT {has_blocks(author)})"


def wants_to_hear_of(viewer: str, author: str) -> str:
    """The viewer has not muted the author. It holds for feeds and notifications, not for what is asked for by name."""
    _check(viewer, author)
    return f"""NOT EXISTS (
        SELECT FROM mutes WHERE muter_id = {viewer} AND muted_id = {author} AND (until IS NULL OR until > now()))"""


def _check(*expressions: str) -> None:
    for expression in expressions:
        if not _EXPRESSION.fullmatch(expression):
            raise ValueError(f"{expression!r} may mean another column inside a condition; name its table, by an alias")
