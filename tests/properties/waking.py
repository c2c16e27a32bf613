"""Wakes: whatever happens to panes, channel and tmux, unread mail is announced, or it can be seen why not.

Nothing is typed but hints, nor where it could do harm; and what was once seen of a wake is not taken back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from tests.fakes import FakePane
from tests.properties.book import Book
from tests.properties.mail import Letter
from tests.properties.story import names
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.model.wakes import Passed, Reachability, Wake, WakeStage, WakeStatus

HINT = re.compile(r"\[xats\] (1 (new )?message|\d+ (new )?messages) from [a-z, ]+( and \d+ more)?: call get_inbox")

DRAFT = "a draft"

LONGEST_REST = timedelta(hours=2)

LONGEST_WAIT = LONGEST_REST + timedelta(minutes=10)
"""Nothing that holds a wake back lasts longer before it is looked at again."""

ROUNDS = 16
"""Times ten minutes, in which every restraint on an agent that is left in peace has passed."""

wakes = st.integers(min_value=0, max_value=30)
"""One of the wakes that there are, counted round and round."""


@dataclass(slots=True, kw_only=True)
class Seat:
    """The pane of an agent."""

    pane_id: str
    terminal: FakePane
    draft: str = ""
    """Text that a person has typed into the pane."""


class Waking(Book):
    """Agents live in panes, in which all sorts of things happen."""

    def __init__(self) -> None:
        self.seats: dict[str, Seat] = {}
        self.on_channel: set[str] = set()
        self.evidence: dict[str, dict[WakeStage, datetime]] = {}
        """By wake, the steps that it was seen to have reached."""
        self.forced: set[str] = set()
        """Panes in which the operator has overruled a draft."""
        super().__init__()
        self.sits_down("bob")

    @rule(name=names)
    def sits_down(self, name: str) -> None:
        """An agent is bound to a new pane."""
        if name in self.registered:
            pane_id, terminal = self.world.seat(self.ids[name])
            self.seats[name] = Seat(pane_id=pane_id, terminal=terminal)

    @rule(name=names, typed=st.booleans())
    def a_person_types_or_clears(self, name: str, typed: bool) -> None:
        """Let a person type after the text in the input line, or clear it."""
        if seat := self.seats.get(name):
            seat.draft = DRAFT if typed else ""
            seat.terminal.line = seat.draft
            self._look()

    @rule(name=names, what=st.sampled_from(["prints", "scrolled", "swallows"]), on=st.booleans())
    def a_pane_changes(self, name: str, what: str, on: bool) -> None:
        """A pane prints on and on, is scrolled back in, or takes no Enter; or does so no more."""
        if seat := self.seats.get(name):
            setattr(seat.terminal, what, on)
            self._look()

    @rule(name=names, stays=st.booleans())
    def a_program_steps_behind_or_ends(self, name: str, stays: bool) -> None:
        """The program that was bound gives way to another, or comes to the front again, or is no more."""
        if seat := self.seats.get(name):
            pid = seat.terminal.pid
            if stays:
                self.world.processes.behind ^= {pid}
            else:
                self.world.processes.there.pop(pid, None)
            self._look()

    @rule(name=names)
    def a_pane_closes(self, name: str) -> None:
        """A pane is no more, nor is what ran in it."""
        if seat := self.seats.get(name):
            self.world.tmux.terminals.pop(seat.pane_id, None)
            self.world.processes.there.pop(seat.terminal.pid, None)
            self._look()

    @rule(runs=st.booleans())
    def tmux_stops_or_starts(self, runs: bool) -> None:
        """The server does not answer, or does again."""
        self.world.tmux.runs = runs
        self._look()

    @rule(name=names)
    def takes_a_channel(self, name: str) -> None:
        """An agent is woken through the channel first, from now on."""
        if name in self.registered:
            self.on_channel.add(name)
            self.world.lead_to_channel(self.ids[name])

    @rule(
        reach=st.sampled_from([Reachability.OPEN, Reachability.NO_PANE, Reachability.BROKEN]),
        busy=st.booleans(),
        takes=st.booleans(),
    )
    def the_channel_changes(self, reach: Reachability, busy: bool, takes: bool) -> None:
        """The channel is carried or not, at work or not, and takes what it is given or does not."""
        channel = self.world.channel
        channel.reach, channel.busy, channel.takes = reach, busy, takes
        self._channel_is_heard()

    @rule(name=names, minutes=st.sampled_from([0, 10, 120]))
    def is_not_to_be_disturbed(self, name: str, minutes: int) -> None:
        """The operator lets an agent rest, or no more."""
        operator, agent_id = self.world.operator, self.ids[name]
        until = self.world.clock.now() + timedelta(minutes=minutes)
        self.world.ask(operator.rest_agent(agent_id, until) if minutes else operator.disturb_agent(agent_id))

    @rule(one=wakes, verb=st.sampled_from(["replay", "cancel", "force"]))
    def the_operator_steps_in(self, one: int, verb: str) -> None:
        """The operator begins again with a wake, ends it, or overrules what a person can answer for."""
        if not self.letters:
            return
        letter = self.letters[one % len(self.letters)]
        wake = self.world.wakes()[self._key_of(letter)]
        if verb == "force" and letter.to in self.seats:
            self.forced.add(self.seats[letter.to].pane_id)
        was_done = self._operate_on(wake, verb)
        assert was_done is not (wake.is_over if verb == "cancel" else letter.read)
        if was_done and verb != "cancel":
            letter.wakes = True

    @rule(name=names)
    def a_turn_ends(self, name: str) -> None:
        """A program asks at the end of its turn and takes the hint from the answer."""
        if name in self.registered:
            given: list[str] = []

            async def give(line: str) -> Passed:
                given.append(line)
                return Passed.ON

            assert self.world.ask(self.world.waker.hand_over(self.ids[name], give)) is bool(given)
            assert all(HINT.fullmatch(line) for line in given)

    @rule()
    def all_is_quiet(self) -> None:
        """Check that after enough quiet time, every message for a reachable agent is announced."""
        self._make_peace()
        for _ in range(ROUNDS):
            self.world.pass_time(600)
        known = self.world.wakes()
        for letter, wake in self._unread(known):
            if self._is_in_hand(letter):
                continue
            reachable = self._is_reachable(letter.to)
            if letter.wakes and reachable and not (wake.status is WakeStatus.FAILED or _is_cancelled(wake)):
                assert wake.status is WakeStatus.DELIVERED, wake
                assert WakeStage.SUBMITTED in wake.reached, wake
            assert reachable or wake.is_over, wake

    @invariant()
    def no_unread_mail_is_forgotten(self) -> None:
        """Each unread message has a wake that will be tried, or one that says why it is over."""
        now = self.world.clock.now()
        for letter, wake in self._unread(self.world.wakes()):
            if wake.due_at is not None:
                assert now < wake.due_at <= now + LONGEST_WAIT, wake
            elif self._is_in_hand(letter):
                assert WakeStage.SEEN in wake.reached, wake
            elif not letter.wakes:
                assert wake.skip_reason in ("self", "auto_poke_disabled"), wake
            elif not _is_cancelled(wake):
                assert wake.status in (WakeStatus.FAILED, WakeStatus.SKIPPED), wake
                assert wake.detail
                assert wake.skip_reason == "retry_exhausted" or not self._is_reachable(letter.to), wake

    @invariant()
    def nobody_is_woken_for_what_was_read(self) -> None:
        """With the reading of a message its wake is over, and has that as evidence."""
        known = self.world.wakes()
        for letter in self.letters:
            wake = known[self._key_of(letter)]
            assert (WakeStage.READ in wake.reached) is letter.read, wake
            assert wake.is_over or not letter.read, wake

    @invariant()
    def evidence_only_climbs(self) -> None:
        """No step that was reached is taken back, and none is before the one below."""
        for key, wake in self.world.wakes().items():
            before = self.evidence.get(key, {})
            assert before.keys() <= wake.reached.keys(), wake
            assert all(wake.reached[step] >= at for step, at in before.items()), wake
            assert wake.reached[WakeStage.QUEUED] == before.get(WakeStage.QUEUED, wake.reached[WakeStage.QUEUED])
            self.evidence[key] = dict(wake.reached)

    @invariant()
    def nothing_but_hints_is_typed(self) -> None:
        """A draft stays what it is, and what is entered is one hint, unless the operator has overruled that."""
        for seat in self.seats.values():
            standing = seat.terminal.line.removeprefix(seat.draft)
            assert seat.terminal.line.startswith(seat.draft) or seat.pane_id in self.forced
            assert not standing or HINT.fullmatch(standing)
            assert not (standing and seat.draft) or seat.pane_id in self.forced
            entered = [line for _, line in seat.terminal.taken]
            assert all(HINT.fullmatch(line.removeprefix(DRAFT)) for line in entered)
            assert seat.pane_id in self.forced or not any(line.startswith(DRAFT) for line in entered)

    def has_ended(self, name: str) -> bool:
        """Return whether the program in an agent's pane is no more."""
        seat = self.seats.get(name)
        return seat is not None and seat.terminal.pid not in self.world.processes.there

    def has_left(self, name: str) -> None:
        """Its pane is nobody's any more."""
        super().has_left(name)
        self.seats.pop(name, None)
        self.on_channel.discard(name)

    def _look(self) -> None:
        """Have every pane looked at, as happens twice a second."""
        self.world.pass_time(0)

    def _channel_is_heard(self) -> None:
        if self.world.channel.reach is Reachability.OPEN:
            self.world.carry_channel([self.ids[name] for name in sorted(self.on_channel)])

    def _make_peace(self) -> None:
        """Take away all that can hold a wake back."""
        world = self.world
        world.tmux.runs = world.channel.takes = True
        world.channel.reach, world.channel.busy = Reachability.OPEN, False
        world.processes.behind.clear()
        for seat in self.seats.values():
            terminal = seat.terminal
            seat.draft = terminal.line = ""
            terminal.prints = terminal.scrolled = terminal.swallows = False
        for name in sorted(self.registered):
            world.ask(world.operator.disturb_agent(self.ids[name]))
        self._channel_is_heard()

    def _is_reachable(self, name: str) -> bool:
        """Return whether an agent has a carried channel, or its own program in its pane."""
        if name in self.on_channel and self.world.channel.reach is Reachability.OPEN:
            return True
        seat = self.seats.get(name)
        return bool(
            seat and seat.pane_id in self.world.tmux.terminals and seat.terminal.pid in self.world.processes.there
        )

    def _unread(self, known: dict[str, Wake]) -> Iterator[tuple[Letter, Wake]]:
        """The unread mail of agents that are there, with its wakes."""
        for name in sorted(self.registered):
            for letter in self.unread_of(name):
                yield letter, known[self._key_of(letter)]

    def _is_in_hand(self, letter: Letter) -> bool:
        """Return whether the whole message is in the newest answer to its recipient."""
        return (letter, letter.body) in self.handed_over.get(letter.to, [])

    def _key_of(self, letter: Letter) -> str:
        return f"{letter.message_id}/{self.ids.get(letter.to, OPERATOR_ID)}"

    def _operate_on(self, wake: Wake, verb: str) -> bool:
        """Do what the operator does with a wake; whether there was anything to do."""
        operator, key = self.world.operator, (wake.message_id, wake.agent_id)
        try:
            if verb == "replay":
                return bool(self.world.ask(operator.replay([key])))
            if verb == "force":
                self.world.ask(operator.force(*key))
            else:
                self.world.ask(operator.cancel_wake(*key))
        except Refusal:
            return False
        return True


def _is_cancelled(wake: Wake) -> bool:
    return wake.detail == "cancelled by the operator"
