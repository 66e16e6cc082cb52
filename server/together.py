"""Asking for many at once what each asks for alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """One call is under way at a time; who asks meanwhile shares the next, `at_once` of them at the most.

    An error is the answer of all who share the call, and of those who wait for the next: they would wait for as long
    again, to be told the same.
    """

    def __init__(self, call: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]], at_once: int) -> None:
        self._call = call
        self._at_once = at_once
        self._asked: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def ask(self, asked: Asked) -> Answer:
        """What the call answers for this one. Raises what the call raises."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked.append((asked, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        try:
            while self._asked:
                some, self._asked = self._asked[: self._at_once], self._asked[self._at_once :]
                try:
                    answers = await self._call([asked for asked, _ in some])
                except Exception as error:  # noqa: BLE001  it is everybody's answer
                    some, self._asked = some + self._asked, []
                    for _, answer in some:
                        if not answer.done():
                            answer.set_exception(error)
                else:
                    for (_, answer), found in zip(some, answers, strict=True):
                        if not answer.done():
                            answer.set_result(found)
        finally:
            self._asking = None
