"""Check of the online agents: lasting obstacles in their panes, and the ways on which they can be woken."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xats_tui.core.model.panes import PaneRef, tmux_around
from xats_tui.doctor.finding import Case, Finding, ok, warning
from xats_tui.doctor.ways import way_to
from xats_tui.runtime import pid_file
from xats_tui.runtime.console import short
from xats_tui.runtime.operator_client import NotAnswered, NotAsked, NotDone, ask

LASTING = frozenset({"stopped", "synchronized", "input", "terminal", "unread", "own hint"})
"""Gates that do not open by themselves when the agent ends its turn or a person finishes a draft."""

TIMEOUT_S = 5.0
"""Seconds for each answer; the coordinator looks at one pane for it."""

CONNECT = 'tell it "register to xats as NAME"; if it does not know xats: xats-tui setup claude-code'

MAX_SHOWN = 5
"""Maximum programs that are named one by one."""

MAX_AGENTS = 50
"""Maximum agents whose panes are checked."""


def panes(case: Case) -> Iterator[Finding]:
    """Yield findings for agents whose pane takes no keys now, and the ways to each; nothing if no coordinator runs."""
    if pid_file.running(case.loaded.settings.pid_path) is None:
        return
    try:
        listed = _asked(case, "agents", online=True, limit=MAX_AGENTS)["agents"]
        agents = [_asked(case, "agent", agent=agent["agent_id"]) for agent in listed]
    except (NotAsked, NotAnswered, NotDone) as error:
        yield warning("panes", f"could not be checked: {error}", "fix the coordinator first; see its finding")
        return
    bound = [agent for agent in agents if agent["tmux_pane_id"]]
    around = tmux_around(case.environment)
    closed = [finding for agent in bound for finding in _closed(agent, around)]
    yield from closed
    if bound and not closed:
        yield ok("panes", f"no lasting obstacle in the panes of {len(bound)} online agents")
    yield from _not_connected(case)
    yield from (found for agent in agents if (found := way_to(agent, datetime.now(UTC))))


def _closed(agent: Mapping[str, Any], around: str | None) -> Iterator[Finding]:
    pane = PaneRef(agent["tmux_socket"] or "", agent["tmux_pane_id"])
    address = f"{agent['name']}@{agent['team']}"
    for gate in agent["gates"]:
        if gate["name"] in LASTING and not gate["holds"]:
            found = f"{address} in {agent['tmux_pane_id']} cannot be woken: {gate['name']}: {gate['detail']}"
            yield warning("panes", found, f"fix it in the pane: {pane.way(around)}")


def _not_connected(case: Case) -> Iterator[Finding]:
    """Report the programs that could be agents; they may be meant to be none."""
    try:
        programs = _asked(case, "unconnected")["unconnected"]
    except NotDone:  # an older coordinator does not look for them
        return
    shown = [f"{one['client']} {one['pid']} in {short(Path(one['folder']))}" for one in programs[:MAX_SHOWN]]
    more = f" and {len(programs) - MAX_SHOWN} more" if len(programs) > MAX_SHOWN else ""
    number = "1 agent here is" if len(programs) == 1 else f"{len(programs)} agents here are"
    if programs:
        yield warning("agents", f"{number} not connected: {', '.join(shown)}{more}", CONNECT)


def _asked(case: Case, verb: str, **arguments: Any) -> Mapping[str, Any]:
    return ask(case.loaded.settings, verb, TIMEOUT_S, **arguments)
