"""Team scope: what all modes show is limited to one team, or to none.

Agents of other teams stay known, so that they can be named and addressed.  What belongs to no team is always shown: the
operator's inbox and notices, sessions and programs without an agent.
"""

from collections.abc import Callable, Iterable
from typing import Any

from xats_tui.core.model.activity import Activity
from xats_tui.core.model.health import SessionEntry
from xats_tui.core.model.messages import Message
from xats_tui.core.model.panes import TmuxCommand
from xats_tui.core.model.wakes import Wake
from xats_tui.core.records import replace
from xats_tui.screens.data.snapshot import Slice, Snapshot


class TeamScope:
    """The team that all modes are limited to; all modes share it."""

    def __init__(self) -> None:
        self.team: str | None = None
        """None if every team is shown."""
        self._limited: Snapshot | None = None
        self._kept: dict[Slice, tuple[tuple[object, ...], tuple[Any, ...]]] = {}
        """The origin of each limited slice, and the result: a list is read again only if its slice has changed."""

    def of(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot, limited to the team."""
        if self.team is None:
            return snapshot
        if self._limited is None or self._limited.whole is not snapshot or self._limited.team != self.team:
            limited: dict[str, Any] = {part.value: self._part(snapshot, part, self.team) for part in LIMITS}
            self._limited = replace(snapshot, **limited, team=self.team, unlimited=snapshot)
        return self._limited

    def _part(self, snapshot: Snapshot, part: Slice, team: str) -> tuple[Any, ...]:
        whole = getattr(snapshot, part.value)
        made_from = (whole, snapshot.roster, team)
        known = self._kept.get(part)
        if known is None or any(one is not before for one, before in zip(made_from, known[0], strict=True)):
            teams_of = LIMITS[part]
            known = self._kept[part] = (made_from, tuple(one for one in whole if _is_in(team, teams_of(snapshot, one))))
        return known[1]


def _is_in(team: str, teams: Iterable[str | None]) -> bool:
    """Return whether one of these teams is the team; what belongs to no team is in every one."""
    known = {each for each in teams if each}
    return not known or team in known


def _team_of(snapshot: Snapshot, agent_id: str | None) -> str | None:
    entry = snapshot.entry(agent_id or "")
    return entry.agent.team if entry else None


def _message_teams(snapshot: Snapshot, message: Message) -> Iterable[str | None]:
    return message.from_team, message.to_team


def _wake_teams(snapshot: Snapshot, wake: Wake) -> Iterable[str | None]:
    """Return the team of the agent to wake; of an agent that has left, the sender's team."""
    return (_team_of(snapshot, wake.agent_id) or _team_of(snapshot, wake.sender_id),)


def _agent_team(snapshot: Snapshot, one: Activity | SessionEntry) -> Iterable[str | None]:
    return (_team_of(snapshot, one.agent_id),)


def _pane_team(snapshot: Snapshot, command: TmuxCommand) -> Iterable[str | None]:
    entry = snapshot.entry_in(command.pane)
    return (entry.agent.team if entry else None,)


LIMITS: dict[Slice, Callable[[Snapshot, Any], Iterable[str | None]]] = {
    Slice.ROSTER: lambda snapshot, entry: (entry.agent.team,),
    Slice.STREAM: _message_teams,
    Slice.UNANSWERED: _message_teams,
    Slice.WAKES: _wake_teams,
    Slice.TASKS: lambda snapshot, entry: (entry.task.team,),
    Slice.CONTRACTS: lambda snapshot, summary: (summary.team,),
    Slice.ACTIVITY: _agent_team,
    Slice.EVENTS: lambda snapshot, event: (event.team, _team_of(snapshot, event.actor_id)),
    Slice.COMMANDS: _pane_team,
    Slice.SESSIONS: _agent_team,
}
"""Teams that an entry of each limited slice belongs to."""
