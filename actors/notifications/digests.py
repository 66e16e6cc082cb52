"""A digest as a letter: what is new, said in a line each, and how to get no more of them."""

from collections.abc import Sequence
from email.message import EmailMessage
from uuid import UUID

from actors.accounts.letters import LetterName, write
from actors.adapters.outside import Outside
from actors.kernel.transaction import Reads
from actors.notifications import digest_queries, queries, showing
from actors.notifications.digest_queries import Digest
from actors.notifications.kinds import KINDS
from actors.notifications.messages import NotificationView
from actors.notifications.unsubscribing import token_of

LINES = 10
"""Notifications that a digest names; of more it says only that there are."""


async def written(db: Reads, outside: Outside, digest: Digest, mail_id: UUID) -> EmailMessage | None:
    """The letter; None: everything was read or taken back meanwhile."""
    groups = await digest_queries.unread(db, digest, LINES + 1)
    views = await showing.views(db, groups, await queries.marks(db, [digest.user_id]), outside.addresses)
    if not views:
        return None
    settings = outside.settings
    home, token = settings.public_url.rstrip("/"), token_of(settings, digest.user_id)
    lines = [line_of(view) for view in views.values()]
    letter = write(
        LetterName.digest,
        settings,
        mail_id,
        to=digest.email,
        username=digest.username,
        lines=lines[:LINES],
        has_more=len(groups) > LINES,
        unsubscribe=f"{home}/#unsubscribe={token}",
    )
    letter["List-Unsubscribe"] = f"<{home}/v1/notifications/unsubscribe/{token}>"
    letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return letter


def line_of(view: NotificationView) -> str:
    """A notification in words: ana, bea and 3 others liked your photograph."""
    declared = KINDS[view.kind]
    if not declared.has_people:
        return declared.words
    return f"{_named([person.username for person in view.people], view.count)} {declared.words}"


def _named(names: Sequence[str], count: int) -> str:
    shown = list(names[:2] if count > len(names) else names)
    if (others := count - len(shown)) > 0:
        shown.append("1 other" if others == 1 else f"{others:,} others")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
