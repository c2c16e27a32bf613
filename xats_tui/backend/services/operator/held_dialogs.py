"""Dialogs whose hook waits for the operator's answer, beside the client's own dialog in the pane.

A hook waits only while the client's own dialog is seen to be open, in the pane or by what the client tells: where a
client would wait for its hook before it asks anybody, the hook ends at once.  Without an answer it ends with none, and
the client's own dialog stays.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.clients.dialogs import read_prompt
from xats_tui.clients.permission_hooks import HookQuestion
from xats_tui.core.clock import Clock
from xats_tui.core.errors import Refusal, TmuxError
from xats_tui.core.events import ClientStateChanged, Event, PaneChanged
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.client_states import CLIENT_IS_AWAY, SCREEN, Dialog, DialogOption
from xats_tui.core.model.panes import PaneState, PaneView

SEEN_WITHIN_S = 5.0
"""Time for the client's own dialog to be seen."""

OUTCOME_WITHIN_S = 5.0
"""Time for the client's own dialog to close after an answer was handed over."""

LOOK_INTERVAL_S = 0.5
"""Interval between two looks while one of these is waited for."""

CALM_INTERVAL_S = 5.0
"""Interval between two looks at a dialog that nothing is heard of."""

HOOK_START = timedelta(seconds=2)
"""Time that a hook takes to reach us: the client may have told of the dialog before."""

NAMED_CHARS = 60
"""Characters of a subject by which a dialog is recognised on a screen."""

MAX_HELD = 200
"""Maximum number of hooks that wait at once: any local program can post a hook."""

HAS_CLOSED = CLIENT_IS_AWAY | {PaneState.IDLE, PaneState.BUSY, PaneState.DRAFT}
"""States in which a client shows no dialog."""

NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True, eq=False)
class _Held:
    """A hook that waits, or has just handed an answer over."""

    dialog: Dialog
    agent: Agent
    question: HookQuestion
    give_up_at: float
    """Monotonic time until which the client's own dialog must have been seen."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the hook has ended, with an answer or without one."""
    seen_by: set[str] = field(default_factory=set)
    """Sources that have shown the client's own dialog."""
    has_closed: bool = False
    """True once the client's own dialog is known to be closed."""
    output: Mapping[str, Any] | None = None
    """The person's answer."""
    is_handed_over: bool = False
    """True once the answer has left for the hook."""
    number: int = field(default_factory=partial(next, count()))
    """Number in the order in which hooks came."""

    def is_named_in(self, squashed: str) -> bool:
        """Return whether a screen without white space shows what this dialog is about."""
        subject = _squashed(self.dialog.subject)[:NAMED_CHARS]
        return bool(subject) and subject in squashed


class HeldDialogs:
    """The hooks that wait for the operator."""

    def __init__(self, states: ClientStates, monitor: PaneMonitor, clock: Clock) -> None:
        self._states = states
        self._monitor = monitor
        self._clock = clock
        self._held: set[_Held] = set()

    def hear(self, event: Event) -> None:
        """Have the dialogs looked at again that an event may have closed."""
        for held in self._held:
            pane = held.agent.binding and held.agent.binding.pane
            match event:
                case ClientStateChanged(agent_id=held.agent.agent_id):
                    held.changed.set()
                case PaneChanged() if pane and (event.socket, event.pane_id) == (pane.socket, pane.pane_id):
                    held.changed.set()

    def moved_on(self, host_session: str, tool_input: object = None) -> None:
        """Note that a session has left its dialogs behind; with a tool's input, the dialog about that use alone."""
        for held in self._held:
            is_meant = tool_input is None or tool_input == held.question.tool_input
            if is_meant and held.agent.host_session == host_session:
                held.has_closed = True
                held.changed.set()

    async def ask(self, agent: Agent, question: HookQuestion, patience_s: float) -> Mapping[str, Any]:
        """Put a question before the operator; return the hook's output, empty without an answer.

        A caller that is cancelled, because its hook has ended, takes the dialog off the board.
        """
        if len(self._held) >= MAX_HELD:
            return NOTHING
        now = self._clock.now()
        dialog = Dialog(
            id=f"hook-{uuid4().hex}",
            agent_id=agent.agent_id,
            source=question.source,
            kind=question.kind,
            tool=question.tool,
            subject=question.subject,
            text=question.text,
            options=question.options,
            opened_at=now,
            expires_at=now + timedelta(seconds=patience_s),
        )
        held = _Held(dialog, agent, question, self._clock.monotonic() + SEEN_WITHIN_S)
        self._held.add(held)
        self._states.open_dialog(dialog, partial(self._answer, held))
        try:
            async with asyncio.timeout(patience_s):
                await self._until_over(held)
        except TimeoutError:
            pass
        finally:
            held.is_handed_over = held.output is not None and not _is_being_cancelled()
            self._held.discard(held)
            self._states.close_dialog(dialog.id)
            held.ended.set()
        return held.output or NOTHING

    async def _until_over(self, held: _Held) -> None:
        """Wait for an answer, or until the client's own dialog has closed or was not seen in time."""
        while held.output is None:
            await self._look(held, is_fresh=not held.seen_by)
            is_late = not held.seen_by and self._clock.monotonic() >= held.give_up_at
            if held.has_closed or is_late or held.dialog not in self._states.dialogs(held.agent.agent_id):
                return
            await self._change(held, CALM_INTERVAL_S if held.seen_by else LOOK_INTERVAL_S)

    async def _answer(self, held: _Held, option: DialogOption, words: str) -> None:
        """Give an answer to the hook; return when the client's own dialog is seen to be gone.

        Raises:
            Refusal: `prompt_changed` if the dialog was closed before; `answer_unseen` if it is not seen to close.
        """
        await self._look(held, is_fresh=True)
        if held.has_closed or held.output is not None or held.ended.is_set():
            raise Refusal("prompt_changed")
        held.output = held.question.output(option, words)
        self._held.add(held)
        try:
            held.changed.set()
            await held.ended.wait()
            if not held.is_handed_over:
                raise Refusal("prompt_changed")
            self._held.add(held)  # for what the client reports next
            await self._until_closed(held)
        finally:
            self._held.discard(held)

    async def _until_closed(self, held: _Held) -> None:
        give_up_at = self._clock.monotonic() + OUTCOME_WITHIN_S
        while not held.has_closed:
            if self._clock.monotonic() >= give_up_at:
                raise Refusal("answer_unseen")
            await self._change(held, LOOK_INTERVAL_S)
            await self._look(held, is_fresh=True)

    async def _change(self, held: _Held, patience_s: float) -> None:
        """Wait until something happens that may concern a dialog, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await held.changed.wait()
        held.changed.clear()

    async def _look(self, held: _Held, *, is_fresh: bool) -> None:
        """Note where the client's own dialog is seen, and whether it has closed there."""
        view = await self._view(held, is_fresh=is_fresh)
        told = self._states.held_by(held.agent.agent_id)
        states = [(SCREEN, view.reading.state)] if view else []
        if told and told.at >= held.dialog.opened_at - HOOK_START:
            states.append((told.source, told.state))
        for source, state in states:
            if state is PaneState.DIALOG:
                held.seen_by.add(source)
            elif source in held.seen_by and state in HAS_CLOSED:
                held.has_closed = True
        if view and self._is_overtaken(held, view):
            held.has_closed = True

    async def _view(self, held: _Held, *, is_fresh: bool) -> PaneView | None:
        """Return a view of the agent's pane that is younger than the dialog."""
        if held.agent.binding is None:
            return None
        pane = held.agent.binding.pane
        view = self._monitor.view(pane)
        if is_fresh or view is None or view.look.at < held.dialog.opened_at:
            with suppress(TmuxError):
                view = await self._monitor.look(pane, held.agent.client)
        return view if view and view.look.at >= held.dialog.opened_at else None

    def _is_overtaken(self, held: _Held, view: PaneView) -> bool:
        """Tell whether the screen shows a later dialog of the same agent: a client shows them one after another."""
        later = [one for one in self._held if one.agent.agent_id == held.agent.agent_id and one.number > held.number]
        if not later or view.reading.state is not PaneState.DIALOG:
            return False
        shown = _squashed(read_prompt(held.agent.client, view.look.screen, view.look.formats).text)
        return not held.is_named_in(shown) and any(one.is_named_in(shown) for one in later)


def _squashed(text: str) -> str:
    """Return a text without white space: as it was, however it is wrapped."""
    return "".join(text.split())


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
