"""More mail than a host hands on in one answer: `python -m tests.real_agents.long_mail --programs DIR [--client NAME]`.

Hosts cut the long answer of a tool, or keep it in a file.  Every message must come before the model whole, and none may
count as read before it has.
"""

import argparse
import asyncio
import json
import re
import sqlite3
import sys

from tests.real_agents.stage import (
    PATIENCE,
    Stage,
    Unmet,
    busy_loops,
    expect,
    report,
    run_script,
    script_arguments,
    staged,
)

GLANCE_S = 0.3

READ = "SELECT body FROM messages m JOIN agents a ON a.agent_id = m.to_agent_id WHERE a.name = ? AND m.read_at NOT NULL"


def body(number: int, characters: int) -> str:
    """A message whose beginning and end can be found."""
    filling = "lorem ipsum dolor " * (characters // 18)
    return f"BEGIN-{number:03} {filling} END-{number:03}"


def came_whole(stage: Stage) -> set[int]:
    """The messages whose beginning and end stood in one request to the model, both."""
    whole = set()
    log = stage.rig.home / "model.jsonl"
    for line in log.read_text().splitlines() if log.exists() else ():
        said = "\n".join(json.loads(line).get("results") or ())
        begun, ended = ({int(n) for n in re.findall(word + r"-(\d\d\d)", said)} for word in ("BEGIN", "END"))
        whole |= begun & ended
    return whole


def counted_as_read(stage: Stage, name: str) -> set[int]:
    """The messages that the coordinator says the agent has read."""
    with sqlite3.connect(f"file:{stage.home / 'data.db'}?mode=ro", uri=True) as database:
        bodies = [row[0] for row in database.execute(READ, (name,))]
    return {int(found[1]) for text in bodies if (found := re.match(r"BEGIN-(\d\d\d)", text))}


async def all_mail_comes_before_the_model(stage: Stage, client: str, messages: int, characters: int) -> str:
    """Mail that no host hands on in one answer comes before the model whole, and is read no earlier."""
    pane = stage.panes[client]
    for number in range(messages):
        await stage.send(client, body(number, characters), need_reply=False)
    left, quiet_since = messages, asyncio.get_running_loop().time()
    while left:
        read = counted_as_read(stage, client)  # looked at first: what comes meanwhile is no fault
        unseen = read - came_whole(stage)
        expect(not unseen, f"read, and never before the model: {sorted(unseen)}")
        now = asyncio.get_running_loop().time()
        if messages - len(read) < left:
            left, quiet_since = messages - len(read), now
        if now - quiet_since > PATIENCE:
            raise Unmet(f"{left} of {messages} stay unread:\n{pane.look().text}")
        await asyncio.sleep(GLANCE_S)
    calls = sum(entry["step"]["tool"] == "get_inbox" for entry in stage.asked())
    return f"{messages} messages of {characters} characters, all before the model, in {calls} calls"


async def play(arguments: argparse.Namespace) -> int:
    """Run the scene for each client; how many did not show what they should."""
    unmet = 0
    for client in arguments.client:
        async with staged(arguments.programs, lean=True) as stage:
            await stage.join(client, client)
            with busy_loops(arguments.busy):
                scene = all_mail_comes_before_the_model(stage, client, arguments.messages, arguments.characters)
                unmet += await report(f"{client}: long mail", scene)
    return unmet


def main() -> int:
    """Parse, run, count."""
    parser = script_arguments("tests.real_agents.long_mail", __doc__)
    parser.add_argument("--messages", type=int, default=60)
    parser.add_argument("--characters", type=int, default=2500)
    return run_script(parser, play)


if __name__ == "__main__":
    sys.exit(main())
