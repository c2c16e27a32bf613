"""Settings that take effect as soon as the config file is saved, and settings that wait for the next start."""

import asyncio
from collections.abc import Callable

from xats_tui.backend.health.notices import Notices
from xats_tui.backend.system.file_watcher import SavedFiles
from xats_tui.runtime.settings import CONFIG_NAME, SETTINGS, InvalidSettings, Loaded, Settings, reloaded

SAFE = frozenset(
    {
        "alert",
        "cleanup_ms",
        "heartbeat_ms",
        "hint_budget",
        "log_level",
        "looks",
        "quiet_ms",
        "retention_days",
        "tokens",
        "wake_ttl_ms",
    }
)
"""Settings that are read each time they are needed, so that a change takes effect at once."""


class LiveSettings:
    """The settings of a running coordinator."""

    def __init__(self, loaded: Loaded, notices: Notices, apply: Callable[[Settings], None]) -> None:
        self._loaded = loaded
        self._notices = notices
        self._apply = apply

    async def take(self, file: SavedFiles) -> None:
        """Read the settings again; if one of them is invalid, all settings stay as they are."""
        try:
            # On a thread: reading a file blocks, and on a network disk for long.
            loaded = await asyncio.to_thread(reloaded, self._loaded)
        except InvalidSettings as error:
            self._notices.warn(CONFIG_NAME, f"{error}; all settings stay as they are")
            return
        before, self._loaded = self._loaded.settings, loaded
        changed = [name for name in SETTINGS if getattr(before, name) != getattr(loaded.settings, name)]
        now = [name for name in changed if name in SAFE]
        if now:
            self._apply(loaded.settings)
        self._notices.settle(CONFIG_NAME)
        if changed:
            self._notices.tell(CONFIG_NAME, _sentence(now, [name for name in changed if name not in SAFE], loaded))


def _sentence(now: list[str], later: list[str], loaded: Loaded) -> str:
    parts = [f"{name} is {getattr(loaded.settings, name)} from now on" for name in now]
    verb = "takes" if len(later) == 1 else "take"
    return "; ".join([*parts, *([f"{', '.join(later)} {verb} effect at the next start"] if later else [])])
