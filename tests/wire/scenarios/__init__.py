"""One function for each pair of tool and outcome, by noun; importing this package fills `producers.SCENARIOS`."""

from tests.wire.scenarios import (
    agents,
    bad_registrations,
    broadcasts,
    channels,
    codex,
    contracts,
    every_tool,
    inbox,
    messages,
    panes,
    registration,
    runtime,
    search,
    subscriptions,
    tasks,
)

__all__ = [
    "agents",
    "bad_registrations",
    "broadcasts",
    "channels",
    "codex",
    "contracts",
    "every_tool",
    "inbox",
    "messages",
    "panes",
    "registration",
    "runtime",
    "search",
    "subscriptions",
    "tasks",
]
