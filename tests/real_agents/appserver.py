"""A real `codex app-server`, woken with no tmux at all: `python -m tests.real_agents.appserver --programs DIR`.

The app-server listens on a WebSocket, its thread is begun by a client of ours, and the scripted model answers in place
of a hosted one.  Codex registers by its own `xats-tui mcp`.  Each scene says what it saw; the last line counts them.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.real_agents.rig import Rig, free_port, install
from tests.real_agents.stage import Stage, Unmet, expect, report, seen, staged, wire
from xats_tui.backend.transports.codex_protocol import shake_hands
from xats_tui.backend.transports.json_rpc import JsonRpc, NoReply, RequestRefused, ServerUnreachable, connected

NAME = "codex"

STARTING = 30.0
"""Seconds for an app-server to listen."""
TOOLS_READY = 6.0
"""Seconds after which the MCP server of a new thread has told its tools."""


@dataclass(slots=True)
class RealAppServer:
    """The process, started and ended as the scenes want it."""

    rig: Rig
    url: str = field(default_factory=lambda: f"ws://127.0.0.1:{free_port()}")
    process: subprocess.Popen[str] | None = None

    async def start(self) -> None:
        """Start it, and wait until it takes a handshake."""
        self.rig.configure()
        log = (self.rig.home / "app-server.log").open("a")
        self.process = subprocess.Popen(
            ["codex", "app-server", "--listen", self.url],
            env={"HOME": str(self.rig.home), "PATH": self.rig.path},
            cwd=self.rig.project,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        await seen(self._listens, f"it listens at {self.url}", STARTING)

    def end(self) -> None:
        """Kill it, as a crash does."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # what npm installs is only a wrapper around it
            self.process.wait(10)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[JsonRpc]:
        """A connection of somebody who works with it."""
        async with connected(self.url) as server:
            await shake_hands(server)
            yield server

    async def begin_thread(self) -> str:
        """Start a thread; its id."""
        async with self.client() as server:
            started = await server.request("thread/start", {"cwd": str(self.rig.project)})
        return str(started["thread"]["id"])

    async def say(self, thread_id: str, text: str) -> None:
        """Start a turn with a line of the user's, which the scripted model obeys."""
        part = {"type": "text", "text": text, "text_elements": []}
        async with self.client() as server:
            await server.request("turn/start", {"threadId": thread_id, "input": [part]})

    async def _listens(self) -> bool:
        try:
            async with self.client():
                return True
        except (ServerUnreachable, NoReply, RequestRefused):
            return False


async def candidates_are_told(stage: Stage, server: RealAppServer, thread_id: str) -> str:
    """register_codex_self without a thread → the loaded ones as candidates."""
    answer = await stage.operator.call("register_codex_self", name="nobody", ws_url=server.url)
    expect(answer.get("error") == "thread_id_required", str(answer))
    expect(answer["detail"]["thread_ids"] == [thread_id], str(answer))
    return json.dumps(answer["detail"]["thread_ids"])


async def missing_token_is_told(stage: Stage, server: RealAppServer, thread_id: str) -> str:
    """auth_token_ref of a variable that is not listed → missing_auth_token, nothing registered."""
    fields = {"thread_id": thread_id, "ws_url": server.url, "auth_token_ref": "CODEX_NO_SUCH_TOKEN"}
    answer = await stage.operator.call("register_codex_self", name="nobody", **fields)
    expect(answer.get("error") == "missing_auth_token", str(answer))
    return json.dumps(answer)


async def unknown_thread_is_told(stage: Stage, server: RealAppServer, thread_id: str) -> str:
    """a thread that the server does not have → codex_resume_failed with its own words."""
    other = thread_id[:-4] + ("0000" if thread_id[-4:] != "0000" else "0001")
    answer = await stage.operator.call("register_codex_self", name="nobody", thread_id=other, ws_url=server.url)
    expect(answer.get("error") == "codex_resume_failed", str(answer))
    return str(answer["detail"]["cause"]["message"])


async def codex_registers_itself(stage: Stage, server: RealAppServer, thread_id: str) -> str:
    """the model calls register_codex_self with its thread and URL → registered, no pane."""
    fields = {"name": NAME, "team": "t", "thread_id": thread_id, "ws_url": server.url}
    await server.say(thread_id, f"CALL register_codex_self {json.dumps(fields)}")
    try:
        agent = await stage.agent(NAME, TOOLS_READY)
    except Unmet:  # the thread began its first turn before its MCP server had told its tools
        await server.say(thread_id, f"CALL register_codex_self {json.dumps(fields)}")
        agent = await stage.agent(NAME)
    expect(agent["delivery"]["kind"] == "codex-appserver" and agent["tmux_pane_id"] is None, str(agent))
    return f"{agent['delivery']}, pane {agent['tmux_pane_id']}"


async def idle_thread_is_woken_and_answers(stage: Stage, server: RealAppServer, thread_id: str) -> str:
    """idle → a turn is started, the model reads its mail and answers."""
    message_id = await stage.send(NAME, 'CALL send_message {"to_agent_name":"tester","body":"pong","need_reply":false}')
    status = await stage.until(message_id, "read")

    async def answered() -> bool:
        inbox = await stage.operator.call("get_inbox")
        return any(message["body"] == "pong" for message in inbox["messages"])

    await seen(answered, "the answer")
    return f"{status['transport']}: {status['detail']}; evidence {', '.join(status['evidence'])}; answered"


async def busy_thread_is_woken_when_it_is_done(stage: Stage, server: RealAppServer, thread_id: str) -> str:
    """busy → waits, and is woken when the turn has ended."""
    await server.say(thread_id, "WAIT 6")
    await asyncio.sleep(1)
    message_id = await stage.send(NAME)
    first = await stage.status(message_id)
    expect("submitted" not in first["evidence"], f"it waits while busy: {first}")
    status = await stage.until(message_id, "seen")
    return f"{first['wake_status']}: {first['detail']}; then {status['wake_status']}: {status['detail']}"


async def server_that_is_gone_is_told(stage: Stage, server: RealAppServer, thread_id: str) -> str:
    """server killed → not delivered, with the reason; registering says unreachable; started again → delivered."""
    server.end()
    message_id = await stage.send(NAME)

    async def judged() -> dict[str, Any] | None:
        status = await stage.status(message_id)
        return status if status["detail"] else None

    gone = await seen(judged, "a verdict")
    expect(gone["wake_status"] != "delivered" and "submitted" not in gone["evidence"], str(gone))
    answer = await stage.operator.call("register_codex_self", name="nobody", thread_id=thread_id, ws_url=server.url)
    expect(answer.get("detail", {}).get("reason") == "codex_appserver_unreachable", str(answer))
    await server.start()
    status = await stage.until(message_id, "submitted", 60)
    return f"{gone['wake_status']}: {gone['detail']}; started again: {status['wake_status']}, {status['detail']}"


SCENES = (
    candidates_are_told,
    missing_token_is_told,
    unknown_thread_is_told,
    codex_registers_itself,
    idle_thread_is_woken_and_answers,
    busy_thread_is_woken_when_it_is_done,
    server_that_is_gone_is_told,
)


async def play(programs: Path, wanted: str) -> int:
    """Run the scenes on one thread; how many did not show what they should."""
    unmet = 0
    async with staged(programs) as stage:
        wire(stage.rig, NAME, stage.home)
        server = RealAppServer(stage.rig)
        await server.start()
        try:
            thread_id = await server.begin_thread()
            for scene in SCENES:
                if wanted in scene.__name__:
                    unmet += await report((scene.__doc__ or "").rstrip("."), scene(stage, server, thread_id))
        finally:
            server.end()
    return unmet


def main() -> int:
    """Parse, run, count."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_agents.appserver", description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="where the npm packages are, or go (1.1 GB)")
    parser.add_argument("--scene", default="", help="only scenes with this in their name")
    arguments = parser.parse_args()
    os.environ.pop("TMUX", None)
    install(arguments.programs)
    os.environ["PATH"] = f"{arguments.programs / 'node_modules/.bin'}:{os.environ['PATH']}"
    unmet = asyncio.run(play(arguments.programs, arguments.scene))
    sys.stdout.write("all scenes showed what they should\n" if not unmet else f"{unmet} scenes did not\n")
    return 1 if unmet else 0


if __name__ == "__main__":
    sys.exit(main())
