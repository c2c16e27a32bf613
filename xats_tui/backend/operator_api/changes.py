"""The commands that change something, each recorded as done by the operator at the command line."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.base import Command, Word
from xats_tui.backend.operator_api.names import agent_meant, message_meant, task_meant
from xats_tui.backend.operator_api.readings import SEARCHED_ROWS, is_failed, shown, wakes_of
from xats_tui.backend.operator_api.records import plain
from xats_tui.backend.services.wakes.tool_names import full_name
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.tools.base import Answer, Arguments, Optional
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.messages import BROADCAST_MARK, Addressees
from xats_tui.core.model.tasks import Task
from xats_tui.core.model.wakes import Wake

NOBODY = "nobody"
"""The owner of a task that nobody works on."""


POKE = "[xats] the operator asks you to look: call {tool}"
"""The line of a poke without a text of its own."""


class Send(Arguments):
    body: str
    to: list[Word] = Field(default_factory=list)
    role: Optional[Word] = None
    team: Optional[Word] = None
    everybody: bool = False
    subject: Optional[str] = None
    need_reply: bool = False
    urgent: bool = False


class Poke(Arguments):
    agent: Word
    text: Optional[str] = None


class Replay(Arguments):
    id: Optional[Word] = None
    agent: Optional[Word] = None
    team: Optional[Word] = None
    failed: bool = False


class Reassign(Arguments):
    task: Word
    agent: Word
    owner: Optional[Word] = None


class Save(Arguments):
    path: Annotated[Path | None, Field(strict=False)] = None
    """The new file; None lets the coordinator choose."""


async def send(operator: OperatorApi, arguments: Send) -> Answer:
    """Send messages; the answer has each wake after its first decision."""
    roster = await operator.roster()
    sent = await operator.send(
        _letters(roster, arguments),
        arguments.body,
        subject=arguments.subject,
        need_reply=arguments.need_reply,
        urgent=arguments.urgent,
    )
    await asyncio.gather(*(operator.first_decisions(message_id) for message_id in sent))
    wakes = [record for message_id in sent for record in await wakes_of(operator, message_id)]
    return {"message_ids": list(sent), "wakes": wakes}


async def poke(operator: OperatorApi, arguments: Poke) -> Answer:
    """Put one line before an agent in its pane; the answer has the stage that it reached."""
    agent = agent_meant(await operator.roster(), arguments.agent).agent
    text = POKE.format(tool=full_name("get_inbox", agent)) if arguments.text is None else arguments.text
    result = await operator.poke(agent.agent_id, text)
    return {"agent_id": agent.agent_id, "name": agent.name, "team": agent.team, **plain(result)}


async def replay(operator: OperatorApi, arguments: Replay) -> Answer:
    """Try the wakes of one message again, or all failed wakes of registered agents."""
    roster = await operator.roster()
    if arguments.failed == (arguments.id is not None):
        raise Refusal("invalid_arguments", sentence="name one message, or ask for all failed wakes")
    members = {entry.agent.agent_id for entry in roster if arguments.team in (None, entry.agent.team)}
    if arguments.agent is not None:
        members &= {agent_meant(roster, arguments.agent).agent.agent_id}
    found = await _to_replay(operator, arguments)
    keys = [(wake.message_id, wake.agent_id) for wake in found if wake.agent_id in members]
    if arguments.id is not None and not keys:
        raise Refusal("no_wake", sentence="the message has no wake for these agents")
    replayed = await operator.replay(keys)
    if keys and not replayed:
        raise Refusal("already_read")
    letters = dict.fromkeys(message_id for message_id, _ in keys)
    wakes = [record for message_id in letters for record in await wakes_of(operator, message_id)]
    return {"replayed": replayed, "wakes": [wake for wake in wakes if (wake["message_id"], wake["agent_id"]) in keys]}


async def reassign(operator: OperatorApi, arguments: Reassign) -> Answer:
    """Give a task to an agent of its team; with `owner`, only if that agent still owns it."""
    task = await task_meant(operator.part(Database), arguments.task)
    roster = await operator.roster()
    if arguments.owner is not None:
        _check_owner(roster, task, arguments.owner)
    team = [entry for entry in roster if entry.agent.team == task.team]
    agent = agent_meant(team, arguments.agent).agent
    await operator.reassign_task(task, agent.agent_id)
    return await shown(operator, task.id)


async def _to_replay(operator: OperatorApi, arguments: Replay) -> Sequence[Wake]:
    if arguments.id is None:
        return [wake for wake in await operator.wakes(SEARCHED_ROWS) if is_failed(wake)]
    message_id, _ = await message_meant(operator.part(Database), arguments.id)
    return await operator.wakes_of(message_id)


def _letters(roster: Sequence[RosterEntry], arguments: Send) -> list[Addressees]:
    """Return the addressees: each named agent alone, or the agents of each team together.

    Raises:
        Refusal: `invalid_arguments`; `unknown_agent`, `ambiguous_agent`; `no_recipient`.
    """
    ways = (bool(arguments.to), arguments.role is not None or arguments.team is not None, arguments.everybody)
    if sum(ways) != 1:
        raise Refusal("invalid_arguments", sentence="choose the recipients: agents, a role or a team, or everybody")
    if arguments.to:
        named = {entry.agent.agent_id: entry.agent for entry in (agent_meant(roster, word) for word in arguments.to)}
        return [Addressees(team=agent.team, agent_ids=(agent.agent_id,)) for agent in named.values()]
    members: dict[str, list[str]] = defaultdict(list)
    for entry in roster:
        if arguments.role in (None, entry.agent.role) and arguments.team in (None, entry.agent.team):
            members[entry.agent.team].append(entry.agent.agent_id)
    to_role = arguments.role or BROADCAST_MARK
    return [Addressees(team=team, agent_ids=tuple(ids), to_role=to_role) for team, ids in members.items()]


def _check_owner(roster: Sequence[RosterEntry], task: Task, word: str) -> None:
    """Check that a task still belongs to the owner that the operator named.

    Raises:
        Refusal: `task_changed` with the present owner.
    """
    now = next((entry.agent for entry in roster if entry.agent.agent_id == task.claimed_by), None)
    believed = None if word == NOBODY else agent_meant(roster, word).agent.agent_id
    if task.claimed_by != believed:
        owner = now.address if now else "an agent that has left"
        stands = f"{task.status.replace('_', ' ')} with {owner}" if task.claimed_by else task.status.value
        raise Refusal("task_changed", sentence=f"the task is {stands} now; nothing was changed")


async def save(operator: OperatorApi, arguments: Save) -> Answer:
    """Save everything that is stored in a new file, even if the files of the database are gone."""
    saved, database = await operator.save_database(arguments.path), operator.part(Database)
    return {"saved_as": str(saved), "database": str(database.path), "lost": database.is_lost}


CHANGES = (
    Command(name="send", arguments=Send, run=send, changes=OperatorApi.send.changes),
    Command(name="poke", arguments=Poke, run=poke, changes=OperatorApi.poke.changes),
    Command(name="replay", arguments=Replay, run=replay, changes=OperatorApi.replay.changes),
    Command(name="reassign", arguments=Reassign, run=reassign, changes=OperatorApi.reassign_task.changes),
    Command(name="save", arguments=Save, run=save, changes=OperatorApi.save_database.changes),
)
