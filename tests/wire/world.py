"""World of a scenario: speakers at one of the interfaces, its own team, a tmux server, the database.

It records every answer, so that the scenario of an outcome is known to have met it.
"""

import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.tmux_server import Pane, TmuxServer
from tests.wire.coordinator import Coordinator
from tests.wire.doors import Door, HttpDoor, HttpLine, Line

Seen = set[tuple[str, str]]

_numbers = itertools.count(1)


class Speaker:
    """One MCP client, with answers as Python values."""

    def __init__(self, line: Line, seen: Seen) -> None:
        self.line = line
        self.agent_id = ""
        """Of the newest registration."""
        self.registered = False
        """True after any registration."""
        self.seated = False
        """True once it was said where its program runs, which a bridge knows from then on."""
        self._seen = seen

    async def ask(
        self, tool: str, arguments: Mapping[str, Any] | None, meta: Mapping[str, Any] | None = None
    ) -> tuple[bool, str]:
        """Call a tool; return whether it gave a tool error, and the text of its answer."""
        params: dict[str, Any] = {"name": tool}
        if arguments is not None:
            params["arguments"] = arguments
            self.seated = self.seated or "ui_pid" in arguments or "tmux_pane_id" in arguments
        if meta is not None:
            params["_meta"] = meta
        answer = await self.line.request("tools/call", params)
        result = answer["result"]
        assert result.keys() <= {"content", "isError", "_meta"}, result.keys()
        (content,) = result["content"]
        assert content.keys() == {"type", "text"}, content
        assert content["type"] == "text"
        return result.get("isError", False), content["text"]

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """The payload that a tool answers, which may be that of an error."""
        is_error, text = await self.ask(tool, arguments)
        assert not is_error, f"{tool} gave a tool error: {text}"
        payload: dict[str, Any] = json.loads(text)
        self._seen.add((tool, payload.get("error", "ok")))
        if tool.startswith("register_") and "agent_id" in payload:
            self.agent_id, self.registered = payload["agent_id"], True
        return payload

    async def tool_error(self, tool: str, arguments: Mapping[str, Any] | None, *mentions: str) -> str:
        """The text of a tool error, which names the tool and what is wrong."""
        is_error, text = await self.ask(tool, arguments)
        assert is_error, f"{tool} took {arguments}: {text}"
        for one in (tool, *mentions):
            assert one in text, f"{one} is not in {text!r}"
        self._seen.add((tool, "tool error"))
        return text

    @property
    def http(self) -> HttpLine:
        """The session, for scenarios that need a standing stream."""
        assert isinstance(self.line, HttpLine)
        return self.line


class World:
    """One scenario's."""

    def __init__(
        self, coordinator: Coordinator, door: Door, tmux: TmuxServer, without_tmux: Callable[[], Coordinator]
    ) -> None:
        self.team = f"team-{next(_numbers)}-{coordinator.port}"
        self.coordinator = coordinator
        self.tmux = tmux
        self._without_tmux = without_tmux
        self.seen: Seen = set()
        self.sql = coordinator.sql
        self.door = door
        self._speakers: list[Speaker] = []
        self._panes: list[str] = []

    async def nobody(self) -> Speaker:
        """A client that has not registered."""
        return self._keep(Speaker(await self.door.fresh(), self.seen))

    async def agent(self, name: str, **fields: Any) -> Speaker:
        """A client that has registered as a custom agent of this scenario's team, unless `fields` say otherwise."""
        speaker = self._keep(Speaker(await self.door.any(), self.seen))
        answer = await speaker.call("register_agent", **self.registration(name, **fields))
        assert "agent_id" in answer, answer
        return speaker

    def registration(self, name: str, **fields: Any) -> dict[str, Any]:
        """Arguments of register_agent."""
        return {"name": name, "client": "custom", "model": "m", "team": self.team} | fields

    async def stand_in(self, name: str, program: str | None = None) -> Pane:
        """A pane of this scenario."""
        pane = await self.tmux.stand_in(name, program)
        self._panes.append(pane.pane_id)
        return pane

    def pane(self, command: str | list[str]) -> Pane:
        """A pane of this scenario that runs something else."""
        pane = self.tmux.new_pane(command)
        self._panes.append(pane.pane_id)
        return pane

    @asynccontextmanager
    async def elsewhere(self) -> AsyncIterator["World"]:
        """A world whose coordinator finds no tmux server; what is answered there counts here."""
        coordinator = self._without_tmux()
        other = World(coordinator, HttpDoor(coordinator), self.tmux, self._without_tmux)
        other.seen = self.seen
        try:
            yield other
        finally:
            await other.close()
            await other.door.close()

    async def close(self) -> None:
        """Give everything back."""
        for pane_id in self._panes:
            if pane_id in self.tmux.run("list-panes", "-a", "-F", "#{pane_id}").split():
                self.tmux.run("kill-pane", "-t", pane_id)
        for speaker in self._speakers:
            await self.door.give_back(speaker.line, fresh=not speaker.registered, seated=speaker.seated)

    def _keep(self, speaker: Speaker) -> Speaker:
        self._speakers.append(speaker)
        return speaker
