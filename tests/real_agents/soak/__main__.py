"""Seven real agents at work for half an hour: `python -m tests.real_agents.soak --minutes 30 --programs DIR`.

Three Claude Code, two Codex, two opencode; 15 messages a minute; a person who types drafts, opens menus, scrolls,
leaves dialogs open, quits an agent and starts it again.  Then everybody is left alone for a while, for hints that come
late.  At the end: figures, and PASS or FAIL for each promise.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import sqlite3
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.real_agents.rig import install
from tests.real_agents.soak.crew import CREW, WITH_THE_DAEMON, Member, crew
from tests.real_agents.soak.obstacles import Day
from tests.real_agents.soak.records import Message, Records
from tests.real_agents.soak.traffic import send_mail
from tests.real_agents.soak.transcript import Transcript
from tests.real_agents.soak.verdicts import figures, judge
from tests.real_agents.stage import Stage, busy_loops, say, staged
from xats_tui.core.clock import from_wire

RESTARTED = ("ann", "fay", "dan")
"""Agents that are quit and started again, one of each client."""

CALMS_DOWN_S = 90.0
"""For what is under way at the end to be read."""

REMINDED_MIN = 11.0
"""After a long soak: a hint for mail that was read but not confirmed would come after ten minutes."""

OF_AGENTS = "FROM messages m JOIN agents a ON a.agent_id = m.to_agent_id WHERE a.name <> 'tester'"
MESSAGES = f"SELECT m.id, a.name, m.sent_at {OF_AGENTS}"
UNREAD = f"SELECT count(*) {OF_AGENTS} AND m.read_at IS NULL"

BRAKED = """\
SELECT DISTINCT outcome FROM wake_attempts
WHERE outcome LIKE '%acknowledgements%' OR outcome LIKE '%hints in the last hour%' OR outcome LIKE '%brake%'"""


async def soak(stage: Stage, members: dict[str, Member], arguments: argparse.Namespace) -> Records:
    """Let them work, then leave them alone; what happened."""
    chance = random.Random(arguments.seed)
    day = Day(transcript=Transcript(stage.rig.home / "model.jsonl"), chance=chance)
    until = time.time() + arguments.minutes * 60
    restarts = [name for name in RESTARTED if name in members]
    work = asyncio.gather(
        send_mail(stage, list(members), until, arguments.per_minute, random.Random(arguments.seed + 1)),
        day.spend(members, until, restarts),
    )
    while not work.done():
        await asyncio.wait({work}, timeout=60)
        tell(stage, day, until)
    await work
    await calm_down(stage)
    say(f"all is sent; {arguments.after:g} minutes with nobody there")
    await asyncio.sleep(arguments.after * 60)
    return Records(
        messages=messages(stage),
        turns=day.transcript.turns(members),
        obstacles=day.obstacles,
        drafts=day.drafts,
        complaints=day.complaints,
        braked=[str(row[0]) for row in rows(stage, BRAKED)],
    )


async def calm_down(stage: Stage) -> None:
    """Wait until everything is read, or as long as that may take."""
    give_up_at = time.time() + CALMS_DOWN_S
    while stage.count(UNREAD) and time.time() < give_up_at:
        await asyncio.sleep(1)


def tell(stage: Stage, day: Day, until: float) -> None:
    """One line on how it goes."""
    left = max(until - time.time(), 0) / 60
    say(
        f"        {left:4.1f} min left: {len(messages(stage))} messages, {stage.count(UNREAD)} unread, "
        f"{len(day.obstacles)} obstacles, {len(day.complaints)} complaints"
    )


def messages(stage: Stage) -> list[Message]:
    """All messages to the agents."""
    return [
        Message(message_id=str(id_), recipient=str(name), sent_at=from_wire(str(at)).timestamp())
        for id_, name, at in rows(stage, MESSAGES)
    ]


def rows(stage: Stage, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query to the coordinator's database."""
    with sqlite3.connect(f"file:{stage.home / 'data.db'}?mode=ro", uri=True) as database:
        return list(database.execute(query))


def keep(stage: Stage, records: Records, folder: Path) -> None:
    """Keep everything that a fault is looked for in."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "records.json").write_text(json.dumps(asdict(records), indent=1))
    shutil.copy(stage.rig.home / "model.jsonl", folder)
    for name in ("data.db", "data.db-wal", "stdout", "xats-tui.log"):
        if (stage.home / name).exists():
            shutil.copy(stage.home / name, folder)


async def play(arguments: argparse.Namespace) -> int:
    """Run the soak; how many promises were broken."""
    began = time.monotonic()
    async with staged(arguments.programs, lean=True) as stage, crew(stage, arguments.agent or list(CREW)) as members:
        say(f"{len(members)} agents are there after {time.monotonic() - began:.0f} s")
        with busy_loops(arguments.busy):
            records = await soak(stage, members, arguments)
        if arguments.out:
            keep(stage, records, arguments.out)
    for line in figures(records, WITH_THE_DAEMON):
        say(line)
    verdicts = judge(records, WITH_THE_DAEMON, slowness=1 + arguments.busy / 2)
    for verdict in verdicts:
        say(verdict.line)
    return sum(bool(verdict.faults) for verdict in verdicts)


def main() -> int:
    """Parse, run, judge; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_agents.soak", description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="where the npm packages are, or go (1.1 GB)")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--after", type=float, help="minutes to watch when all is done; 11 after a long soak")
    parser.add_argument("--agent", choices=list(CREW), action="append", help="only this one; may be repeated")
    parser.add_argument("--per-minute", type=float, default=15.0, help="messages")
    parser.add_argument("--seed", type=int, default=1, help="of what the person and the mail do")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="beside so many busy loops")
    parser.add_argument("--out", type=Path, help="keep the records, the model's log and the database there")
    arguments = parser.parse_args()
    if arguments.after is None:
        arguments.after = REMINDED_MIN if arguments.minutes >= 15 else 0.25
    os.environ.pop("TMUX", None)
    install(arguments.programs)
    return 1 if asyncio.run(play(arguments)) else 0


if __name__ == "__main__":
    sys.exit(main())
