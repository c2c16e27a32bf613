"""Shell completion: names and ids from the running coordinator, if it answers at once.

Completion must not print or fail: without an answer it offers nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from xats_tui.core.errors import XatsError
from xats_tui.core.model.labels import composed
from xats_tui.runtime.operator_client import ask
from xats_tui.runtime.settings import SETTINGS, InvalidSettings, load

ANSWER_TIMEOUT_S = 0.3
"""Seconds of waiting that a person who presses tab does not notice."""


class Typed(Protocol):
    """The part of a typer context that is needed here; typer passes it to the parameter `ctx`."""

    @property
    def params(self) -> Mapping[str, Any]:
        """Values of the flags so far, by name."""

    def find_root(self) -> "Typed":
        """Return the context of the flags before the command."""


def complete_agent(ctx: Typed, incomplete: str) -> list[str]:
    """Return names of agents, with the team where a name is not unique."""
    agents = _asked(ctx, "agents", limit=1000)
    names = [str(agent["name"]) for agent in agents]
    alone = {name for name in names if names.count(name) == 1}
    words = (agent["name"] if agent["name"] in alone else f"{agent['name']}@{agent['team']}" for agent in agents)
    return _beginning(words, incomplete)


def complete_team(ctx: Typed, incomplete: str) -> list[str]:
    """Return the teams of agents."""
    return _beginning((str(agent["team"]) for agent in _asked(ctx, "agents", limit=1000)), incomplete)


def complete_role(ctx: Typed, incomplete: str) -> list[str]:
    """Return the roles of agents."""
    return _beginning((str(agent["role"]) for agent in _asked(ctx, "agents", limit=1000)), incomplete)


def complete_task(ctx: Typed, incomplete: str) -> list[str]:
    """Return the ids of unfinished tasks."""
    return _beginning((str(task["id"]) for task in _asked(ctx, "tasks", open=True)), incomplete)


def complete_message(ctx: Typed, incomplete: str) -> list[str]:
    """Return the ids of messages, those with a waiting or failed wake first."""
    return _beginning((str(wake["message_id"]) for wake in _asked(ctx, "wakes")), incomplete)


def complete_contract(ctx: Typed, incomplete: str) -> list[str]:
    """Return the names of contracts."""
    return _beginning((str(contract["name"]) for contract in _asked(ctx, "contracts")), incomplete)


def _asked(ctx: Typed, verb: str, **arguments: Any) -> list[dict[str, Any]]:
    try:
        settings = load(_flags(ctx)).settings
        return list(ask(settings, verb, ANSWER_TIMEOUT_S, **arguments)[verb])
    except (XatsError, InvalidSettings, KeyError):
        return []


def _flags(ctx: Typed) -> dict[str, str]:
    """Return the flags typed so far; a command's flags override the program's."""
    given: dict[str, str] = {}
    for one in (ctx.find_root(), ctx):
        given |= {name: value for name, value in one.params.items() if name in SETTINGS and value}
    return given


def _beginning(words: Iterable[str], incomplete: str) -> list[str]:
    """Return the words that start with the typed text and are printable, without duplicates."""
    return [word for word in dict.fromkeys(words) if word.startswith(composed(incomplete)) and word.isprintable()]
