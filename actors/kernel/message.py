"""Messages: what an actor may be asked and the facts it announces. Their models are the wire schema."""

from collections.abc import Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

from actors.kernel.errors import DeclarationError

T = TypeVar("T")
R = TypeVar("R")


class _TrustedMark:
    """Marks a field that only the edge fills."""


Trusted = Annotated[T, _TrustedMark()]
"""`caller: Trusted[Caller]`: the edge fills it; a request that names it is refused as an unknown field."""


class View(BaseModel):
    """A reply or a part of one: frozen, without undeclared fields, the same in Python and in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Encoded(View):
    """A view that many replies show: its JSON is made once and spliced into each of them."""

    # A slot, and no field: what was encoded and what was not are equal.
    __slots__ = ("_json",)

    def to_json(self) -> bytes:
        """Its JSON."""
        try:
            kept: bytes = _json_of(self)
        except AttributeError:
            kept = self.__pydantic_serializer__.to_json(self)
            object.__setattr__(self, "_json", kept)
        return kept


_json_of = attrgetter("_json")


class Message(BaseModel):
    """What actors exchange. `key=` in the class line names the field that orders it and picks its lane."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_field: ClassVar[str | None] = None
    essential: ClassVar[bool] = False

    def __init_subclass__(cls, *, key: str | None = None, essential: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        if key is not None:
            cls.key_field = key
        cls.essential = essential

    @classmethod
    def __pydantic_init_subclass__(cls, *, key: str | None = None, **_: Any) -> None:
        if key is not None and key not in cls.model_fields:
            raise DeclarationError(f"{cls.__name__}: key={key!r} is not one of its fields")

    @property
    def key(self) -> str | None:
        """What orders this message among its like; None goes to the first lane."""
        return None if self.key_field is None else str(getattr(self, self.key_field))

    @classmethod
    def trusted_fields(cls) -> frozenset[str]:
        """Names of the fields a request may not choose."""
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, _TrustedMark) for mark in field.metadata)
        )


def type_arguments(cls: type[BaseModel], *generics: type[BaseModel]) -> tuple[Any, ...]:
    """What a class fills its generic ancestor with. Raises `DeclarationError` when it leaves that open."""
    for base in cls.__mro__:
        metadata: Mapping[str, Any] = getattr(base, "__pydantic_generic_metadata__", {})
        arguments = metadata.get("args", ())
        if metadata.get("origin") in generics and not any(isinstance(part, TypeVar) for part in arguments):
            return tuple(arguments)
    raise DeclarationError(f"{cls.__name__} does not say what answers it, as in Command[Reply] or Query[Reply]")


class Request(Message, Generic[R]):
    """A message that is answered by an `R`."""

    @classmethod
    def reply_type(cls) -> Any:
        """The declared `R`. Raises `DeclarationError` when none is."""
        (reply,) = type_arguments(cls, Command, Query)
        return reply


class Command(Request[R], Generic[R]):
    """Asks to change state: ordered by its key, alone in its lane, exactly one transaction.

    `essential=True` in the class line: still taken when the outbox or an inbox has fallen behind.
    """


class Query(Request[R], Generic[R]):
    """Asks to read: runs concurrently, never writes, may be answered together with its like."""


class Live(NamedTuple):
    """What a fact shows to the people who watch: a public model, encoded once, for every topic named.

    An `ephemeral` one is not kept for those who come back: its latest state is always to be had elsewhere.
    `author` is whose work it shows, for those who must not see that person's. On topics it is for those alone who may
    meet all of `near` too: people without whom it would not be there, such as the one whose words it answers.
    """

    topics: tuple[str, ...]
    type: str
    data: BaseModel
    ephemeral: bool = False
    author: UUID | None = None
    near: tuple[UUID, ...] = ()


class Event(Message):
    """A fact, in the past tense. Subclasses that people may see say so in `live`.

    `at_once=True` in the class line: the process that commits it acts on what is live of it before anybody is answered.
    """

    registry: ClassVar[dict[str, type["Event"]]] = {}
    at_once: ClassVar[bool] = False

    id: UUID = Field(default_factory=uuid7)
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    cause: UUID | None = None
    """The id of the event whose handling announced this; the kernel fills it."""

    def __init_subclass__(cls, *, at_once: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.at_once = at_once

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        if cls.key_field is None:
            raise DeclarationError(f"{cls.__name__}: an event needs key=")
        known = Event.registry.setdefault(cls.__name__, cls)
        if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise DeclarationError(f"two events are named {cls.__name__}: {known.__module__} and {cls.__module__}")

    def live(self) -> Live | None:
        """What goes out to watchers, if anything; the fact itself stays inside."""
        return None
