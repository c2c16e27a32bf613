"""The user's manifests of clients: read at the start, and again whenever one of them changes."""

import asyncio
import logging
from contextlib import aclosing
from pathlib import Path

from xats_tui.backend.health.notices import Notices
from xats_tui.backend.system.file_watcher import changes
from xats_tui.clients.manifests.files import FOLDER, SUFFIX
from xats_tui.clients.registry import use_manifests
from xats_tui.core.clock import Clock

logger = logging.getLogger(__name__)


class ClientManifests:
    """Keeps the registry of clients as the user's files have it, and reports those that cannot be used."""

    def __init__(self, home: Path, notices: Notices, clock: Clock) -> None:
        self._home = home
        self._notices = notices
        self._clock = clock
        self._troubles: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Read the manifests whenever they change, forever."""
        async with aclosing(changes(self._home / FOLDER, f"*{SUFFIX}", self._clock)) as changed:
            async for _ in changed:
                await asyncio.to_thread(self.read)

    def read(self) -> None:
        """Read the manifests now."""
        found = use_manifests(self._home)
        now = {f"{FOLDER}/{name}": problem for name, problem in found.problems.items()}
        for subject in self._troubles - now.keys():
            self._notices.settle(subject)
        for subject, problem in now.items():
            self._notices.warn(subject, f"{problem}; its client counts as custom")
        self._troubles = frozenset(now)
        if found.manifests:
            logger.info("clients by manifests in %s: %s", self._home / FOLDER, ", ".join(sorted(found.manifests)))
