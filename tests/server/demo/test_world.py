"""The demo world before it is stored."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from actors.auth.names import check_username
from server.demo import words
from server.demo.world import World, make_world

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def world() -> World:
    return make_world(200, 2000, NOW)


def test_the_same_numbers_make_the_same_world() -> None:
    assert make_world(30, 60, NOW) == make_world(30, 60, NOW)
    assert make_world(30, 60, NOW).posts != make_world(31, 60, NOW).posts


def test_ids_sort_as_the_times_they_were_made_at() -> None:
    posts = world().posts
    assert [post.id for post in posts] == sorted(post.id for post in posts)
    for post in posts:
        assert post.id.version == 7
        assert post.id.int >> 80 == int(post.created_at.timestamp() * 1000)
    assert posts[0].created_at < NOW - timedelta(weeks=3)
    assert posts[-1].created_at <= NOW


def test_nothing_happens_before_those_it_happens_to_are_there() -> None:
    made = world()
    for post in made.posts:
        assert made.people[post.author].created_at < post.created_at
    for follow in made.follows:
        assert max(made.people[follow.follower].created_at, made.people[follow.followee].created_at) <= follow.at <= NOW
    for post_index, at in [(like.post, like.at) for like in made.likes] + [(one.post, one.at) for one in made.shares]:
        assert made.posts[post_index].created_at <= at <= NOW


def test_everybody_does_a_thing_once_and_never_to_themselves() -> None:
    made = world()
    follows = [(follow.follower, follow.followee) for follow in made.follows]
    assert len(set(follows)) == len(follows)
    assert all(follower != followee for follower, followee in follows)
    for deeds in (made.likes, made.shares):
        pairs = [(deed.post, deed.person) for deed in deeds]
        assert pairs
        assert len(set(pairs)) == len(pairs)
        assert all(made.posts[post].author != person for post, person in pairs)


def test_few_are_followed_by_many_and_few_posts_are_liked_by_many() -> None:
    made = world()
    followers = sorted(Counter(follow.followee for follow in made.follows).values(), reverse=True)
    assert sum(followers[:20]) > 0.25 * sum(followers)
    likes = sorted(Counter(like.post for like in made.likes).values(), reverse=True)
    assert sum(likes[:200]) > 0.3 * sum(likes)


def test_the_demo_accounts_follow_are_followed_and_know_each_other() -> None:
    made = world()
    demo = made.demo_people
    assert [made.people[index].username for index in demo] == [username for username, _ in words.DEMO]
    follows = {(follow.follower, follow.followee) for follow in made.follows}
    for one in demo:
        assert sum(follower == one for follower, _ in follows) >= 20
        assert sum(followee == one for _, followee in follows) >= 20
        assert all((one, other) in follows for other in demo if other != one)


def test_all_usernames_are_ones_that_people_may_choose_and_no_two_are_alike() -> None:
    people = make_world(3000, 0, NOW).people
    assert len({check_username(person.username) for person in people}) == 3000


def test_a_photograph_does_not_show_twice_on_one_screen() -> None:
    numbers = [post.number for post in world().posts]
    last: dict[int, int] = {}
    for place, number in enumerate(numbers):
        assert place - last.get(number, -100) >= 24
        last[number] = place
    assert len(last) == 60


def test_the_smallest_world_is_possible() -> None:
    made = make_world(2, 0, NOW)
    assert [person.username for person in made.people] == ["ada", "boris"]
    assert {(follow.follower, follow.followee) for follow in made.follows} == {(0, 1), (1, 0)}


def test_words_and_pictures_are_about_the_same_things() -> None:
    from server.demo.pictures import THEMES  # noqa: PLC0415  beside the one test that asks

    for about in (words.CAPTIONS, words.TAGS, words.ALTS):
        assert set(about) == set(THEMES)
    assert all(one < other for one, other in pairwise(sorted(words.FIRST)))
