"""The mail of a soak: from a lead who hands out work, and from agent to agent, at so many messages a minute."""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from itertools import count

from tests.real_agents.stage import Stage

RELAYED = 0.4
"""Share of the lead's messages that make an agent write to another one: each of these is two messages."""

WORKS_S = (2, 6)
"""Range of working times."""


async def send_mail(stage: Stage, names: Sequence[str], until: float, per_minute: float, chance: random.Random) -> None:
    """Send until then, to one agent after the other as chance has it."""
    pause = 60 / per_minute * (1 + RELAYED)
    for number in count(1):
        if time.time() >= until:
            return
        to, other = chance.sample(list(names), 2)
        await stage.send(to, _body(number, other, chance), need_reply=chance.random() < 0.5)
        await asyncio.sleep(chance.uniform(0.3, 1.7) * pause)


def _body(number: int, other: str, chance: random.Random) -> str:
    kind = chance.random()
    if kind < RELAYED:
        note = json.dumps({"to_agent_name": other, "body": f"note {number}\nSAY noted {number}", "need_reply": False})
        return f"job {number}\nCALL send_message {note}\nSAY passed on {number}"
    if kind < RELAYED + 0.3:
        return f"job {number}\nWAIT {chance.randint(*WORKS_S)}\nSAY done {number}"
    return f"job {number}\nSAY understood {number}"
