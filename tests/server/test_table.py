"""The route table as a whole: what clients keep up to date by the socket says from where on."""

from actors.kernel.paging import Page
from server.http.routing import Route
from server.routes import table


def test_every_page_says_how_far_the_log_was_read_before_it() -> None:
    pages = [
        route
        for route in table()
        if isinstance(route, Route) and isinstance(route.reply, type)
        if issubclass(route.reply, Page)
    ]
    assert len(pages) > 15
    assert [f"{route.method} {route.path}" for route in pages if not route.live] == []
