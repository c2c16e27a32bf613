"""What keeps keys from the panes of agents, as long as nobody does something about it."""

from collections.abc import Iterator, Mapping
from typing import Any

from xats_tui.doctor.finding import Case, Finding, ok, warning
from xats_tui.runtime import pid_file
from xats_tui.runtime.operator_client import NotAnswered, NotAsked, NotDone, ask

LASTING = frozenset({"stopped", "synchronized", "input", "terminal", "unread", "own hint"})
"""The gates that do not open by themselves when the agent ends its turn, or a person a draft."""

TIMEOUT_S = 5.0
"""For each answer; the coordinator looks at one pane for it."""

MAX_AGENTS = 50
"""Agents whose panes are looked at."""


def panes(case: Case) -> Iterator[Finding]:
    """A finding for each agent whose pane takes no keys now; nothing without a coordinator that could be asked."""
    if pid_file.running(case.loaded.settings.pid_path) is None:
        return
    try:
        agents = _asked(case, "agents", online=True, limit=MAX_AGENTS)["agents"]
        bound = [agent for agent in agents if agent["tmux_pane_id"]]
        closed = [finding for agent in bound for finding in _closed(case, agent)]
    except (NotAsked, NotAnswered, NotDone) as error:
        yield warning("panes", f"not asked about: {error}", "see to what is said of the coordinator first")
        return
    yield from closed
    if bound and not closed:
        yield ok("panes", f"nothing keeps keys from the panes of {len(bound)} agents that are online")


def _closed(case: Case, agent: Mapping[str, Any]) -> Iterator[Finding]:
    address = f"{agent['name']}@{agent['team']}"
    for gate in _asked(case, "agent", agent=agent["agent_id"])["gates"]:
        if gate["name"] in LASTING and not gate["holds"]:
            found = f"{address} in {agent['tmux_pane_id']} cannot be woken: {gate['name']}: {gate['detail']}"
            yield warning("panes", found, f"see to it at the pane: tmux switch-client -t {agent['tmux_pane_id']}")


def _asked(case: Case, verb: str, **arguments: Any) -> Mapping[str, Any]:
    return ask(case.loaded.settings, verb, TIMEOUT_S, **arguments)
