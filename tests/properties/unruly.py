"""Wakes into panes that misbehave: stopped, slow, swallowing, changing under our hands, with a person at the keys.

No key is sent where a gate is closed, no paste while another is outstanding, nothing is called submitted that was not
taken, and all mail is announced once the pane is good again.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.fakes import SkippingClock
from tests.properties.unruly_pane import CLEAR, ENTER, HABITS, Keyboards, UnrulyPane
from tests.properties.world import World
from xats_tui.core.model.wakes import WakeStage, WakeStatus
from xats_tui.core.records import replace

ROUNDS = 8
"""Times ten minutes, in which every pause and restraint has passed."""

Change = Callable[[UnrulyPane], None]


class Meanwhile(SkippingClock):
    """A clock in whose waits things happen."""

    def __init__(self) -> None:
        super().__init__()
        self._planned: list[tuple[int, Callable[[], None]]] = []

    def plan(self, waits: int, happens: Callable[[], None]) -> None:
        """Have something happen after so many waits more."""
        self._planned.append((waits, happens))

    def plan_nothing(self) -> None:
        """Have nothing happen after all."""
        self._planned.clear()

    async def sleep(self, seconds: float) -> None:
        """Let time pass, and what was planned for then happen."""
        await super().sleep(seconds)
        due = [happens for waits, happens in self._planned if waits <= 0]
        self._planned = [(waits - 1, happens) for waits, happens in self._planned if waits > 0]
        for happens in due:
            happens()


def setting(name: str, value: object) -> Change:
    """A change of one property of a pane."""
    return lambda pane: setattr(pane, name, value)


CHANGES: dict[str, Change] = {
    **{
        f"{name}: {on}": setting(name, on)
        for name in ("synchronized", "input_off", "cooked", "scrolled")
        for on in (True, False)
    },
    **{habit: setting("habit", habit) for habit in HABITS},
    **{f"paints in {seconds} s": setting("paint", timedelta(seconds=seconds)) for seconds in (0, 0.5, 1.5, 3)},
}
PERSON = {"types a draft": "a draft", "types a letter": "x", "clears the line": CLEAR, "presses Enter": ENTER}

NOTHING = "nothing"

PROCESS = ("stopped", "goes on", "another program", "its own program again")

events = st.sampled_from([NOTHING, *PERSON, *CHANGES, *PROCESS])

spans = st.sampled_from([3, 12, 40, 100, 700])

LOOKS = 4
"""Number of looks at the panes while time passes."""


class UnrulyPanes(RuleBasedStateMachine):
    """Ann writes to Bob, whose program misbehaves."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.clock = Meanwhile()
        self.world = World(Path(self._folder.name), self.clock, hint_budget=10_000)
        self.world.keyboards = Keyboards(self.world.tmux)
        self.world.restart()
        self.world.begin_to_wake()
        self.ids: dict[str, str] = {}
        for name in ("ann", "bob"):
            self.world.connect(name)
            answer = self.world.call(name, "register_agent", name=name, client="custom", model="m", team="red")
            self.ids[name] = answer["agent_id"]
        _, pane = self.world.seat(self.ids["bob"], UnrulyPane)
        assert isinstance(pane, UnrulyPane)
        self.pane = pane
        self.sent = 0
        self.world.pass_time(5)

    def teardown(self) -> None:
        """Check that all messages are announced once the pane behaves; leave nothing behind."""
        try:
            self._make_good()
            for _ in range(ROUNDS):
                self.world.pass_time(600)
            for wake in self.world.wakes().values():
                if WakeStage.SEEN not in wake.reached:
                    assert (wake.status, WakeStage.SUBMITTED in wake.reached) == (WakeStatus.DELIVERED, True), wake
            self.no_key_did_harm()
        finally:
            self.world.close()
            self._folder.cleanup()

    @rule(
        before=st.lists(events, min_size=1, max_size=2),
        meanwhile=st.lists(st.tuples(st.integers(0, 60), events), max_size=2),
        seconds=spans,
        reads=st.booleans(),
    )
    def ann_writes_to_a_good_pane(
        self, before: list[str], meanwhile: list[tuple[int, str]], seconds: float, reads: bool
    ) -> None:
        """It turns bad just before the message comes, or while the coordinator sees to that."""
        self._make_good()
        self.world.pass_time(5)
        self.ann_writes(before, meanwhile, seconds, reads)

    @rule(
        before=st.lists(events, max_size=2),
        meanwhile=st.lists(st.tuples(st.integers(0, 60), events), max_size=2),
        seconds=spans,
        reads=st.booleans(),
    )
    def ann_writes(self, before: list[str], meanwhile: list[tuple[int, str]], seconds: float, reads: bool) -> None:
        """A message comes, whatever the pane is like."""
        for event in before:
            self._happen(event)
        for waits, event in meanwhile:
            self.clock.plan(waits, partial(self._happen, event))
        self.sent += 1
        self.world.call("ann", "send_message", to_agent_name="bob", body=f"number {self.sent}")
        for _ in range(LOOKS):
            self.world.pass_time(seconds / LOOKS)
        if reads:
            self.world.call("bob", "get_inbox")

    @rule()
    def starts_anew(self) -> None:
        """The coordinator is restarted, and every wake tried again."""
        self.world.restart()
        self.world.begin_to_wake()
        self.world.pass_time(0)
        unread = [(wake.message_id, wake.agent_id) for wake in self.world.wakes().values()]
        self.world.ask(self.world.operator.replay(unread))

    @invariant()
    def no_key_did_harm(self) -> None:
        """Every key met a pane that was ready for it, and no dialog was answered."""
        assert self.pane.harm == []

    @invariant()
    def what_is_called_submitted_was_taken(self) -> None:
        """There are as many hints among the lines that were taken as times at which one is said to be submitted."""
        said = {
            wake.reached[WakeStage.SUBMITTED]
            for wake in self.world.wakes().values()
            if WakeStage.SUBMITTED in wake.reached
        }
        taken = [line for _, line in self.pane.taken if "[xats]" in line]
        assert len(said) <= len(taken), (said, taken)

    @invariant()
    def what_was_taken_of_ours_is_one_hint(self) -> None:
        """No line that the coordinator submitted held two hints, or anything of a person's."""
        for _, line in self.pane.taken:
            assert line.count("[xats]") <= 1, line

    @invariant()
    def nothing_went_wrong(self) -> None:
        """No part of the coordinator has logged an error."""
        assert self.world.troubles == []

    def _make_good(self) -> None:
        self.clock.plan_nothing()
        self._happen("goes on")
        self._happen("its own program again")
        self.pane.scrolled = False
        self.pane.be_good(self.clock.now())

    def _happen(self, event: str) -> None:
        processes, pid = self.world.processes, self.pane.pid
        if event == NOTHING:
            return
        if event in PERSON:
            self.pane.person_types(PERSON[event], self.clock.now())
        elif event in CHANGES:
            CHANGES[event](self.pane)
        elif event in ("stopped", "goes on"):
            self.pane.stopped = event == "stopped"
            (processes.stopped.add if self.pane.stopped else processes.stopped.discard)(pid)
        else:
            self.pane.strange = event == "another program"
            name = "sh" if self.pane.strange else "it"
            processes.there[pid] = replace(processes.there[pid], name=name)
            (processes.behind.add if self.pane.strange else processes.behind.discard)(pid)
