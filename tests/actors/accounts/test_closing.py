"""Closing an account and having it back; and, after thirty days, nothing of the person but the name."""

from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr

from actors.accounts.messages import AskPasswordReset
from actors.auth.messages import Login, UsernameTaken
from actors.auth.people import Caller
from actors.auth.standing import CLOSING_GRACE, CloseAccount
from actors.comments.messages import PostComment
from actors.feed.tasting_messages import GiveFeedback, SetFeedPreferences, Signal
from actors.graph.events import Followed
from actors.graph.messages import Mute, Relationships, SetFollow
from actors.kernel.envelope import Origin
from actors.kernel.system import System
from actors.media.jobs import process
from actors.notifications.messages import ListNotifications
from actors.posts.messages import DeletePost, SetBookmark, SetLike, SetRepost
from actors.posts.tag_messages import SetTagFollow
from actors.profiles.messages import EditProfile
from tests.actors.accounts.mailroom import Mailroom, text_of
from tests.actors.auth.people import PASSWORD, callers, facts, fetch, join, prove, until
from tests.actors.clock import strike
from tests.actors.comments.commenting import drift, settle
from tests.actors.media.uploading import perform, signed, uploaded, working
from tests.actors.posts.posting import plant
from tests.images import photograph

PASSING = {"outbox", "inbox_records", "job_intents", "idempotency_keys"}
"""Facts and jobs on their way, which are pruned minutes to days later."""
COUNTS = """
SELECT count(*) FROM profiles p WHERE (p.followers, p.following, p.likes) <> (
    (SELECT count(*) FROM follows WHERE followee_id = user_id),
    (SELECT count(*) FROM follows WHERE follower_id = user_id),
    (SELECT count(*) FROM likes JOIN posts ON posts.id = post_id WHERE author_id = p.user_id AND deleted_at IS NULL))
"""
POST_COUNTS = """
SELECT count(*) FROM posts p WHERE original_post_id IS NULL AND (p.likes, p.reposts) <> (
    (SELECT count(*) FROM likes WHERE post_id = p.id), (SELECT count(*) FROM reposts WHERE post_id = p.id))
"""
GROUPS = """
SELECT count(*) FROM notifications n
WHERE n.people <> (SELECT count(*) FROM notification_people WHERE notification_id = n.id AND shown)
"""


async def close(system: System, who: Caller) -> None:
    """Ask for it, with the password."""
    await system.ask(CloseAccount(caller=who, password=SecretStr(PASSWORD)))


async def age(database_url: str, who: UUID, by: timedelta) -> None:
    """Let so much time pass since somebody closed their account."""
    await fetch(database_url, "UPDATE users SET closing_at = closing_at - $2::interval WHERE id = $1", who, by)


async def test_closing_is_confirmed_by_mail_with_the_day_and_signing_in_calls_it_off(
    system: System, mailroom: Mailroom
) -> None:
    ana = await join(system, "ana")
    await mailroom.send()
    await close(system, ana.caller)
    (told, *_) = await mailroom.send()
    assert (told["Subject"], told["To"]) == ("Your account will be deleted", "ana@example.org")
    (closed_at,) = (await fetch(mailroom.database_url, "SELECT closing_at FROM users"))[0]
    day = closed_at + CLOSING_GRACE
    assert f"{day.day} {day:%B %Y}" in text_of(told)
    await age(mailroom.database_url, ana.user.id, CLOSING_GRACE - timedelta(minutes=1))
    await strike(mailroom.outside, "accounts.erase_closed")
    assert await facts(mailroom.database_url, "ErasureDue") == [], "a minute is left"
    await age(mailroom.database_url, ana.user.id, timedelta(minutes=2))
    await strike(mailroom.outside, "accounts.erase_closed")
    await settle(mailroom.database_url)
    assert len(await facts(mailroom.database_url, "AccountErased")) == 1


async def test_who_came_back_is_not_erased_and_gets_no_late_letter(system: System, mailroom: Mailroom) -> None:
    ana = await join(system, "ana")
    await mailroom.send()
    await close(system, ana.caller)
    await mailroom.heard()
    await system.ask(Login(login="ana", password=SecretStr(PASSWORD)))
    assert not any("deleted" in mail["Subject"] for mail in await mailroom.send())
    for _ in range(2):
        await strike(mailroom.outside, "accounts.erase_closed")
    await settle(mailroom.database_url)
    assert await facts(mailroom.database_url, "AccountErased") == []


async def remaining(database_url: str, *marks: str) -> dict[str, int]:
    """For every table the rows in which any of these texts stands, in whatever column."""
    tables = await fetch(
        database_url, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
    )
    counted = {}
    for (table,) in tables:
        sql = f"SELECT count(*) FROM {table} t WHERE t::text ILIKE ANY($1::text[])"
        ((counted[table],),) = await fetch(database_url, sql, [f"%{mark}%" for mark in marks])
    return {table: count for table, count in counted.items() if count}


async def live(system: System, ana: Caller, bea: Caller, cal: Caller, database_url: str) -> None:
    """All that people do here, Ana to others and others to Ana."""
    theirs, gone, mine, deleted = await plant(database_url, [bea.id, bea.id, ana.id, ana.id], tags=["sea"])
    for who, whom in ((ana, "bea"), (bea, "ana"), (cal, "ana"), (cal, "bea")):
        await system.ask(SetFollow(caller=who, username=whom, following=True))
    await system.ask(Mute(caller=ana, username="cal"))
    await system.ask(Mute(caller=cal, username="ana"))
    for who, post_id in ((ana, theirs), (ana, gone), (cal, theirs), (bea, mine), (cal, mine), (bea, deleted)):
        await system.ask(SetLike(caller=who, post_id=post_id, liked=True))
        await system.ask(SetRepost(caller=who, post_id=post_id, reposted=True))
        await system.ask(SetBookmark(caller=who, post_id=post_id, bookmarked=True))
        await system.ask(PostComment(caller=who, post_id=post_id, body=f"said by {who.username}"))
    await system.ask(DeletePost(caller=bea, post_id=gone))
    await system.ask(DeletePost(caller=ana, post_id=deleted))
    await system.ask(SetTagFollow(caller=ana, tag="sea", following=True))
    await system.ask(GiveFeedback(caller=ana, post_id=theirs, signal=Signal.less))
    await system.ask(GiveFeedback(caller=bea, post_id=mine, signal=Signal.seen))
    await system.ask(SetFeedPreferences(caller=ana, show_sensitive=True))
    await system.ask(EditProfile(caller=ana, bio="all about ana@example.org", display_name="Ana of Ana"))
    await signed(system, ana, 1_000)
    await prove(database_url, "ana")
    await system.ask(AskPasswordReset(email="ana@example.org"))


@pytest.mark.usefixtures("storage")
async def test_after_erasure_nothing_of_a_person_is_left_but_the_name(
    system: System, mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    for parts in ("actors.posts.jobs", "actors.notifications.actor", "actors.comments.actor"):
        monkeypatch.setattr(f"{parts}.ERASED_AT_ONCE", 2)
    url = mailroom.database_url
    ana, bea, cal = await callers(system, "ana", "bea", "cal")
    await live(system, ana, bea, cal, url)
    shown, coming = [await uploaded(system, ana, photograph()) for _ in range(2)]
    for face in (shown, coming):
        await system.ask(EditProfile(caller=ana, avatar_upload_id=face.upload_id))
        if face is shown:
            await perform(mailroom.outside, process, photo_id=face.upload_id)
            await settle(url)
    await settle(url)
    assert len(await remaining(url, str(ana.id))) > 15, "Ana was everywhere"
    await close(system, ana)
    await age(url, ana.id, CLOSING_GRACE)
    await strike(mailroom.outside, "accounts.erase_closed")
    async with working(mailroom.outside):
        await settle(url)
        await _no_job_is_owed(mailroom)
    await settle(url)
    await strike(mailroom.outside, "comments.forget")
    await fetch(url, "UPDATE posts SET deleted_at = deleted_at - interval '1 day'")
    await strike(mailroom.outside, "posts.purge")
    await settle(url)
    await fetch(
        url,
        "UPDATE photos SET released_at = released_at - interval '1 hour', created_at = created_at - interval '1 day'",
    )
    await strike(mailroom.outside, "media.sweep")
    await fetch(url, "UPDATE mail_quotas SET latest_at = latest_at - interval '2 hours'")
    await strike(mailroom.outside, "accounts.prune")

    await system.deliver("notifications", Followed(follower_id=bea.id, followee_id=ana.id), Origin())
    left = await remaining(url, str(ana.id), "ana@example.org", "Ana of Ana", "said by ana")
    assert {table: count for table, count in left.items() if table not in PASSING} == {"users": 1, "comments": 2}
    emptied = "SELECT count(*) FROM comments WHERE author_id = $1 AND body = '' AND deleted_at IS NOT NULL"
    assert await mailroom.value(emptied, ana.id) == 2, "where they commented stays, without their words"
    tombstone = "SELECT username, email, password_hash FROM users WHERE id = $1"
    assert [tuple(row) for row in await fetch(url, tombstone, ana.id)] == [("ana", "", "")]
    with pytest.raises(UsernameTaken):
        await join(system, "Ana", email="other@example.org")

    assert [await mailroom.value(sql) for sql in (COUNTS, POST_COUNTS, GROUPS)] == [0, 0, 0]
    assert await drift(url) == [0, 0]
    assert await mailroom.value("SELECT (SELECT count(*) FROM profiles, posts)") == 2 * 3
    (relation,) = (await system.ask(Relationships(caller=bea, ids=(ana.id,)))).items
    assert (relation.following, relation.followed_by) == (False, False)
    for who in (bea, cal):
        page = await system.ask(ListNotifications(caller=who, limit=50))
        assert str(ana.id) not in page.model_dump_json()


async def _no_job_is_owed(mailroom: Mailroom) -> None:
    await until(lambda: mailroom.value("SELECT count(*) FROM job_intents WHERE done_at IS NULL"), 0, seconds=30)
