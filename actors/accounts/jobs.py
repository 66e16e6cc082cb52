"""Letters on their way out, and what the clock does: late letters, accounts past their grace, what no longer counts."""

from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram

from actors.accounts import queries
from actors.accounts.events import ErasureDue
from actors.accounts.letters import LETTERS, LetterName, on_the_day, write
from actors.accounts.tokens import Purpose, tokens_of
from actors.adapters import Outage
from actors.adapters.mail import MailRefused, pause_after
from actors.auth.standing import CLOSING_GRACE
from actors.auth.tokens import digest
from actors.kernel.jobs import JobContext, job

log = structlog.get_logger(__name__)

letters_total = Counter("vitrine_letters_total", "Letters by what became of them", ["letter", "outcome"])
letter_seconds = Histogram(
    "vitrine_letter_seconds",
    "Time the mail server took for a letter",
    ["letter"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20),
)

AT_ONCE = 200
"""Late letters, or accounts past their grace, of one run."""


@job("accounts.send_letter")
async def send_letter(
    context: JobContext,
    letter: LetterName,
    user_id: UUID,
    mail_id: UUID | None = None,
    tries: int = 0,
    object_key: str | None = None,
) -> None:
    """Send a letter that is still due. `mail_id`, by default the job's own id, makes its Message-ID and its token.

    One with an `object_key` leads to that object of the storage, signed for as long as the letter is worth.

    Done again, after a crash between the server's yes and our commit, it sends the same mail once more. What the
    server does not take now waits a minute, then two, four, at the most an hour; what it refuses is given up.
    """
    mail_id = mail_id or context.id
    message = await _written(context, letter, user_id, mail_id, object_key)
    outcome = "unneeded"
    if message is not None:
        try:
            with letter_seconds.labels(letter).time():
                await context.adapters.mail.send(message)
            outcome = "sent"
        except MailRefused as error:
            outcome = "refused"
            log.warning("letter refused", letter=letter, mail_id=str(mail_id), user_id=str(user_id), code=error.code)
        except (Outage, OSError) as error:
            outcome = "deferred"
            log.warning("letter deferred", letter=letter, mail_id=str(mail_id), tries=tries + 1, error=error)
    async with context.transaction() as tx:
        if outcome == "deferred":
            await queries.defer(tx, mail_id, letter, user_id, object_key, tries + 1, pause_after(tries))
    letters_total.labels(letter, outcome).inc()


async def _written(
    context: JobContext, name: LetterName, user_id: UUID, mail_id: UUID, object_key: str | None
) -> EmailMessage | None:
    """The letter, or None when it is not due any more."""
    settings, letter = context.adapters.settings, LETTERS[name]
    account = await queries.account(context.read, user_id)
    written_at = datetime.fromtimestamp((mail_id.int >> 80) / 1000, UTC)
    if account is None or datetime.now(UTC) - written_at > letter.worth:
        return None
    if object_key is not None and not account["is_verified"]:
        return None  # what somebody has here goes to nobody else, and whose the address is nobody proved
    to, token, facts = account["email"], None, {}
    if letter.purpose is not None:
        row = await queries.promised(context.read, user_id, letter.purpose)
        candidates = tokens_of(settings, mail_id, letter.purpose)
        token = next((each for each in candidates if row and row["is_good"] and digest(each) == row["hash"]), None)
        if row is None or token is None:
            return None
        to = row["email"]
    elif name is LetterName.email_changing:
        row = await queries.promised(context.read, user_id, Purpose.change)
        if row is None:
            return None
        to, facts = row["former_email"], {"new_email": row["email"]}
    elif name is LetterName.password_changed:
        facts = {"when": f"{on_the_day(written_at)} at {written_at:%H:%M} UTC"}
    elif name is LetterName.account_closing:
        if account["closing_at"] is None:
            return None
        facts = {"erased_on": on_the_day(account["closing_at"] + CLOSING_GRACE)}
    if object_key is not None:
        seconds = int((written_at + letter.worth - datetime.now(UTC)).total_seconds())
        facts["link"] = context.adapters.addresses.sign_get(object_key, max(1, seconds), "vitrine.zip")
    return write(name, settings, mail_id, to=to, username=account["username"], token=token, **facts)


@job("accounts.send_late_letters", cron="* * * * *")
async def send_late_letters(context: JobContext) -> None:
    """Owe letters that have waited long enough, so many a minute."""
    async with context.transaction() as tx:
        for late in await queries.take_due(tx, AT_ONCE):
            tx.enqueue(
                "accounts.send_letter",
                letter=late["letter"],
                user_id=str(late["user_id"]),
                mail_id=str(late["mail_id"]),
                tries=late["tries"],
                object_key=late["object_key"],
            )


@job("accounts.erase_closed", cron="17 * * * *")
async def erase_closed(context: JobContext) -> None:
    """Announce that accounts past their grace are to be erased; those that are not erased yet are announced again."""
    due = await queries.past_grace(context.read, CLOSING_GRACE, AT_ONCE)
    async with context.transaction() as tx:
        tx.emit(*(ErasureDue(user_id=user_id) for user_id in due))


@job("accounts.prune", cron="41 * * * *")
async def prune(context: JobContext) -> None:
    """Forget what no longer counts."""
    async with context.transaction() as tx:
        await queries.prune(tx)
