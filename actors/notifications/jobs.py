"""What is done for notifications by the clock: digests, forgetting what was taken back, and the return of people."""

from datetime import UTC, date, datetime
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from actors.adapters import Outage
from actors.adapters.mail import MailRefused, pause_after
from actors.kernel.jobs import JobContext, job
from actors.kernel.paging import OLDEST
from actors.notifications import absences, digest_queries, digests, leaving, metrics
from actors.notifications.events import ReviewDue

log = structlog.get_logger(__name__)

PEOPLE_AT_ONCE = 200
"""People looked at for a digest, or back from an absence, in one transaction."""
FORGOTTEN_AT_ONCE = 1_000


@job("notifications.forget_taken_back", cron="* * * * *")
async def forget_taken_back(context: JobContext) -> None:
    """Forget what was undone and need not be remembered any longer, so many a run."""
    user_ids = await leaving.taken_back(context.read, FORGOTTEN_AT_ONCE)
    async with context.transaction() as tx:
        if await leaving.forget_taken_back(tx, user_ids, FORGOTTEN_AT_ONCE) == FORGOTTEN_AT_ONCE:
            tx.enqueue("notifications.forget_taken_back")


@job("notifications.let_back", cron="* * * * *")
async def let_back(context: JobContext) -> None:
    """Let people back into what others are told whose suspension ran out: nothing announces that."""
    over = await absences.over(context.read, PEOPLE_AT_ONCE)
    async with context.transaction() as tx:
        tx.emit(*(ReviewDue(person_id=person_id) for person_id in await absences.turned(tx, over)))


@job("notifications.begin_digests", cron="0 7 * * *")
async def begin_digests(context: JobContext) -> None:
    """Begin the walk over everybody that owes the digests of the day."""
    async with context.transaction() as tx:
        tx.enqueue("notifications.owe_digests", day=datetime.now(UTC).date().isoformat(), after=str(OLDEST))


@job("notifications.owe_digests")
async def owe_digests(context: JobContext, day: date, after: UUID) -> None:
    """Owe their digest to some people, and the rest of the walk."""
    people = await digest_queries.stretch(context.read, after, PEOPLE_AT_ONCE)
    due = await digest_queries.due(context.read, people, day)
    async with context.transaction() as tx:
        mails = {user_id: uuid7() for user_id in due}
        for user_id in await digest_queries.promise(tx, mails, day):
            tx.enqueue("notifications.send_digest", user_id=str(user_id), mail_id=str(mails[user_id]))
        if len(people) == PEOPLE_AT_ONCE:
            tx.enqueue("notifications.owe_digests", day=day.isoformat(), after=str(people[-1]))


@job("notifications.send_digest")
async def send_digest(context: JobContext, user_id: UUID, mail_id: UUID) -> None:
    """Send a digest that is still due. Done again, after a crash between the server's yes and our commit, it sends a
    mail of the same Message-ID once more. What the server does not take now waits a minute, then two, four, at the
    most an hour; what it refuses is given up for the day, and its news are in the next."""
    outcome, digest = "unneeded", await digest_queries.owed(context.read, user_id, mail_id)
    letter = digest and await digests.written(context.read, context.adapters, digest, mail_id)
    if letter is not None:
        try:
            await context.adapters.mail.send(letter)
            outcome = "sent"
        except MailRefused as error:
            outcome = "refused"
            log.warning("digest refused", mail_id=str(mail_id), user_id=str(user_id), code=error.code)
        except (Outage, OSError) as error:
            outcome = "deferred"
            log.warning("digest deferred", mail_id=str(mail_id), error=error)
    async with context.transaction() as tx:
        if outcome == "sent":
            await digest_queries.sent(tx, user_id, mail_id)
        elif outcome == "deferred" and digest is not None:
            await digest_queries.defer(tx, user_id, mail_id, pause_after(digest.tries))
    metrics.digests_total.labels(outcome).inc()


@job("notifications.send_waiting_digests", cron="* * * * *")
async def send_waiting_digests(context: JobContext) -> None:
    """Owe digests that have waited for the mail server long enough, so many a minute."""
    async with context.transaction() as tx:
        for user_id, mail_id in await digest_queries.take_waiting(tx, PEOPLE_AT_ONCE):
            tx.enqueue("notifications.send_digest", user_id=str(user_id), mail_id=str(mail_id))
