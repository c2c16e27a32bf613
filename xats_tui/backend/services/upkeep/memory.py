"""Memory that was needed for a moment goes back to the system.

SQLite fills a cache of 2 MB for each connection with whatever was read once, and what was needed for a moment stays
with the C library.  Only this module returns memory, with a dashboard and without one; the dashboard itself searches
for garbage, when nobody types.
"""

import asyncio

from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.precedence import HAS_TIME
from xats_tui.runtime.memory_tuning import TIDY_INTERVAL_S, trim


async def release_regularly(database: Database) -> None:
    """Release memory each minute, without end; takes some milliseconds, between the calls."""
    HAS_TIME.set(True)
    while True:
        await asyncio.sleep(TIDY_INTERVAL_S)
        await database.release_memory()
        trim()
