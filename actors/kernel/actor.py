"""Actors: one class per domain, its handlers declared with `@on` and checked when the module is imported."""

import asyncio
import inspect
import typing
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar, overload

from actors.kernel.errors import DeclarationError, NotFound, Refusal
from actors.kernel.message import Command, Event, Message, Query, Request

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from actors.adapters.outside import Outside
    from actors.kernel.lane import Lane
    from actors.kernel.transaction import Reader, Transaction

ASKED_AT_ONCE = 128
"""Commands that facts cause, for another domain: far fewer than one of its lanes has room for."""

R = TypeVar("R")


class Handler(NamedTuple):
    """A message type, the method that handles it and how many it takes at once (1: one by one)."""

    message: type[Message]
    method: str
    batch: int


_One = Callable[[Any, Any], Coroutine[Any, Any, R]]
_Many = Callable[[Any, Any], Coroutine[Any, Any, Sequence[R | Refusal]]]
_Take = Callable[[Any, Any], Coroutine[Any, Any, None]]


@overload
def on(message: type[Request[R]]) -> Callable[[_One[R]], _One[R]]: ...
@overload
def on(message: type[Request[R]], *, batch: int) -> Callable[[_Many[R]], _Many[R]]: ...
@overload
def on(message: type[Event], *, batch: int = 1) -> Callable[[_Take], _Take]: ...
def on(message: type[Message], *, batch: int = 1) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark the handler of a message.

    Without `batch` the method takes one message and returns its reply (an event's: None). With `batch=n` it
    takes a sequence of up to n and returns as many replies in order, a `Refusal` in place of one that is refused.
    """

    def mark(method: Callable[..., Any]) -> Callable[..., Any]:
        method.__handles__ = Handler(message, method.__name__, batch)  # type: ignore[attr-defined]
        return method

    return mark


class Actor:
    """A domain at work. Holds no truth: what it keeps in memory may be lost at any time, one instance a lane.

    `class PostsActor(Actor, domain="posts", lanes=8)`. Without `domain` a class is a part, whose handlers belong to
    the actor that inherits it. Raises `DeclarationError` at import time for a handler that handles no message, the
    same message twice, an unfit signature or a wrong reply type.
    """

    domain: ClassVar[str]
    lanes: ClassVar[int]
    mailbox: ClassVar[int]
    handlers: ClassVar[dict[type[Message], Handler]]

    def __init_subclass__(cls, *, domain: str = "", lanes: int = 1, mailbox: int = 2048) -> None:
        super().__init_subclass__()
        if not domain:
            return
        if lanes < 1 or mailbox < 1:
            raise DeclarationError(f"{cls.__name__}: lanes and mailbox must be at least 1")
        cls.domain, cls.lanes, cls.mailbox = domain, lanes, mailbox
        cls.handlers = {}
        for name, method in [item for part in reversed(cls.__mro__) for item in vars(part).items()]:
            handler: Handler | None = getattr(method, "__handles__", None)
            if handler is None:
                continue
            if handler.message in cls.handlers:
                raise DeclarationError(f"{cls.__name__}: two handlers of {handler.message.__name__}")
            _check(cls, name, method, handler)
            cls.handlers[handler.message] = handler

    def __init__(self, lane: "Lane") -> None:
        self._lane = lane

    @property
    def read(self) -> "Reader":
        """Where queries read: connections that commands cannot starve."""
        return self._lane.reader

    def transaction(self) -> "AbstractAsyncContextManager[Transaction]":
        """The one transaction of the message at hand: its rows, its facts and its answer are one commit."""
        return self._lane.transaction()

    async def ask(self, message: Request[R], *, cause: Event | None = None) -> R:
        """Ask another domain, below this one. With `cause` a command takes effect once for that event."""
        return await self._lane.ask(message, cause=cause)

    async def have_done(self, caused: Iterable[tuple[Event, Command[Any]]]) -> None:
        """Have domains below do what these facts cause, each once for its fact. One whose object is gone needs nothing.

        Raises whatever else one of them raises: those that were done are not done again by the retry.
        """
        waiting = list(caused)
        for start in range(0, len(waiting), ASKED_AT_ONCE):
            outcomes = await asyncio.gather(
                *(self.ask(command, cause=event) for event, command in waiting[start : start + ASKED_AT_ONCE]),
                return_exceptions=True,
            )
            for outcome in outcomes:
                if isinstance(outcome, BaseException) and not isinstance(outcome, NotFound):
                    raise outcome

    @property
    def adapters(self) -> "Outside":
        """The outside world by role, as the composition root made it."""
        return self._lane.system.outside


def _check(cls: type[Actor], name: str, method: Callable[..., Any], handler: Handler) -> None:
    where = f"{cls.__name__}.{name}"
    if not inspect.iscoroutinefunction(method):
        raise DeclarationError(f"{where} must be `async def`")
    if handler.batch < 1:
        raise DeclarationError(f"{where}: batch must be at least 1")
    if not issubclass(handler.message, (Command, Query, Event)):
        raise DeclarationError(f"{where} handles {handler.message.__name__}, which is no Command, Query or Event")
    if issubclass(handler.message, (Command, Query)) and not handler.message.__module__.startswith(
        cls.__module__.rpartition(".")[0]
    ):
        raise DeclarationError(f"{where} handles {handler.message.__name__}, which another domain owns")
    hints = typing.get_type_hints(method)
    result = hints.pop("return", None)
    if len(hints) != 1:
        raise DeclarationError(f"{where} must take one annotated argument")
    (given,) = hints.values()
    takes: Any = Sequence[handler.message] if handler.batch > 1 else handler.message  # type: ignore[name-defined]
    if given != takes:
        raise DeclarationError(f"{where} takes {given}, but handles {takes}")
    if issubclass(handler.message, Event):
        expected: tuple[Any, ...] = (type(None),)
    else:
        reply = handler.message.reply_type()
        reply = type(None) if reply is None else reply
        expected = (Sequence[reply], Sequence[reply | Refusal]) if handler.batch > 1 else (reply,)  # type: ignore[valid-type]
    if result not in expected:
        raise DeclarationError(
            f"{where} returns {result}, but {handler.message.__name__} is answered by {expected[-1]}"
        )
