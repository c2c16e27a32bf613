"""Health of the coordinator: what it serves, how quickly it answers, what has gone wrong."""

from collections.abc import Callable
from pathlib import Path

from xats_tui import __version__
from xats_tui.backend.health.counts import Counts
from xats_tui.backend.health.loop_lag import LoopLagMonitor
from xats_tui.backend.health.notices import Notices
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.tmux import Tmux
from xats_tui.core.clock import Clock
from xats_tui.core.model.health import Health
from xats_tui.runtime.settings import Settings


class HealthReport:
    """The health of one coordinator since its start."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        port: int,
        database: Database,
        sessions: McpSessions,
        panes: PaneMonitor,
        tmux: Tmux,
        counts: Counts,
        lag: LoopLagMonitor,
        notices: Notices,
        clock: Clock,
    ) -> None:
        """Name what is reported on; `settings` returns the effective ones, which change while the coordinator runs."""
        self._settings = settings
        self._port = port
        self._database = database
        self._sessions = sessions
        self._panes = panes
        self._tmux = tmux
        self._counts = counts
        self._lag = lag
        self._notices = notices
        self._clock = clock
        self.started_at = clock.now()

    async def now(self) -> Health:
        """Return the health as it is now."""
        counted, settings = await self._counts.now(), self._settings()
        return Health(
            version=__version__,
            host=settings.host,
            port=self._port,
            started_at=self.started_at,
            now=self._clock.now(),
            sessions=len(self._sessions),
            agents_connected=counted.agents_connected,
            wakes_waiting=counted.wakes_waiting,
            wakes_failed=counted.wakes_failed,
            dialogs_open=counted.dialogs_open,
            body_limit=settings.body_limit,
            loop_lag=self._lag.worst,
            database_bytes=_size_of(settings.db_path),
            tmux_seconds=self._tmux.round_trip,
            notices=self._notices.latest,
            troubles=self._notices.troubles,
            unstored=self._database.trouble if self._database.is_lost else "",
            alert=settings.alert,
            tick_seconds=self._panes.tick_seconds,
        )


def _size_of(database: Path) -> int:
    """Return the bytes of a database, with what has not been merged into it yet."""
    files = (database, database.with_name(f"{database.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
