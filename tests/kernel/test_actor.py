"""Nonsense in a declaration is refused when the module is imported."""

from collections.abc import Sequence

import pytest

from actors.kernel.actor import Actor, on
from actors.kernel.errors import DeclarationError, Refusal
from actors.kernel.message import Command, Event, Query, Trusted, View
from actors.kernel.system import System
from tests.kernel.counting import Add, Added, CountersActor, CounterView


class Ping(Command[CounterView], key="name"):
    name: str
    who: Trusted[str] = "nobody"


class Look(Query[CounterView]):
    name: str


def test_a_command_knows_its_reply_its_key_and_what_a_request_may_not_choose() -> None:
    assert Ping.reply_type() is CounterView
    assert Ping(name="a").key == "a"
    assert Ping.trusted_fields() == {"who"}


def test_two_handlers_of_one_message_are_refused() -> None:
    with pytest.raises(DeclarationError, match="two handlers of Ping"):

        class Twice(Actor, domain="twice"):
            @on(Ping)
            async def one(self, message: Ping) -> CounterView:
                raise NotImplementedError

            @on(Ping)
            async def two(self, message: Ping) -> CounterView:
                raise NotImplementedError


def test_an_actor_has_the_handlers_of_its_parts() -> None:
    class Part(Actor):
        @on(Ping)
        async def ping(self, message: Ping) -> CounterView:
            raise NotImplementedError

    class Whole(Part, domain="whole"):
        @on(Look)
        async def look(self, message: Look) -> CounterView:
            raise NotImplementedError

    assert set(Whole.handlers) == {Ping, Look}
    with pytest.raises(DeclarationError, match="two handlers of Ping"):

        class Twice(Part, domain="twice"):
            @on(Ping)
            async def again(self, message: Ping) -> CounterView:
                raise NotImplementedError


def test_a_handler_that_answers_with_something_else_is_refused() -> None:
    with pytest.raises(DeclarationError, match="is answered by"):

        class Wrong(Actor, domain="wrong"):
            @on(Ping)  # type: ignore[arg-type]  # what the type checker refuses is refused at import, too
            async def ping(self, message: Ping) -> int:
                return 1


def test_a_handler_that_takes_another_message_is_refused() -> None:
    with pytest.raises(DeclarationError, match="but handles"):

        class Other(Actor, domain="other"):
            @on(Ping)
            async def ping(self, message: Look) -> CounterView:
                raise NotImplementedError


def test_a_batch_handler_must_take_a_sequence() -> None:
    with pytest.raises(DeclarationError, match="but handles"):

        class NoBatch(Actor, domain="nobatch"):
            @on(Ping, batch=8)
            async def ping(self, message: Ping) -> Sequence[CounterView | Refusal]:
                raise NotImplementedError


def test_a_handler_that_is_not_async_is_refused() -> None:
    with pytest.raises(DeclarationError, match="async def"):

        class Blocking(Actor, domain="blocking"):
            @on(Ping)  # type: ignore[arg-type]  # what the type checker refuses is refused at import, too
            def ping(self, message: Ping) -> CounterView:
                raise NotImplementedError


def test_an_event_without_a_key_is_refused() -> None:
    with pytest.raises(DeclarationError, match="needs key="):

        class Keyless(Event):
            name: str


def test_a_key_that_is_no_field_is_refused() -> None:
    with pytest.raises(DeclarationError, match="not one of its fields"):

        class BadKey(Command[CounterView], key="nothing"):
            name: str


def test_two_events_of_one_name_are_refused() -> None:
    with pytest.raises(DeclarationError, match="two events are named Added"):
        type("Added", (Event,), {"__module__": "elsewhere", "__annotations__": {"name": str}}, key="name")
    assert Event.registry["Added"] is Added


def test_a_message_with_two_owners_is_refused() -> None:
    class Rival(Actor, domain="rival"):
        @on(Add, batch=2)
        async def add(self, messages: Sequence[Add]) -> Sequence[CounterView | Refusal]:
            raise NotImplementedError

    with pytest.raises(DeclarationError, match="Add has two owners"):
        System(None, (CountersActor, Rival))  # type: ignore[arg-type]  # refused before anything outside is used


def test_a_reply_without_a_type_is_refused() -> None:
    class Open(Query):  # type: ignore[type-arg]  # the mistake under test
        name: str

    with pytest.raises(DeclarationError, match="does not say what answers it"):
        Open.reply_type()


def test_undeclared_fields_are_errors() -> None:
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        View.model_validate({"surprise": 1})
