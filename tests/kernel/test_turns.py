"""Who waits for a place, and comes again and again, has it before those who come later."""

import pytest

from actors.kernel import turns
from actors.kernel.turns import Turns


def test_there_are_so_many_places_and_who_leaves_makes_room() -> None:
    at = Turns(2)
    assert [at.take(who) for who in (b"a", b"b", b"c")] == [True, True, False]
    assert at.waiting == 1
    at.leave()
    assert at.take(b"c")
    assert at.waiting == 0


def test_who_comes_later_waits_behind_those_who_wait_though_there_is_room() -> None:
    at = Turns(1)
    assert at.take(b"a")
    assert not at.take(b"b")
    at.leave()
    assert not at.take(b"c")
    assert at.take(b"b")
    at.leave()
    assert at.take(b"c")


def test_who_was_served_elsewhere_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "GONE_SECONDS", 0.0)
    at = Turns(1)
    assert at.take(b"a")
    assert not at.take(b"b")
    at.leave()
    assert at.take(b"c")
