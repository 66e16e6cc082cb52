"""Everything outside the process that actors and jobs may reach, by role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from actors.adapters.addresses import Addresses
from actors.adapters.cache import Cache, open_cache
from actors.adapters.database import Database
from actors.adapters.mail import Mail, open_mail
from actors.adapters.scanner import Scanner, open_scanner
from actors.adapters.storage import Storage, open_storage
from actors.settings import Settings


@dataclass(frozen=True, slots=True)
class Outside:
    """Made once by the composition root, handed to every actor and job."""

    settings: Settings
    database: Database
    cache: Cache
    storage: Storage
    addresses: Addresses
    scanner: Scanner
    mail: Mail


@asynccontextmanager
async def open_outside(settings: Settings) -> AsyncIterator[Outside]:
    """Connect to everything, and close it in the end. Raises the driver's error when PostgreSQL does not answer."""
    database = await Database.open(settings)
    try:
        cache = open_cache(settings)
        try:
            async with open_storage(settings) as storage:
                yield Outside(
                    settings=settings,
                    database=database,
                    cache=cache,
                    storage=storage,
                    addresses=Addresses(settings),
                    scanner=open_scanner(settings),
                    mail=open_mail(settings),
                )
        finally:
            await cache.close()
    finally:
        await database.close()
