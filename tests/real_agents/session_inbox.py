"""Qwen Code's inbox: `python -m tests.real_agents.session_inbox --programs DIR [--scene WORD]`.

The real program runs in a tmux pane, its bridge is ours, its model is scripted.  Every key and paste that reaches a
pane is counted.  Each scene says what it saw; the last line counts them.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.commands.processes import XATS
from tests.real_agents.opencode_structured import Keys, typed
from tests.real_agents.programs import PROGRAMS
from tests.real_agents.rig import AgentPane
from tests.real_agents.stage import (
    PATIENCE,
    Stage,
    between,
    expect,
    play_each,
    run_script,
    script_arguments,
    seen,
    staged,
)
from xats_tui.core.model.wakes import HELD, UNCONFIRMED

CLIENT = "qwen"
DRAFT = "half a thought"
TRANSPORT = "session-inbox"

WATCHED_S = 4.0
"""Seconds in which nothing must happen."""

UNTOUCHED = "no key and no paste"


@dataclass(slots=True, kw_only=True)
class Seat:
    """A Qwen Code and its pane."""

    stage: Stage
    name: str
    pane: AgentPane

    @property
    def title(self) -> str:
        """The title of its pane, which tells its state."""
        return str(self.pane.look().formats["pane_title"])

    @property
    def is_idle(self) -> bool:
        """True if its title says that it is idle."""
        return self.title.startswith("Qwen - ")

    def shows(self, text: str) -> bool:
        """Return whether its screen shows a text."""
        return text in self.pane.look().text

    async def rest(self) -> None:
        """Wait until its turn is over."""
        await seen(lambda: self.is_idle, f"{self.name} is idle")
        await asyncio.to_thread(self.pane.settle, 1.5, 15.0)


def records(stage: Stage) -> list[dict[str, Any]]:
    """The registered sessions."""
    return [json.loads(path.read_text()) for path in (stage.rig.home / ".qwen/sessions").glob("*.json")]


async def history(stage: Stage, message_id: str) -> str:
    """What was tried for a message, as the operator sees it."""
    return await command(stage, "wakes", message_id)


async def command(stage: Stage, *words: str) -> str:
    """The output of a command of xats-tui."""
    run = partial(subprocess.run, [*XATS, *words, "--home", str(stage.home)], capture_output=True, text=True)
    done = await asyncio.to_thread(run, env=stage.environment, check=False)
    return f"{done.stdout}{done.stderr}"


async def settings(stage: Stage, **agents: str) -> None:
    """Set Qwen Code's settings for messages of other programs; they apply to sessions that start later."""
    path = stage.rig.home / ".qwen/settings.json"
    known = json.loads(path.read_text())
    path.write_text(json.dumps({**known, "agents": agents}))


async def woken(seat: Seat) -> str:
    """Be woken through the inbox, with nothing typed."""
    keys = Keys(seat.stage)
    message_id = await seat.stage.send(seat.name)
    status = await seat.stage.until(message_id, "submitted")
    await seat.stage.until(message_id, "seen")
    await seat.rest()
    expect(status["transport"] == TRANSPORT, await history(seat.stage, message_id))
    expect(keys.count == 0, f"typed or pasted: {keys.count}")
    return f"{status['detail']}, {between(status, 'queued', 'submitted'):.2f} s after it was sent; {UNTOUCHED}"


async def idle_with_a_draft(stage: Stage, seat: Seat) -> str:
    """idle with a draft → a turn begins, the draft stays, nothing is typed"""
    await typed(seat.pane, DRAFT)
    said = await woken(seat)
    expect(re.search(rf"^ *> {DRAFT}", seat.pane.look().text, re.MULTILINE) is not None, seat.pane.look().text)
    seat.pane.press("C-u")
    await seat.rest()
    return said


async def again_and_again(stage: Stage, seat: Seat) -> str:
    """one message after the other, with the same hint → each begins a turn"""
    said = [await woken(seat) for _ in range(3)]
    return said[-1]


async def busy(stage: Stage, seat: Seat) -> str:
    """busy → waits, and is told when the turn is over; one turn for it"""
    seat.pane.submit("WAIT 6")
    await seen(lambda: not seat.is_idle, "it is busy")
    keys = Keys(stage)
    message_id = await stage.send(seat.name)
    first = await stage.status(message_id)
    expect("submitted" not in first["evidence"], f"it waits: {first}")
    status = await stage.until(message_id, "submitted")
    await stage.until(message_id, "seen")
    await seat.rest()
    expect(status["transport"] == TRANSPORT and keys.count == 0, await history(stage, message_id))
    return f"{first['detail']}; then {status['detail']}; {UNTOUCHED}"


async def permission_dialog(stage: Stage, seat: Seat) -> str:
    """permission dialog → untouched; the mail is read after the person's answer"""
    asking = PROGRAMS[CLIENT].permission
    seat.pane.submit(asking.prompt)
    await asyncio.to_thread(seat.pane.wait_for, asking.shown, PATIENCE)
    keys = Keys(stage)
    message_id = await stage.send(seat.name)
    await asyncio.sleep(WATCHED_S)
    first = await stage.status(message_id)
    expect(seat.shows(asking.shown) and keys.count == 0, "the dialog is open, and nothing was typed")
    expect("submitted" not in first["evidence"], str(first))
    seat.pane.press("Escape")
    await stage.until(message_id, "seen")
    await seat.rest()
    expect(keys.count == 1, f"but for the person's key nothing was typed: {keys.count - 1}")
    expect(not (stage.rig.project / "x").exists(), "the command has not run")
    return f"{first['detail']}; then {(await stage.status(message_id))['transport']}; {UNTOUCHED}"


async def cleared(stage: Stage, seat: Seat) -> str:
    """/clear → another session id, the same inbox"""
    before = {one["sessionId"] for one in records(stage)}
    seat.pane.submit("/clear")
    await seen(lambda: {one["sessionId"] for one in records(stage)} - before, "it has another session")
    await seat.rest()
    return await woken(seat)


async def restarted(stage: Stage, seat: Seat) -> str:
    """coordinator killed and started again → the inbox is found again"""
    stage.coordinator.send_signal(signal.SIGKILL)
    stage.coordinator.wait()
    await stage.start_coordinator()
    return await woken(seat)


async def two_in_one_folder(stage: Stage, seat: Seat) -> str:
    """two sessions in one folder → each gets its own"""
    other = Seat(stage=stage, name="other", pane=await stage.join(CLIENT, "other"))
    said = [await woken(seat), await woken(other)]
    stage.rig.end(other.pane)
    return "; ".join(said)


async def settings_refuse(stage: Stage, seat: Seat) -> str:
    """settings say refuse → nothing comes of it, and the pane is used"""
    await settings(stage, crossSessionInbound="refuse")
    try:
        other = Seat(stage=stage, name="closed", pane=await stage.join(CLIENT, "closed"))
        message_id = await stage.send("closed")
        status = await stage.until(message_id, "seen")
        expect(status["transport"] == "tmux-pane", await history(stage, message_id))
        stage.rig.end(other.pane)
        return " ".join((await history(stage, message_id)).split())[:600]
    finally:
        await settings(stage)


async def settings_hold(stage: Stage, seat: Seat) -> str:
    """settings say hold → held for its person, nothing is typed beside it; released with /peers it is read"""
    await settings(stage, crossSessionInbound="hold")
    try:
        other = Seat(stage=stage, name="held", pane=await stage.join(CLIENT, "held"))
        keys = Keys(stage)
        message_id = await stage.send("held")

        async def is_held() -> bool:
            return str((await stage.status(message_id))["detail"]).startswith(f"{UNCONFIRMED}{HELD}")

        await seen(is_held, "it is told that it is held")
        first = await stage.status(message_id)
        await asyncio.sleep(90)  # longer than an unconfirmed hint is waited for
        expect(keys.count == 0 and "[xats]" not in other.pane.look().text.splitlines()[-5:], other.pane.look().text)
        expect("submitted" not in (await stage.status(message_id))["evidence"], str(first))
        other.pane.submit("/peers")
        listed = await asyncio.to_thread(other.pane.settle, 1.5, 10.0)
        handle = re.search(r"\b([0-9a-f]{6}) +\[own process\]", listed.text)
        expect(handle is not None, f"a handle is shown:\n{listed.text}")
        other.pane.submit(f"/peers accept {handle[1] if handle else ''}")
        status = await stage.until(message_id, "seen")
        expect(status["transport"] == TRANSPORT, await history(stage, message_id))
        stage.rig.end(other.pane)
        return f"{first['detail']}; after /peers accept: {status['detail']}"
    finally:
        await settings(stage)


async def hooks_are_set_up(stage: Stage, seat: Seat) -> str:
    """with its hooks set up: busy → one hint at the end of the turn, by the hook; idle → through the inbox"""
    run = partial(subprocess.run, [*XATS, "setup", CLIENT, "--yes", "--home", str(stage.home)], capture_output=True)
    done = await asyncio.to_thread(run, env={**stage.environment, "PATH": stage.rig.path}, cwd=stage.rig.project)
    expect(done.returncode == 0, f"{done.stdout!r}{done.stderr!r}")
    other = Seat(stage=stage, name="hooked", pane=await stage.join(CLIENT, "hooked"))
    other.pane.submit("WAIT 6")
    await seen(lambda: not other.is_idle, "it is busy")
    keys = Keys(stage)
    message_id = await stage.send("hooked")
    status = await stage.until(message_id, "seen")
    await other.rest()
    # its search for a tool is a request without a result of ours, so that requests do not tell turns
    shown, tried = other.pane.look().text.count("[xats] 1 new"), await history(stage, message_id)
    expect((shown, tried.count("submitted:"), keys.count) == (1, 1, 0), f"one hint, nothing typed: {shown}; {tried}")
    idle = await woken(other)
    stage.rig.end(other.pane)
    return f"{status['transport']}: {status['detail']}; then {idle}"


async def key_is_shown_nowhere(stage: Stage, seat: Seat) -> str:
    """the key and the reply token are in no file of the coordinator, and in no answer"""
    tokens = {variables(one["pid"]).get("QWEN_CODE_MESSAGING_TOKEN", "") for one in children(records(stage))} - {""}
    expect(bool(tokens), "a bridge has a token")
    shown = [path.read_bytes().decode("latin-1") for path in stage.home.rglob("*") if path.is_file()]
    shown += [await command(stage, word, "--json") for word in ("list", "wakes", "agents")]
    expect(not any(token in text for token in tokens for text in shown), "no token is shown")
    return f"{len(tokens)} tokens looked for in {len(shown)} files and answers"


def children(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The processes below those of records, as records."""
    below = []
    for one in found:
        path = Path(f"/proc/{one['pid']}/task/{one['pid']}/children")
        below += [{"pid": int(pid)} for pid in path.read_text().split()] if path.exists() else []
    return below


def variables(pid: int) -> dict[str, str]:
    """The environment of a process."""
    entries = Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


async def killed(stage: Stage, seat: Seat) -> str:
    """kill -9 → its record stays behind; nothing is posted or typed"""
    (record,) = [one for one in records(stage) if Path(f"/proc/{one['pid']}").exists()]
    os.kill(record["pid"], signal.SIGKILL)
    await seen(lambda: not Path(f"/proc/{record['pid']}").exists(), "it has ended")
    await asyncio.sleep(2)
    keys = Keys(stage)
    message_id = await stage.send(seat.name)
    await asyncio.sleep(WATCHED_S)
    status = await stage.status(message_id)
    expect(not {"submitted", "typed"} & set(status["evidence"]) and keys.count == 0, str(status))
    return f"{status['wake_status']}: {status['detail']}; {UNTOUCHED}"


SCENES: tuple[Callable[[Stage, Seat], Awaitable[str]], ...] = (
    idle_with_a_draft,
    again_and_again,
    busy,
    permission_dialog,
    cleared,
    restarted,
    two_in_one_folder,
    settings_refuse,
    settings_hold,
    hooks_are_set_up,
    key_is_shown_nowhere,
    killed,
)


async def play(arguments: argparse.Namespace) -> int:
    """Run the scenes; how many did not show what they should."""
    async with staged(arguments.programs) as stage:
        seat = Seat(stage=stage, name="bob", pane=await stage.join(CLIENT, "bob"))
        await seat.rest()
        return await play_each(SCENES, arguments.scene, CLIENT, seat.pane, stage, seat)


def main() -> int:
    """Parse, run, count."""
    return run_script(script_arguments("tests.real_agents.session_inbox", __doc__), play)


if __name__ == "__main__":
    sys.exit(main())
