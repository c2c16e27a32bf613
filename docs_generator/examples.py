"""Example calls of the tools page: a small team calls every tool of a real coordinator once.

Ids and times are replaced, so that two runs give the same text.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.mcp_caller import Caller, callers
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.tools.messages import NOT_TRIED
from xats_tui.runtime.settings import Settings

TEAM = "shop"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ONE_TIME = "2026-11-22T14:03:22.000Z"

CHANNEL = "5f0c7a52-0000-4000-8000-0000000000c1"
LAUNCHED = "5f0c7a52-0000-4000-8000-0000000000c2"

FIRST = {"type": "object", "properties": {"id": {"type": "integer"}}}
SECOND = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}

SESSIONS = 3
"""Number of sessions to try; on a busy machine a wake is sometimes not decided within its call."""

Example = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Arguments and answer of one call."""

PANE = {
    "pane_id": "%3",
    "session_name": "work",
    "window_index": 1,
    "pane_index": 0,
    "active": True,
    "tty": "pts/7",
    "current_path": "/home/me/shop",
    "current_command": "claude",
    "title": "shop",
    "matched_processes": [{"pid": 4412, "name": "claude"}],
    "score": 3,
}

IN_A_PANE: Mapping[str, Example] = {
    "detect_tmux_pane": ({"agent": "claude-code"}, {"ok": True, "pane": PANE, "candidates": [PANE]}),
    "bind_runtime_identity": (
        {"agent": "claude-code", "ui_pid": 4412},
        {
            "ok": True,
            "tmux_pane_id": "%3",
            "verification_mode": "verified_pid_tty_pane",
            "tty": "pts/7",
            "ui_pid": 4412,
        },
    ),
    "register_codex_self": (
        {"name": "qa", "thread_id": LAUNCHED},
        {"agent_id": CHANNEL, "team": TEAM, "thread_id": LAUNCHED, "ws_url": "unix:/home/me/.codex/app-server.sock"},
    ),
}
"""Written examples of the tools that need a pane or a Codex; tests/wire checks the names of their fields."""


def examples() -> Mapping[str, Example]:
    """Return one call of each tool.

    Raises:
        StopIteration: in no session was every wake decided within a second; the machine is too busy.
    """
    played = next(filter(_is_decided, (asyncio.run(_played()) for _ in range(SESSIONS))))
    return {tool: (_steady(arguments), _steady(answer)) for tool, (arguments, answer) in _settled(played).items()}


async def _played() -> Mapping[str, Example]:
    with tempfile.TemporaryDirectory() as folder:
        async with Coordinator.running(Settings(home=Path(folder) / "home", port=0)) as backend, callers() as connect:
            address = f"http://127.0.0.1:{backend.port}/mcp"
            stage = _Stage()
            backend_agent, qa = await connect(address), await connect(address)
            await stage.register(backend_agent, qa)
            await stage.write(backend_agent, qa)
            await stage.work(backend_agent, qa)
            await stage.agree(backend_agent, qa)
            await stage.carry(await connect(address), await connect(address))
            await stage.shown(qa, "unregister_self")
            return stage.examples


class _Stage:
    """Calls of one session, recorded as examples."""

    def __init__(self) -> None:
        self.examples: dict[str, Example] = {}

    async def shown(self, caller: Caller, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await caller.call(tool, **arguments)
        self.examples[tool] = (arguments, answer)
        return answer

    async def register(self, backend: Caller, qa: Caller) -> None:
        await self.shown(backend, "echo", msg="hello")
        named = {"client": "custom", "client_name": "goose", "model": "any", "team": TEAM}
        await self.shown(backend, "register_agent", name="backend", role="developer", **named)
        await self.shown(backend, "whoami")
        await self.shown(backend, "list_agents")
        registered = await qa.call("register_agent", name="qa", role="tester", **named)
        qa.agent_id = registered["agent_id"]

    async def write(self, backend: Caller, qa: Caller) -> None:
        text = {"subject": "orders", "body": "Please test version 3."}
        sent = await self.shown(backend, "send_message", to_agent_name="qa", **text)
        await self.shown(qa, "get_inbox")
        await self.shown(backend, "get_delivery_status", message_id=sent["message_id"])
        await self.shown(qa, "search_messages", query="version from:backend")
        silently = {"body": "Thank you.", "auto_poke": False}
        await self.shown(backend, "send_message_by_id", to_agent_id=qa.agent_id, need_reply=False, **silently)
        await self.shown(backend, "broadcast", **silently)
        await self.shown(backend, "broadcast_to_role", to_role="tester", **silently)

    async def work(self, backend: Caller, qa: Caller) -> None:
        added = await self.shown(backend, "task_add", title="Test the orders", description="All of them.")
        await self.shown(qa, "task_claim", **added)
        await self.shown(qa, "task_complete", **added, result="All of them pass.")
        await self.shown(qa, "task_list", status="completed")

    async def agree(self, backend: Caller, qa: Caller) -> None:
        await self.shown(qa, "subscribe_contract", name="orders")
        await backend.call("register_contract", name="orders", schema=FIRST)
        await self.shown(backend, "register_contract", name="orders", schema=SECOND, note="ids are texts")
        await self.shown(qa, "get_contract", name="orders")
        await self.shown(qa, "diff_contracts", name="orders", from_version=1, to_version=2)
        await self.shown(qa, "pending_contract_events", limit=1)

    async def carry(self, claude: Caller, proxy: Caller) -> None:
        await self.shown(claude, "pre_register_codex_pane", pane_id="%7", xats_agent_id=LAUNCHED)
        await self.shown(claude, "register_claude_self", name="frontend", team=TEAM)
        proxying = {"name": "proxy", "role": "__channel_proxy__", "client": "claude-code", "model": "proxy"}
        await proxy.call("register_agent", **proxying, channel_session_id=CHANNEL)
        await self.shown(proxy, "subscribe_channel_wake", channel_session_id=CHANNEL)
        await self.shown(claude, "bind_channel", channel_session_id=CHANNEL)


def _is_decided(played: Mapping[str, Example]) -> bool:
    return NOT_TRIED not in json.dumps(played)


def _settled(played: Mapping[str, Example]) -> Mapping[str, Example]:
    """Replace the ids by numbered ones, in the order in which they appear."""
    text = json.dumps(played)
    own = (CHANNEL, LAUNCHED)
    found = dict.fromkeys(one for one in UUID.findall(text) if one not in own)
    names = {one: f"5f0c7a52-0000-4000-8000-{number:012d}" for number, one in enumerate(found, start=1)}
    settled: dict[str, Example] = json.loads(UUID.sub(lambda match: names.get(match[0], match[0]), text))
    return {**settled, **IN_A_PANE}


def _steady(value: Mapping[str, Any]) -> Mapping[str, Any]:
    steady: dict[str, Any] = json.loads(TIME.sub(ONE_TIME, json.dumps(value)))
    return steady
