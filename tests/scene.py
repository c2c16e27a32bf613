"""The scene of most tests of wakes: alice, who writes, and bob, in whose pane a stand-in waits for input."""

from dataclasses import dataclass
from typing import Any

from tests.backend.services.wakes import waking
from tests.mcp_caller import Caller
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.coordinator import Coordinator


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeScene:
    """A coordinator, a tmux server, and two agents of one team."""

    backend: Coordinator
    tmux: TmuxServer
    alice: Caller
    bob: Caller
    pane: Pane
    """The pane of bob; alice has none."""

    async def send(self, body: str = "hello", **arguments: Any) -> dict[str, Any]:
        """Send a message from alice to bob, and return the answer."""
        return await self.alice.call("send_message", to_agent_name="bob", body=body, **arguments)

    async def status(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Return the delivery status of a message."""
        return await waking.status_of(self.alice, sent["message_id"])

    async def until(self, sent: dict[str, Any], **expected: str) -> dict[str, Any]:
        """Wait until the delivery status of a message is as expected, and return it."""
        return await waking.until(self.alice, sent["message_id"], **expected)

    async def quiet(self) -> None:
        """Wait until the coordinator has seen bob's pane unchanged for the quiet time, from now on."""
        await waking.quiet(self.backend, self.pane)

    def press(self, *keys: str) -> None:
        """Press keys in bob's pane."""
        self.tmux.send(self.pane.pane_id, *keys)

    async def draft(self, text: str) -> None:
        """Type text in bob's pane without sending it, and wait until that is seen and the pane quiet."""
        self.press(text)
        await self.shows(f"bob> {text}".rstrip())
        await self.quiet()

    async def shows(self, text: str) -> str:
        """Wait until bob's pane shows a text, and return its screen."""
        return await self.tmux.wait_for(self.pane.pane_id, text)

    def screen(self) -> str:
        """Return the screen of bob's pane."""
        return self.tmux.capture(self.pane.pane_id)

    def hints(self) -> list[str]:
        """Return the hints that were submitted to bob."""
        return waking.hints(self.tmux, self.pane)
