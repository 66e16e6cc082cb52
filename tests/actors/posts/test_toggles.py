"""Folding wishes: the same as doing one after the other."""

from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from actors.posts.toggles import Wish, fold

PEOPLE = [uuid7() for _ in range(3)]
POSTS = [uuid7() for _ in range(2)]


@given(
    st.lists(st.tuples(st.sampled_from(POSTS), st.sampled_from(PEOPLE), st.sampled_from((True, False, None)))),
    st.sets(st.tuples(st.sampled_from(POSTS), st.sampled_from(PEOPLE))),
)
def test_folding_is_doing_one_after_the_other(wishes: list[tuple], before: set[tuple]) -> None:  # type: ignore[type-arg]  # drawn above
    each, last = fold(Wish(*wish) for wish in wishes)
    now = dict.fromkeys(before, True)
    for (post_id, user_id, on), outcome in zip(wishes, each, strict=True):
        pair = (post_id, user_id)
        now[pair] = (not now.get(pair, False)) if on is None else on
        assert outcome.after(pair in before) == now[pair]
    assert all(outcome.after(pair in before) == now[pair] for pair, outcome in last.items())
