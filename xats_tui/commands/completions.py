"""What the shell offers when tab is pressed: names and ids of the running coordinator, if it answers at once.

Nothing may be printed and nothing may go wrong: without an answer there is nothing to offer.
"""

from collections.abc import Callable, Iterable
from typing import Any

import typer

from xats_tui.core.errors import XatsError
from xats_tui.core.model.labels import composed
from xats_tui.runtime.operator_client import ask
from xats_tui.runtime.settings import InvalidSettings, Settings, load

ANSWER_TIMEOUT_S = 0.3
"""Seconds that somebody who pressed tab waits without noticing."""

Complete = Callable[[typer.Context, str], list[str]]


def complete_agent(context: typer.Context, incomplete: str) -> list[str]:
    """Names of agents; of those that several teams have, with the team."""
    agents = _asked(context, "agents", limit=1000)
    names = [str(agent["name"]) for agent in agents]
    alone = {name for name in names if names.count(name) == 1}
    words = (agent["name"] if agent["name"] in alone else f"{agent['name']}@{agent['team']}" for agent in agents)
    return _beginning(words, incomplete)


def complete_team(context: typer.Context, incomplete: str) -> list[str]:
    """Teams that agents are in."""
    return _beginning((str(agent["team"]) for agent in _asked(context, "agents", limit=1000)), incomplete)


def complete_role(context: typer.Context, incomplete: str) -> list[str]:
    """Roles that agents have."""
    return _beginning((str(agent["role"]) for agent in _asked(context, "agents", limit=1000)), incomplete)


def complete_task(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of tasks that are not done."""
    return _beginning((str(task["id"]) for task in _asked(context, "tasks", open=True)), incomplete)


def complete_message(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of messages with a wake that waits or has failed before any other."""
    return _beginning((str(wake["message_id"]) for wake in _asked(context, "wakes")), incomplete)


def complete_contract(context: typer.Context, incomplete: str) -> list[str]:
    """Names of contracts."""
    return _beginning((str(contract["name"]) for contract in _asked(context, "contracts")), incomplete)


def _asked(context: typer.Context, verb: str, **arguments: Any) -> list[dict[str, Any]]:
    try:
        settings = load(_flags(context)).settings
        return list(ask(settings, verb, ANSWER_TIMEOUT_S, **arguments)[verb])
    except (XatsError, InvalidSettings, KeyError):
        return []


def _flags(context: typer.Context) -> dict[str, str]:
    """The flags on the line so far, those of the command before those of the program."""
    given: dict[str, str] = {}
    for one in (context.find_root(), context):
        given |= {name: value for name, value in one.params.items() if name in Settings.model_fields and value}
    return given


def _beginning(words: Iterable[str], incomplete: str) -> list[str]:
    """The words that begin so and that a terminal can show, each once."""
    return [word for word in dict.fromkeys(words) if word.startswith(composed(incomplete)) and word.isprintable()]
