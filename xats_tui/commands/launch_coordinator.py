"""Coordinator for `xats-tui launch`: asked as the operator, and started without a dashboard if none runs.

It knows the names and answers of the verbs, not their rules.
"""

import asyncio
import time
from typing import Any

from xats_tui.backend.services.launch.launcher import KnownAgent
from xats_tui.core.clock import from_wire
from xats_tui.core.errors import Refusal, StartError
from xats_tui.core.model.launches import LaunchRequest
from xats_tui.core.model.panes import PaneRef
from xats_tui.mcp_bridge.coordinator_locator import START_TIMEOUT_S, CoordinatorLocator
from xats_tui.runtime import operator_client, pid_file
from xats_tui.runtime.operator_client import NotDone
from xats_tui.runtime.settings import Loaded, Settings

POLL_INTERVAL_S = 0.05
"""Seconds between two checks for a coordinator that was started."""


def see_that_one_runs(loaded: Loaded) -> None:
    """Start a coordinator without a dashboard unless one runs, as a bridge would.

    Raises:
        StartError: no coordinator could be started.
    """
    path, launcher = loaded.settings.pid_path, CoordinatorLocator(loaded)
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while pid_file.running(path) is None:
        launcher.find()
        if launcher.complaint:
            raise StartError(f"no coordinator could be started: {launcher.complaint}")
        if time.monotonic() > give_up_at:
            raise StartError(f"no coordinator started within {START_TIMEOUT_S:g} s; see {loaded.settings.log_path}")
        launcher.start()
        time.sleep(POLL_INTERVAL_S)


class RemoteLaunchBackend:
    """The coordinator's side of a launch, over the operator's HTTP interface."""

    def __init__(self, settings: Settings, socket: str) -> None:
        """Store the settings of the home and the socket of the tmux server for new panes."""
        self._settings = settings
        self._socket = socket

    async def known(self, team: str, name: str) -> KnownAgent | None:
        """Return the known agent of this name; None if there is none."""
        known = (await self._ask("known", team=team, name=name))["known"]
        return KnownAgent(**{**known, "seen_at": from_wire(known["seen_at"])}) if known else None

    async def expect(self, wanted: LaunchRequest, pane: PaneRef | None, mark: str) -> None:
        """Forget how an earlier agent of this name was woken; record the pane in which Codex is about to run."""
        where = {"pane": pane.pane_id, "socket": self._socket} if pane else {}
        await self._ask("expect_launch", **_record(wanted), mark=mark, **where)

    async def bind(self, agent_id: str, mark: str) -> None:
        """Bind the pane expected under this mark, if the expected program runs in it by now."""
        await self._ask("bind_launch", agent_id=agent_id, mark=mark)

    async def arrived(self, wanted: LaunchRequest, agent_id: str, base_url: str, session_id: str) -> None:
        """Record that the agent has registered, and the session of its own server through which it is woken, if any."""
        told = {"agent_id": agent_id, "base_url": base_url, "session_id": session_id}
        await self._ask("launched", **_record(wanted), **told)

    async def _ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        try:
            return await asyncio.to_thread(operator_client.ask, self._settings, verb, **arguments)
        except NotDone as refused:
            raise Refusal(refused.code, sentence=str(refused)) from refused


def _record(wanted: LaunchRequest) -> dict[str, str]:
    return {"team": wanted.team, "name": wanted.name, "client": wanted.client, "folder": str(wanted.folder)}
