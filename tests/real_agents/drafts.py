"""Drafts of a person while messages arrive: `python -m tests.real_agents.drafts --programs DIR [--busy N] [--times 5]`.

A draft reaches the model as it was typed, with no hint in it; a hint reaches it once, also where the program was
stopped for a while, with or without a draft in its input line.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from tests.real_agents.person import Person, person_at
from tests.real_agents.rig import AgentPane, squashed
from tests.real_agents.scenes import CLIENTS, LONG
from tests.real_agents.stage import (
    Stage,
    Unmet,
    busy_loops,
    expect,
    report,
    run_script,
    script_arguments,
    seen,
    staged,
    ui_pids,
)

WATCHED_S = 4.0
"""Time for which a draft stays while messages wait."""

SLOW_KEYS_S = 0.2
"""Between the keys of somebody who writes while mail comes."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """One agent, and a person in front of it."""

    stage: Stage
    client: str
    pane: AgentPane
    person: Person

    async def draft(self, text: str) -> None:
        """Type a draft, and wait until it is drawn."""
        if "\n" in text:
            self.person.paste(text)
        else:
            await asyncio.to_thread(self.person.type, text, 0.02)
        await seen(partial(self.shows, text), f"the draft is drawn: {text!r}")

    def shows(self, text: str) -> bool:
        """Return whether the end of a text is on the screen."""
        return squashed(text)[-16:] in squashed(self.pane.look().text)

    async def send_draft(self, text: str, since: float) -> None:
        """Press Enter; the model must get the draft as it was typed."""
        expect(self.shows(text), f"the draft is still there:\n{self.pane.look().text}")
        self.person.press("Enter")

        def reached() -> bool:
            return any(squashed(said) == squashed(text) for said in self.said(since))

        try:
            await seen(reached, f"the model gets exactly {text!r}", 40)
        except Unmet as error:
            raise Unmet(f"{error}, not {self.said(since)}:\n{self.pane.look().text}") from None

    def said(self, since: float) -> list[str]:
        """The texts that began turns since then, or joined them."""
        return self.stage.said(since)

    async def check_hints(self, message_id: str, since: float) -> str:
        """Wait until the message was read; exactly one hint must have led there."""
        status = await self.stage.until(message_id, "seen")
        await asyncio.sleep(1)
        hints = [text for text in self.said(since) if "[xats]" in text]
        expect(len(hints) == 1, f"one hint: {hints}")
        expect(hints[0].count("[xats]") == 1, f"the hint is alone: {hints[0]!r}")
        return str(status["transport"])

    async def stop(self, seconds: float) -> None:
        """Stop the program, and let it go on after a while."""
        pids = await ui_pids(self.stage.rig, self.pane, CLIENTS[self.client])
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def standing_draft(text: str, desk: Desk) -> str:
    """Mail comes while a draft stands; the person sends the draft after a while."""
    began = time.time()
    await desk.draft(text)
    message_id = await desk.stage.send(desk.client)
    await asyncio.sleep(WATCHED_S)
    if desk.client != "codex":  # whose hint goes another way
        status = await desk.stage.status(message_id)
        expect("typed" not in status["evidence"], f"nothing was typed: {status}")
    await desk.send_draft(text, began)
    return await desk.check_hints(message_id, began)


async def draft_while_mail_comes(desk: Desk) -> str:
    """Mail comes in the middle of a word."""
    began = time.time()
    text = "a thought that takes its time"
    typing = asyncio.create_task(asyncio.to_thread(desk.person.type, text, SLOW_KEYS_S))
    await asyncio.sleep(SLOW_KEYS_S * 4)
    message_id = await desk.stage.send(desk.client)
    await typing
    await seen(partial(desk.shows, text), "the draft is drawn")
    await asyncio.sleep(1)
    await desk.send_draft(text, began)
    return await desk.check_hints(message_id, began)


async def stopped(seconds: float, text: str, desk: Desk) -> str:
    """Mail comes while the program is stopped, with or without a draft."""
    began = time.time()
    if text:
        await desk.draft(text)
    stop = asyncio.create_task(desk.stop(seconds))
    await asyncio.sleep(0.5)
    message_id = await desk.stage.send(desk.client)
    await stop
    if text:
        await asyncio.sleep(WATCHED_S)
        await desk.send_draft(text, began)
    return await desk.check_hints(message_id, began)


async def stopped_in_the_middle(seconds: float, desk: Desk) -> str:
    """The program is stopped while the hint is on its way."""
    began = time.time()
    sending = asyncio.create_task(desk.stage.send(desk.client))
    await asyncio.sleep(0.15)
    await desk.stop(seconds)
    return await desk.check_hints(await sending, began)


SCENES: dict[str, Callable[[Desk], Awaitable[str]]] = {
    "short draft": partial(standing_draft, "half a thought"),
    "one letter": partial(standing_draft, "x"),
    "wrapped draft": partial(standing_draft, LONG),
    "two pasted lines": partial(standing_draft, "first line\nsecond line"),
    "draft while mail comes": draft_while_mail_comes,
    "stopped 4 s": partial(stopped, 4, ""),
    "stopped 12 s": partial(stopped, 12, ""),
    "stopped 4 s with a draft": partial(stopped, 4, "half a thought"),
    "stopped 12 s with a draft": partial(stopped, 12, "half a thought"),
    "stopped in the middle": partial(stopped_in_the_middle, 4),
}


async def play(arguments: argparse.Namespace) -> int:
    """Run the scenes; how many did not show what they should."""
    unmet = 0
    for client in arguments.client:
        async with staged(arguments.programs) as stage:
            pane = await stage.join(client, client, stoppable=True)
            with person_at(stage.rig, pane) as person, busy_loops(arguments.busy):
                desk = Desk(stage=stage, client=client, pane=pane, person=person)
                for name, scene in SCENES.items():
                    for turn in range(arguments.times if arguments.scene in name else 0):
                        unmet += await report(f"{client}: {name}, {turn + 1}", scene(desk))
                        await asyncio.to_thread(pane.settle, 2.5, 20.0)
    return unmet


def main() -> int:
    """Parse, run, count."""
    parser = script_arguments("tests.real_agents.drafts", __doc__)
    parser.add_argument("--times", type=int, default=1, help="how often each scene is played")
    return run_script(parser, play)


if __name__ == "__main__":
    sys.exit(main())
