"""Lookup by the operator's words: an agent by name, a task or a message by a prefix of its id.

A refusal lists the names or ids that would match.
"""

from collections.abc import Iterable, Sequence

from xats_tui.backend.store.search.prefixes import messages_beginning, tasks_beginning
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.labels import folded
from xats_tui.core.model.tasks import Task

LISTED_NAMES = 8
"""Maximum number of names or ids in a sentence; the rest are counted."""


def agent_meant(roster: Sequence[RosterEntry], word: str) -> RosterEntry:
    """Return the agent of that name, `name@team`, id or prefix of an id.

    Raises:
        Refusal: `unknown_agent`, `ambiguous_agent`.
    """
    wanted = folded(word).strip()
    ways = (
        [entry for entry in roster if entry.agent.agent_id == word],
        [entry for entry in roster if folded(entry.agent.address) == wanted],
        [entry for entry in roster if folded(entry.agent.name).strip() == wanted],
        [entry for entry in roster if entry.agent.agent_id.startswith(wanted)],
    )
    meant = next((found for found in ways if found), [])
    if not meant:
        there = _listed(entry.agent.address for entry in roster)
        known = f"registered are {there}" if there else "none is registered"
        raise Refusal("unknown_agent", sentence=f"no agent is called {word}; {known}")
    if len(meant) > 1:
        which = _listed(entry.agent.address for entry in meant)
        raise Refusal("ambiguous_agent", sentence=f"several agents match {word}: {which}; name one of them")
    return meant[0]


async def task_meant(database: Database, word: str) -> Task:
    """Return the task of that id, or prefix of an id.

    Raises:
        Refusal: `unknown_task`, `ambiguous_id`.
    """
    found = await tasks_beginning(database, word)
    if not found:
        raise Refusal("unknown_task", sentence=f"no task's id begins with {word}")
    _one_only(word, [task.id for task in found])
    return found[0]


async def message_meant(database: Database, word: str) -> tuple[str, int]:
    """Return id and event of the message of that id, or prefix of an id; for a broadcast its first copy.

    Raises:
        Refusal: `unknown_message`, `ambiguous_id`.
    """
    found = await messages_beginning(database, word)
    if not found:
        raise Refusal("unknown_message", sentence=f"no stored message has an id that begins with {word}")
    first = next(iter(found))
    # the copies of a broadcast have ids of their own and one event: they are one message
    if first != word and len(set(found.values())) > 1:
        _one_only(word, list(found))
    return first, found[first]


def _one_only(word: str, ids: Sequence[str]) -> None:
    if len(ids) > 1 and word not in ids:
        raise Refusal("ambiguous_id", sentence=f"several ids begin with {word}: {_listed(ids)}")


def _listed(words: Iterable[str]) -> str:
    several = list(words)
    rest = f" and {len(several) - LISTED_NAMES} more" if len(several) > LISTED_NAMES else ""
    return ", ".join(several[:LISTED_NAMES]) + rest
