"""One thin file per domain: HTTP in, one message, JSON out."""

from importlib import import_module
from pkgutil import iter_modules

from server.http.routing import AnyRoute


def table() -> tuple[AnyRoute, ...]:
    """The routes of every file here, by file name."""
    names = sorted(module.name for module in iter_modules(__path__))
    return tuple(route for name in names for route in import_module(f"{__name__}.{name}").ROUTES)
