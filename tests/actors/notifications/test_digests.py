"""The daily mail: to whom, of what, once a day, whatever dies in between, and how it ends."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from uuid_utils.compat import uuid7

from actors.adapters.mail import MailUnavailable
from actors.auth.people import Caller
from actors.kernel.paging import OLDEST
from actors.kernel.system import System
from actors.notifications.digest_queries import REACH, WORTH
from actors.notifications.digests import line_of
from actors.notifications.messages import MarkRead
from actors.notifications.preference_messages import SetPreferences
from tests.actors.accounts.mailroom import Mailroom, text_of
from tests.actors.auth.people import callers, fetch
from tests.actors.clock import strike
from tests.actors.notifications.test_notifications import follow, like, mine, settle
from tests.actors.posts.posting import crowd, plant

SENDS, WALKS = "notifications.send_digest", "notifications.owe_digests"


@pytest.fixture
async def people(system: System, database_url: str) -> list[Caller]:
    """Ana, whom bea follows, and bea; both have proved their addresses."""
    ana, bea = await callers(system, "ana", "bea")
    await fetch(database_url, "UPDATE users SET email_verified_at = now()")
    await follow(system, bea, ana)
    await settle(database_url)
    return [ana, bea]


async def a_day_comes(mailroom: Mailroom, *, send: bool = True) -> int:
    """The morning of the next day: the walk, and every digest it owes. Returns how many were owed."""
    await fetch(mailroom.database_url, "UPDATE notification_digests SET day = day - 1")
    await strike(mailroom.outside, "notifications.begin_digests")
    while walks := await mailroom.owed(WALKS):
        for walk in walks:
            await mailroom.attempt(walk)
    owed = await mailroom.owed(SENDS)
    if send:
        for job in owed:
            await mailroom.attempt(job)
    return len(owed)


async def to_ana(mailroom: Mailroom) -> list[EmailMessage]:
    """Her digests, the newest first."""
    letters = await mailroom.all()
    return [letter for letter in letters if letter["List-Unsubscribe"] and letter["To"] == "ana@example.org"]


@pytest.mark.usefixtures("people")
async def test_a_digest_says_what_is_unread_in_both_forms_and_how_to_end_it(mailroom: Mailroom) -> None:
    assert await a_day_comes(mailroom) == 1
    (letter,) = await to_ana(mailroom)
    plain, html = text_of(letter), text_of(letter, "html")
    assert "- bea followed you\n" in plain
    assert "<li>bea followed you</li>" in html
    home = mailroom.outside.settings.public_url
    address = letter["List-Unsubscribe"].strip("<>")
    token = address.removeprefix(f"{home}/v1/notifications/unsubscribe/")
    assert len(token) == 43
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"{home}/#unsubscribe={token}" in plain
    assert f'href="{home}/#unsubscribe={token}"' in html


async def test_there_is_one_a_day_and_the_next_only_when_there_is_more(
    mailroom: Mailroom, people: list[Caller], database_url: str
) -> None:
    await a_day_comes(mailroom)
    for _ in range(2):
        await strike(mailroom.outside, "notifications.begin_digests")
        for walk in await mailroom.owed(WALKS):
            await mailroom.attempt(walk)
    assert await mailroom.owed(SENDS) == [], "a second one on the same day"
    assert await a_day_comes(mailroom) == 0, "nothing new"
    (cleo,) = await callers(mailroom.system, "cleo")
    await follow(mailroom.system, cleo, people[0])
    await settle(database_url)
    assert await a_day_comes(mailroom) == 1
    newest, first = await to_ana(mailroom)
    assert "cleo and bea followed you" in text_of(newest)
    assert newest["Message-ID"] != first["Message-ID"]


async def test_walks_that_race_owe_each_person_one_digest(mailroom: Mailroom, people: list[Caller]) -> None:
    today = datetime.now(UTC).date().isoformat()
    for _ in range(3):
        await fetch(
            mailroom.database_url,
            "INSERT INTO job_intents (id, task, args, created_at, published_at) VALUES ($1, $2, $3, now(), now())",
            uuid7(),
            WALKS,
            f'{{"day": "{today}", "after": "{OLDEST}"}}',
        )
    await asyncio.gather(*(mailroom.attempt(walk) for walk in await mailroom.owed(WALKS)))
    (job,) = await mailroom.owed(SENDS)
    assert str(people[0].id) in job["args"]


async def test_a_digest_sent_again_after_a_crash_is_the_same_mail(
    mailroom: Mailroom, people: list[Caller], database_url: str
) -> None:
    await a_day_comes(mailroom)
    (first,) = await to_ana(mailroom)
    await fetch(database_url, "UPDATE job_intents SET done_at = NULL WHERE task = $1", SENDS)
    await fetch(database_url, "UPDATE notification_digests SET sent_until = NULL")
    for job in await mailroom.owed(SENDS):
        await mailroom.attempt(job)
    assert {letter["Message-ID"] for letter in await to_ana(mailroom)} == {first["Message-ID"]}
    await fetch(database_url, "UPDATE job_intents SET done_at = NULL WHERE task = $1", SENDS)
    sent = len(await to_ana(mailroom))
    for job in await mailroom.owed(SENDS):
        await mailroom.attempt(job)
    assert len(await to_ana(mailroom)) == sent, "sent and recorded is done"


@pytest.mark.parametrize(
    "why",
    [
        "UPDATE users SET email_verified_at = NULL WHERE id = $1",
        "UPDATE users SET suspended_until = 'infinity' WHERE id = $1",
        "UPDATE users SET closing_at = now() WHERE id = $1",
        "INSERT INTO notification_preferences (user_id, mail_digest) VALUES ($1, false)",
        """INSERT INTO notification_preferences (user_id, kinds) VALUES ($1, '{"follow": {"mailDigest": false}}')""",
        "UPDATE notifications SET at = at - interval '8 days' WHERE user_id = $1",
        "UPDATE notification_markers SET read_at = now() WHERE user_id = $1",
    ],
    ids=["unverified", "suspended", "closing", "unwanted", "of no wanted kind", "too old", "read"],
)
@pytest.mark.parametrize("when", ["before the walk", "after it"])
async def test_nobody_gets_one_who_should_not(mailroom: Mailroom, people: list[Caller], why: str, when: str) -> None:
    if when == "before the walk":
        await fetch(mailroom.database_url, why, people[0].id)
        assert await a_day_comes(mailroom) == 0
    else:
        assert await a_day_comes(mailroom, send=False) == 1
        await fetch(mailroom.database_url, why, people[0].id)
        for job in await mailroom.owed(SENDS):
            await mailroom.attempt(job)
    assert await to_ana(mailroom) == []


class _Closed:
    """A mail server that takes nothing now."""

    async def send(self, message: EmailMessage) -> None:
        raise MailUnavailable(str(message["Message-ID"]))


async def test_a_digest_waits_for_the_mail_server_for_a_day_and_its_news_for_the_next(
    mailroom: Mailroom, people: list[Caller], database_url: str
) -> None:
    await a_day_comes(mailroom, send=False)
    (job,) = await mailroom.owed(SENDS)
    await mailroom.attempt(job, _Closed())
    await strike(mailroom.outside, "notifications.send_waiting_digests")
    assert await mailroom.owed(SENDS) == [], "it waits a minute"
    await fetch(database_url, "UPDATE notification_digests SET waits_until = now()")
    await strike(mailroom.outside, "notifications.send_waiting_digests")
    (again,) = await mailroom.owed(SENDS)
    assert again["args"] == job["args"]
    await fetch(database_url, "UPDATE notification_digests SET until = until - interval '21 hours'")
    await mailroom.attempt(again)
    assert await to_ana(mailroom) == [], "it is too late for this one"
    assert await a_day_comes(mailroom) == 1
    assert len(await to_ana(mailroom)) == 1
    (item,) = await mine(mailroom.system, people[0])
    await mailroom.system.ask(MarkRead(caller=people[0], until=item.id))


async def test_the_walk_goes_on_where_it_stopped(
    mailroom: Mailroom, people: list[Caller], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.notifications.jobs.PEOPLE_AT_ONCE", 2)
    more = await crowd(database_url, people[0], 4)
    await fetch(database_url, "UPDATE users SET email_verified_at = now()")
    for one in more:
        await fetch(database_url, "INSERT INTO notification_markers (user_id) VALUES ($1)", one.id)
        await fetch(
            database_url,
            "INSERT INTO notifications (id, user_id, kind, subject_kind, subject_id, people, at) "
            "VALUES ($1, $2, 'reply', 'post', $1, 1, now())",
            uuid7(),
            one.id,
        )
    assert await a_day_comes(mailroom, send=False) == 5


async def test_a_long_digest_names_ten_and_says_that_there_are_more(
    mailroom: Mailroom, people: list[Caller], database_url: str
) -> None:
    ana, bea = people
    await mailroom.system.ask(SetPreferences.model_validate({"caller": ana, "kinds": {"like": {"mailDigest": True}}}))
    posts = await plant(database_url, [ana.id] * 10)
    await asyncio.gather(*(like(mailroom.system, bea, post) for post in posts))
    await settle(database_url)
    await a_day_comes(mailroom)
    (letter,) = await to_ana(mailroom)
    assert text_of(letter).count("- bea liked your photograph\n") == 10
    assert "- and more\n" in text_of(letter)
    assert "followed" not in text_of(letter)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (1, "bea liked your photograph"),
        (3, "dora, cleo and bea liked your photograph"),
        (4, "eve, dora and 2 others liked your photograph"),
    ],
)
async def test_people_are_named_as_one_says_it(system: System, database_url: str, others: int, said: str) -> None:
    ana, *fans = await callers(system, *("ana", "bea", "cleo", "dora", "eve")[: others + 1])
    (post,) = await plant(database_url, [ana.id])
    for fan in fans:
        await like(system, fan, post)
        await settle(database_url)
    (item,) = await mine(system, ana)
    assert line_of(item) == said


def test_a_digest_is_given_up_before_the_next_one() -> None:
    assert WORTH < timedelta(days=1) < REACH
