"""The ceiling for a feed page: raw aiohttp and asyncpg, no authentication, no validation, no limits.

`python -m load.ceiling <port>` serves `/cold`, one SQL statement and one encoding a page, and `/cached`, the bytes.
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

from load.processes import Part
from server.embedded.ports import accepts, free_port

_PAGE = """
WITH top AS MATERIALIZED (SELECT post_id, score FROM feed_scores ORDER BY score DESC, post_id DESC LIMIT 20)
SELECT p.id, p.author_id, u.username, p.photo_id, f.width, f.height, f.placeholder, f.variants, p.caption, p.tags,
       p.sensitive, p.likes, p.reposts, p.comments, p.v, p.created_at,
       EXISTS (SELECT FROM likes l WHERE l.post_id = p.id AND l.user_id = p.author_id) AS liked
FROM top JOIN posts p ON p.id = top.post_id JOIN users u ON u.id = p.author_id JOIN photos f ON f.id = p.photo_id
WHERE p.deleted_at IS NULL ORDER BY top.score DESC, top.post_id DESC
"""


@asynccontextmanager
async def running_ceiling(database_url: str, folder: Path) -> AsyncIterator[str]:
    """Its address, for the length of the block."""
    port = free_port()
    part = Part(["-m", "load.ceiling", str(port)], {**os.environ, "DB_URL": database_url}, folder / "ceiling.log")
    try:
        for _ in range(500):
            if accepts(port):
                break
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
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

    app = web.Application()
    app.add_routes([web.get("/cold", cold), web.get("/cached", cached)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1])))
