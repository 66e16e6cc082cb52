"""The domains, lowest first: each may import those before it, none of those after."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.kernel.actor import Actor

DOMAINS = ("auth", "accounts", "graph", "media", "profiles", "posts", "comments", "feed", "notifications", "exports")


def modules(name: str) -> list[ModuleType]:
    """The modules called `name` of all domains that have one, in order."""
    paths = (f"actors.{domain}.{name}" for domain in DOMAINS)
    return [import_module(path) for path in paths if find_spec(path)]


def actors() -> list[type["Actor"]]:
    """The actor of every domain, in order."""
    return [module.ACTOR for module in modules("actor")]
