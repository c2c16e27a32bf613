"""The person's day: drafts, menus, scrolling, dialogs that stay open, an agent that is quit and started again.

Each is noted with its time, and what was found changed that only the person may change is a complaint.
"""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from tests.real_agents.rig import squashed
from tests.real_agents.scenes import ASK_SHELL, PROMPT
from tests.real_agents.soak.crew import IN_AUTO_MODE, Member
from tests.real_agents.soak.records import Draft, Obstacle
from tests.real_agents.soak.transcript import Transcript
from tests.real_agents.stage import Unmet, say, seen

PAUSE_S = (4.0, 9.0)
"""Between two deeds of the person's."""
STANDS_S = (5.0, 14.0)
"""Range of times for which the person leaves an obstacle in place."""

MAKES_ITSELF_OUT_S = 20.0
"""For a client to show what a key did."""

WORDS = ("the login page still looks odd", "what about the tests", "later we should rename that", "mind the umlauts")

MENU_CLOSED_BY = {"claude-code": ("Escape", "C-u"), "codex": ("Escape", "C-u"), "opencode": ("C-u",)}


@dataclass(slots=True, kw_only=True)
class Day:
    """The person's actions and findings."""

    transcript: Transcript
    chance: random.Random
    obstacles: list[Obstacle] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    numbers: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]

    async def spend(self, members: dict[str, Member], until: float, restarts: list[str]) -> None:
        """Do one thing after the other until then; those to be restarted are, at even distances."""
        began = time.time()
        restart_at = [began + (until - began) * (n + 1) / (len(restarts) + 1) for n in range(len(restarts))]
        while time.time() < until - MAKES_ITSELF_OUT_S:
            deed: Callable[[Day, Member], Awaitable[None]]
            if restart_at and restart_at[0] <= time.time():
                restart_at.pop(0)
                deed, member = restart, members[restarts[-1 - len(restart_at)]]
            else:
                deed, member = self.chance.choice(DEEDS), self.chance.choice(list(members.values()))
            try:
                await deed(self, member)
            except Unmet as error:
                self.complaints.append(f"{member.name}: {error}")
            await asyncio.sleep(self.chance.uniform(*PAUSE_S))

    @asynccontextmanager
    async def obstacle(self, member: Member, kind: str) -> AsyncIterator[None]:
        """Note something that stands in an agent's way for the length of the block."""
        began = time.time()
        try:
            yield
        finally:
            self.obstacles.append(Obstacle(agent=member.name, kind=kind, began_at=began, ended_at=time.time()))

    async def stand(self) -> None:
        """Leave things as they are for a while."""
        await asyncio.sleep(self.chance.uniform(*STANDS_S))

    async def rested(self, member: Member) -> bool:
        """Return whether an agent becomes idle soon, so that an obstacle can be placed."""
        for _ in range(20):
            if not self.transcript.is_at_work(member.name):
                return True
            await asyncio.sleep(0.5)
        return False


async def restart(day: Day, member: Member) -> None:
    """Quit an agent and start it again."""
    if not await day.rested(member):
        return
    say(f"        {member.name} is quit and started again")
    async with day.obstacle(member, "restart"):
        await member.quit()
        await day.stand()
        await member.start()
        await member.register()


async def draft(day: Day, member: Member) -> None:
    """Type a draft, leave it standing, then send it or take it away."""
    text = f"thought {next(day.numbers)}: {day.chance.choice(WORDS)}"
    sent = day.chance.random() < 0.6
    async with day.obstacle(member, "draft"):
        await asyncio.to_thread(member.person.type, text)
        await day.stand()
        if not _shows(member, text):
            day.complaints.append(f"{member.name}: the draft {text!r} is gone:\n{member.pane.look().text}")
        sent = sent and await day.rested(member)
        member.person.press("Enter" if sent else "C-u")
        day.drafts.append(Draft(agent=member.name, text=text, sent=sent))


async def menu(day: Day, member: Member) -> None:
    """Open the menu of commands, look at it, close it."""
    if not await day.rested(member):
        return
    async with day.obstacle(member, "menu"):
        await asyncio.to_thread(member.person.type, "/")
        await day.stand()
        member.person.press(*MENU_CLOSED_BY[member.client])


async def scroll(day: Day, member: Member) -> None:
    """Scroll back, read, come back."""
    async with day.obstacle(member, "scroll"):
        member.pane.tmux("copy-mode", "-u")
        await day.stand()
        if member.pane.look().formats["pane_in_mode"]:
            member.stage.rig.tmux("send-keys", "-t", member.pane.pane_id, "-X", "cancel")
        else:
            day.complaints.append(f"{member.name}: the pane was taken out of copy mode")


async def dialog(day: Day, member: Member) -> None:
    """Have the agent ask for something, and leave it asking for a while."""
    if member.name in IN_AUTO_MODE or not await day.rested(member):
        return
    async with day.obstacle(member, "dialog"):
        await asyncio.to_thread(member.person.submit, ASK_SHELL[member.client])
        await seen(lambda: _asks(member), f"{member.name} asks", MAKES_ITSELF_OUT_S)
        await day.stand()
        if not _asks(member):
            day.complaints.append(f"{member.name}: somebody answered its dialog:\n{member.pane.look().text}")
            return
        member.person.press("Escape")


DEEDS: tuple[Callable[[Day, Member], Awaitable[None]], ...] = (draft, draft, menu, scroll, dialog)


def _shows(member: Member, text: str) -> bool:
    return squashed(text) in squashed(member.pane.look().text)


def _asks(member: Member) -> bool:
    return bool(re.search(PROMPT[member.client], member.pane.look().text))
