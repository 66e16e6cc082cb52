"""From a reply to its response: JSON, the next page's cursor and link, and who may keep it."""

from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import hdrs, web
from multidict import CIMultiDict
from pydantic import BaseModel, TypeAdapter

from actors.kernel.message import Encoded
from actors.kernel.paging import Page
from server.http.caching import PRIVATE, public
from server.http.cursors import Cursors
from server.http.pages import KeptPage
from server.http.routing import Route

_JSON = "application/json; charset=utf-8"


class Rendering:
    """How replies of one route show. `private` marks what only the caller may keep."""

    def __init__(self, route: Route, cursors: Cursors) -> None:
        self._route = route
        self._cursors = cursors
        self._adapter: TypeAdapter[Any] = TypeAdapter(route.message.reply_type())

    def render(self, request: web.Request, reply: Any, *, is_private: bool, position: str | None) -> web.StreamResponse:
        """The response to a reply, with `Stream-Position` where a position is given."""
        headers: CIMultiDict[str] = CIMultiDict()
        if position is not None:
            headers["Stream-Position"] = position
        if self._route.status == 204:
            headers[hdrs.CACHE_CONTROL] = PRIVATE
            return web.Response(status=204, headers=headers)
        headers[hdrs.CONTENT_TYPE] = _JSON
        if isinstance(reply, Page):
            body = self._page(request, reply, headers)
        elif isinstance(reply, BaseModel):
            body = reply.__pydantic_serializer__.to_json(reply)
        else:
            body = self._adapter.dump_json(reply)
        if self._route.public_max_age is not None and not is_private:
            return public(request, body, headers, self._route.public_max_age)
        headers[hdrs.CACHE_CONTROL] = PRIVATE
        return web.Response(body=body, status=self._route.status, headers=headers)

    def kept(self, request: web.Request, page: Page[Any], *, position: str | None) -> KeptPage:
        """The page as it is kept, for `show` to make responses of."""
        headers: CIMultiDict[str] = CIMultiDict()
        body = self._page(request, page, headers)
        return KeptPage(body, headers.get(hdrs.LINK), position)

    def show(self, request: web.Request, page: KeptPage, *, is_private: bool) -> web.StreamResponse:
        """The response with a kept page, and with the position that is kept beside it."""
        headers: CIMultiDict[str] = CIMultiDict({hdrs.CONTENT_TYPE: _JSON})
        if page.position is not None:
            headers["Stream-Position"] = page.position
        if page.link is not None:
            headers[hdrs.LINK] = page.link
        if self._route.public_max_age is not None and not is_private:
            return public(request, page.body, headers, self._route.public_max_age, page.etag)
        headers[hdrs.CACHE_CONTROL] = PRIVATE
        return web.Response(body=page.body, headers=headers)

    def _page(self, request: web.Request, page: Page[Any], headers: CIMultiDict[str]) -> bytes:
        """The page with its key as a signed cursor, and the next page's address as `Link`."""
        if page.items and isinstance(page.items[0], Encoded):
            shown = b'{"items":[%b]}' % b",".join([item.to_json() for item in page.items])
        else:
            shown = page.__pydantic_serializer__.to_json(page, exclude={"next"})
        if page.next is None:
            return shown[:-1] + b',"next":null}'
        cursor = self._cursors.encode(self._route.path, page.next)
        query = [(name, value) for name, value in request.query.items() if name != "cursor"]
        headers[hdrs.LINK] = f'<{request.rel_url.raw_path}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'
        return shown[:-1] + b',"next":' + orjson.dumps(cursor) + b"}"
