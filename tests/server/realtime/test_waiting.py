"""Entries that wait for an answer: whatever breaks, those behind them are not held up."""

from server.realtime.entries import Entry
from server.realtime.waiting import MAX_WAITING, Waiting
from tests.server.realtime.conftest import until


def _entry(n: int) -> Entry:
    return Entry(n, (f"tag:t{n}", "tag:sea"), b"post.published")


async def test_an_answer_that_breaks_holds_up_nobody() -> None:
    delivered: list[tuple[int, str | None]] = []

    async def ask(entry: Entry) -> str:
        if entry.n == 1:
            raise KeyError("unforeseen")
        return "known"

    waiting = Waiting("a test", ask, lambda entry, answer: delivered.append((entry.n, answer)))
    waiting.start()
    for n in (1, 2):
        waiting.put(_entry(n))
    await until(lambda: len(delivered) == 2)
    assert delivered == [(1, None), (2, "known")]
    await waiting.stop()


async def test_what_could_not_be_handed_on_is_told_as_missing_and_holds_up_nobody() -> None:
    delivered: list[tuple[int, str | None]] = []

    async def ask(entry: Entry) -> str:
        return "known"

    def deliver(entry: Entry, answer: str | None) -> None:
        if (entry.n, answer) == (1, "known"):
            raise KeyError("unforeseen")
        delivered.append((entry.n, answer))

    waiting = Waiting("a test", ask, deliver)
    for n in (1, 2):
        waiting.put(_entry(n))
    waiting.start()
    await until(lambda: len(delivered) == 2)
    assert delivered == [(1, None), (2, "known")]
    await waiting.stop()


async def test_it_knows_which_topics_wait_without_looking_at_every_entry() -> None:
    given_up: list[int] = []

    async def ask(entry: Entry) -> None:
        """Nobody asks: it was not started."""

    waiting = Waiting("a test", ask, lambda entry, _: given_up.append(entry.n))
    for n in range(MAX_WAITING + 1):
        waiting.put(_entry(n))
    assert given_up == [0]
    assert not waiting.holds("tag:t0")
    assert waiting.holds("tag:t1")
    assert waiting.holds("tag:sea")
    waiting.clear()
    assert not waiting.holds("tag:sea")
