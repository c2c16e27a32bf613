"""Wakes through Claude Code's inbox socket: `python -m tests.real_agents.inbox --programs DIR [--scene NAME]`.

The real program runs in a tmux pane below `script`, which counts every byte that the pane's input gets.  Its hooks and
its bridge are ours, its model is scripted.  Each scene says what it saw; the last line counts them.
"""

import argparse
import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.commands.processes import XATS
from tests.real_agents.rig import AgentPane
from tests.real_agents.scenes import ASK_SHELL, PROMPT
from tests.real_agents.stage import (
    CLAUDE_FLAGS,
    PATIENCE,
    Stage,
    between,
    expect,
    insist,
    play_each,
    run_script,
    script_arguments,
    seen,
    staged,
    ui_pids,
    wire,
)

CLIENT = "claude-code"
DRAFT = "half a thought"

READY = r"^ ?❯|Enter to confirm"

ACCEPTS_BYPASS = r"Yes, I accept"
"""In the warning that the mode without permissions begins with."""

WATCHED_S = 4.0
"""Seconds in which nothing must happen."""

UNTOUCHED = "no byte was typed"


@dataclass(slots=True, kw_only=True)
class Seat:
    """A Claude Code, its pane, and the record of its input."""

    stage: Stage
    name: str
    pane: AgentPane
    pid: int
    record: Path

    @property
    def typed(self) -> int:
        """Number of bytes that the pane's input has got."""
        return self.record.stat().st_size

    @property
    def file(self) -> dict[str, Any]:
        """Its session file."""
        path = self.stage.rig.home / f".claude/sessions/{self.pid}.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def shows(self, text: str) -> bool:
        """Return whether its screen shows a text."""
        return text in self.pane.look().text

    @property
    def has_draft(self) -> bool:
        """True if the draft stands in its input line."""
        return re.search(rf"^❯\s+{DRAFT}", self.pane.look().text, re.MULTILINE) is not None

    async def clear(self) -> None:
        """Empty the input line."""
        self.pane.press("C-u")
        await asyncio.to_thread(self.pane.settle, 1.0, 10.0)

    async def rest(self) -> None:
        """Wait until its turn is over."""
        await seen(lambda: self.file.get("status") == "idle", f"{self.name} is idle")
        await asyncio.to_thread(self.pane.settle, 1.5, 15.0)


async def seated(stage: Stage, name: str, flags: str = "--allowedTools 'Bash(sleep:*)' mcp__xats") -> Seat:
    """Start a Claude Code whose input is recorded, and have its model register it."""
    wire(stage.rig, CLIENT, stage.home)
    record = stage.home / f"{name}.input"
    command = f"claude {CLAUDE_FLAGS} {flags}"
    recorded = f"script -q -f --log-in {record} --log-out /dev/null -c {shlex.quote(command)}"
    pane = await asyncio.to_thread(partial(stage.rig.start, recorded, width=110, height=32))
    shot = await asyncio.to_thread(pane.wait_for, f"{READY}|{ACCEPTS_BYPASS}", PATIENCE)
    if "Yes, I accept" in shot.text:
        await asyncio.to_thread(pane.press, "Down", "Enter")
        await asyncio.to_thread(pane.wait_for, "bypass permissions on", PATIENCE)
    await asyncio.to_thread(pane.settle, 1.5, 15.0)
    known = {seat.pid for seat in SEATS}
    (pid,) = [
        int(path.stem)
        for path in (stage.rig.home / ".claude/sessions").glob("*.json")
        if Path(f"/proc/{path.stem}").exists() and int(path.stem) not in known
    ]
    seat = Seat(stage=stage, name=name, pane=pane, pid=pid, record=record)
    SEATS.append(seat)
    fields = {"name": name, "team": "t", "client": CLIENT, "model": "m", "ui_pid": pid}
    await insist(pane, f"CALL register_agent {json.dumps(fields)}", partial(stage.agent, name))
    await seat.rest()
    return seat


SEATS: list[Seat] = []
"""The Claude Codes of this stage."""


async def history(stage: Stage, message_id: str) -> str:
    """What was tried for a message, as the operator sees it."""
    show = partial(
        subprocess.run, [*XATS, "wakes", message_id, "--home", str(stage.home)], capture_output=True, text=True
    )
    done = await asyncio.to_thread(show, env=stage.environment, check=False)
    return f"{done.stdout}{done.stderr}"


async def idle_with_a_draft(stage: Stage, seat: Seat) -> str:
    """idle with a draft → a turn begins, the draft stays, no byte is typed."""
    seat.pane.type(DRAFT)
    await seen(lambda: seat.shows(DRAFT), "the draft is drawn")
    before = seat.typed
    message_id = await stage.send(seat.name)
    status = await stage.until(message_id, "submitted")
    await stage.until(message_id, "seen")
    await seat.rest()
    expect(status["transport"] == "claude-inbox", await history(stage, message_id))
    expect(seat.typed == before, f"{seat.typed - before} bytes were typed")
    expect(seat.has_draft, f"the draft stands:\n{seat.pane.look().text}")
    await seat.clear()
    return f"{status['detail']}, {between(status, 'queued', 'submitted'):.2f} s after it was sent; {UNTOUCHED}"


async def burst(stage: Stage, seat: Seat) -> str:
    """five messages at once → one hint."""
    began, before = time.time(), seat.typed
    ids = await asyncio.gather(*(stage.send(seat.name, f"SAY {n}") for n in range(5)))
    for message_id in ids:
        await stage.until(message_id, "seen")
    hints = [text for text in stage.said(began) if "[xats]" in text]
    expect(len(hints) == 1, f"one hint: {hints}")
    expect(seat.typed == before, f"{seat.typed - before} bytes were typed")
    return f"one hint; {UNTOUCHED}"


async def again_and_again(stage: Stage, seat: Seat) -> str:
    """one message after the other, with the same hint → each begins a turn."""
    said = [await woken(stage, seat) for _ in range(3)]
    return said[-1]


async def busy_without_urgency(stage: Stage, seat: Seat) -> str:
    """busy → waits, and is told when the turn ends, with no byte typed."""
    seat.pane.submit("WAIT 6")
    await seen(lambda: seat.file["status"] == "busy", "it is busy")
    before = seat.typed
    message_id = await stage.send(seat.name)
    first = await stage.status(message_id)
    expect("submitted" not in first["evidence"], f"it waits: {first}")
    status = await stage.until(message_id, "submitted")
    await stage.until(message_id, "seen")
    expect(seat.typed == before, f"{seat.typed - before} bytes were typed")
    return f"{first['detail']}; then {status['transport']}; {UNTOUCHED}"


async def busy_and_urgent(stage: Stage, seat: Seat) -> str:
    """busy with a tool, urgent → read within that turn, no byte is typed."""
    began = time.time()
    call = json.dumps({"command": "sleep 6", "description": "x"})
    seat.pane.submit(f"CALL Bash {call}")
    await seen(lambda: seat.file["status"] == "busy", "it is busy")
    await asyncio.sleep(1.5)
    before = seat.typed
    message_id = await stage.send(seat.name, urgent=True)
    first = await stage.status(message_id)
    await stage.until(message_id, "seen")
    await seat.rest()
    expect(seat.typed == before, f"{seat.typed - before} bytes were typed")
    told = next(entry for entry in stage.asked(began) if "[xats] 1 new" in json.dumps(entry["body"]["messages"][-1]))
    expect("tool_result" in json.dumps(told["body"]["messages"][-2:]), f"with the tool's result: {told['body']}")
    return f"{first['transport']}: {first['detail']}; read with the tool's result, in the same turn; {UNTOUCHED}"


async def permission_dialog(stage: Stage, seat: Seat) -> str:
    """permission dialog → untouched; read after the person's No."""
    seat.pane.submit(ASK_SHELL[CLIENT])
    await asyncio.to_thread(seat.pane.wait_for, PROMPT[CLIENT], PATIENCE)
    await seen(lambda: seat.file["status"] == "waiting", "the file says that it waits")
    before, shown = seat.typed, seat.pane.look().text
    message_id = await stage.send(seat.name)
    await asyncio.sleep(WATCHED_S)
    first = await stage.status(message_id)
    expect(seat.typed == before, f"{seat.typed - before} bytes were typed")
    expect(PROMPT[CLIENT] in shown and seat.shows(PROMPT[CLIENT]), "the dialog is open")
    expect("submitted" not in first["evidence"] and "dialog" in str(first["detail"]), str(first))
    seat.pane.press("Escape")
    answered = seat.typed
    await stage.until(message_id, "seen")
    expect(seat.typed == answered, f"{seat.typed - answered} bytes were typed after the answer")
    return f"{first['detail']}; then {(await stage.status(message_id))['transport']}; {UNTOUCHED}"


async def cleared(stage: Stage, seat: Seat) -> str:
    """/clear → another session id, the same inbox."""
    before = seat.file["sessionId"]
    seat.pane.submit("/clear")
    await seen(lambda: seat.file.get("sessionId") not in (before, None), "it has another session")
    await seat.rest()
    return await woken(stage, seat)


async def woken(stage: Stage, seat: Seat) -> str:
    """Be woken through the inbox, with no byte typed."""
    before = seat.typed
    message_id = await stage.send(seat.name)
    status = await stage.until(message_id, "submitted")
    await stage.until(message_id, "seen")
    await seat.rest()
    expect(status["transport"] == "claude-inbox", await history(stage, message_id))
    expect(seat.typed == before, f"{seat.typed - before} bytes were typed")
    return f"{status['detail']}; {UNTOUCHED}"


async def restarted(stage: Stage, seat: Seat) -> str:
    """coordinator killed and started again → the inbox is found again."""
    stage.coordinator.send_signal(signal.SIGKILL)
    stage.coordinator.wait()
    await stage.start_coordinator()
    return await woken(stage, seat)


async def two_in_one_folder(stage: Stage, seat: Seat) -> str:
    """two sessions in one folder → each gets its own."""
    other = await seated(stage, "other")
    said = [await woken(stage, seat), await woken(stage, other)]
    stage.rig.end(other.pane)
    return "; ".join(said)


async def settings_say(word: str, stage: Stage, seat: Seat) -> str:
    """Settings that hold or refuse messages → nothing is posted; the pane is used, but not beside a draft."""
    settings = stage.rig.project / ".claude/settings.json"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text(json.dumps({"crossSessionInbound": word}))
    try:
        seat.pane.type(DRAFT)
        await seen(lambda: seat.shows(DRAFT), "the draft is drawn")
        before = seat.typed
        message_id = await stage.send(seat.name)
        await asyncio.sleep(WATCHED_S)
        first = await stage.status(message_id)
        expect(seat.typed == before and "submitted" not in first["evidence"], f"it waits: {first}")
        await seat.clear()
        status = await stage.until(message_id, "submitted")
        await stage.until(message_id, "seen")
        expect(status["transport"] == "tmux-pane", str(status))
        await seat.rest()
        return f"{first['detail']}; then {status['transport']}"
    finally:
        settings.unlink()


async def bypassing(stage: Stage, seat: Seat) -> str:
    """bypassPermissions → the pane is used, and no held message appears."""
    free = await seated(stage, "free", "--dangerously-skip-permissions")
    message_id = await stage.send("free")
    status = await stage.until(message_id, "submitted")
    await stage.until(message_id, "seen")
    expect(status["transport"] == "tmux-pane", str(status))
    expect(not free.shows("Held message"), free.pane.look().text)
    await free.rest()
    settings = stage.rig.home / ".claude/settings.json"
    kept = settings.read_text()
    settings.write_text(json.dumps({**json.loads(kept), "crossSessionInbound": "accept"}))
    await asyncio.sleep(1)
    try:
        accepted = await woken(stage, free)
    finally:
        settings.write_text(kept)
        stage.rig.end(free.pane)
    return f"{status['transport']}; with accept in the user's settings: {accepted}"


async def socket_gone(stage: Stage, seat: Seat) -> str:
    """socket file removed → the pane is used."""
    socket = Path(seat.file["messagingSocketPath"])
    hidden = socket.with_suffix(".hidden")
    socket.rename(hidden)
    try:
        message_id = await stage.send(seat.name)
        status = await stage.until(message_id, "submitted")
        await stage.until(message_id, "seen")
        await seat.rest()
    finally:
        hidden.rename(socket)
    expect(status["transport"] == "tmux-pane", str(status))
    return str(status["transport"])


async def killed(stage: Stage, seat: Seat) -> str:
    """kill -9 → its file says idle for ever; nothing is posted or typed."""
    os.kill(seat.pid, signal.SIGKILL)
    await seen(lambda: not Path(f"/proc/{seat.pid}").exists(), "it has ended")
    expect(seat.file["status"] == "idle", "the file stays")
    await asyncio.sleep(2)
    before, shown = seat.typed, seat.pane.look().text.count("[xats]")
    message_id = await stage.send(seat.name)
    await asyncio.sleep(WATCHED_S)
    status = await stage.status(message_id)
    expect("submitted" not in status["evidence"] and "typed" not in status["evidence"], str(status))
    expect(seat.typed == before, f"{seat.typed - before} bytes were typed")
    expect(seat.pane.look().text.count("[xats]") == shown, seat.pane.look().text)
    return f"{status['wake_status']}: {status['detail']}; {UNTOUCHED}"


def _settings(word: str) -> Callable[[Stage, Seat], Awaitable[str]]:
    async def scene(stage: Stage, seat: Seat) -> str:
        return await settings_say(word, stage, seat)

    scene.__name__ = f"settings_say_{word}"
    scene.__doc__ = f"the project's settings say {word} → {(settings_say.__doc__ or '').partition('→ ')[2]}"
    return scene


SCENES: tuple[Callable[[Stage, Seat], Awaitable[str]], ...] = (
    idle_with_a_draft,
    burst,
    again_and_again,
    busy_without_urgency,
    busy_and_urgent,
    permission_dialog,
    cleared,
    restarted,
    two_in_one_folder,
    _settings("hold"),
    _settings("refuse"),
    bypassing,
    socket_gone,
    killed,
)


async def play(arguments: argparse.Namespace) -> int:
    """Run the scenes; how many did not show what they should."""
    async with staged(arguments.programs) as stage:
        seat = await seated(stage, "bob")
        expect([seat.pid] == await ui_pids(stage.rig, seat.pane, "claude"), "the session is the pane's")
        return await play_each(SCENES, arguments.scene, CLIENT, seat.pane, stage, seat)


def main() -> int:
    """Parse, run, count."""
    return run_script(script_arguments("tests.real_agents.inbox", __doc__), play)


if __name__ == "__main__":
    sys.exit(main())
