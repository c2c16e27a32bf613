"""A conversation with a Claude Code: `python -m tests.real_agents.conversation --programs DIR [--client NAME]`.

One message of the tester's starts it: its body is a script, whose message holds the next script, and so on.  Nobody
types anything, so whoever speaks was woken.  Each message has to reach its model once, and to be read.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence

from tests.real_agents.programs import NEWER
from tests.real_agents.stage import Stage, expect, report, run_script, say, script_arguments, seen, staged, title

PARTNER = "claude-code"

MESSAGES = 6

CONVERSATION_S = 240.0
"""Seconds for all of it, on a machine that is shared."""

BETWEEN_THEM = "FROM messages m JOIN agents s ON s.agent_id = m.from_agent_id AND s.name <> 'tester'"

READ = f"SELECT count(*) {BETWEEN_THEM} WHERE m.read_at IS NOT NULL"

WOKEN = f"""
SELECT m.id, r.name, d.transport, d.submitted_at IS NOT NULL
{BETWEEN_THEM} JOIN agents r ON r.agent_id = m.to_agent_id
JOIN message_delivery_status d ON d.recipient_message_id = m.id ORDER BY m.event_id"""
"""The messages between the two, whom each was for, and how that agent was woken."""


def script(speakers: Sequence[str]) -> str:
    """The script by which the first speaks to the second, whose answer goes to the third, and so on."""
    if len(speakers) == 1:
        return "SAY that was all"
    return f"CALL send_message {json.dumps({'to_agent_name': speakers[1], 'body': script(speakers[1:])})}"


async def they_talk(stage: Stage, client: str) -> str:
    """six messages to and fro: each wakes its reader, all are read, none reaches a model twice."""
    await stage.send(client, script(([client, PARTNER] * MESSAGES)[: MESSAGES + 1]))
    await seen(lambda: stage.count(READ) >= MESSAGES - 1, "five are read", CONVERSATION_S)
    for name in (client, PARTNER):  # the next message has its reader confirm the one before
        await stage.until(await stage.send(name, "SAY goodbye"), "seen")
    await seen(lambda: stage.count(READ) == MESSAGES, "all are read")
    handed = Counter(id_ for entry in stage.asked() for id_ in entry["handed"])
    said = stage.rows(WOKEN)
    expect(len(said) == MESSAGES, f"{MESSAGES} messages: {said}")
    expect(all(handed[id_] == 1 for id_, *_ in said), f"each reached its model once: {handed}, {said}")
    expect(all(transport and submitted for *_, transport, submitted in said), f"each woke its reader: {said}")
    return "; ".join(f"{number} to {name} by {way}" for number, (_, name, way, _) in enumerate(said, 1))


async def play(arguments: argparse.Namespace) -> int:
    """Have each client talk; how many did not as they should."""
    unmet = 0
    for client in arguments.client:
        async with staged(arguments.programs) as stage:
            panes = [await stage.join(name, name) for name in (client, PARTNER)]
            failed = await report(f"{client} and {PARTNER}: {title(they_talk)}", they_talk(stage, client))
            unmet += failed
            for pane in panes if failed else ():
                say(pane.look().text)
    return unmet


if __name__ == "__main__":
    parser = script_arguments("tests.real_agents.conversation", __doc__, NEWER)
    sys.exit(run_script(parser, play))
