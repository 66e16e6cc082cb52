"""The window: what it keeps, what it lets go."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from server.realtime.entries import Entry
from server.realtime.ring import AUTHORS, Ring


def _entries(topics: list[str], *, read_at: float = 0.0, size: int = 10) -> Iterator[Entry]:
    for n, topic in enumerate(topics, 1):
        yield Entry(n, (topic,), b"x", data=b"x" * size, read_at=read_at)


def test_it_keeps_what_is_young_and_what_is_among_the_last_and_drops_what_is_neither() -> None:
    ring = Ring(events=10, seconds=60)
    for n in range(1, 31):
        ring.add(Entry(n, ("a",), b"x", read_at=0.0))
    assert (len(ring), ring.floor) == (30, 0)
    ring.add(Entry(31, ("a",), b"x", read_at=61.0))
    assert (len(ring), ring.floor) == (10, 21)
    assert [entry.n for entry in ring.since(21, "a")] == list(range(22, 32))


def test_its_bytes_are_capped_however_young_the_events_are() -> None:
    ring = Ring(max_bytes=10_000)
    for entry in _entries(["a"] * 100, size=1000):
        ring.add(entry)
    assert ring._bytes <= 10_000
    assert ring.floor == 100 - len(ring)


def test_an_entry_larger_than_the_cap_is_not_kept_and_nothing_breaks() -> None:
    ring = Ring(max_bytes=1_000)
    ring.add(Entry(1, ("a",), b"x", data=b"x" * 2_000))
    assert (len(ring), ring.floor, ring._by_topic) == (0, 1, {})


@given(st.lists(st.lists(st.sampled_from(["a", "b", "author:1", "author:2"]), max_size=4), max_size=60), st.data())
def test_since_is_what_a_plain_search_finds(named: list[list[str]], data: st.DataObject) -> None:
    ring = Ring(events=20, seconds=0)
    entries = [Entry(n, tuple(topics), b"x", read_at=float(n)) for n, topics in enumerate(named, 1)]
    for entry in entries:
        ring.add(entry)
    since = data.draw(st.integers(ring.floor, max(ring.floor, len(entries))))
    kept = [entry for entry in entries if entry.n > ring.floor]
    for topic in ("a", "b", "author:1"):
        assert ring.since(since, topic) == [entry for entry in kept if entry.n > since and topic in entry.topics]
    authored = [entry for entry in kept if entry.n > since and any(name.startswith("author") for name in entry.topics)]
    assert ring.since(since, AUTHORS) == authored
