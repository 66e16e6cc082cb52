"""The domains, lowest first: each may import those before it, none of those after."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

DOMAINS = ("auth", "graph", "profiles", "media", "posts", "feed", "notifications")


def modules(name: str) -> list[ModuleType]:
    """The modules called `name` of all domains that have one, in order."""
    paths = (f"actors.{domain}.{name}" for domain in DOMAINS)
    return [import_module(path) for path in paths if find_spec(path)]
