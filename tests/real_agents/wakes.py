"""Wakes of the real programs: `python -m tests.real_agents.wakes --programs DIR [--client NAME] [--busy N] [--pairs]`.

Each agent runs in a tmux pane, behind its own `xats-tui mcp`, with the scripted model in place of a hosted one; the
coordinator is a process of its own.  Each scene says what it saw; the last line counts them.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import sys
import time
from functools import partial
from itertools import combinations
from typing import Any

from tests.real_agents.opencode_structured import Keys
from tests.real_agents.programs import NEWER, PROGRAMS, Asking
from tests.real_agents.rig import AgentPane
from tests.real_agents.stage import (
    PATIENCE,
    Stage,
    Unmet,
    between,
    busy_loops,
    expect,
    report,
    run_script,
    say,
    script_arguments,
    seen,
    staged,
    title,
)
from tests.real_agents.stage import wire as wire  # other scripts look for it here
from xats_tui.core.clock import from_wire

DONE_TO_WOKEN = 2.0
"""Seconds from the model's answer to the wake of an agent that was busy, on a machine that is not."""

DRAFT = "half a thought"

BESIDE_S = 8.0
"""Seconds in which a message is read beside a draft, if it is not held up by it."""

DIALOG_S = 6.0
"""Seconds for which an open dialog is watched."""

EXCHANGED = 20
"""Messages that a pair exchanges."""

SAID = "SELECT count(*) FROM messages m JOIN agents s ON s.agent_id = m.from_agent_id WHERE s.name <> 'tester'"
"""Messages that the agents have sent each other."""
UNSEEN = "SELECT count(*) FROM message_delivery_status WHERE seen_at IS NULL"
"""Messages that have not been in an answer to their recipient's get_inbox."""


async def idle_agent_is_woken_and_answers(stage: Stage, client: str, pane: AgentPane) -> str:
    """idle → woken, and the model reads its mail and answers."""
    body = 'CALL send_message {"to_agent_name":"tester","body":"pong","need_reply":false}'
    message_id = await stage.send(client, body)
    await stage.until(message_id, "seen")
    status = await stage.until(message_id, "submitted")  # the agent may be quicker than the evidence

    async def answered() -> bool:
        inbox = await stage.operator.call("get_inbox")
        return any(message["body"] == "pong" for message in inbox["messages"])

    await seen(answered, "the answer")
    return f"{status['transport']}, submitted after {between(status, 'queued', 'submitted'):.2f} s"


async def draft_is_untouched(stage: Stage, client: str, pane: AgentPane) -> str:
    """draft → untouched: delivered after it is cleared, or beside it with nothing typed."""
    pane.type(DRAFT)
    await asyncio.sleep(3)
    keys = Keys(stage)
    message_id = await stage.send(client)
    try:
        status = await stage.until(message_id, "seen", BESIDE_S)
    except Unmet:
        status = await stage.status(message_id)
        expect(keys.count == 0 and DRAFT in pane.look().text, f"untouched: {keys.count} {status}")
        pane.erase(len(DRAFT))
        await stage.until(message_id, "seen")
        return str(status["detail"])
    await asyncio.to_thread(pane.settle, 1.5, 15.0)
    expect(keys.count == 0 and DRAFT in pane.look().text, f"nothing was typed, the draft is there: {keys.count}")
    pane.erase(len(DRAFT))
    return f"woken beside the draft, which stayed: {status['transport']}"


async def dialog_is_not_answered(stage: Stage, client: str, pane: AgentPane) -> str:
    """dialog → not answered, delivered after a human answers."""
    told = await untouched(stage, client, pane, PROGRAMS[client].permission)
    expect(not (stage.rig.project / "x").exists(), "the command has not run")
    return told


async def question_is_not_answered(stage: Stage, client: str, pane: AgentPane) -> str:
    """question of the model → not answered, delivered after a human answers."""
    question = PROGRAMS[client].question
    return await untouched(stage, client, pane, question) if question else "its model cannot ask"


async def untouched(stage: Stage, client: str, pane: AgentPane, asking: Asking) -> str:
    """Have a dialog opened, send a message, see that nothing is done to the dialog, then dismiss it."""
    pane.press(*asking.before)
    pane.submit(asking.prompt)
    await asyncio.to_thread(pane.wait_for, asking.shown, PATIENCE)
    pane.press(*asking.own_answer)
    await asyncio.sleep(3)
    before, keys = pane.look().text, Keys(stage)
    message_id = await stage.send(client)
    await asyncio.sleep(DIALOG_S)
    after = pane.look().text
    status = await stage.status(message_id)
    expect(bool(re.search(asking.shown, after)), f"the dialog is still open, as in\n{before}\nnot as in\n{after}")
    expect("typed" not in status["evidence"] and keys.count == 0, f"nothing was typed: {keys.count} {status}")
    pane.press(*asking.dismiss)
    await stage.until(message_id, "seen")
    return str(status["detail"])


async def busy_agent_is_woken_when_it_is_done(stage: Stage, client: str, pane: AgentPane) -> str:
    """busy → delivered when it is done."""
    pane.submit("WAIT 8")
    await asyncio.sleep(2)
    message_id = await stage.send(client)
    first = await stage.status(message_id)
    expect("submitted" not in first["evidence"], f"it waits while busy: {first}")
    status = await stage.until(message_id, "submitted")
    await stage.until(message_id, "seen")
    took = from_wire(status["evidence"]["submitted"]).timestamp() - turn_ended(stage)
    expect(client in NEWER or took < DONE_TO_WOKEN * stage.slowness, f"woken {took:.2f} s after the model had answered")
    return f"{first['detail']}; then {status['transport']}, {took:.2f} s after the model had answered"


def turn_ended(stage: Stage) -> float:
    """Return the time when the model's latest wait ended the turn, in seconds since the epoch."""
    lines = (stage.home.parent / "model.jsonl").read_text().splitlines()
    return max(float(entry["at"]) for entry in map(json.loads, lines) if entry.get("waited"))


def leave_copy_mode(stage: Stage, pane: AgentPane) -> None:
    """As a person does."""
    if pane.look().formats["pane_in_mode"]:
        stage.rig.tmux("send-keys", "-t", pane.pane_id, "-X", "cancel")


async def copy_mode_is_waited_for(stage: Stage, client: str, pane: AgentPane) -> str:
    """copy mode → delivered after leaving it, or at once with nothing typed."""
    pane.tmux("copy-mode")
    await asyncio.sleep(1)
    message_id = await stage.send(client)
    await asyncio.sleep(2)
    status = await stage.status(message_id)
    leave_copy_mode(stage, pane)
    expect("typed" not in status["evidence"], f"nothing was typed: {status}")
    await stage.until(message_id, "seen")
    return str(status["detail"])


async def burst_is_one_hint(stage: Stage, client: str, pane: AgentPane) -> str:
    """burst of 5 → one hint."""
    began = time.time()
    message_ids = await asyncio.gather(*(stage.send(client, f"SAY {n}") for n in range(5)))
    for message_id in message_ids:
        await stage.until(message_id, "seen")
    # Not by the evidence: of a hint that was typed and not seen to be taken, `submitted` is not claimed.
    hints = [text for text in stage.said(began) if "[xats]" in text]
    expect(len(hints) == 1, f"one hint: {hints}")
    return "one hint"


async def kill_changes_nothing(stage: Stage, client: str, pane: AgentPane) -> str:
    """coordinator killed while a wake waits → delivered after the restart."""
    pane.submit("WAIT 12")  # not copy mode, which holds up only what is typed
    await asyncio.sleep(2)
    message_id = await stage.send(client)
    status = await stage.status(message_id)
    expect("submitted" not in status["evidence"], f"it waits: {status}")
    stage.coordinator.send_signal(signal.SIGKILL)
    stage.coordinator.wait()
    await stage.start_coordinator()
    await stage.until(message_id, "seen", 60)
    return "delivered after the restart"


async def shell_is_not_typed_into(stage: Stage, client: str, pane: AgentPane) -> str:
    """exited to a shell → nothing typed, failed with the reason."""
    program = PROGRAMS[client]
    if program.quit:
        pane.submit(program.quit)
    pane.press(*program.leave)
    await asyncio.to_thread(pane.wait_for, r"\$ *$", PATIENCE)
    pane.submit("clear")
    await asyncio.to_thread(pane.settle, 1.5, 10.0)
    message_id = await stage.send(client)

    async def over() -> dict[str, Any] | None:
        status = await stage.status(message_id)
        return status if status["detail"] else None

    status = await seen(over, "a verdict")
    await asyncio.sleep(2)
    expect("[xats]" not in pane.look().text, "nothing was typed")
    expect("submitted" not in status["evidence"], f"nothing was submitted: {status}")
    return f"{status['wake_status']}: {status['detail']}"


async def reused_pane_is_not_typed_into(stage: Stage, client: str, pane: AgentPane) -> str:
    """pane reused by another program → nothing typed."""
    pane.submit("clear; cat")
    await asyncio.to_thread(pane.settle, 1.5, 10.0)
    message_id = await stage.send(client)
    await asyncio.sleep(3)
    status = await stage.status(message_id)
    expect("[xats]" not in pane.look().text, "nothing was typed")
    expect("submitted" not in status["evidence"], f"nothing was submitted: {status}")
    return f"{status['wake_status']}: {status['detail']}"


async def two_windows_are_told_apart(stage: Stage, client: str, pane: AgentPane) -> str:
    """two windows side by side → each is woken by its own messages."""
    folder = stage.rig.home / "other"
    folder.mkdir(exist_ok=True)
    other = await stage.join(client, "other", folder=folder if PROGRAMS[client].names_folder else None)
    other.beside(pane)
    for one in (pane, other):
        await asyncio.to_thread(one.settle, 1.5, 15.0)
    ways = []
    for name, here, there in ((client, pane, other), ("other", other, pane)) * 2:
        word = f"heard-{os.urandom(3).hex()}"
        message_id = await stage.send(name, f"SAY {word}")
        status = await stage.until(message_id, "seen")
        await asyncio.to_thread(here.wait_for, word, PATIENCE)
        await asyncio.to_thread(here.settle, 1.5, 15.0)
        expect(word not in there.look().text, f"only {name} heard it")
        ways.append(str(status["transport"]))
    stage.rig.end(other)
    return f"four messages to the right one, woken by {', '.join(ways)}"


SCENES = (
    idle_agent_is_woken_and_answers,
    draft_is_untouched,
    dialog_is_not_answered,
    question_is_not_answered,
    busy_agent_is_woken_when_it_is_done,
    copy_mode_is_waited_for,
    burst_is_one_hint,
    kill_changes_nothing,
    two_windows_are_told_apart,
    shell_is_not_typed_into,
    reused_pane_is_not_typed_into,
)


async def exchange(stage: Stage, one: str, other: str) -> str:
    """Two different agents exchange messages: each of them wakes the other, and is woken by the answer."""
    answer = f"CALL send_message {json.dumps({'to_agent_name': one, 'body': 'SAY thanks'})}"
    question = f"CALL send_message {json.dumps({'to_agent_name': other, 'body': answer})}"
    took = []
    for said in range(1, EXCHANGED, 2):
        await stage.send(one, question)
        await seen(partial(_said, stage, said), f"message {said}")
        began = time.monotonic()
        await seen(partial(_said, stage, said + 1, read=True), f"answer {said + 1}")
        took.append(time.monotonic() - began)
    return f"{stage.count(SAID)} messages, none unseen, an answer read after {sum(took) / len(took):.2f} s"


def _said(stage: Stage, number: int, *, read: bool = False) -> bool:
    return stage.count(SAID) >= number and not (read and stage.count(UNSEEN))


async def play(arguments: argparse.Namespace) -> int:
    """Run the scenes; how many did not show what they should."""
    unmet = 0
    for client in arguments.client:
        async with staged(arguments.programs) as stage:
            stage.slowness = 1 + arguments.busy / 2
            pane = await stage.join(client, client)
            with busy_loops(arguments.busy):
                for scene in SCENES:
                    if re.search(arguments.scene, scene.__name__):
                        failed = await report(f"{client}: {title(scene)}", scene(stage, client, pane))
                        unmet += failed
                        if failed:
                            say(pane.look().text)
                        await asyncio.to_thread(pane.settle, 2.5, 20.0)
    for one, other in combinations(arguments.client, 2) if arguments.pairs else ():
        async with staged(arguments.programs) as stage:
            await stage.join(one, one)
            await stage.join(other, other)
            with busy_loops(arguments.busy):
                unmet += await report(f"{one} and {other}", exchange(stage, one, other))
    return unmet


def main() -> int:
    """Parse, run, count."""
    parser = script_arguments("tests.real_agents.wakes", __doc__, PROGRAMS)
    parser.add_argument("--pairs", action="store_true", help="also each two of them exchanging messages")
    return run_script(parser, play)


if __name__ == "__main__":
    sys.exit(main())
