"""`python -m load.listen feed:forYou …`: print what is live, frame by frame."""

import argparse
import asyncio
from collections.abc import Iterable

import aiohttp
import orjson

from load.client import PROTOCOL


async def show(url: str, topics: Iterable[str], token: str | None) -> None:
    """Print every frame of these topics as it comes."""
    async with aiohttp.ClientSession() as http, http.ws_connect(url, protocols=(PROTOCOL,)) as ws:
        await ws.send_json({"id": 1, "op": "connect", "token": token, "topics": dict.fromkeys(topics)})
        async for message in ws:
            print(message.data, flush=True)
            if orjson.loads(message.data).get("push") == "ping":
                await ws.send_json({"op": "pong"})


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(
        description="Print what is live, frame by frame.",
        epilog="Example: python -m load.listen feed:forYou post:01a2032f-1e4c-7003-b8c9-3957cdcbe6e7",
    )
    arguments.add_argument("topics", nargs="+", help="for instance feed:following, me, post:<id>, profile:<username>")
    arguments.add_argument("--url", default="ws://127.0.0.1:8080/v1/realtime")
    arguments.add_argument("--token", help="an access token; without one, as a visitor")
    given = arguments.parse_args()
    try:
        asyncio.run(show(given.url, given.topics, given.token))
    except KeyboardInterrupt:
        pass
    except aiohttp.ClientError as error:
        arguments.exit(1, f"{error}. Does Vitrine run there? --url takes another address.\n")
