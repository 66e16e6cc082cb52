"""The order in which the best are shown."""

import random
from collections.abc import Iterable
from uuid import UUID

from actors.feed.arranging import CHANCE_EVERY, LENGTH, WINDOW, Ranked, Reason, arrange, spread


def posts(authors: Iterable[int], *, start: int = 1, is_unnoticed: bool = False) -> list[Ranked]:
    """Ranked posts of these authors, the best first."""
    return [
        Ranked(UUID(int=start + place), UUID(int=author), 1000.0 - place, (), is_unnoticed)
        for place, author in enumerate(authors)
    ]


def ranked(found: Iterable[Ranked]) -> list[tuple[Ranked, Reason]]:
    return [(one, Reason.rank) for one in found]


def test_nobody_is_twice_in_a_window_while_there_are_others_and_nothing_is_lost() -> None:
    rng = random.Random(1)
    found = posts(rng.choices(range(60), weights=range(1, 61), k=200))
    order = list(spread(found, lambda one: one.author_id))
    assert sorted(order) == sorted(found)
    for place in range(len(order) - WINDOW):
        ahead = {one.author_id for one in order[place:]}
        window = [one.author_id for one in order[place : place + WINDOW]]
        if len(ahead) >= WINDOW * 2:
            assert len(set(window)) == len(window), place


def test_who_is_alone_fills_the_page_in_the_order_of_the_ranking() -> None:
    found = posts([1] * 50)
    assert list(spread(found, lambda one: one.author_id)) == found


def test_a_small_circle_takes_turns() -> None:
    found = posts([1, 1, 1, 2, 2, 2, 3, 3, 3])
    order = [one.author_id.int for one in spread(found, lambda one: one.author_id)]
    assert order == [1, 2, 3] * 3


def test_one_in_five_places_is_for_the_unnoticed() -> None:
    noticed = posts(range(100))
    chances = posts(range(200, 260), start=1000, is_unnoticed=True)
    places = arrange(ranked(noticed), chances)
    for start in range(0, 60, 20):
        given = [place.reason for place in places[start : start + 20]].count(Reason.chance)
        assert given == 20 // CHANCE_EVERY
    assert len({post_id for post_id, _ in places}) == len(places)
    assert {one.post_id for one in noticed} <= {post_id for post_id, _ in places}


def test_where_the_ranking_shows_them_anyway_the_unnoticed_need_no_chance() -> None:
    found = posts(range(100), is_unnoticed=True)
    places = arrange(ranked(found), found[::-1])
    assert [place.post_id for place in places] == [one.post_id for one in found]
    assert {place.reason for place in places} == {Reason.rank}


def test_a_snapshot_has_an_end() -> None:
    assert len(arrange(ranked(posts(range(1000))), posts(range(500), start=5000, is_unnoticed=True))) == LENGTH
