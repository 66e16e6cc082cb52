"""The ceiling: what raw aiohttp and asyncpg give on this machine, no authentication, no validation, no limits.

`python -m load.ceiling <port>` serves `/cold`, one SQL statement and one encoding a page, and `/cached`, the bytes;
says of every like that it is so and keeps none; at `/v1/realtime` it takes sockets, and on
`POST /push/<rounds>/<size>` writes so many times so many bytes to each.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import orjson
from aiohttp import web

from load.client import PROTOCOL
from load.processes import Part
from server.embedded.ports import accepts, free_port

ROUND_SECONDS = 0.05
"""Between two rounds of writes, for those who read to keep up."""

_PAGE = """
WITH top AS MATERIALIZED (SELECT post_id, score FROM feed_scores ORDER BY score DESC, post_id DESC LIMIT 20)
SELECT p.id, p.author_id, u.username, p.photo_id, f.width, f.height, f.placeholder, f.variants, p.caption, p.tags,
       p.sensitive, p.likes, p.reposts, p.comments, p.v, p.created_at,
       EXISTS (SELECT FROM likes l WHERE l.post_id = p.id AND l.user_id = p.author_id) AS liked
FROM top JOIN posts p ON p.id = top.post_id JOIN users u ON u.id = p.author_id JOIN photos f ON f.id = p.photo_id
WHERE p.deleted_at IS NULL ORDER BY top.score DESC, top.post_id DESC
"""


@asynccontextmanager
async def running_ceiling(database_url: str, folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Its address and process id, for the length of the block."""
    port = free_port()
    part = Part(["-m", "load.ceiling", str(port)], {**os.environ, "DB_URL": database_url}, folder / "ceiling.log")
    try:
        for _ in range(500):
            if accepts(port):
                break
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}", part.pid
    finally:
        part.kill()


async def _serve(port: int) -> None:
    pool = await asyncpg.create_pool(os.environ["DB_URL"], min_size=8, max_size=8)

    async def page() -> bytes:
        rows = await pool.fetch(_PAGE)
        return orjson.dumps({"items": [dict(row) for row in rows], "next": None}, default=str)

    kept = await page()

    async def cold(_: web.Request) -> web.Response:
        return web.Response(body=await page(), content_type="application/json")

    async def cached(_: web.Request) -> web.Response:
        return web.Response(body=kept, content_type="application/json")

    async def like(request: web.Request) -> web.Response:
        body = b'{"liked":true}' if request.method == "PUT" else b'{"liked":false}'
        return web.Response(body=body, content_type="application/json")

    sockets: list[asyncio.Transport] = []

    async def realtime(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=(PROTOCOL,))
        await socket.prepare(request)
        await socket.receive()
        await socket.send_str('{"id":1,"ok":{"topics":{}}}')
        assert request.transport is not None
        sockets.append(request.transport)
        await socket.receive()
        return socket

    async def push(request: web.Request) -> web.Response:
        size = int(request.match_info["size"])
        frame = b"\x81\x7e" + size.to_bytes(2, "big") + b"x" * size
        for _ in range(int(request.match_info["rounds"])):
            for transport in sockets:
                transport.write(frame)
            await asyncio.sleep(ROUND_SECONDS)
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/cold", cold), web.get("/cached", cached), web.get("/v1/realtime", realtime)])
    app.add_routes([web.put("/v1/posts/{id}/like", like), web.delete("/v1/posts/{id}/like", like)])
    app.add_routes([web.post("/push/{rounds}/{size}", push)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1])))
