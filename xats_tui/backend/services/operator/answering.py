"""Answers of the operator to the dialogs of agents' programs.

An answer is sent only if a fresh look shows exactly the prompt that the operator saw.
"""

import asyncio
import logging

from xats_tui.backend.panes.fates import Fate, fate_of
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.store import activity as store
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.transports.pane.transport import TmuxPane
from xats_tui.clients.dialogs import read_prompt
from xats_tui.core.clock import Clock
from xats_tui.core.errors import KeysWithheld, PaneGone, Refusal, TmuxError
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.agents import Agent
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
"""Maximum length of the prompt in the activity log."""

NOT_TAKEN = {Fate.STAYS: "not_taken", Fate.EDITED: "taken_as_text"}
"""Refusals for a prompt that is still there; with any other outcome the effect is unknown."""


class Answering:
    """The operator's answers to prompts."""

    def __init__(self, database: Database, panes: TmuxPane, monitor: PaneMonitor, clock: Clock) -> None:
        self._database = database
        self._panes = panes
        self._monitor = monitor
        self._clock = clock

    async def prompt(self, agent_id: str) -> Prompt:
        """Return the prompt in an agent's pane.

        Raises:
            Refusal: `unknown_agent`, `no_pane`, `pane_gone`, `tmux_failed`; `no_dialog` if there is no prompt.
        """
        agent, pane = await self._bound(agent_id)
        try:
            return await self._asked(agent, pane)
        except PaneGone as error:
            raise Refusal("pane_gone") from error
        except TmuxError as error:
            raise Refusal("tmux_failed", detail=str(error)) from error

    async def answer(self, actor: Actor, agent_id: str, seen: Prompt, number: int) -> Prompt | None:
        """Choose an option of the prompt that was seen; return the next prompt, if one follows at once.

        Raises:
            Refusal: those of `prompt`; `prompt_changed` if there is another prompt now; `not_answerable` with the
                reason; `keys_withheld` if the keys would reach another program, several, or none; `not_taken` if the
                prompt stays, `taken_as_text` if the keys went into a text field of it, `answer_unseen` if the screen
                does not tell; `pane_busy` if something else is being typed there.
        """
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
        agent = await agents_store.by_id(self._database, agent_id)
        if agent is None:
            raise Refusal("unknown_agent")
        if agent.binding is None:
            raise Refusal("no_pane")
        return agent, agent.binding.pane

    async def _note(self, actor: Actor, agent: Agent, prompt: Prompt, option: Option, outcome: str) -> None:
        asked = prompt.question or " ".join(prompt.text.split())
        detail = f"{option.number}. {option.label}: {outcome}; asked was: {asked[:RECORDED_PROMPT_CHARS]}"
        async with self._database.write() as tx:
            await store.note(tx, actor.name, "answer", detail, agent_id=agent.agent_id)
        logger.info("answered a prompt of %s with %s: %s", agent.address, option.number, outcome)


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
