"""The demo photographs, drawn and developed like anybody's, and put where photographs lie."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from random import Random
from typing import NamedTuple

from actors.adapters.storage import Storage
from actors.media.developing import develop
from actors.media.picture import Picture
from server.demo.dark import DARK
from server.demo.faces import FACES, face
from server.demo.land import LAND
from server.demo.near import NEAR
from server.demo.painting import Colour, Scene, Size, grained

SCENES = {**LAND, **DARK, **NEAR}
THEMES = tuple(SCENES)
COUNT = 60
FACE_COUNT = len(FACES)
LONG_EDGE = 960
_SHAPES = ((3, 2), (4, 5), (3, 2), (1, 1), (2, 3), (16, 9), (3, 2))
_IMMUTABLE = "public, max-age=31536000, immutable"
_UPLOADS_AT_ONCE = 16


class Stored(NamedTuple):
    """A photograph in the storage, as a row of `photos` tells of it."""

    bytes: int
    sha256: str
    original_key: str
    variants_key: str
    width: int
    height: int
    placeholder: str
    variants: list[dict[str, str | int]]


def theme_of(number: int) -> str:
    """What photograph `number` shows."""
    return THEMES[number % len(THEMES)]


def draw(number: int, seed: str = "", long_edge: int = LONG_EDGE) -> bytes:
    """Photograph `number` as a JPEG; another `seed` gives another one of its theme."""
    scene, palettes = SCENES[theme_of(number)]
    across, down = _SHAPES[number % len(_SHAPES)]
    scale = long_edge / max(across, down)
    size = (round(across * scale), round(down * scale))
    return _jpeg(f"photograph {number} {seed}", scene, size, palettes[number // len(THEMES) % len(palettes)])


def draw_face(number: int) -> bytes:
    """Portrait `number` as a JPEG."""
    return _jpeg(f"portrait {number}", face, (480, 480), FACES[number])


def _jpeg(seed: str, scene: Scene, size: Size, palette: Sequence[Colour]) -> bytes:
    rng = Random(seed)  # noqa: S311  the same picture each time is the point
    file = BytesIO()
    grained(rng, scene(rng, size, palette)).save(file, "JPEG", quality=88)
    return file.getvalue()


async def store_all(storage: Storage, numbers: Iterable[int]) -> AsyncIterator[tuple[int, Stored]]:
    """Draw, develop and store these photographs, and portraits from `COUNT` on; yields each by its number."""
    places = asyncio.Semaphore(_UPLOADS_AT_ONCE)
    loop = asyncio.get_running_loop()
    # Not forked: this process holds connections and runs a loop.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        tasks = {
            number: asyncio.create_task(_store(storage, places, number, loop.run_in_executor(pool, _developed, number)))
            for number in numbers
        }
        try:
            for number, task in tasks.items():
                yield number, await task
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for task in tasks.values():
                task.cancel()


def _developed(number: int) -> tuple[bytes, Picture]:
    original = draw(number) if number < COUNT else draw_face(number - COUNT)
    return original, develop(original, "image/jpeg")


async def _store(
    storage: Storage, places: asyncio.Semaphore, number: int, drawn: "asyncio.Future[tuple[bytes, Picture]]"
) -> Stored:
    original, picture = await drawn
    name = f"photograph-{number}" if number < COUNT else f"portrait-{number - COUNT}"
    original_key, variants_key = f"originals/demo/{name}", f"variants/demo/{name}"
    keys = [f"{variants_key}/{variant.name}" for variant in picture.variants]

    async def put(key: str, data: bytes, content_type: str, cache_control: str) -> None:
        async with places:
            await storage.write(key, data, content_type, cache_control)

    await asyncio.gather(
        put(original_key, original, "image/jpeg", "no-store"),
        *(
            put(key, variant.data, variant.content_type, _IMMUTABLE)
            for key, variant in zip(keys, picture.variants, strict=True)
        ),
    )
    return Stored(
        bytes=len(original),
        sha256=hashlib.sha256(original).hexdigest(),
        original_key=original_key,
        variants_key=variants_key,
        width=picture.width,
        height=picture.height,
        placeholder=picture.placeholder,
        variants=[
            {
                "name": variant.name,
                "key": key,
                "width": variant.width,
                "height": variant.height,
                "content_type": variant.content_type,
            }
            for key, variant in zip(keys, picture.variants, strict=True)
        ],
    )
