"""Everything outside the process that actors and jobs may reach, by role."""

from dataclasses import dataclass

from actors.adapters.cache import Cache
from actors.adapters.database import Database
from actors.adapters.storage import Storage
from actors.settings import Settings


@dataclass(frozen=True, slots=True)
class Outside:
    """Made once by the composition root, handed to every actor and job."""

    settings: Settings
    database: Database
    cache: Cache
    storage: Storage
