"""The states and the open dialogs that clients tell of their agents; in memory, because clients tell them anew.

Watchers write them, transports and services read them.
"""

from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct

from xats_tui.core.clock import Clock
from xats_tui.core.errors import Refusal
from xats_tui.core.events import ClientStateChanged, Event
from xats_tui.core.model.client_states import Dialog, DialogOption, StateSource, ToldState, ToldWork
from xats_tui.core.transport import ASK_INTERVAL_S

Answer = Callable[[DialogOption, str], Awaitable[None]]
"""Give an option, and a text if it needs one, to the client.

Raises:
    Refusal: `prompt_changed` if the dialog is no longer open, `not_taken` if the client refused the answer,
        `answer_unseen` if it is not known what became of it.
"""

TRUST = tuple(StateSource)
"""Sources of states, the most trusted first."""


class _Open(Struct, frozen=True):
    dialog: Dialog
    answer: Answer


class ClientStates:
    """The newest state of each agent from each source, and all dialogs that are open."""

    def __init__(self, publish: Callable[[Iterable[Event]], None]) -> None:
        self._publish = publish
        self._states: dict[str, dict[StateSource, ToldState]] = {}
        self._dialogs: dict[str, _Open] = {}
        self._work: dict[str, ToldWork] = {}

    def note(self, agent_id: str, source: StateSource, state: ToldState | None) -> None:
        """Record an agent's state; None if the source no longer tells one."""
        told = self._states.setdefault(agent_id, {})
        before = told.pop(source, None)
        if state is not None:
            told[source] = state
        if not told:
            del self._states[agent_id]
        if before != state:
            self._publish([ClientStateChanged(agent_id=agent_id)])

    def note_work(self, agent_id: str, work: ToldWork) -> None:
        """Record what a client tells of its agent's work."""
        before = self._work.get(agent_id, ToldWork())
        self._work[agent_id] = known = work.after(before)
        if known != before:
            self._publish([ClientStateChanged(agent_id=agent_id)])

    def work_of(self, agent_id: str) -> ToldWork | None:
        """Return what the client has told of an agent's work; None if it told nothing."""
        return self._work.get(agent_id)

    def of(self, agent_id: str) -> ToldState | None:
        """Return an agent's state from its most trusted source; None if no client tells it."""
        told = self._states.get(agent_id, {})
        return next((told[source] for source in TRUST if source in told), None)

    def held_by(self, agent_id: str) -> ToldState | None:
        """Return the state that an agent's client holds now, None if it tells none: what its hooks told may be over."""
        told = self._states.get(agent_id, {})
        return next((told[source] for source in TRUST if source in told and source is not StateSource.HOOKS), None)

    def open_dialog(self, dialog: Dialog, answer: Answer) -> None:
        """Record an open dialog, or what is known anew about it."""
        before = self._dialogs.get(dialog.id)
        self._dialogs[dialog.id] = _Open(dialog, answer)
        if before is None or before.dialog != dialog:
            self._publish([ClientStateChanged(agent_id=dialog.agent_id)])

    def close_dialog(self, dialog_id: str) -> None:
        """Forget a dialog that is no longer open."""
        if before := self._dialogs.pop(dialog_id, None):
            self._publish([ClientStateChanged(agent_id=before.dialog.agent_id)])

    def dialogs(self, agent_id: str | None = None) -> tuple[Dialog, ...]:
        """Return the open dialogs, of one agent or of all, the oldest first."""
        found = [one.dialog for one in self._dialogs.values() if agent_id in (None, one.dialog.agent_id)]
        return tuple(sorted(found, key=lambda dialog: dialog.opened_at))

    async def answer(self, dialog: Dialog, number: int, text: str = "") -> None:
        """Answer this very dialog with one of its options.

        Raises:
            Refusal: `prompt_changed` if it is no longer open as it was seen; `not_answerable` if it has no such option;
                `not_taken`, `answer_unseen` as by the client.
        """
        now = self._dialogs.get(dialog.id)
        if now is None or now.dialog != dialog:
            raise Refusal("prompt_changed")
        option = next((one for one in dialog.options if one.number == number), None)
        if option is None:
            raise Refusal("not_answerable", detail="there is no such option")
        await now.answer(option, text)

    def forget(self, agent_id: str) -> None:
        """Forget everything about an agent that has left or runs elsewhere now."""
        known = self._states.pop(agent_id, None) is not None
        self._work.pop(agent_id, None)
        gone = [dialog_id for dialog_id, one in self._dialogs.items() if one.dialog.agent_id == agent_id]
        for dialog_id in gone:
            del self._dialogs[dialog_id]
        if known or gone:
            self._publish([ClientStateChanged(agent_id=agent_id)])


class StateWatch:
    """The watch of a transport over an agent whose client tells when it is free."""

    def __init__(self, agent_id: str, states: ClientStates, clock: Clock) -> None:
        self._agent_id = agent_id
        self._states = states
        self._clock = clock
        self._asked_at = clock.monotonic()
        self._told: ToldState | None = states.of(agent_id)

    def may_be_free(self) -> bool:
        """Return True when another state is told, and once in `ASK_INTERVAL_S`."""
        now, told = self._clock.monotonic(), self._states.of(self._agent_id)
        if told == self._told and now - self._asked_at < ASK_INTERVAL_S:
            return False
        self._asked_at, self._told = now, told
        return True

    def nudge(self) -> None:
        """Ask at the next occasion."""
        self._asked_at = self._clock.monotonic() - ASK_INTERVAL_S

    def close(self) -> None:
        """Do nothing."""
