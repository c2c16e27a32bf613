"""Common steps of all stories: agents come and go, time passes, the coordinator restarts.

The stories are told by hypothesis, a step at a time; after each step what must always hold is looked at.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.properties.world import World
from xats_tui.core.records import replace

TEAMS = {"ann": "red", "bob": "red", "cid": "red", "dot": "blue"}

MAIN_PARTS = ("ann", "bob") * 2
"""Most is about two of them, so that one step has to do with another."""

names = st.sampled_from([*MAIN_PARTS, *TEAMS])


class Story(RuleBasedStateMachine):
    """Agents and time; each noun adds its own steps and its own part of the model."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.world = World(Path(self._folder.name))
        self.registered: set[str] = set()
        self.ids: dict[str, str] = {}
        """By name, of everybody who ever registered."""
        for name in TEAMS:
            self.world.connect(name)
            self._register(name)

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.world.close()
        self._folder.cleanup()

    @rule(name=names)
    def registers_again(self, name: str) -> None:
        """Register a known agent again, and check that it keeps its identity."""
        self._register(name)

    @rule(name=names)
    def leaves(self, name: str) -> None:
        """An agent unregisters itself, unless it has work to finish."""
        if name not in self.registered:
            assert self.world.call(name, "unregister_self")["error"] == "unknown_agent"
            return
        answer = self.call(name, "unregister_self")
        owned = self.tasks_of(name)
        assert sorted(answer.get("task_ids", [])) == sorted(owned)
        if not owned:
            assert answer["ok"] is True
            self.registered.discard(name)
            self.has_left(name)

    @rule(seconds=st.sampled_from([0.5, 3, 31, 65, 200, 700, 3700]))
    def time_passes(self, seconds: float) -> None:
        """Nobody does anything."""
        self.world.pass_time(seconds)

    @rule(answers_left=st.booleans())
    def starts_anew(self, answers_left: bool) -> None:
        """New services on the same file know what the old ones knew; of an answer that may not have left, no more."""
        if answers_left:
            self.world.answers_have_left()
        before = self.everything()
        self.world.restart()
        after = self.everything()
        if not answers_left:
            before, after = ({**one, "wakes": one["wakes"].keys(), "agents": []} for one in (before, after))
        assert after == before, {key: (before[key], after[key]) for key in before if before[key] != after[key]}
        self.has_restarted(answers_left=answers_left)
        self.world.begin_to_wake()
        self.world.pass_time(0)

    @invariant()
    def nothing_went_wrong(self) -> None:
        """No part of the coordinator has logged an error."""
        assert self.world.troubles == []

    def call(self, caller: str, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool as a registered agent; each call confirms what the previous answer handed out."""
        answer = self.world.call(caller, tool, **arguments)
        self.has_called(caller)
        return answer

    def everything(self) -> dict[str, Any]:
        """All that the services tell, but for how old it is, and who is online: that is remembered for seconds."""
        world = self.world
        roster = world.look(world.registry.roster())
        return {
            "agents": [(entry.agent, entry.unread, entry.wakes_waiting) for entry in roster],
            "messages": world.look(world.mailbox.stream(limit=10_000)),
            "wakes": world.wakes(),
            "tasks": [replace(one, owner_online=None) for one in world.look(world.board.entries(limit=10_000))],
            "contracts": world.look(world.contracts.summaries(limit=10_000)),
        }

    def has_called(self, name: str) -> None:
        """An agent has called a tool."""

    def has_left(self, name: str) -> None:
        """An agent is gone."""

    def has_restarted(self, *, answers_left: bool) -> None:
        """Forget the state that was in memory only."""

    def tasks_of(self, name: str) -> list[str]:
        """Ids of the tasks that an agent works on."""
        return []

    def name_of(self, agent_id: str) -> str:
        """Return an agent's name; the operator is named by its id."""
        return next((name for name, known in self.ids.items() if known == agent_id), agent_id)

    def _register(self, name: str) -> None:
        answer = self.world.call(name, "register_agent", name=name, client="custom", model="m", team=TEAMS[name])
        assert self.ids.setdefault(name, answer["agent_id"]) == answer["agent_id"]
        self.registered.add(name)
        self.has_called(name)
