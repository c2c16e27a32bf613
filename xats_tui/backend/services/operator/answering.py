"""Answers of the operator to what agents ask: over the client's own interface, or with keys in the agent's pane.

A dialog that the client tells of comes before the prompt on its screen.  An answer is given only to the very dialog or
prompt that the operator saw.
"""

import asyncio
import logging

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.panes.fates import Fate, fate_of
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.services.operator.interface_answers import InterfaceAnswers
from xats_tui.backend.store import activity as store
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.transports.pane.transport import TmuxPane
from xats_tui.clients.dialogs import read_prompt
from xats_tui.core.clock import Clock
from xats_tui.core.errors import KeysWithheld, PaneGone, Refusal, TmuxError
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.client_states import SCREEN, Asked, Dialog, agent_state
from xats_tui.core.model.panes import Option, PaneRef, PaneState, PaneView, Prompt

logger = logging.getLogger(__name__)

TIMEOUT_S = 3.0
"""Time for a program to take an answer."""

POLL_INTERVAL_S = 0.04
"""Interval between looks while waiting for that."""

GONE_AFTER_S = 1.0
"""Time for which a prompt must be missing from an unknown screen: a half-drawn frame proves nothing."""

PANE_LOCK_TIMEOUT_S = 10.0
"""Time to wait for a hint that is being typed into the same pane."""

RECORDED_PROMPT_CHARS = 300
"""Maximum length of the question in the activity log."""

NOT_TAKEN = {Fate.STAYS: "not_taken", Fate.EDITED: "taken_as_text"}
"""Refusals for a prompt that is still there; with any other outcome the effect is unknown."""


class Answering:
    """The operator's answers to dialogs and prompts."""

    def __init__(
        self, database: Database, states: ClientStates, panes: TmuxPane, monitor: PaneMonitor, clock: Clock
    ) -> None:
        self._database = database
        self._states = states
        self._panes = panes
        self._monitor = monitor
        self._clock = clock
        self._interfaces = InterfaceAnswers(states)

    async def asked(self, agent_id: str) -> tuple[Asked, ...]:
        """Return everything that an agent asks: the dialogs that its client tells of, else the prompt in its pane.

        Raises:
            Refusal: `unknown_agent`, `pane_gone`, `tmux_failed`.
        """
        dialogs = self._states.dialogs(agent_id)
        if any(dialog.options for dialog in dialogs):
            return dialogs
        try:
            prompt = await self._seen(agent_id)
        except Refusal:
            if dialogs:
                return dialogs
            raise
        # the keys on the screen answer what an interface can only tell
        return (prompt,) if prompt is not None and (prompt.options or not dialogs) else dialogs

    async def prompt(self, agent_id: str) -> Asked:
        """Return what an agent asks; of several dialogs the oldest that can be answered.

        Raises:
            Refusal: `unknown_agent`, `pane_gone`, `tmux_failed`; `no_pane` if nothing tells what it asks; `no_dialog`
                if nothing is asked; `question_unseen` if the client says that a dialog is open, and nothing shows it.
        """
        asked = await self.asked(agent_id)
        if not asked:
            agent, told = await self._registered(agent_id), self._states.of(agent_id)
            if told is None and agent.binding is None:
                raise Refusal("no_pane")  # nothing tells whether it asks
            view = self._monitor.view(agent.binding.pane) if agent.binding else None
            state = agent_state(view, told, ())
            raise Refusal("question_unseen" if state and state.state is PaneState.DIALOG else "no_dialog")
        return next((one for one in asked if one.options), asked[0])

    async def answer(self, actor: Actor, agent_id: str, seen: Asked, number: int, text: str = "") -> Asked | None:
        """Choose an option of what was seen; return what is asked next, if something follows at once.

        Args:
            actor: who answers.
            agent_id: the agent that asks.
            seen: the dialog or prompt that the answer is for.
            number: the number of the option.
            text: the words of an answer that needs some, for an interface.

        Raises:
            Refusal: those of `prompt`; `no_pane`; `prompt_changed` if something else is asked now; `being_answered` if
                another answer is on its way; `not_answerable` with the reason; `keys_withheld` if the keys would reach
                another program, several, or none; `not_taken` if the question stays, `taken_as_text` if the keys went
                into a text field of it, `answer_unseen` if it is not known what became of the answer; `pane_busy` if
                something else is being typed there.
        """
        if isinstance(seen, Dialog):
            return await self._answer_over_interface(actor, agent_id, seen, number, text)
        agent, pane = await self._bound(agent_id)
        try:
            async with asyncio.timeout(PANE_LOCK_TIMEOUT_S):
                await self._panes.writer(pane).acquire()
        except TimeoutError:
            raise Refusal("pane_busy") from None
        try:
            return await self._answer(actor, agent, pane, seen, number)
        except PaneGone as error:
            raise Refusal("pane_gone") from error
        except TmuxError as error:
            raise Refusal("tmux_failed", detail=str(error)) from error
        finally:
            self._panes.writer(pane).release()

    async def _answer_over_interface(
        self, actor: Actor, agent_id: str, seen: Dialog, number: int, text: str
    ) -> Dialog | None:
        agent = await self._registered(agent_id)
        if seen.agent_id != agent_id:
            raise Refusal("prompt_changed")
        option = self._interfaces.option(seen, number, text)
        outcome = "interrupted"
        try:
            await self._interfaces.give(seen, option, text)
            outcome = "taken"
        except Refusal as refusal:
            outcome = refusal.code.replace("_", " ")
            raise
        finally:
            await asyncio.shield(self._note(actor, agent, seen, option, outcome))
        return next((dialog for dialog in self._states.dialogs(agent_id) if dialog.options), None)

    async def _answer(self, actor: Actor, agent: Agent, pane: PaneRef, seen: Prompt, number: int) -> Prompt | None:
        option = _answerable(seen, number)
        prompt = await self._asked(agent, pane)
        _check_same(prompt, seen)
        outcome = "interrupted"
        try:
            after = await self._press(agent, pane, prompt, option)
            outcome = "taken"
        except Refusal as refusal:
            outcome = refusal.code.replace("_", " ")
            raise
        except TmuxError as error:
            outcome = str(error)
            raise
        finally:
            # keys were sent: that is recorded even if the dashboard is left now
            await asyncio.shield(self._note(actor, agent, prompt, option, outcome))
        return after

    async def _press(self, agent: Agent, pane: PaneRef, prompt: Prompt, option: Option) -> Prompt | None:
        """Press the keys for an option, and wait until the prompt is gone."""
        if prompt.arrows is None:
            await self._send(agent, prompt, str(option.number))
            return await self._see_it_taken(agent, pane, prompt)
        steps = option.number - prompt.chosen
        if steps:
            await self._send(agent, prompt, *([prompt.arrows[steps > 0]] * abs(steps)))
        await self._see_it_chosen(agent, pane, prompt, option)
        await self._send(agent, prompt, "Enter")
        return await self._see_it_taken(agent, pane, prompt)

    async def _see_it_chosen(self, agent: Agent, pane: PaneRef, prompt: Prompt, option: Option) -> None:
        """Wait until the cursor is on the option."""
        give_up_at = self._clock.monotonic() + TIMEOUT_S
        while True:
            now = _prompt_on(agent, await self._monitor.look(pane, agent.client))
            if now is not None:
                _check_same(now, prompt)
                if now.chosen == option.number:
                    return
            if self._clock.monotonic() >= give_up_at:
                raise Refusal("prompt_changed" if now is None else "not_taken")
            await self._clock.sleep(POLL_INTERVAL_S)

    async def _see_it_taken(self, agent: Agent, pane: PaneRef, prompt: Prompt) -> Prompt | None:
        """Wait until the prompt is gone; return the next prompt, if there is one."""
        missing_since: float | None = None
        give_up_at = self._clock.monotonic() + TIMEOUT_S
        while True:
            view = await self._monitor.look(pane, agent.client)
            now, at = _prompt_on(agent, view), self._clock.monotonic()
            fate = fate_of(prompt, view.reading.state, now)
            missing_since = (missing_since or at) if fate is Fate.MISSING else None
            if fate in (Fate.GONE, Fate.ANOTHER) or (missing_since is not None and at - missing_since >= GONE_AFTER_S):
                return now
            if at >= give_up_at:
                raise Refusal(NOT_TAKEN.get(fate, "answer_unseen"))
            await self._clock.sleep(POLL_INTERVAL_S)

    async def _seen(self, agent_id: str) -> Prompt | None:
        """Return the prompt in an agent's pane; None if there is no prompt, or no pane."""
        agent = await self._registered(agent_id)
        if agent.binding is None:
            return None
        try:
            return _prompt_on(agent, await self._monitor.look(agent.binding.pane, agent.client))
        except PaneGone as error:
            raise Refusal("pane_gone") from error
        except TmuxError as error:
            raise Refusal("tmux_failed", detail=str(error)) from error

    async def _asked(self, agent: Agent, pane: PaneRef) -> Prompt:
        return _prompt_in(agent, await self._monitor.look(pane, agent.client))

    async def _send(self, agent: Agent, prompt: Prompt, *keys: str) -> None:
        """Press keys, if they reach only the agent's program and the prompt is unchanged."""
        try:
            ready = await self._panes.ready(agent)
            _check_same(_prompt_in(agent, ready.view), prompt)
            await self._panes.press(ready, *keys)
        except KeysWithheld as error:
            raise Refusal("keys_withheld", detail=str(error)) from error

    async def _bound(self, agent_id: str) -> tuple[Agent, PaneRef]:
        agent = await self._registered(agent_id)
        if agent.binding is None:
            raise Refusal("no_pane")
        return agent, agent.binding.pane

    async def _registered(self, agent_id: str) -> Agent:
        agent = await agents_store.by_id(self._database, agent_id)
        if agent is None:
            raise Refusal("unknown_agent")
        return agent

    async def _note(self, actor: Actor, agent: Agent, asked: Asked, option: Option, outcome: str) -> None:
        if isinstance(asked, Dialog):
            question, way = asked.asks, asked.source
        else:
            question, way = asked.question or " ".join(asked.text.split()), SCREEN
        detail = f"{option.number}. {option.label}: {outcome} ({way}); asked was: {question[:RECORDED_PROMPT_CHARS]}"
        async with self._database.write() as tx:
            await store.note(tx, actor.name, "answer", detail, agent_id=agent.agent_id)
        logger.info("answered %s with %s over %s: %s", agent.address, option.number, way, outcome)


def _prompt_in(agent: Agent, view: PaneView) -> Prompt:
    if (prompt := _prompt_on(agent, view)) is None:
        raise Refusal("no_dialog", detail=str(view.reading.state))
    return prompt


def _prompt_on(agent: Agent, view: PaneView) -> Prompt | None:
    if view.reading.state is not PaneState.DIALOG:
        return None
    return read_prompt(agent.client, view.look.screen, view.look.formats)


def _check_same(now: Prompt, seen: Prompt) -> None:
    """Refuse if the prompt has changed."""
    if now == seen:
        return
    if now.question == seen.question and now.why_not:
        raise Refusal("not_answerable", detail=now.why_not)
    raise Refusal("prompt_changed")


def _answerable(prompt: Prompt, number: int) -> Option:
    option = next((option for option in prompt.options if option.number == number), None)
    if option is None:
        raise Refusal("not_answerable", detail=prompt.why_not or "there is no such option")
    if option.needs_typing:
        raise Refusal("not_answerable", detail="this answer has to be typed at the pane")
    return option
